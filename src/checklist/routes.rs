//! Rows of a route checklist: which route a row means, and what there is to say about it.

use std::collections::{BTreeMap, BTreeSet};

use super::cell::{self, Style};
use super::{Answer, Answers, Problem, code, column, duplicates, optional};
use crate::evidence::Evidence;
use crate::evidence::model::{Edge, Route};
use crate::sheet::Sheet;

/// A route ID as the evidence uses it.
#[derive(Default)]
struct Meant<'a> {
    /// The route of this ID, or the members of the family that its tracker row stands for.
    routes: Vec<&'a Route>,
    edges: Vec<&'a Edge>,
}

/// What each route ID means; a tracker row that stands for a family means its members.
fn by_id(evidence: &Evidence) -> BTreeMap<&str, Meant<'_>> {
    let mut meant: BTreeMap<&str, Meant<'_>> = BTreeMap::new();
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for route in &evidence.routes {
        for id in [Some(&route.id), route.tracker.instance_of.as_ref()].into_iter().flatten() {
            meant.entry(id).or_default().routes.push(route);
            names.entry(&route.id).or_default().push(id);
        }
    }
    for edge in &evidence.edges {
        for id in names.get(edge.route_id.as_str()).into_iter().flatten() {
            meant.entry(id).or_default().edges.push(edge);
        }
    }
    meant
}

/// An answer for each row of a route checklist.
///
/// # Errors
/// When a column is missing.
pub(super) fn answers(sheet: &Sheet, evidence: &Evidence, style: &Style) -> Result<Answers, Vec<Problem>> {
    let ids = column(sheet, "route_id")?;
    let (methods, paths) = (optional(sheet, "method")?, optional(sheet, "path_template")?);
    let known = by_id(evidence);
    let mut twice = duplicates(sheet, ids, "route_id");
    let answer = |row: usize| {
        if let Some(problem) = twice.remove(&row) {
            return Err(problem);
        }
        let (id, line) = (sheet.text(row, ids), sheet.line(row));
        let Some(meant) = known.get(id.as_str()) else {
            let stale = evidence.source.tracker.as_ref().is_some_and(|tracker| tracker.stale.contains(&id));
            let why = if stale {
                "is a stale row of the tracker, and no route of the scanned tree: remove the row, or scan the tree it is of"
            } else {
                "is not in the evidence: correct the ID, or scan with the tracker that gives it (scan --routes)"
            };
            return Err(Problem::new(line, code::UNMATCHED, format!("{id} {why}")));
        };
        let method = methods.map(|column| sheet.text(row, column));
        let path = paths.map(|column| sheet.text(row, column));
        match other_route(meant, &id, method.as_deref(), path.as_deref()) {
            Some(found) => Err(Problem::new(line, code::DIFFERS, found)),
            None if meant.edges.is_empty() => Ok(Answer::Known(None)),
            None => Ok(Answer::Known(Some(cell::route(&id, &meant.edges, style)))),
        }
    };
    Ok((0..sheet.len()).map(answer).collect())
}

/// What the evidence has under the ID of a row when that is not what the row says: then the IDs are those of another
/// tracker. A path is compared only where the tracker's was matched as it stands.
fn other_route(meant: &Meant<'_>, id: &str, method: Option<&str>, path: Option<&str>) -> Option<String> {
    let same_method = |route: &&Route| method.is_none_or(|method| method.eq_ignore_ascii_case(&route.method));
    let same_path = |route: &&Route| {
        let literal = route.id == id && route.tracker.matched.as_deref().is_none_or(|how| how == "exact");
        path.is_none_or(|path| !literal || path == route.rule)
    };
    if meant.routes.iter().any(|route| same_method(route) && same_path(route)) {
        return None;
    }
    let found = meant.routes.first()?;
    let row = [method, path].into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(format!(
        "{id} is {} {} in the evidence, and {row} in this row: the IDs are not of the tracker that was scanned with",
        found.method, found.rule
    ))
}

/// IDs of the routes with edges that have a row.
pub(super) fn linked(sheet: &Sheet, evidence: &Evidence) -> Vec<String> {
    let Ok(Some(ids)) = sheet.column("route_id") else { return Vec::new() };
    let known = by_id(evidence);
    let rows = (0..sheet.len()).filter_map(|row| known.get(sheet.text(row, ids).as_str()));
    let found: BTreeSet<&str> =
        rows.flat_map(|meant| meant.edges.iter().map(|edge| edge.route_id.as_str())).collect();
    found.into_iter().map(str::to_owned).collect()
}
