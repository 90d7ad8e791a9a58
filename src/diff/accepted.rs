//! Accepted differences: a file in which somebody says why a difference is meant, who says so, and until when.
//!
//! ```toml
//! [[accepted]]
//! code = "edge-added"
//! subject = "E-0a1b2c3d4e5f"
//! reason = "the worker is ready since release 3.2"
//! owner = "storage team"
//! expires = 2027-03-31
//! ```
//!
//! `subject` is what the difference is about, as every format prints it: the ID of an edge or route, or a queue's default
//! name. An entry holds up to and on the day on which it expires. An entry that has expired or that matches no
//! difference is a mistake: what nobody looks after does not stay.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::model::{Acceptance, Change};
use crate::codes;

/// Name of the file in the root of the new tree.
pub const FILE_NAME: &str = "producer-map-accepted.toml";

/// The accepted differences of one file.
#[derive(Debug, Clone)]
pub struct Accepted {
    path: PathBuf,
    entries: Vec<Entry>,
}

/// One accepted difference.
#[derive(Debug, Clone)]
struct Entry {
    line: usize,
    code: String,
    subject: String,
    reason: String,
    owner: String,
    expires: Date,
}

/// Accepted differences that are to be corrected.
#[derive(Debug, thiserror::Error)]
pub enum AcceptedError {
    /// The file cannot be read.
    #[error("cannot read accepted differences {}: {source}; check the path given to --accepted", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Something in the file is wrong.
    #[error("accepted differences are to be corrected:{}", Listing(path, problems))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Line from 1 and what is wrong, in line order.
        problems: Vec<(usize, String)>,
    },
}

struct Listing<'a>(&'a Path, &'a [(usize, String)]);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, message) in self.1 {
            write!(f, "\n  {}:{line}: {message}", self.0.display())?;
        }
        Ok(())
    }
}

/// The file as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    accepted: Vec<Spanned<RawEntry>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    code: Option<Spanned<String>>,
    subject: Option<Spanned<String>>,
    reason: Option<Spanned<String>>,
    owner: Option<Spanned<String>>,
    expires: Option<Spanned<toml::Value>>,
}

/// A day as `2027-01-31`.
pub fn date(text: &str) -> Option<Date> {
    Date::strptime("%Y-%m-%d", text.trim()).ok()
}

impl Accepted {
    /// Reads a file of accepted differences; `path` is for messages.
    ///
    /// # Errors
    /// When it is no such file, or an entry lacks something: every mistake with its line.
    pub fn from_text(text: &str, path: &Path) -> Result<Self, AcceptedError> {
        let line_at = |offset: usize| text.get(..offset).unwrap_or(text).matches('\n').count() + 1;
        let wrong = |problems| AcceptedError::Wrong { path: path.to_owned(), problems };
        let raw: Raw = toml::from_str(text).map_err(|error| {
            wrong(vec![(line_at(error.span().unwrap_or(0..0).start), error.message().to_owned())])
        })?;
        let mut problems = Vec::new();
        let mut entries = Vec::new();
        for item in raw.accepted {
            let line = line_at(item.span().start);
            match entry(item.into_inner(), line, &line_at) {
                Ok(entry) => entries.push(entry),
                Err(found) => problems.extend(found),
            }
        }
        problems.sort();
        if problems.is_empty() { Ok(Self { path: path.to_owned(), entries }) } else { Err(wrong(problems)) }
    }

