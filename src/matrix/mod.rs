//! The proven dependency matrix: for each queue its producers, the routes that reach it and the programs that consume
//! it, from the evidence; process IDs, review waves and sequencing rules from the cutover plan's tables.
//!
//! Routes that somebody wrote make the rows; the HEAD of a GET has the same handler and is only counted.

use crate::evidence::Evidence;
use crate::evidence::model::{Edge, Place, Producer, Route};
use crate::plan::{Kind, Plan};
use std::collections::{BTreeMap, BTreeSet};

/// A queue with all that depends on it.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// Variable that holds it.
    pub variable: &'a str,
    /// Default name.
    pub queue: &'a str,
    /// Sites that put items on it.
    pub producers: Vec<&'a Producer>,
    /// The written routes that reach it, by ID.
    pub routes: Vec<RouteCell<'a>>,
    /// IDs of the automatic routes that do.
    pub automatic: Vec<&'a str>,
    /// Review waves of the routes, as far as the plan has them.
    pub route_waves: Vec<String>,
    /// The programs that consume it.
    pub consumers: Vec<Consumer<'a>>,
    /// What the plan demands of the order of changes, as written; empty without a cutover plan.
    pub rule: String,
    /// ID of the test that lets old and new owners share the queue; empty if the plan has none.
    pub compatibility_test: String,
}

/// A route that reaches a queue.
#[derive(Debug, Clone)]
pub struct RouteCell<'a> {
    /// The route.
    pub route: &'a Route,
    /// Its edges to the queue.
    pub edges: Vec<&'a Edge>,
}

/// A program that consumes a queue.
#[derive(Debug, Clone)]
pub struct Consumer<'a> {
    /// Its name.
    pub program: &'a str,
    /// Files of its modules.
    pub modules: &'a [String],
    /// Its process ID; empty without one in the worker tracker.
    pub process: String,
    /// Its review wave, or the phase of its rollout; empty without one.
    pub wave: String,
    /// Where it creates what takes the items.
    pub begins: Option<&'a Place>,
}

impl RouteCell<'_> {
    /// The best certainty of its edges: `exact` before `may` before `assumed`.
    pub fn certainty(&self) -> &str {
        let rank = |certainty: &str| ["exact", "may", "assumed"].iter().position(|one| *one == certainty);
        let best = self.edges.iter().min_by_key(|edge| rank(&edge.certainty).unwrap_or(usize::MAX));
        best.map_or("", |edge| &edge.certainty)
    }

    /// Conditions that every chain passes.
    pub fn gates(&self) -> Vec<&str> {
        let mut edges = self.edges.iter();
        let Some(first) = edges.next() else { return Vec::new() };
        let rest: Vec<_> = edges.collect();
        let common = |gate: &&String| rest.iter().all(|edge| edge.gates.contains(gate));
        first.gates.iter().filter(common).map(String::as_str).collect()
    }
}

impl Row<'_> {
    /// Number of chains from the written routes.
    pub fn chains(&self) -> usize {
        self.routes.iter().map(|cell| cell.edges.len()).sum()
    }

    /// Number of chains of each certainty.
    pub fn certainties(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::from([("assumed", 0), ("exact", 0), ("may", 0)]);
        for edge in self.routes.iter().flat_map(|cell| &cell.edges) {
            *counts.entry(edge.certainty.as_str()).or_default() += 1;
        }
        counts
    }

    /// The files of the producers.
    pub fn producer_files(&self) -> BTreeSet<&str> {
        self.producers.iter().map(|producer| producer.file.as_str()).collect()
    }

    /// The files of the routes' handlers.
    pub fn route_files(&self) -> BTreeSet<&str> {
        self.routes.iter().filter_map(|cell| Some(cell.route.handler.as_ref()?.file.as_str())).collect()
    }
}

/// Makes the matrix, in the order of the plan's own matrix or cutover plan, then by queue name.
pub fn rows<'a>(evidence: &'a Evidence, plan: &Plan) -> Vec<Row<'a>> {
    let mut order: Vec<String> = Vec::new();
    if let Some(table) = plan.table(Kind::Matrix) {
        order.extend(table.rows().map(|row| row.get("default_queue_name")));
    }
    if let Some((_, rows)) = &plan.cutover {
        order.extend(rows.iter().map(|row| row.queue.clone()));
    }
    let place = |name: &str| order.iter().position(|one| one == name).unwrap_or(usize::MAX);
    let mut rows: Vec<Row<'a>> = evidence.queues.iter().map(|queue| row(evidence, plan, queue)).collect();
    rows.sort_by_key(|row| place(row.queue));
    rows
}

fn row<'a>(evidence: &'a Evidence, plan: &Plan, queue: &'a crate::evidence::model::Queue) -> Row<'a> {
    let mut routes: BTreeMap<&str, RouteCell<'a>> = BTreeMap::new();
    let mut automatic: BTreeSet<&str> = BTreeSet::new();
    for edge in evidence.edges.iter().filter(|edge| edge.queue == queue.name) {
        let Some(route) = evidence.routes.iter().find(|route| route.id == edge.route_id) else { continue };
        if route.automatic.is_some() {
            automatic.insert(&route.id);
            continue;
        }
        let cell = routes.entry(&route.id).or_insert_with(|| RouteCell { route, edges: Vec::new() });
        cell.edges.push(edge);
    }
    let routes: Vec<RouteCell<'a>> = routes.into_values().collect();
    let wave = |cell: &RouteCell<'_>| {
        let row = plan.table(Kind::RouteChecklist)?.find("route_id", &cell.route.id)?;
        Some(row.get("review_wave")).filter(|wave| !wave.is_empty())
    };
    let waves: BTreeSet<String> = routes.iter().filter_map(wave).collect();
    let rule = plan.cutover.iter().flat_map(|(_, rows)| rows).find(|row| row.queue == queue.name);
    let tests = plan.table(Kind::QueueTests).and_then(|table| table.find("queue_name", &queue.name));
    Row {
        variable: queue.variable.as_deref().unwrap_or_default(),
        queue: &queue.name,
        producers: queue.producers.iter().collect(),
        routes,
        automatic: automatic.into_iter().collect(),
        route_waves: waves.into_iter().collect(),
        consumers: consumers(evidence, plan, &queue.name),
        rule: rule.map(|row| row.rule.clone()).unwrap_or_default(),
        compatibility_test: tests.map(|row| row.get("mixed_mode_compatibility_test_id")).unwrap_or_default(),
    }
}

fn consumers<'a>(evidence: &'a Evidence, plan: &Plan, queue: &str) -> Vec<Consumer<'a>> {
    let in_table = |kind: Kind, program: &str, column: &str| {
        let row = plan.table(kind)?.find("program", program)?;
        Some(row.get(column)).filter(|text| !text.is_empty())
    };
    let consumer = |worker: &'a crate::evidence::model::Worker| {
        let one = worker.consumes.iter().find(|one| one.queue == queue)?;
        let program = worker.program.as_str();
        let process = in_table(Kind::WorkerTracker, program, "process_id")
            .or_else(|| in_table(Kind::WorkerChecklist, program, "process_id"));
        let wave = in_table(Kind::WorkerChecklist, program, "review_wave")
            .or_else(|| in_table(Kind::WorkerTracker, program, "rollout_phase"));
        Some(Consumer {
            program,
            modules: &worker.modules,
            process: process.unwrap_or_default(),
            wave: wave.unwrap_or_default(),
            begins: one.chain.last(),
        })
    };
    evidence.workers.iter().filter_map(consumer).collect()
}
