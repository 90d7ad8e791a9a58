//! Routes of two sides. A route is a method and a rule; its ID may change with the tracker, its handler and conditions with
//! the source.

use super::pair::Pairs;
use super::{Sides, same_set};
use crate::diff::model::{Change, Kind, Subject, SubjectKind};
use crate::evidence::model::{Place, Route, conjunction};

/// Pairs the routes: those with the same method and rule, and then those with the same method and endpoint, whose rule has
/// changed.
pub(super) fn pairs<'a>(sides: &Sides<'a>) -> Pairs<'a, Route> {
    let mut pairs = Pairs::new(&sides.old.routes, &sides.new.routes);
    // One method and rule may be served by two applications, or by an automatic route beside a written one.
    pairs.by(|route| Some((&route.method, &route.rule, &route.endpoint, &route.served_by, &route.automatic)));
    pairs.by(|route| Some((&route.method, &route.rule, &route.endpoint)));
    pairs.by(|route| Some((&route.method, &route.rule)));
    pairs.by_likeness(
        |route| (&route.method, &route.endpoint, route.automatic.is_some()),
        |old, new| strsim::normalized_damerau_levenshtein(&old.rule, &new.rule),
    );
    pairs
}

/// Whether a route exists because another one was written: HEAD and OPTIONS. It comes, goes and moves with that one, and
/// nothing is said about it.
pub(super) fn follows(route: &Route) -> bool {
    route.automatic.as_deref().is_some_and(|reason| reason != "framework")
}

/// How the routes differ.
pub(super) fn changes(sides: &Sides<'_>, pairs: &Pairs<'_, Route>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (old, new) in &pairs.both {
        if !follows(new) {
            changes.extend(differences(old, new));
        }
    }
    for route in pairs.old.iter().filter(|route| !follows(route)) {
        let reason = sides.lost.route(route);
        let (kind, verb) = match reason {
            Some(_) => (Kind::RouteLost, "is no longer seen"),
            None => (Kind::RouteRemoved, "is gone"),
        };
        let mut change =
            at(Change::new(kind, subject(route), format!("{} {verb}", named(route))), route, false);
        change.before = Some(facts(route));
        change.reason = reason;
        changes.push(change);
    }
    for route in pairs.new.iter().filter(|route| !follows(route)) {
        let reason = sides.hidden.route(route);
        let (kind, verb) = match reason {
            Some(_) => (Kind::RouteFound, "is seen"),
            None => (Kind::RouteAdded, "is new"),
        };
        let mut change =
            at(Change::new(kind, subject(route), format!("{} {verb}", named(route))), route, true);
        change.after = Some(facts(route));
        change.reason = reason;
        changes.push(change);
    }
    changes.extend(ids(pairs));
    changes
}

fn differences(old: &Route, new: &Route) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut push = |kind, message: String, before, after| {
        changes.push(at(Change::new(kind, subject(new), message).values(before, after), new, true));
    };
    if old.rule != new.rule {
        let message = format!("{} {} of {} is served as {}", old.method, old.rule, old.endpoint, named(new));
        push(Kind::RouteRuleChanged, message, vec![old.rule.clone()], vec![new.rule.clone()]);
    }
    let handler = |route: &Route| route.handler.as_ref().map(function);
    let (before, after) = (handler(old), handler(new));
    match (before, after) {
        (before, after) if before == after => {}
        (Some(before), None) => {
            let message =
                format!("the function that serves {} is no longer seen; it was {before}", named(new));
            push(Kind::RouteHandlerLost, message, vec![before], Vec::new());
        }
        (before, after) => {
            let shown = |handler: &Option<String>| {
                handler.clone().unwrap_or_else(|| "an unknown function".to_owned())
            };
            let message = format!("{} is served by {}, not by {}", named(new), shown(&after), shown(&before));
            let values = (before.into_iter().collect(), after.into_iter().collect());
            push(Kind::RouteHandlerMoved, message, values.0, values.1);
        }
    }
    if !same_set(&old.gates, &new.gates) {
        let message =
            format!("{} exists {}, formerly {}", named(new), condition(&new.gates), condition(&old.gates));
        push(Kind::RouteGatesChanged, message, old.gates.clone(), new.gates.clone());
    }
    changes
}

/// Routes with another ID, as one change: a tracker that comes or goes changes hundreds of them.
fn ids(pairs: &Pairs<'_, Route>) -> Option<Change> {
    let other = |(old, new): &&(&Route, &Route)| !follows(new) && old.id != new.id && old.rule == new.rule;
    let changed: Vec<_> = pairs.both.iter().filter(other).collect();
    if changed.is_empty() {
        return None;
    }
    let list = |pick: fn(&(&Route, &Route)) -> String| changed.iter().map(|pair| pick(pair)).collect();
    let number = changed.len();
    let message = if number == 1 {
        "1 route has another ID".to_owned()
    } else {
        format!("{number} routes have other IDs")
    };
    let subject = Subject { kind: SubjectKind::Scan, id: "tracker".to_owned(), ..Subject::default() };
    let change = Change::new(Kind::RouteIdsChanged, subject, message);
    Some(change.values(list(|(old, _)| numbered(old)), list(|(_, new)| numbered(new))))
}

fn numbered(route: &Route) -> String {
    format!("{} {} {}", route.id, route.method, route.rule)
}

/// How messages name a route.
pub(super) fn named(route: &Route) -> String {
    format!("{} {} ({})", route.method, route.rule, route.id)
}

/// Conditions as a part of a sentence.
pub(super) fn condition(gates: &[String]) -> String {
    if gates.is_empty() { "unconditionally".to_owned() } else { format!("if {}", conjunction(gates)) }
}

fn function(place: &Place) -> String {
    format!("{} {}", place.file, place.symbol)
}

fn facts(route: &Route) -> Vec<String> {
    let handler = route.handler.as_ref().map(|handler| format!("handler {}", function(handler)));
    let gates = route.gates.iter().map(|gate| format!("if {gate}"));
    handler.into_iter().chain(gates).collect()
}

fn subject(route: &Route) -> Subject {
    Subject {
        kind: SubjectKind::Route,
        id: route.id.clone(),
        method: Some(route.method.clone()),
        rule: Some(route.rule.clone()),
        route_id: Some(route.id.clone()),
        ..Subject::default()
    }
}

fn at(change: Change, route: &Route, new: bool) -> Change {
    let place = route.handler.as_ref().unwrap_or(&route.registered);
    change.at(&place.file, place.line, &place.symbol, new)
}
