//! `why-not`: whether it is certain that a route does not feed a queue, and how near it comes.

use std::fmt::Write;

use super::text::{CAUTION, GOOD, HEADING, NAME, QUIET, count, list, paint, shorten};
use super::why::{SourceTree, hops, introduce};
use crate::evidence::Evidence;
use crate::evidence::model::{NearMiss, OpenPairs, Place, Route, Unresolved};

/// Number of functions that are named at most for one call.
const FUNCTIONS: usize = 4;

/// Why a route without an edge to a queue has none. Without a near miss, nothing is said about one.
pub fn why_not(
    evidence: &Evidence,
    route: &Route,
    queue: &str,
    miss: Option<&NearMiss>,
    tree: &mut SourceTree,
) -> String {
    let mut out = String::new();
    introduce(&mut out, route);
    let edges = evidence.edges.iter().filter(|edge| edge.route_id == route.id && edge.queue == queue).count();
    if edges > 0 {
        let _ = writeln!(
            out,
            "\n{}: the route feeds it, {}\nproducer-map why {} {queue}  tells how",
            paint(HEADING, queue),
            count(edges, "chain"),
            route.id
        );
        return out;
    }
    let _ = writeln!(out, "\n{}: {}", paint(HEADING, queue), verdict(evidence, route, queue));
    for call in calls(evidence, route, queue) {
        open_call(&mut out, call);
    }
    if let Some(miss) = miss {
        nearest(&mut out, miss, queue, tree);
    }
    out
}

/// Whether a pair without an edge is closed or open, as a sentence.
pub(super) fn verdict(evidence: &Evidence, route: &Route, queue: &str) -> String {
    if evidence.open.is_none() {
        return "the evidence does not say whether the pair is closed: scan again".to_owned();
    }
    let open = calls(evidence, route, queue).len();
    if open == 0 {
        let closed = paint(GOOD, "closed");
        return format!(
            "{closed}\n  no call on the way that is not understood can lead to a producer of {queue}"
        );
    }
    let open = count(open, "call");
    format!(
        "{}\n  {open} on the way {} not understood and may lead to a producer of {queue}",
        paint(CAUTION, "open"),
        if open.starts_with("1 ") { "is" } else { "are" }
    )
}

/// Names of the queues for which calls leave a route open.
pub(super) fn queues_left_open<'a>(open: &'a [OpenPairs], route: &Route) -> Vec<&'a str> {
    open.iter()
        .filter(|pairs| pairs.route_ids.contains(&route.id))
        .map(|pairs| pairs.queue.as_str())
        .collect()
}

/// The calls that keep a pair open.
fn calls<'a>(evidence: &'a Evidence, route: &Route, queue: &str) -> Vec<&'a Unresolved> {
    let pairs = evidence.open.iter().flatten();
    let mine = pairs.filter(|pairs| pairs.queue == queue && pairs.route_ids.contains(&route.id));
    mine.flat_map(|pairs| &pairs.calls)
        .filter_map(|id| evidence.unresolved.iter().find(|call| call.id == *id))
        .collect()
}

fn open_call(out: &mut String, call: &Unresolved) {
    let _ = writeln!(
        out,
        "  {} {}:{} {} in {}  {}",
        paint(CAUTION, &call.reason),
        call.file,
        call.line,
        shorten(&call.callee),
        call.symbol,
        paint(QUIET, &call.id)
    );
    if call.anything {
        let _ = writeln!(out, "    may be anything");
    } else {
        let shown = call.may_enter.iter().take(FUNCTIONS).map(defined);
        let mut names: Vec<String> = shown.collect();
        if call.may_enter.len() > FUNCTIONS {
            names.push(format!("{} more", call.may_enter.len() - FUNCTIONS));
        }
        let _ = writeln!(out, "    may enter {}", list(&names));
    }
}

fn defined(place: &Place) -> String {
    format!("{} ({}:{})", place.symbol, place.file, place.line)
}

fn nearest(out: &mut String, miss: &NearMiss, queue: &str, tree: &mut SourceTree) {
    let (target, distance) = match &miss.function {
        Some(function) => {
            let calls = miss.rest.len().saturating_sub(1);
            let distance = match (miss.rest.is_empty(), calls) {
                (true, _) if miss.nearness == "used" => String::new(),
                (true, _) if miss.runs => ", which leads on by a call that is not understood".to_owned(),
                (true, _) => ", which no route runs".to_owned(),
                (false, 0) => ", which puts on it".to_owned(),
                (false, calls) => format!(", {} from the put", count(calls, "call")),
            };
            (defined(function), distance)
        }
        None => ("a call that may be anything".to_owned(), String::new()),
    };
    let _ = writeln!(out, "\n{}: {}{distance}", paint(HEADING, "nearest miss"), paint(NAME, target));
    let call = miss.call.as_ref().map(|place| {
        let callee = shorten(&miss.callee);
        format!("{callee} at {}:{} in {}", place.file, place.line, place.symbol)
    });
    let call = call.unwrap_or_default();
    let how = match miss.nearness.as_str() {
        "open" if miss.function.is_none() => format!("{call} may be anything"),
        "open" => format!("{call} may enter it"),
        "used" => format!("{call} uses the queue, and puts nothing on it"),
        "entered" => "the route enters it, in a context from which no way leads on".to_owned(),
        "named" => format!("{call} has its name and enters another function"),
        "class" => "the route enters another method of its class".to_owned(),
        "module" => "the route enters something else of its module".to_owned(),
        _ => "nothing that the route reaches comes near it".to_owned(),
    };
    let _ = writeln!(out, "  {how}");
    if !miss.way.is_empty() {
        let _ = writeln!(out, "\n{}", paint(HEADING, "so far the route gets"));
        hops(out, &miss.way, 1, queue, tree);
    }
    if !miss.rest.is_empty() {
        let symbol = miss.function.as_ref().map_or("", |function| function.symbol.as_str());
        let _ = writeln!(out, "\n{}", paint(HEADING, format!("from {symbol} it would be")));
        hops(out, &miss.rest, miss.way.len() + 1, queue, tree);
    }
}
