//! From findings to the evidence file.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{self, Evidence};
use super::{SCHEMA_NAME, identity, names};
use crate::finding::{self, Findings, HopKind};
use crate::tracker::{Assignment, RowResult, Tracker};

/// What the evidence holds besides the findings.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The route tracker, if there is one.
    pub tracker: Option<&'a Tracker>,
    /// The outcome of laying it over the routes; made with `tracker`.
    pub assignment: &'a Assignment,
    /// Default names of the queues that get a validation item.
    pub validation_queues: &'a [String],
}

/// Makes the evidence of a scan.
pub fn build(findings: &Findings, context: Context<'_>) -> Evidence {
    let edges = edges(&findings.edges, identity::edge, findings, context.assignment);
    let guessed =
        |guesses: &Vec<finding::Edge>| self::edges(guesses, identity::guess, findings, context.assignment);
    let validation_items = validation_items(findings, &edges, context.validation_queues);
    Evidence {
        schema: SCHEMA_NAME.to_owned(),
        tool: model::Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        source: source(findings, context),
        routes: routes(findings, context),
        queues: findings.queues.iter().map(queue).collect(),
        workers: findings.workers.iter().map(|one| worker(one, findings)).collect(),
        statistics: statistics(findings, context.assignment, &edges),
        edges,
        validation_items,
        diagnostics: diagnostics(findings, context),
        unresolved: findings.unresolved.iter().map(|call| unresolved(call, findings)).collect(),
        open: Some(open(findings, context.assignment)),
        guesses: findings.guesses.as_ref().map(guessed),
    }
}

fn source(findings: &Findings, context: Context<'_>) -> model::Source {
    let facts = &findings.source;
    let tracker = context.tracker.map(|tracker| {
        let stale = tracker.rows.iter().zip(&context.assignment.rows);
        let stale = stale.filter(|(_, result)| matches!(result, RowResult::Stale(_)));
        model::TrackerSource {
            file: tracker.label.clone(),
            digest: tracker.digest.clone(),
            rows: tracker.rows.len(),
            matched: context.assignment.matched_rows(),
            stale: stale.map(|(row, _)| row.route_id.clone()).collect(),
        }
    });
    model::Source {
        entries: facts.entries.clone(),
        files: facts.files,
        bytes: facts.bytes,
        excluded_files: facts.excluded_files,
        exclusion_rules: facts.exclusion_rules.clone(),
        digest: facts.digest.clone(),
        revision: facts.revision.clone(),
        tracker,
    }
}

fn place(place: &finding::Place) -> model::Place {
    model::Place { file: place.file.clone(), line: place.line, symbol: place.symbol.clone() }
}

fn routes(findings: &Findings, context: Context<'_>) -> Vec<model::Route> {
    let decorator = |decorator: &finding::Decorator| model::Decorator {
        name: decorator.name.clone(),
        file: decorator.file.clone(),
        line: decorator.line,
    };
    let record = |(index, route): (usize, &finding::Route)| model::Route {
        id: context.assignment.ids[index].clone(),
        method: route.method.clone(),
        rule: route.rule.clone(),
        endpoint: route.endpoint.clone(),
        blueprint: route.blueprint.clone(),
        served_by: route.served_by.clone(),
        handler: route.handler.as_ref().map(place),
        registered: place(&route.registered),
        decorators: route.decorators.iter().map(decorator).collect(),
        gates: route.gates.clone(),
        unbound_gates: route.unbound_gates.iter().map(unbound_gate).collect(),
        automatic: route.automatic.map(|automatic| names::automatic(automatic).to_owned()),
        tracker: route_tracker(index, context),
    };
    findings.routes.iter().enumerate().map(record).collect()
}

fn unbound_gate(gate: &finding::UnboundGate) -> model::UnboundGate {
    model::UnboundGate {
        condition: gate.condition.clone(),
        file: gate.place.file.clone(),
        line: gate.place.line,
    }
}

fn route_tracker(index: usize, context: Context<'_>) -> model::RouteTracker {
    let row = |row: usize| context.tracker.and_then(|tracker| tracker.rows.get(row));
    let tracked = context.assignment.tracked[index];
    if let Some((tracked, row)) = tracked.and_then(|tracked| Some((tracked, row(tracked.row)?))) {
        return model::RouteTracker {
            status: "tracked".to_owned(),
            matched: Some(names::match_kind(tracked.by).to_owned()),
            line: Some(row.line),
            file: Some(row.file.clone()),
            symbol: Some(row.symbol.clone()),
            instance_of: None,
        };
    }
    let family = context.assignment.instance_of[index].and_then(row);
    model::RouteTracker {
        status: "untracked".to_owned(),
        instance_of: family.map(|row| row.route_id.clone()),
        ..model::RouteTracker::default()
    }
}

