//! A comparison as annotations: lines that a GitHub workflow turns into marks beside the source ("Workflow commands for
//! GitHub Actions", section "Setting an error message").

use std::fmt::Write;

use crate::diff::model::{Change, Diff, Level};

/// The comparison as workflow commands, one a line. A place of the old side is not named: the file may be gone, and its
/// lines are others. What somebody accepts is a notice.
pub fn github(diff: &Diff) -> String {
    let mut out = String::new();
    for change in &diff.changes {
        let command = match change.level {
            _ if change.accepted.is_some() => "notice",
            Level::Breaking => "error",
            Level::Notice => "warning",
            Level::Info => "notice",
        };
        let mut properties = Vec::new();
        if let Some(place) = change.place.as_ref().filter(|place| place.new) {
            properties.push(format!("file={}", property(&place.file)));
            properties.push(format!("line={}", place.line));
        }
        properties.push(format!("title={}", property(&format!("{} {}", change.code, change.subject.id))));
        let _ = writeln!(out, "::{command} {}::{}", properties.join(","), data(&message(change)));
    }
    out
}

fn message(change: &Change) -> String {
    let mut text = change.message.clone();
    if let Some(reason) = &change.reason {
        let _ = write!(text, "; since {reason}");
    }
    if let Some(by) = &change.accepted {
        let _ = write!(text, "\naccepted by {} until {}: {}", by.owner, by.expires, by.reason);
    }
    text
}

/// Escapes what would end a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes what would end a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::model::{Kind, Side, Subject};

    fn lines(change: Change) -> String {
        let side =
            || Side { label: String::new(), revision: None, digest: String::new(), tool: String::new() };
        github(&Diff::new(side(), side(), vec![change]))
    }

    #[test]
    fn what_ends_a_command_is_escaped() {
        let subject = Subject { id: "a:b,c".to_owned(), ..Subject::default() };
        let change = Change::new(Kind::EdgeAdded, subject, "100 %\n::error::x".to_owned());
        assert_eq!(
            lines(change.at("d,e/f:g.py", 7, "h", true)),
            "::error file=d%2Ce/f%3Ag.py,line=7,title=edge-added a%3Ab%2Cc::100 %25%0A::error::x\n"
        );
    }

    #[test]
    fn places_of_the_old_side_are_not_marked() {
        let subject = Subject { id: "q".to_owned(), ..Subject::default() };
        let change = Change::new(Kind::RouteHandlerMoved, subject, "m".to_owned());
        assert_eq!(lines(change.at("a.py", 7, "h", false)), "::warning title=route-handler-moved q::m\n");
    }
}
