//! Edges of two sides. An edge is a route, a queue and a producer function: with its route and its queue paired, it is the
//! same edge although the rule or the queue's name may differ.

use std::collections::{BTreeMap, BTreeSet};

use super::pair::Pairs;
use super::routes::{condition, follows};
use super::{Sides, queues};
use crate::diff::model::{Change, Kind, Subject, SubjectKind};
use crate::evidence::model::{Edge, Place, Queue, Route};

/// What a change of an edge is known by, apart from the method: an automatic route has the changes of the written one.
type Key = (Kind, String, String, String);

/// How the edges differ.
pub(super) fn changes(
    sides: &Sides<'_>,
    routes: &Pairs<'_, Route>,
    queues: &Pairs<'_, Queue>,
) -> Vec<Change> {
    let (old_routes, new_routes) = numbered(routes);
    let (old_queues, new_queues) = queues::numbers(queues);
    type Group<'a> = (Vec<&'a Edge>, Vec<&'a Edge>);
    let mut groups: BTreeMap<(usize, usize), Group<'_>> = BTreeMap::new();
    // Evidence from elsewhere may name a route or queue that it does not list: such edges are passed over.
    let number = |edge: &Edge, routes: &Numbered<'_>, queues: &BTreeMap<&str, usize>| {
        let route = routes.get(edge.route_id.as_str()).map(|(number, _)| *number);
        route.zip(queues.get(edge.queue.as_str()).copied())
    };
    for edge in &sides.old.edges {
        if let Some(key) = number(edge, &old_routes, &old_queues) {
            groups.entry(key).or_default().0.push(edge);
        }
    }
    for edge in &sides.new.edges {
        if let Some(key) = number(edge, &new_routes, &new_queues) {
            groups.entry(key).or_default().1.push(edge);
        }
    }

    let mut found: Vec<(Change, Key, bool)> = Vec::new();
    let mut push = |change: Change, edge: &Edge, route: Option<&Route>| {
        let producer = format!("{} {}", edge.producer.file, edge.producer.symbol);
        let key = (change.kind, edge.rule.clone(), edge.queue.clone(), producer);
        found.push((change, key, route.is_some_and(follows)));
    };
    for (old, new) in groups.into_values() {
        let mut pairs = Pairs::new(old, new);
        pairs.by(|edge| Some((&edge.producer.file, &edge.producer.symbol)));
        let same = pairs.both.len();
        pairs.by_likeness(|_| (), alike);
        for (at, (old, new)) in pairs.both.iter().enumerate() {
            let served = (route(old, &old_routes), route(new, &new_routes));
            for change in differences(old, new, served, at < same) {
                push(change, new, served.1);
            }
        }
        for edge in &pairs.old {
            let served = route(edge, &old_routes);
            let queue = sides.old.queues.iter().find(|queue| queue.name == edge.queue);
            let partner = routes.both.iter().find(|(old, _)| Some(*old) == served).map(|(_, new)| *new);
            let reason =
                sides.lost.edge(edge, served, queue).or_else(|| hidden_handler(edge, served?, partner?));
            push(gone(edge, reason), edge, served);
        }
        for edge in &pairs.new {
            let served = route(edge, &new_routes);
            let queue = sides.new.queues.iter().find(|queue| queue.name == edge.queue);
            let partner = routes.both.iter().find(|(_, new)| Some(*new) == served).map(|(old, _)| *old);
            let reason =
                sides.hidden.edge(edge, served, queue).or_else(|| hidden_handler(edge, served?, partner?));
            push(come(edge, reason), edge, served);
        }
    }
    let written: BTreeSet<Key> =
        found.iter().filter(|(_, _, automatic)| !automatic).map(|(_, key, _)| key.clone()).collect();
    let news = found.into_iter().filter(|(_, key, automatic)| !automatic || !written.contains(key));
    news.map(|(change, _, _)| change).collect()
}

/// Routes by ID, with the number of their pair.
type Numbered<'a> = BTreeMap<&'a str, (usize, &'a Route)>;

fn route<'a>(edge: &Edge, routes: &Numbered<'a>) -> Option<&'a Route> {
    routes.get(edge.route_id.as_str()).map(|(_, route)| *route)
}

fn numbered<'a>(pairs: &Pairs<'a, Route>) -> (Numbered<'a>, Numbered<'a>) {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    for (number, (before, after)) in pairs.both.iter().enumerate() {
        old.insert(before.id.as_str(), (number, *before));
        new.insert(after.id.as_str(), (number, *after));
    }
    let paired = pairs.both.len();
    for (number, route) in pairs.old.iter().enumerate() {
        old.insert(&route.id, (paired + number, *route));
    }
    for (number, route) in pairs.new.iter().enumerate() {
        new.insert(&route.id, (paired + pairs.old.len() + number, *route));
    }
    (old, new)
}

/// Why an edge that one side has may be there on the other: what serves the route there is not known, or is a function
/// that stands in front of the handler here. Then the way to the handler was lost, and not the handler.
fn hidden_handler(edge: &Edge, here: &Route, there: &Route) -> Option<String> {
    let handler = here.handler.as_ref()?;
    let symbol = &handler.symbol;
    let Some(outer) = &there.handler else { return Some(format!("the handler {symbol} is not seen")) };
    let stands = |file: &str, symbol: &str, place: &Place| (file, symbol) == (&*place.file, &*place.symbol);
    let before = edge.path.iter().take_while(|hop| !stands(&hop.file, &hop.symbol, handler));
    let wrapped = !stands(&outer.file, &outer.symbol, handler)
        && before.into_iter().any(|hop| stands(&hop.file, &hop.symbol, outer));
    wrapped.then(|| format!("the handler {symbol} is not seen behind {}", outer.symbol))
}

