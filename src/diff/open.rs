//! Pairs of a route and a queue that calls leave open on one side alone. A pair that was closed and is open is no edge, and
//! it is no longer certain that there is none.

use std::collections::{BTreeMap, BTreeSet};

use super::Sides;
use super::pair::Pairs;
use super::routes::follows;
use crate::diff::model::{Change, Kind, Subject, SubjectKind};
use crate::evidence::Evidence;
use crate::evidence::model::{Queue, Route, Unresolved};

/// Numbers of a pair of routes and a pair of queues.
type Pair = (usize, usize);

/// How the open pairs differ, one change for each call and queue. Routes and queues that one side alone has are left
/// aside, and so are pairs with an edge on either side: their edges are what differs.
pub(super) fn changes(
    sides: &Sides<'_>,
    routes: &Pairs<'_, Route>,
    queues: &Pairs<'_, Queue>,
) -> Vec<Change> {
    let (Some(_), Some(_)) = (&sides.old.open, &sides.new.open) else { return Vec::new() };
    let old = Side::new(
        sides.old,
        routes.both.iter().map(|(old, _)| *old),
        queues.both.iter().map(|(old, _)| *old),
    );
    let new = Side::new(
        sides.new,
        routes.both.iter().map(|(_, new)| *new),
        queues.both.iter().map(|(_, new)| *new),
    );
    let mut changes = Vec::new();
    for (kind, here, there, is_new) in
        [(Kind::PairsOpened, &new, &old, true), (Kind::PairsClosed, &old, &new, false)]
    {
        for ((call, queue), pairs) in &here.by_call {
            let elsewhere = |pair: &&Pair| there.open.contains(pair) || there.edges.contains(pair);
            let turned: Vec<&Pair> = pairs.iter().filter(|pair| !elsewhere(pair)).collect();
            let Some(call) = here.calls.get(call).filter(|_| !turned.is_empty()) else { continue };
            let ids: Vec<String> = turned.iter().map(|pair| here.routes[pair.0].clone()).collect();
            changes.push(change(kind, call, queue, ids, is_new));
        }
    }
    changes
}

/// What one side leaves open.
struct Side<'a> {
    calls: BTreeMap<&'a str, &'a Unresolved>,
    /// IDs of the routes by number.
    routes: Vec<String>,
    open: BTreeSet<Pair>,
    edges: BTreeSet<Pair>,
    /// Pairs by the call that leaves them open, and the name of the queue.
    by_call: BTreeMap<(&'a str, &'a str), BTreeSet<Pair>>,
}

impl<'a> Side<'a> {
    fn new(
        evidence: &'a Evidence,
        routes: impl Iterator<Item = &'a Route>,
        queues: impl Iterator<Item = &'a Queue>,
    ) -> Self {
        let routes: Vec<&Route> = routes.collect();
        // A route that exists by itself follows the written one.
        let numbers: BTreeMap<&str, usize> = (0..)
            .zip(&routes)
            .filter(|(_, route)| !follows(route))
            .map(|(number, route)| (route.id.as_str(), number))
            .collect();
        let queues: BTreeMap<&str, usize> =
            queues.enumerate().map(|(number, queue)| (queue.name.as_str(), number)).collect();
        let pair = |route: &str, queue: &str| Some((*numbers.get(route)?, *queues.get(queue)?));
        let mut side = Side {
            calls: evidence.unresolved.iter().map(|call| (call.id.as_str(), call)).collect(),
            routes: routes.iter().map(|route| route.id.clone()).collect(),
            open: BTreeSet::new(),
            edges: evidence.edges.iter().filter_map(|edge| pair(&edge.route_id, &edge.queue)).collect(),
            by_call: BTreeMap::new(),
        };
        for open in evidence.open.iter().flatten() {
            for pair in open.route_ids.iter().filter_map(|route| pair(route, &open.queue)) {
                side.open.insert(pair);
                for call in &open.calls {
                    side.by_call.entry((call, &open.queue)).or_default().insert(pair);
                }
            }
        }
        side
    }
}

fn change(kind: Kind, call: &Unresolved, queue: &str, routes: Vec<String>, is_new: bool) -> Change {
    let subject = Subject {
        kind: SubjectKind::Call,
        id: call.id.clone(),
        queue: Some(queue.to_owned()),
        ..Subject::default()
    };
    let number = match routes.len() {
        1 => "1 route".to_owned(),
        number => format!("{number} routes"),
    };
    let verb = if is_new { "leaves" } else { "no longer leaves" };
    let message = format!(
        "{} in {} {} ({}) {verb} {number} open for {queue}",
        call.callee, call.file, call.symbol, call.reason
    );
    let change = Change::new(kind, subject, message).at(&call.file, call.line, &call.symbol, is_new);
    match is_new {
        true => Change { after: Some(routes), ..change },
        false => Change { before: Some(routes), ..change },
    }
}
