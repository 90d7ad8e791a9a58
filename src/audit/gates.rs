//! Feature gates: those that the tracker lists against those that the evidence found.
//!
//! The evidence's gates of a route necessarily hold, so that one the tracker does not list is a contradiction. The other way round is
//! harder, since a condition may be enforced in a way that the analysis cannot see. A listed condition counts as not
//! enforced only if nothing is left that could enforce it: no decorator of the kind that the tracker names stands between
//! the handler and its registration, or each of those that do is accounted for by another condition. A decorator above the
//! registering one wraps a function that nobody serves.

use super::{Facts, Proof, Report, list, shown};
use crate::evidence::model::{Decorator, Place, Route};
use crate::plan::{Condition, Row, conditions};
use std::collections::{BTreeMap, BTreeSet};

/// A gate that guards at least so many routes, and that no row lists, is one thing that the tracker leaves out, and not as many
/// mistakes.
const LEFT_OUT: usize = 10;

/// The gates that rows do not list, by gate, and those that some row lists.
#[derive(Default)]
pub(super) struct Unlisted<'a> {
    missing: BTreeMap<String, Vec<Missing<'a>>>,
    listed: BTreeSet<String>,
}

/// A row that does not list a gate of its route.
struct Missing<'a> {
    line: u64,
    cell: String,
    route: &'a Route,
}

impl Unlisted<'_> {
    /// One finding for each row, or one for all if no row lists the gate.
    pub(super) fn report(self, report: &mut Report) {
        for (gate, rows) in &self.missing {
            let proof = |route: &Route| {
                let text = format!("it exists, or answers, only if {gate}");
                Proof::text(text).places([route.registered.clone()]).places(route.handler.clone())
            };
            if rows.len() >= LEFT_OUT && !self.listed.contains(gate) {
                let first = &rows[0];
                let count = rows.len();
                let message = format!(
                    "`{gate}` guards the routes of {count} rows and no row lists it; the first is that of {}",
                    shown(first.route)
                );
                report.finding(
                    "plan-gate-unlisted",
                    first.line,
                    first.cell.clone(),
                    message,
                    proof(first.route),
                );
                continue;
            }
            for row in rows {
                let message = format!("`{gate}` guards {} and is not listed", shown(row.route));
                report.finding("plan-gate-unlisted", row.line, row.cell.clone(), message, proof(row.route));
            }
        }
    }
}

/// Checks the gates of a row; those that it does not list are noted.
pub(super) fn check<'a>(
    facts: &Facts<'_>,
    route: &'a Route,
    row: &Row<'_>,
    unlisted: &mut Unlisted<'a>,
    report: &mut Report,
) {
    let claimed = conditions(&row.get("feature_gates"));
    let column = |text: &str| format!("feature_gates: {}", if text.is_empty() { "none" } else { text });
    unlisted.listed.extend(claimed.iter().flat_map(|condition| condition.parts.iter().cloned()));
    for condition in &claimed {
        for part in &condition.parts {
            report.claim();
            if route.gates.contains(part) || on_every_path(facts, route, part) {
                continue;
            }
            let suspects = suspects(route, condition, &row.get("decorators"));
            let proven =
                claimed.iter().filter(|one| one.parts.iter().all(|part| route.gates.contains(part))).count();
            if suspects.len() > proven {
                // Something is left that may enforce it.
                continue;
            }
            let proof = unenforced(route, condition, &row.get("decorators"));
            let message = format!("`{part}` does not guard {}", shown(route));
            report.finding("plan-gate-unenforced", row.line(), column(&condition.text), message, proof);
        }
    }
    for gate in &route.gates {
        report.claim();
        let listed = claimed.iter().any(|condition| condition.parts.contains(gate));
        if listed {
            continue;
        }
        let cell = column(&row.get("feature_gates"));
        unlisted.missing.entry(gate.clone()).or_default().push(Missing { line: row.line(), cell, route });
    }
}

/// Whether every chain of the route passes the condition: then it is enforced, if later than at the door.
fn on_every_path(facts: &Facts<'_>, route: &Route, part: &str) -> bool {
    let mut edges = facts.evidence.edges.iter().filter(|edge| edge.route_id == route.id).peekable();
    edges.peek().is_some() && edges.all(|edge| edge.gates.iter().any(|gate| gate == part))
}