fn queue(queue: &finding::Queue) -> model::Queue {
    let producer = |site: &finding::ProducerSite| model::Producer {
        id: identity::site(site),
        file: site.place.file.clone(),
        line: site.place.line,
        symbol: site.place.symbol.clone(),
        operation: names::operation(site.operation).to_owned(),
        body: model::Body {
            always: site.body.always.clone(),
            sometimes: site.body.sometimes.clone(),
            open: site.body.open,
        },
        reached_by_routes: site.reached_by_routes,
    };
    model::Queue {
        name: queue.name.clone(),
        variable: queue.variable.clone(),
        config_key: queue.config_key.clone(),
        has_namespace: queue.has_namespace,
        created: place(&queue.created),
        producers: queue.producers.iter().map(producer).collect(),
        consumers: queue.consumers.iter().map(queue_use).collect(),
        other_uses: queue.other_uses.iter().map(queue_use).collect(),
    }
}

fn queue_use(item: &finding::QueueUse) -> model::QueueUse {
    model::QueueUse {
        file: item.place.file.clone(),
        line: item.place.line,
        symbol: item.place.symbol.clone(),
        operation: item.operation.clone(),
        via: item.via.as_ref().map(|class| class.symbol.clone()),
        via_file: item.via.as_ref().map(|class| class.file.clone()),
        via_line: item.via.as_ref().map(|class| class.line),
    }
}

fn worker(worker: &finding::Worker, findings: &Findings) -> model::Worker {
    let consumes = |consumption: &finding::Consumption| {
        let queue = &findings.queues[consumption.queue];
        let consumer = &queue.consumers[consumption.consumer];
        model::Consumption {
            queue: queue.name.clone(),
            consumer: queue_use(consumer),
            chain: consumption.chain.iter().map(place).collect(),
        }
    };
    model::Worker {
        program: worker.program.clone(),
        file: worker.file.clone(),
        line: worker.line,
        modules: worker.modules.clone(),
        consumes: worker.consumes.iter().map(consumes).collect(),
    }
}

/// Edges, or guesses, with the identities that `identity` gives.
fn edges(
    found: &[finding::Edge],
    identity: fn(&finding::Route, &str, &finding::ProducerSite, usize) -> String,
    findings: &Findings,
    assignment: &Assignment,
) -> Vec<model::Edge> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let record = |edge: &finding::Edge| {
        let route = &findings.routes[edge.route];
        let queue = &findings.queues[edge.queue];
        let site = &queue.producers[edge.producer];
        let nth = seen.entry(identity(route, &queue.name, site, 0)).or_default();
        let id = identity(route, &queue.name, site, *nth);
        *nth += 1;
        model::Edge {
            id,
            route_id: assignment.ids[edge.route].clone(),
            method: route.method.clone(),
            rule: route.rule.clone(),
            queue: queue.name.clone(),
            producer: model::EdgeProducer {
                id: identity::site(site),
                file: site.place.file.clone(),
                line: site.place.line,
                symbol: site.place.symbol.clone(),
                operation: names::operation(site.operation).to_owned(),
            },
            certainty: names::certainty(edge.certainty).to_owned(),
            gates: edge.gates.clone(),
            unconditional: edge.is_unconditional(),
            path_id: identity::path(&edge.path),
            path: edge.path.iter().map(hop).collect(),
        }
    };
    found.iter().map(record).collect()
}

/// A near miss in the words of the file.
pub fn near_miss(miss: &finding::NearMiss) -> model::NearMiss {
    let (call, callee) = miss.call.as_ref().map(|(at, callee)| (place(at), callee.clone())).unzip();
    model::NearMiss {
        nearness: names::nearness(miss.nearness).to_owned(),
        way: miss.way.iter().map(hop).collect(),
        call,
        callee: callee.unwrap_or_default(),
        function: miss.function.as_ref().map(place),
        runs: miss.runs,
        rest: miss.rest.iter().map(hop).collect(),
    }
}

fn hop(hop: &finding::Hop) -> model::Hop {
    model::Hop {
        file: hop.place.file.clone(),
        line: hop.place.line,
        symbol: hop.place.symbol.clone(),
        kind: names::hop_kind(hop.kind).to_owned(),
        target: hop.target.clone(),
        targets: hop.targets,
        gates: hop.gates.clone(),
    }
}

/// Whether a path leads from the framework all the way to its producer site.
fn complete(findings: &Findings, edge: &finding::Edge) -> bool {
    let site = &findings.queues[edge.queue].producers[edge.producer].place;
    let starts = edge.path.first().is_some_and(|hop| matches!(hop.kind, HopKind::Route | HopKind::Hook));
    let ends = edge.path.last().is_some_and(|hop| hop.kind == HopKind::Producer && hop.place == *site);
    starts && ends
}

