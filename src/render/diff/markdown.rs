//! A comparison as a comment on a pull request: what it comes to first, then the changes, folded.

use std::fmt::Write;

use super::{accepted, named, open, tally};
use crate::codes;
use crate::diff::model::{Change, Diff, Level};

/// Bytes of a comment at most, with room for its end: GitHub takes 65 536 characters.
const LONGEST: usize = 60_000;

/// The comparison as Markdown.
pub fn markdown(diff: &Diff) -> String {
    let mut out =
        format!("## Routes and queues: {} to {}\n\n", escape(&named(&diff.old)), escape(&named(&diff.new)));
    if diff.changes.is_empty() {
        out.push_str("No difference.\n");
        return out;
    }
    let _ = writeln!(out, "**{}**\n", tally(diff));
    summary(&mut out, diff);
    let mut left_out = 0;
    for level in Level::ALL {
        let changes: Vec<&Change> = open(diff, level).collect();
        left_out += section(&mut out, level.name(), level == Level::Breaking, &changes);
    }
    left_out += section(&mut out, "accepted", false, &accepted(diff).collect::<Vec<_>>());
    if left_out > 0 {
        let _ = writeln!(out, "\n{left_out} more did not fit into a comment; the JSON form has all.");
    }
    out
}

/// Number of changes by code.
fn summary(out: &mut String, diff: &Diff) {
    out.push_str("| level | code | number | meaning |\n|---|---|---|---|\n");
    for level in Level::ALL {
        let mut counted: Vec<(&str, usize)> = Vec::new();
        for change in open(diff, level) {
            match counted.last_mut() {
                Some((code, number)) if *code == change.code => *number += 1,
                _ => counted.push((change.code, 1)),
            }
        }
        for (code, number) in counted {
            let title = codes::find(code).map_or("", |code| &code.title);
            let _ = writeln!(out, "| {} | `{code}` | {number} | {} |", level.name(), escape(title));
        }
    }
}

/// Writes the changes as a folded list; returns the number of those for which there is no room.
fn section(out: &mut String, title: &str, unfolded: bool, changes: &[&Change]) -> usize {
    if changes.is_empty() {
        return 0;
    }
    let state = if unfolded { " open" } else { "" };
    let _ = writeln!(out, "\n<details{state}>\n<summary>{} {title}</summary>\n", changes.len());
    let mut left_out = 0;
    for change in changes {
        let item = item(change);
        if left_out > 0 || out.len() + item.len() > LONGEST {
            left_out += 1;
        } else {
            out.push_str(&item);
        }
    }
    out.push_str("\n</details>\n");
    left_out
}

fn item(change: &Change) -> String {
    let mut text = format!("- `{}` {}: {}", change.code, code(&change.subject.id), escape(&change.message));
    if let Some(reason) = &change.reason {
        let _ = write!(text, "; since {}", escape(reason));
    }
    if let Some(place) = &change.place {
        let side = if place.new { "" } else { " on the old side" };
        let _ = write!(text, " ({}{side})", code(&format!("{}:{}", place.file, place.line)));
    }
    if let Some(by) = &change.accepted {
        let (owner, reason) = (escape(&by.owner), escape(&by.reason));
        let _ = write!(text, "; accepted by {owner} until {}: {reason}", by.expires);
    }
    text.push('\n');
    text
}

/// Text as code, whatever it holds.
fn code(text: &str) -> String {
    let text: Vec<&str> = text.split_whitespace().collect();
    let text = text.join(" ");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Text that means nothing to Markdown, HTML, or GitHub's mentions and references.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '{' | '}' | '#' | '|' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::model::{Kind, Side, Subject};

    fn side() -> Side {
        Side { label: "a_b".to_owned(), revision: None, digest: String::new(), tool: String::new() }
    }

    fn diff(number: usize) -> Diff {
        let subject = Subject { id: "E-1".to_owned(), ..Subject::default() };
        let change = Change::new(Kind::EdgeAdded, subject, "GET /<a>/b_c | x".to_owned());
        Diff::new(side(), side(), vec![change; number])
    }

    #[test]
    fn rules_and_names_are_text_and_no_markup() {
        let text = markdown(&diff(1));
        assert!(text.contains("GET /&lt;a&gt;/b\\_c \\| x"), "{text}");
        assert!(text.starts_with("## Routes and queues: a\\_b to a\\_b\n"));
        assert_eq!(escape("@all\nclose #1"), "&#64;all close \\#1");
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`a"), "`` `a ``");
    }

    #[test]
    fn a_comment_has_a_length_and_says_what_did_not_fit() {
        let text = markdown(&diff(3000));
        assert!(text.len() < 65_000);
        let shown = text.matches("`E-1`").count();
        assert!(text.ends_with(&format!(
            "\n{} more did not fit into a comment; the JSON form has all.\n",
            3000 - shown
        )));
        assert!(text.contains("| breaking | `edge-added` | 3000 |"));
        assert!(!markdown(&diff(1)).contains("did not fit"));
    }
}
