//! The sample application, scanned by the program, against what its authors say of it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use producer_map::evidence::Evidence;
use producer_map::evidence::model::{Edge, Queue, Route};
use serde::Deserialize;

use crate::support::{crate_root, in_order, miniquay, scan};

#[derive(Deserialize)]
struct Expected {
    routes: Vec<ExpectedRoute>,
    framework_routes: Vec<RouteKey>,
    absent_routes: Vec<RouteKey>,
    queues: Vec<ExpectedQueue>,
    edges: Vec<ExpectedEdge>,
    non_edges: Vec<NonEdge>,
    tracker: ExpectedTracker,
}

#[derive(Deserialize)]
struct RouteKey {
    method: String,
    rule: String,
}

#[derive(Deserialize)]
struct Symbol {
    file: String,
    symbol: String,
}

#[derive(Deserialize)]
struct ExpectedRoute {
    method: String,
    rule: String,
    endpoint: String,
    handler: Symbol,
    gates: Vec<String>,
    route_id: Option<String>,
}

#[derive(Deserialize)]
struct ExpectedQueue {
    name: String,
    variable: String,
    config_key: String,
    has_namespace: bool,
    body_keys: BodyKeys,
    consumers: Vec<Consumer>,
}

#[derive(Deserialize)]
struct BodyKeys {
    always: Vec<String>,
    sometimes: Vec<String>,
}

#[derive(Deserialize)]
struct Consumer {
    file: String,
    program: String,
}

#[derive(Deserialize)]
struct Producer {
    file: String,
    symbol: String,
    operation: String,
}

#[derive(Deserialize)]
struct ExpectedEdge {
    method: String,
    rule: String,
    queue: String,
    producer: Producer,
    via: Vec<String>,
    gates: Vec<String>,
}

#[derive(Deserialize)]
struct NonEdge {
    method: String,
    rule: String,
    queue: String,
    why: String,
}

#[derive(Deserialize)]
struct ExpectedTracker {
    rows: usize,
    stale: Vec<Row>,
    without_row: Vec<RouteKey>,
}

#[derive(Deserialize)]
struct Row {
    route_id: String,
}

fn expected() -> &'static Expected {
    static EXPECTED: OnceLock<Expected> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let path = crate_root().join("testdata/miniquay_check/expected.json");
        let text = std::fs::read_to_string(path).expect("readable");
        serde_json::from_str(&text).expect("well formed")
    })
}

fn found() -> &'static Evidence {
    static FOUND: OnceLock<Evidence> = OnceLock::new();
    FOUND.get_or_init(|| scan(&miniquay(), &[]))
}

/// Routes somebody wrote.
fn written() -> impl Iterator<Item = &'static Route> {
    found().routes.iter().filter(|route| route.automatic.is_none())
}

fn route(method: &str, rule: &str) -> Option<&'static Route> {
    written().find(|route| route.method == method && route.rule == rule)
}

fn edges(method: &str, rule: &str, queue: &str) -> Vec<&'static Edge> {
    let mine = |edge: &&Edge| edge.method == method && edge.rule == rule && edge.queue == queue;
    found().edges.iter().filter(mine).collect()
}

fn symbols(edge: &Edge) -> String {
    let symbols: Vec<&str> = edge.path.iter().map(|hop| hop.symbol.as_str()).collect();
    symbols.join(" -> ")
}

fn holds(failures: &[String]) {
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

fn missing<'a>(wanted: &'a [String], found: &[String]) -> Vec<&'a String> {
    wanted.iter().filter(|gate| !found.contains(gate)).collect()
}

#[test]
fn exactly_the_routes_that_are_served() {
    let keys = |(method, rule): (&String, &String)| format!("{method} {rule}");
    let wanted: BTreeSet<String> = expected().routes.iter().map(|r| keys((&r.method, &r.rule))).collect();
    let routes: BTreeSet<String> = written().map(|r| keys((&r.method, &r.rule))).collect();
    let mut failures: Vec<String> = Vec::new();
    failures.extend(wanted.difference(&routes).map(|key| format!("missing {key}")));
    failures.extend(routes.difference(&wanted).map(|key| format!("too many {key}")));
    holds(&failures);
}

#[test]
fn routes_that_nobody_wrote_are_marked_and_absent_ones_absent() {
    let automatic = |key: &RouteKey| {
        let mut mine = found().routes.iter().filter(|r| r.method == key.method && r.rule == key.rule);
        mine.next().and_then(|route| route.automatic.as_deref())
    };
    for key in &expected().framework_routes {
        assert_eq!(automatic(key), Some("framework"), "{}", key.rule);
    }
    for key in &expected().absent_routes {
        assert!(route(&key.method, &key.rule).is_none(), "{}", key.rule);
    }
    for route in written().filter(|route| route.method == "GET") {
        let head = found().routes.iter().find(|r| r.method == "HEAD" && r.rule == route.rule);
        assert!(head.is_some(), "no HEAD for {}", route.rule);
    }
}

