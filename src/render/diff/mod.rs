//! A comparison of two scans: one file for each form.

mod github;
mod json;
mod markdown;
mod text;

pub use github::github;
pub use json::json;
pub use markdown::markdown;
pub use text::text;

use crate::diff::model::{Change, Diff, Level, Side};

/// `2 breaking, 1 notice, no info, 3 accepted`.
fn tally(diff: &Diff) -> String {
    let number = |level| match (diff.at_level(level), level) {
        (0, level) => format!("no {}", level.name()),
        (1, level) => format!("1 {}", level.name()),
        (number, Level::Notice) => format!("{number} notices"),
        (number, level) => format!("{number} {}", level.name()),
    };
    let mut parts: Vec<String> = Level::ALL.into_iter().map(number).collect();
    if diff.accepted > 0 {
        parts.push(format!("{} accepted", diff.accepted));
    }
    parts.join(", ")
}

/// What a side is: its label, and the beginning of the commit's id where the label does not say it.
fn named(side: &Side) -> String {
    match &side.revision {
        Some(commit) if !commit.starts_with(&side.label) => {
            format!("{} ({})", side.label, commit.get(..12).unwrap_or(commit))
        }
        _ => side.label.clone(),
    }
}

/// The changes of a level that nobody accepts.
fn open(diff: &Diff, level: Level) -> impl Iterator<Item = &Change> {
    diff.changes.iter().filter(move |change| change.level == level && change.accepted.is_none())
}

/// The changes that somebody accepts.
fn accepted(diff: &Diff) -> impl Iterator<Item = &Change> {
    diff.changes.iter().filter(|change| change.accepted.is_some())
}