fn validation_items(
    findings: &Findings,
    edges: &[model::Edge],
    queues: &[String],
) -> Vec<model::ValidationItem> {
    let item = |name: &String| {
        let mine = || findings.edges.iter().zip(edges).filter(|(_, edge)| edge.queue == *name);
        let status = if !findings.queues.iter().any(|queue| queue.name == *name) {
            "unknown-queue"
        } else if mine().any(|(edge, _)| complete(findings, edge)) {
            "confirmed"
        } else {
            "open"
        };
        let route_ids: BTreeSet<&str> = mine().map(|(_, edge)| edge.route_id.as_str()).collect();
        model::ValidationItem {
            queue: name.clone(),
            status: status.to_owned(),
            route_ids: route_ids.into_iter().map(str::to_owned).collect(),
            edge_ids: mine().map(|(_, edge)| edge.id.clone()).collect(),
        }
    };
    queues.iter().map(item).collect()
}

fn diagnostics(findings: &Findings, context: Context<'_>) -> Vec<model::Diagnostic> {
    let mut all = findings.diagnostics.clone();
    match context.tracker {
        Some(tracker) => all.extend(context.assignment.diagnostics(tracker)),
        None => all.push(finding::Diagnostic {
            file: None,
            line: 0,
            column: 0,
            severity: finding::Severity::Warning,
            code: "tracker-missing",
            message: "no route tracker at its usual places: every route has a derived ID; \
                      name the file with --routes or in the configuration"
                .to_owned(),
        }),
    }
    all.sort();
    all.dedup();
    let record = |diagnostic: finding::Diagnostic| model::Diagnostic {
        severity: names::severity(diagnostic.severity).to_owned(),
        code: diagnostic.code.to_owned(),
        file: diagnostic.file,
        line: (diagnostic.line > 0).then_some(diagnostic.line),
        column: (diagnostic.column > 0).then_some(diagnostic.column),
        message: diagnostic.message,
    };
    all.into_iter().map(record).collect()
}

fn unresolved(call: &finding::UnresolvedCall, findings: &Findings) -> model::Unresolved {
    model::Unresolved {
        id: identity::unresolved(call),
        file: call.place.file.clone(),
        line: call.place.line,
        symbol: call.place.symbol.clone(),
        callee: call.callee.clone(),
        reason: call.reason.to_owned(),
        routes: call.routes,
        queues: call.queues.iter().map(|&queue| findings.queues[queue].name.clone()).collect(),
        anything: call.anything,
        may_enter: call.may_enter.iter().map(place).collect(),
    }
}

/// Open pairs, those together that the same calls leave open for the same queue.
fn open(findings: &Findings, assignment: &Assignment) -> Vec<model::OpenPairs> {
    let mut groups: BTreeMap<(usize, &[usize]), Vec<usize>> = BTreeMap::new();
    for pair in &findings.open {
        groups.entry((pair.queue, &pair.calls)).or_default().push(pair.route);
    }
    let call = |&call: &usize| identity::unresolved(&findings.unresolved[call]);
    let record = |((queue, calls), routes): ((usize, &[usize]), Vec<usize>)| model::OpenPairs {
        queue: findings.queues[queue].name.clone(),
        calls: calls.iter().map(call).collect(),
        route_ids: routes.into_iter().map(|route| assignment.ids[route].clone()).collect(),
    };
    groups.into_iter().map(record).collect()
}

fn statistics(findings: &Findings, assignment: &Assignment, edges: &[model::Edge]) -> model::Statistics {
    let counters = &findings.statistics;
    let mut by_certainty: BTreeMap<String, usize> =
        ["assumed", "exact", "may"].into_iter().map(|name| (name.to_owned(), 0)).collect();
    for edge in edges {
        *by_certainty.entry(edge.certainty.clone()).or_default() += 1;
    }
    let untracked = findings.routes.iter().zip(&assignment.tracked);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for call in &findings.unresolved {
        *reasons.entry(call.reason.to_owned()).or_default() += 1;
    }
    let with_edge: BTreeSet<(usize, usize)> =
        findings.edges.iter().map(|edge| (edge.route, edge.queue)).collect();
    let open = findings.open.len();
    let pairs = model::Pairs {
        edges: with_edge.len(),
        closed: findings.routes.len() * findings.queues.len() - with_edge.len() - open,
        open,
    };
    model::Statistics {
        routes: findings.routes.len(),
        automatic_routes: findings.routes.iter().filter(|route| route.automatic.is_some()).count(),
        tracked_routes: assignment.tracked.iter().flatten().count(),
        untracked_routes: untracked.filter(|(route, row)| route.automatic.is_none() && row.is_none()).count(),
        queues: findings.queues.len(),
        producer_sites: findings.queues.iter().map(|queue| queue.producers.len()).sum(),
        edges: edges.len(),
        edges_by_certainty: by_certainty,
        instances: counters.instances,
        functions: counters.functions,
        variables: counters.variables,
        reachable_calls: counters.reachable_calls,
        resolved_calls: counters.resolved_calls,
        resolved_by_kind: counters.understood.iter().map(|&(kind, n)| (kind.to_owned(), n)).collect(),
        unresolved_by_reason: reasons,
        pairs,
        caps_hit: counters.caps_hit.iter().cloned().collect(),
    }
}
