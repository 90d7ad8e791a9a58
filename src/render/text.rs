//! Small things that all texts share: styles, counts, wrapping, and the questions asked of the evidence.

use std::collections::BTreeSet;
use std::fmt::Display;

use anstyle::{AnsiColor, Style};

use crate::evidence::Evidence;
use crate::evidence::model::{Diagnostic, Edge, Route};

/// Width that texts are wrapped to: fixed, so that the same evidence gives the same text everywhere.
pub(super) const WIDTH: usize = 100;

pub(super) const HEADING: Style = Style::new().bold();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const CAUTION: Style = AnsiColor::Yellow.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const QUIET: Style = Style::new().dimmed();
pub(super) const NAME: Style = AnsiColor::Cyan.on_default();

/// `text` in a style.
pub(super) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The style of a certainty.
pub(super) fn certainty_style(certainty: &str) -> Style {
    match certainty {
        "exact" => GOOD,
        "may" => CAUTION,
        _ => BAD,
    }
}

/// The style of a code's level.
pub(super) fn level_style(level: &str) -> Style {
    match level {
        "breaking" | "error" => BAD,
        "notice" | "warning" => CAUTION,
        _ => QUIET,
    }
}

/// `1 route`, `2 routes`.
pub(super) fn count(number: usize, noun: &str) -> String {
    match (number, noun) {
        (1, _) => format!("1 {noun}"),
        (_, noun) if noun.ends_with("ss") => format!("{number} {noun}es"),
        (_, noun) if noun.ends_with('y') => format!("{number} {}ies", &noun[..noun.len() - 1]),
        _ => format!("{number} {noun}s"),
    }
}

/// Source text on one line and of a length that can be read.
pub(super) fn shorten(text: &str) -> String {
    const LONGEST: usize = 70;
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line,
    }
}

/// Words as lines of at most [`WIDTH`] columns, each line indented.
pub(super) fn wrap<S: AsRef<str>>(words: &[S], indent: usize) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in words {
        let word = word.as_ref();
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            text.push('\n');
            column = 0;
        }
        if column == 0 {
            text.push_str(&" ".repeat(indent));
            column = indent;
        } else {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    if column > 0 {
        text.push('\n');
    }
    text
}

/// IDs of the routes with an edge to `queue`: those somebody wrote, and those that exist by themselves.
pub(super) fn routes_to<'a>(evidence: &'a Evidence, queue: &str) -> (Vec<&'a str>, Vec<&'a str>) {
    let reaching: BTreeSet<&str> =
        evidence.edges.iter().filter(|edge| edge.queue == queue).map(|edge| edge.route_id.as_str()).collect();
    let split = |automatic: bool| -> Vec<&str> {
        let mine =
            |route: &&Route| route.automatic.is_some() == automatic && reaching.contains(route.id.as_str());
        let ids: BTreeSet<&str> =
            evidence.routes.iter().filter(mine).map(|route| route.id.as_str()).collect();
        ids.into_iter().collect()
    };
    (split(false), split(true))
}

/// The edge with the fewest hops to each producer site of `queue`, in the order of the sites.
pub(super) fn shortest_edges<'a>(evidence: &'a Evidence, queue: &str) -> Vec<&'a Edge> {
    let mut found: Vec<&Edge> = Vec::new();
    for edge in evidence.edges.iter().filter(|edge| edge.queue == queue) {
        let site = |other: &&mut &Edge| {
            (&other.producer.file, other.producer.line, &other.producer.symbol)
                == (&edge.producer.file, edge.producer.line, &edge.producer.symbol)
        };
        match found.iter_mut().find(site) {
            Some(best) if edge.path.len() < best.path.len() => *best = edge,
            Some(_) => {}
            None => found.push(edge),
        }
    }
    found.sort_by_key(|edge| (&edge.producer.file, edge.producer.line));
    found
}

/// `file`, `file:line` or `file:line:column`, as far as they are known.
pub(super) fn position(diagnostic: &Diagnostic) -> Option<String> {
    let mut text = diagnostic.file.clone()?;
    for number in [diagnostic.line, diagnostic.column].into_iter().flatten() {
        text.push_str(&format!(":{number}"));
    }
    Some(text)
}

/// Share of the calls that routes reach and that were resolved, in percent with one decimal.
pub(super) fn resolved_share(evidence: &Evidence) -> String {
    share(evidence.statistics.resolved_calls, evidence.statistics.reachable_calls)
}

/// A part of a whole in percent with one decimal.
pub(super) fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "none".to_owned();
    }
    // In integers, so that the text is the same on every machine; rounded down, so that 100.0 means all.
    let permille = part * 1000 / whole;
    format!("{}.{} %", permille / 10, permille % 10)
}

/// Words with commas between them.
pub(super) fn list<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_plural() {
        assert_eq!(count(1, "route"), "1 route");
        assert_eq!(count(0, "route"), "0 routes");
        assert_eq!(count(3, "entry"), "3 entries");
        assert_eq!(count(2, "guess"), "2 guesses");
    }

    #[test]
    fn long_source_text_is_cut() {
        assert_eq!(shorten("a(\n    b)"), "a( b)");
        assert_eq!(shorten(&"é".repeat(80)), format!("{}...", "é".repeat(70)));
    }

    #[test]
    fn wrapping_keeps_the_width() {
        let words = vec!["ROUTE-0001"; 30];
        let text = wrap(&words, 4);
        assert!(text.lines().all(|line| line.len() <= WIDTH && line.starts_with("    R")));
        assert_eq!(text.split_whitespace().count(), 30);
        assert_eq!(wrap::<&str>(&[], 4), "");
    }
}