/// The decorators between registration and handler that may enforce a condition.
fn suspects<'a>(route: &'a Route, condition: &Condition, written: &str) -> Vec<&'a Decorator> {
    let names = naming(condition, written);
    let inside = &route.decorators[registering(route).map_or(0, |at| at + 1)..];
    inside
        .iter()
        .filter(|decorator| names.as_ref().is_none_or(|names| names.contains(&last(&decorator.name))))
        .collect()
}

/// The decorators of the tracker's cell that name the condition, or all that have no arguments; none if the cell names none, so
/// that any decorator may be meant.
fn naming(condition: &Condition, written: &str) -> Option<Vec<String>> {
    let written = crate::plan::items(written);
    let call = |text: &String| text.split_once('(').map(|(name, rest)| (last(name), rest.to_owned()));
    let with: Vec<String> = written
        .iter()
        .filter_map(call)
        .filter(|(_, arguments)| arguments.contains(condition.text.as_str()))
        .map(|(name, _)| name)
        .collect();
    if !with.is_empty() {
        return Some(with);
    }
    let plain: Vec<String> =
        written.iter().filter(|text| !text.contains('(')).map(|text| last(text)).collect();
    (!plain.is_empty()).then_some(plain)
}

/// Position of the decorator that registers the route, if one does.
fn registering(route: &Route) -> Option<usize> {
    let at = &route.registered;
    route.decorators.iter().rposition(|decorator| decorator.file == at.file && decorator.line == at.line)
}

fn unenforced(route: &Route, condition: &Condition, written: &str) -> Proof {
    let names = naming(condition, written).unwrap_or_default();
    let outside = &route.decorators[..registering(route).unwrap_or(0)];
    let idle: Vec<&Decorator> =
        outside.iter().filter(|decorator| names.contains(&last(&decorator.name))).collect();
    let places = idle.iter().map(|decorator| Place {
        file: decorator.file.clone(),
        line: decorator.line,
        symbol: decorator.name.clone(),
    });
    let text = match idle.first() {
        Some(decorator) => format!(
            "`{}` stands above the decorator that registers the route ({}:{}), so that what it returns serves no request",
            decorator.name, route.registered.file, route.registered.line
        ),
        None => format!("the conditions of the route are: {}", list(&route.gates)),
    };
    Proof::text(text).places(places).places([route.registered.clone()]).places(route.handler.clone())
}

/// The last part of a dotted name.
fn last(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A route with the given decorators on lines 1, 2, ..., registered by the one on `registered`.
    fn route(decorators: &[&str], registered: u32, gates: &[&str]) -> Route {
        let decorators: Vec<serde_json::Value> = decorators
            .iter()
            .zip(1..)
            .map(|(name, line)| serde_json::json!({ "name": name, "file": "v.py", "line": line }))
            .collect();
        let place = serde_json::json!({ "file": "v.py", "line": registered, "symbol": "<module>" });
        serde_json::from_value(serde_json::json!({
            "id": "R-1", "method": "GET", "rule": "/a", "endpoint": "a", "handler": null, "registered": place,
            "decorators": decorators, "gates": gates, "automatic": null, "tracker": { "status": "tracked" },
        }))
        .expect("a route")
    }

    /// How many decorators may enforce the first condition of a cell.
    fn left(route: &Route, gates: &str, decorators: &str) -> usize {
        suspects(route, &conditions(gates)[0], decorators).len()
    }

    #[test]
    fn only_decorators_below_the_registering_one_count() {
        let written = "only_if(features.A); bp.route(\"/a\")";
        assert_eq!(left(&route(&["bp.route", "only_if"], 1, &[]), "features.A", written), 1);
        assert_eq!(left(&route(&["only_if", "bp.route"], 2, &[]), "features.A", written), 0);
        // Registered by a call: all of them stand between.
        assert_eq!(left(&route(&["only_if", "cached"], 9, &[]), "features.A", written), 1);
    }

    #[test]
    fn only_decorators_that_the_tracker_names_count() {
        let both = route(&["bp.route", "cached", "util.only_if"], 1, &[]);
        assert_eq!(left(&both, "features.A", "only_if(features.A); cached(60)"), 1);
        assert_eq!(left(&both, "features.A", "only_if"), 1);
        assert_eq!(left(&both, "features.A", "gone(features.A)"), 0);
        // The cell says nothing of it: any may be meant.
        assert_eq!(left(&both, "features.A", ""), 2);
    }
}
