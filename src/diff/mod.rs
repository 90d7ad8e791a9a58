//! Comparing two scans by the identities of what they found, never by line or wording.
//!
//! [`compare`] pairs the routes, queues and edges of both sides and says in which way the pairs differ and what has no
//! partner. What has no partner on the new side is *removed* if the new side could have seen it, and *lost* if something
//! on its way was broken, left out, cut or unresolved: "vanished" and "no longer seen" are different news.

pub mod accepted;
mod edges;
pub mod model;
mod open;
mod pair;
mod queues;
mod reasons;
mod routes;

use crate::evidence::Evidence;
use model::{Change, Diff, Kind, Side, Subject, SubjectKind};
use reasons::Reasons;

/// What the stages of a comparison look at.
struct Sides<'a> {
    old: &'a Evidence,
    new: &'a Evidence,
    /// Why the new side may not see what the old one saw.
    lost: Reasons<'a>,
    /// Why the old side may not have seen what the new one sees.
    hidden: Reasons<'a>,
}

/// Compares two scans; the labels say what the sides are, for people.
pub fn compare(old: (&str, &Evidence), new: (&str, &Evidence)) -> Diff {
    let sides = Sides {
        old: old.1,
        new: new.1,
        lost: Reasons::new(old.1, new.1),
        hidden: Reasons::new(new.1, old.1),
    };
    let mut changes = scans(&sides);
    let queues = queues::pairs(&sides);
    changes.extend(queues::changes(&sides, &queues));
    let routes = routes::pairs(&sides);
    changes.extend(routes::changes(&sides, &routes));
    changes.extend(edges::changes(&sides, &routes, &queues));
    changes.extend(open::changes(&sides, &routes, &queues));
    changes.sort_by(|a, b| b.level.cmp(&a.level).then(a.kind.cmp(&b.kind)).then(a.subject.cmp(&b.subject)));
    Diff::new(side(old), side(new), changes)
}

fn side((label, evidence): (&str, &Evidence)) -> Side {
    Side {
        label: label.to_owned(),
        revision: evidence.source.revision.clone(),
        digest: evidence.source.digest.clone(),
        tool: evidence.tool.version.clone(),
    }
}

/// Differences in how the sides were scanned.
fn scans(sides: &Sides<'_>) -> Vec<Change> {
    let (old, new) = (sides.old, sides.new);
    let mut changes = Vec::new();
    let subject = |id: &str| Subject { kind: SubjectKind::Scan, id: id.to_owned(), ..Subject::default() };
    let settings = [
        ("entries", "the entry modules differ", &old.source.entries, &new.source.entries),
        (
            "exclusion_rules",
            "the exclusion rules differ",
            &old.source.exclusion_rules,
            &new.source.exclusion_rules,
        ),
    ];
    for (id, message, before, after) in settings {
        if before != after {
            let change = Change::new(Kind::ScanSettingsChanged, subject(id), message.to_owned());
            changes.push(change.values(before.clone(), after.clone()));
        }
    }
    let (before, after) = (&old.tool.version, &new.tool.version);
    if before != after {
        let message = format!("scanned by version {before} and by version {after}");
        let change = Change::new(Kind::ScanToolChanged, subject("tool"), message);
        changes.push(change.values(vec![before.clone()], vec![after.clone()]));
    }
    changes
}

/// Whether two lists hold the same texts.
fn same_set(a: &[String], b: &[String]) -> bool {
    let set = |list: &[String]| list.iter().cloned().collect::<std::collections::BTreeSet<_>>();
    set(a) == set(b)
}