#[test]
fn endpoints_handlers_and_gates_of_routes() {
    let mut failures = Vec::new();
    for wanted in &expected().routes {
        let Some(route) = route(&wanted.method, &wanted.rule) else {
            continue;
        };
        let key = format!("{} {}", wanted.method, wanted.rule);
        if route.endpoint != wanted.endpoint {
            failures.push(format!("{key}: endpoint {}, not {}", route.endpoint, wanted.endpoint));
        }
        let handler = route.handler.as_ref().map(|place| (&place.file, &place.symbol));
        if handler != Some((&wanted.handler.file, &wanted.handler.symbol)) {
            failures.push(format!("{key}: handler {handler:?}, not {}", wanted.handler.symbol));
        }
        for gate in missing(&wanted.gates, &route.gates) {
            failures.push(format!("{key}: gate {gate} is not among {:?}", route.gates));
        }
        if wanted.gates.is_empty() && !route.gates.is_empty() {
            failures.push(format!("{key}: no gate, but found {:?}", route.gates));
        }
    }
    holds(&failures);
}

#[test]
fn routes_have_the_ids_of_the_tracker() {
    let mut failures = Vec::new();
    for wanted in &expected().routes {
        let Some(route) = route(&wanted.method, &wanted.rule) else {
            continue;
        };
        let tracked = (route.tracker.status == "tracked").then_some(&route.id);
        // The members of a family may stand for the row together.
        let instance = route.tracker.instance_of.as_ref();
        if tracked != wanted.route_id.as_ref() && instance != wanted.route_id.as_ref() {
            failures
                .push(format!("{} {}: {tracked:?}, not {:?}", wanted.method, wanted.rule, wanted.route_id));
        }
    }
    let wanted = &expected().tracker;
    let stale: Vec<&String> = wanted.stale.iter().map(|row| &row.route_id).collect();
    match &found().source.tracker {
        Some(tracker) => {
            assert_eq!(tracker.rows, wanted.rows);
            assert_eq!(tracker.matched, wanted.rows - stale.len());
            assert_eq!(tracker.stale.iter().collect::<Vec<_>>(), stale);
        }
        None => failures.push("the tracker was not found".to_owned()),
    }
    for key in &wanted.without_row {
        let status = route(&key.method, &key.rule).map(|route| route.tracker.status.as_str());
        if status != Some("untracked") {
            failures.push(format!("{} {} is {status:?}", key.method, key.rule));
        }
    }
    holds(&failures);
}

fn queue(name: &str) -> Option<&'static Queue> {
    found().queues.iter().find(|queue| queue.name == name)
}

#[test]
fn queues_with_names_keys_and_bodies() {
    let mut failures = Vec::new();
    for wanted in &expected().queues {
        let name = &wanted.name;
        let Some(queue) = queue(name) else {
            failures.push(format!("missing queue {name}"));
            continue;
        };
        if queue.variable.as_ref() != Some(&wanted.variable) {
            failures.push(format!("{name}: variable {:?}", queue.variable));
        }
        if queue.config_key.as_ref() != Some(&wanted.config_key) {
            failures.push(format!("{name}: key {:?}, not {}", queue.config_key, wanted.config_key));
        }
        if queue.has_namespace != Some(wanted.has_namespace) {
            failures.push(format!("{name}: has_namespace {:?}", queue.has_namespace));
        }
        for producer in &queue.producers {
            let body = &producer.body;
            let keys = &wanted.body_keys;
            if body.open || body.always != keys.always || body.sometimes != keys.sometimes {
                let place = format!("{}:{}", producer.file, producer.line);
                failures.push(format!("{name}: body at {place} is {body:?}"));
            }
        }
    }
    for queue in &found().queues {
        if !expected().queues.iter().any(|wanted| wanted.name == queue.name) {
            failures.push(format!("too many: queue {}", queue.name));
        }
    }
    holds(&failures);
}

#[test]
fn consumers_of_queues() {
    let mut failures = Vec::new();
    for wanted in &expected().queues {
        let Some(queue) = queue(&wanted.name) else {
            continue;
        };
        for consumer in &wanted.consumers {
            // The loop stands in the base class of the workers: the concrete one is what the queue is held by.
            let mine = |class: &String| class.to_lowercase() == consumer.program;
            let by_worker = queue.consumers.iter().any(|found| found.via.as_ref().is_some_and(mine));
            if !by_worker && !queue.consumers.iter().any(|found| found.file == consumer.file) {
                failures.push(format!("{}: not consumed in {}", wanted.name, consumer.file));
            }
        }
        if queue.consumers.len() > wanted.consumers.len() {
            failures.push(format!("{}: too many consumers {:?}", wanted.name, queue.consumers));
        }
    }
    holds(&failures);
}