    /// Marks the changes that are accepted on the day `today`.
    ///
    /// # Errors
    /// When entries have expired or match no change; the changes are marked all the same.
    pub fn apply(&self, changes: &mut [Change], today: Date) -> Result<(), AcceptedError> {
        let mut problems = Vec::new();
        for entry in &self.entries {
            if entry.expires < today {
                let message = format!(
                    "acceptance of {} {} by {} expired on {}: decide again, or remove the entry",
                    entry.code, entry.subject, entry.owner, entry.expires
                );
                problems.push((entry.line, message));
                continue;
            }
            let mut matched = false;
            for change in changes.iter_mut() {
                if change.code == entry.code && change.subject.id == entry.subject {
                    matched = true;
                    change.accepted = Some(Acceptance {
                        reason: entry.reason.clone(),
                        owner: entry.owner.clone(),
                        expires: entry.expires.to_string(),
                    });
                }
            }
            if !matched {
                let message = format!("no difference is {} {}: remove the entry", entry.code, entry.subject);
                problems.push((entry.line, message));
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(AcceptedError::Wrong { path: self.path.clone(), problems })
    }
}

fn entry(
    raw: RawEntry,
    line: usize,
    line_at: &dyn Fn(usize) -> usize,
) -> Result<Entry, Vec<(usize, String)>> {
    let mut problems = Vec::new();
    let mut text = |field: Option<Spanned<String>>, name: &str, advice: &str| match field {
        Some(value) if !value.get_ref().trim().is_empty() => {
            (line_at(value.span().start), value.into_inner().trim().to_owned())
        }
        Some(value) => {
            problems.push((line_at(value.span().start), format!("`{name}` is empty: {advice}")));
            (line, String::new())
        }
        None => {
            problems.push((line, format!("`{name}` is missing: {advice}")));
            (line, String::new())
        }
    };
    let (code_line, code) = text(raw.code, "code", "name the code of the difference, as in `edge-added`");
    let (_, subject) = text(raw.subject, "subject", "name the edge, route or queue by its ID");
    let (_, reason) = text(raw.reason, "reason", "say why the difference is meant");
    let (_, owner) = text(raw.owner, "owner", "say who answers for it");
    if !code.is_empty() && codes::find(&code).is_none_or(|code| code.area != "diff") {
        let message = format!("`{code}` is no code of a difference: `producer-map explain` lists them");
        problems.push((code_line, message));
    }
    let expires = match raw.expires {
        None => {
            problems.push((line, "`expires` is missing: give a day as in 2027-01-31".to_owned()));
            None
        }
        Some(value) => {
            let written = match value.get_ref() {
                toml::Value::String(text) => text.clone(),
                toml::Value::Datetime(date) => date.to_string(),
                other => other.to_string(),
            };
            let found = date(&written);
            if found.is_none() {
                let message = format!("`expires` is `{written}`: give a day as in 2027-01-31");
                problems.push((line_at(value.span().start), message));
            }
            found
        }
    };
    match expires {
        Some(expires) if problems.is_empty() => Ok(Entry { line, code, subject, reason, owner, expires }),
        _ => Err(problems),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::model::{Kind, Subject};

    const GOOD: &str = "[[accepted]]\ncode = \"queue-renamed\"\nsubject = \"mail\"\nreason = \"drained\"\n\
                        owner = \"ops\"\nexpires = 2027-01-31\n";

    fn read(text: &str) -> Result<Accepted, String> {
        Accepted::from_text(text, Path::new("a.toml")).map_err(|error| error.to_string())
    }

    fn changes() -> Vec<Change> {
        let subject = |id: &str| Subject { id: id.to_owned(), ..Subject::default() };
        vec![
            Change::new(Kind::QueueRenamed, subject("mail"), String::new()),
            Change::new(Kind::QueueRenamed, subject("post"), String::new()),
        ]
    }

    #[test]
    fn an_entry_accepts_its_subject_and_no_other() {
        let mut changes = changes();
        read(GOOD).expect("valid").apply(&mut changes, date("2027-01-31").expect("a day")).expect("accepted");
        assert_eq!(changes[0].accepted.as_ref().map(|by| by.owner.as_str()), Some("ops"));
        assert_eq!(changes[1].accepted, None);
    }

    #[test]
    fn what_has_expired_or_matches_nothing_is_named_and_accepts_nothing() {
        let mut found = changes();
        let expired = read(GOOD).expect("valid").apply(&mut found, date("2027-02-01").expect("a day"));
        assert!(
            expired
                .expect_err("expired")
                .to_string()
                .contains("\n  a.toml:1: acceptance of queue-renamed mail")
        );
        assert_eq!(found[0].accepted, None);
        let text = GOOD.replace("mail", "other");
        let stale = read(&text).expect("valid").apply(&mut found, date("2027-01-01").expect("a day"));
        assert!(
            stale.expect_err("stale").to_string().contains("a.toml:1: no difference is queue-renamed other")
        );
    }

    #[test]
    fn every_missing_field_is_named_with_its_line() {
        let error =
            read("[[accepted]]\ncode = \"edge-added\"\n\n[[accepted]]\nsubject = \"\"\nexpires = 3\n")
                .expect_err("wrong");
        for part in [
            "a.toml:1: `subject` is missing",
            "a.toml:1: `reason` is missing",
            "a.toml:1: `owner` is missing",
            "a.toml:1: `expires` is missing",
            "a.toml:4: `code` is missing",
            "a.toml:5: `subject` is empty",
            "a.toml:6: `expires` is `3`",
        ] {
            assert!(error.contains(part), "{part} not in {error}");
        }
    }

    #[test]
    fn unknown_codes_fields_and_days_are_refused() {
        assert!(
            read(&GOOD.replace("queue-renamed", "syntax-error")).expect_err("code").contains("a.toml:2:")
        );
        assert!(read(&GOOD.replace("owner", "owned")).expect_err("field").contains("a.toml:5:"));
        assert!(read(&GOOD.replace("2027-01-31", "\"2027-02-30\"")).expect_err("day").contains("a.toml:6:"));
        assert!(read(&GOOD.replace("2027-01-31", "\"2027-01-30\"")).is_ok());
        assert!(read("").is_ok());
    }
}