/// How likely two producers of one route and queue are the same one, moved.
fn alike(old: &Edge, new: &Edge) -> f64 {
    let name = |edge: &Edge| edge.producer.symbol.rsplit('.').next().map(str::to_owned);
    let same = |same: bool| f64::from(u8::from(same));
    let symbol = same(old.producer.symbol == new.producer.symbol) + same(name(old) == name(new));
    let text = strsim::normalized_damerau_levenshtein(&old.producer.symbol, &new.producer.symbol);
    2.0 * symbol + same(old.producer.file == new.producer.file) + text
}

fn differences(
    old: &Edge,
    new: &Edge,
    (old_route, new_route): (Option<&Route>, Option<&Route>),
    same_producer: bool,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut push = |kind, message: String, before: Vec<String>, after: Vec<String>| {
        changes.push(change(kind, new, message, true).values(before, after));
    };
    if !same_producer {
        let message = format!("{} from {}, not from {}", feeds(new), producer(new), producer(old));
        push(Kind::EdgeProducerMoved, message, vec![producer(old)], vec![producer(new)]);
    }
    if old.certainty != new.certainty {
        let message = format!("{} with certainty {}, formerly {}", feeds(new), new.certainty, old.certainty);
        push(Kind::EdgeCertaintyChanged, message, vec![old.certainty.clone()], vec![new.certainty.clone()]);
    }
    let (before, after): (BTreeSet<&String>, BTreeSet<&String>) =
        (old.gates.iter().collect(), new.gates.iter().collect());
    if before != after {
        // With a condition less there are deployments that feed the queue and did not, whatever came instead.
        let loosened = before.difference(&after).next().is_some();
        let kind = if loosened { Kind::EdgeGatesLoosened } else { Kind::EdgeGatesTightened };
        let message = format!("{} {}, formerly {}", feeds(new), condition(&new.gates), condition(&old.gates));
        push(kind, message, old.gates.clone(), new.gates.clone());
    }
    if same_producer {
        let (before, after) = (chain(old, old_route), chain(new, new_route));
        if before != after {
            let message = format!("{} {}", feeds(new), detour(&before, &after));
            push(Kind::EdgeChainChanged, message, before, after);
        }
    }
    changes
}

/// The functions between the handler and the producer, each as its file and name.
fn chain(edge: &Edge, route: Option<&Route>) -> Vec<String> {
    let handler = route.and_then(|route| route.handler.as_ref());
    let is_handler = |file: &str, symbol: &str| {
        handler.is_some_and(|Place { file: f, symbol: s, .. }| (f.as_str(), s.as_str()) == (file, symbol))
    };
    let mut functions: Vec<String> = Vec::new();
    for hop in &edge.path {
        let is_producer = hop.file == edge.producer.file && hop.symbol == edge.producer.symbol;
        if !is_producer && !is_handler(&hop.file, &hop.symbol) {
            functions.push(format!("{} {}", hop.file, hop.symbol));
        }
    }
    functions.dedup();
    functions
}

fn detour(before: &[String], after: &[String]) -> String {
    let without = |these: &[String], those: &[String]| {
        these.iter().filter(|function| !those.contains(function)).cloned().collect::<Vec<_>>().join(", ")
    };
    let (left, came) = (without(before, after), without(after, before));
    match (left.is_empty(), came.is_empty()) {
        (true, true) => "through the same functions in another order".to_owned(),
        (true, false) => format!("also through {came}"),
        (false, true) => format!("no longer through {left}"),
        (false, false) => format!("through {came}, no longer through {left}"),
    }
}

fn gone(edge: &Edge, reason: Option<String>) -> Change {
    let (kind, verb) = match reason {
        Some(_) => (Kind::EdgeLost, "is no longer seen to feed"),
        None => (Kind::EdgeRemoved, "no longer feeds"),
    };
    let message = format!("{} {verb} {}", route_of(edge), origin(edge));
    Change { before: Some(facts(edge)), reason, ..change(kind, edge, message, false) }
}

fn come(edge: &Edge, reason: Option<String>) -> Change {
    let (kind, verb) = match reason {
        Some(_) => (Kind::EdgeFound, "is seen to feed"),
        None => (Kind::EdgeAdded, "now feeds"),
    };
    let message = format!("{} {verb} {}", route_of(edge), origin(edge));
    Change { after: Some(facts(edge)), reason, ..change(kind, edge, message, true) }
}

fn facts(edge: &Edge) -> Vec<String> {
    let gates = edge.gates.iter().map(|gate| format!("if {gate}"));
    [producer(edge), edge.certainty.clone()].into_iter().chain(gates).collect()
}

fn origin(edge: &Edge) -> String {
    let gates = if edge.gates.is_empty() { String::new() } else { format!(", {}", condition(&edge.gates)) };
    format!("{} from {} ({}{gates})", edge.queue, producer(edge), edge.certainty)
}

fn producer(edge: &Edge) -> String {
    format!("{} {}", edge.producer.file, edge.producer.symbol)
}

fn route_of(edge: &Edge) -> String {
    format!("{} {} ({})", edge.method, edge.rule, edge.route_id)
}

fn feeds(edge: &Edge) -> String {
    format!("{} feeds {}", route_of(edge), edge.queue)
}

fn change(kind: Kind, edge: &Edge, message: String, new: bool) -> Change {
    let subject = Subject {
        kind: SubjectKind::Edge,
        id: edge.id.clone(),
        method: Some(edge.method.clone()),
        rule: Some(edge.rule.clone()),
        queue: Some(edge.queue.clone()),
        producer: Some(producer(edge)),
        route_id: Some(edge.route_id.clone()),
    };
    let place = &edge.producer;
    Change::new(kind, subject, message).at(&place.file, place.line, &place.symbol, new)
}