#[test]
fn every_edge_with_its_producer_chain_and_gates() {
    let mut failures = Vec::new();
    for wanted in &expected().edges {
        let key = format!("{} {} -> {}", wanted.method, wanted.rule, wanted.queue);
        let producer = &wanted.producer;
        let edges = edges(&wanted.method, &wanted.rule, &wanted.queue);
        let same = |edge: &&&Edge| {
            edge.producer.symbol == producer.symbol
                && edge.producer.file == producer.file
                && edge.producer.operation == producer.operation
        };
        let Some(edge) = edges.iter().find(same) else {
            let sites: Vec<&String> = edges.iter().map(|edge| &edge.producer.symbol).collect();
            failures.push(format!("missing {key} at {}, found {sites:?}", producer.symbol));
            continue;
        };
        let via: Vec<&str> = wanted.via.iter().map(String::as_str).collect();
        if !in_order(&via, &edge.path) {
            failures.push(format!("{key}: via {via:?} is not in {}", symbols(edge)));
        }
        for gate in missing(&wanted.gates, &edge.gates) {
            failures.push(format!("{key}: gate {gate} is not among {:?}", edge.gates));
        }
    }
    holds(&failures);
}

#[test]
fn no_look_alike_is_an_edge() {
    let mut failures = Vec::new();
    for pair in &expected().non_edges {
        for edge in edges(&pair.method, &pair.rule, &pair.queue) {
            failures.push(format!(
                "{} {} -> {}: {}\n    {}",
                pair.method,
                pair.rule,
                pair.queue,
                pair.why,
                symbols(edge)
            ));
        }
    }
    holds(&failures);
}

/// Of a look-alike it is certain that it is none: no call that matters is open on its way.
#[test]
fn every_look_alike_is_closed() {
    let open = found().open.as_ref().expect("recorded");
    let mut failures = Vec::new();
    for pair in &expected().non_edges {
        let Some(route) = route(&pair.method, &pair.rule) else { continue };
        for pairs in open.iter().filter(|p| p.queue == pair.queue && p.route_ids.contains(&route.id)) {
            let calls: Vec<_> = found()
                .unresolved
                .iter()
                .filter(|call| pairs.calls.contains(&call.id))
                .map(|call| format!("{}:{} {} {}", call.file, call.line, call.reason, call.callee))
                .collect();
            failures.push(format!("{} {} -> {}: {}", pair.method, pair.rule, pair.queue, calls.join(", ")));
        }
    }
    holds(&failures);
}

/// The counters say what the lists hold.
#[test]
fn pairs_and_calls_are_counted() {
    let evidence = found();
    let statistics = &evidence.statistics;
    let open: usize = evidence.open.iter().flatten().map(|pairs| pairs.route_ids.len()).sum();
    assert_eq!(statistics.pairs.open, open);
    let all = evidence.routes.len() * evidence.queues.len();
    assert_eq!(statistics.pairs.edges + statistics.pairs.closed + open, all);
    assert_eq!(statistics.resolved_by_kind.values().sum::<usize>(), statistics.resolved_calls);
    assert_eq!(statistics.unresolved_by_reason.values().sum::<usize>(), evidence.unresolved.len());
    assert_eq!(statistics.resolved_calls + evidence.unresolved.len(), statistics.reachable_calls);
    for kind in ["project", "queue", "modelled-library", "named-library"] {
        assert!(statistics.resolved_by_kind[kind] > 0, "{kind}");
    }
}

#[test]
fn no_other_edges() {
    let mut failures = Vec::new();
    for edge in &found().edges {
        let stated = expected().edges.iter().any(|wanted| {
            wanted.method == edge.method && wanted.rule == edge.rule && wanted.queue == edge.queue
        });
        if !stated && route(&edge.method, &edge.rule).is_some() {
            let key = format!("{} {} -> {}", edge.method, edge.rule, edge.queue);
            failures.push(format!("{key}: {}", symbols(edge)));
        }
    }
    holds(&failures);
}

#[test]
fn chains_begin_at_the_framework_and_end_at_the_producer() {
    for edge in &found().edges {
        let (Some(first), Some(last)) = (edge.path.first(), edge.path.last()) else {
            panic!("{} has no path", edge.id);
        };
        assert!(matches!(first.kind.as_str(), "route" | "hook"), "{}: {}", edge.id, first.kind);
        assert_eq!(last.kind, "producer", "{}", edge.id);
        assert_eq!((&last.file, last.line), (&edge.producer.file, edge.producer.line), "{}", edge.id);
        assert!(edge.path.iter().all(|hop| hop.line > 0 && miniquay().join(&hop.file).is_file()));
    }
}
