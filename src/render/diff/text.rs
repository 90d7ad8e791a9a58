//! A comparison for the terminal.

use std::fmt::Write;

use super::super::text::{HEADING, NAME, QUIET, level_style, paint};
use super::{accepted, named, open, tally};
use crate::diff::model::{Change, Diff, Level};

/// The comparison as text.
pub fn text(diff: &Diff) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} -> {}", paint(HEADING, named(&diff.old)), paint(HEADING, named(&diff.new)));
    if diff.changes.is_empty() {
        out.push_str("no difference\n");
        return out;
    }
    let _ = writeln!(out, "{}", tally(diff));
    for level in Level::ALL {
        section(&mut out, level.name(), open(diff, level));
    }
    section(&mut out, "accepted", accepted(diff));
    out
}

fn section<'a>(out: &mut String, title: &str, changes: impl Iterator<Item = &'a Change>) {
    let mut code = "";
    for change in changes {
        if code.is_empty() {
            let _ = writeln!(out, "\n{}", paint(level_style(title), title));
        }
        if change.code != code {
            code = change.code;
            let _ = writeln!(out, "  {}", paint(HEADING, code));
        }
        let _ = writeln!(out, "    {}  {}", paint(NAME, &change.subject.id), change.message);
        if let Some(reason) = &change.reason {
            let _ = writeln!(out, "      since {reason}");
        }
        if let Some(place) = &change.place {
            let side = if place.new { "" } else { ", on the old side" };
            let _ =
                writeln!(out, "      {}", paint(QUIET, format!("at {}:{}{side}", place.file, place.line)));
        }
        if let Some(by) = &change.accepted {
            let _ = writeln!(out, "      accepted by {} until {}: {}", by.owner, by.expires, by.reason);
        }
    }
}
