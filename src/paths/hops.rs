//! Witness paths as hops a reviewer can follow.

use super::kinds::kind_of;
use super::region::Act;
use super::search::{Found, Search};
use super::targets::Variants;
use super::{CallGraph, SiteKey, certainty};
use crate::finding::{Certainty, Hop, HopKind, Place, Route};
use crate::link::FuncId;
use crate::routes::RouteRoots;
use crate::solve::value::{InstId, ValueId};
use crate::solve::{Origin, Solver};
use rustc_hash::FxHashMap;

/// An edge before routes and queues have their final numbers.
#[derive(Debug, Clone)]
pub struct RawEdge {
    /// Index of the route.
    pub route: usize,
    /// Where the queue is created.
    pub queue: Origin,
    /// The producer site.
    pub site: SiteKey,
    /// The weakest hop.
    pub certainty: Certainty,
    /// Conditions along the path.
    pub gates: Vec<String>,
    /// The path.
    pub path: Vec<Hop>,
}

/// Finds the edges of all routes: for each queue and producer site the best witness path of each route that reaches it.
pub fn edges(solver: &Solver<'_>, graph: &CallGraph, routes: &[Route], roots: &[RouteRoots]) -> Vec<RawEdge> {
    let mut sites: FxHashMap<(Origin, SiteKey), Vec<(Origin, ValueId)>> = FxHashMap::default();
    for put in solver.registry.puts.iter().filter(|put| !solver.ruled_out(put.at)) {
        let Some(queue) = solver.registry.queues.iter().find(|q| q.value == put.queue) else { continue };
        if !solver.is_root(put.at.inst) {
            sites.entry((queue.at, SiteKey::of(solver, put))).or_default().push((put.at, put.queue));
        }
    }
    let mut sites: Vec<_> = sites.into_iter().collect();
    sites.sort_by_key(|((queue, site), _)| (queue.inst, queue.index, *site));
    let mut found = Vec::new();
    let mut search = Search::new(solver, graph);
    for ((queue, site), puts) in sites {
        let mut to_puts = search.to(&puts);
        for route in roots {
            let Some(way) = to_puts.best(route, &routes[route.route].method) else { continue };
            let path = hops(solver, graph, &way, site);
            let mut gates = way.needed;
            gates.extend(route.exists.iter().cloned());
            gates.sort();
            gates.dedup();
            let weakest = path.iter().map(|h| certainty(h.kind, h.targets)).max().unwrap_or(Certainty::Exact);
            found.push(RawEdge { route: route.route, queue, site, certainty: weakest, gates, path });
        }
    }
    found
}

/// The hops of a way to a put.
fn hops(solver: &Solver<'_>, graph: &CallGraph, way: &Found, site: SiteKey) -> Vec<Hop> {
    let mut hops: Vec<Hop> = Vec::with_capacity(way.acts.len());
    let mut variants = Variants::of(way.root);
    let mut raised = None;
    for &act in &way.acts {
        match act {
            Act::Call(edge) => {
                // An error handler is entered from the `raise`.
                let raised = raised.take();
                if raised.is_some() {
                    variants = Variants::of(solver.edges[edge as usize].from.inst);
                }
                let mut hop = take(solver, graph, &mut variants, edge as usize);
                if let Some(at) = raised {
                    hop.place = place(solver, at);
                    hop.gates = solver.gates(at);
                }
                hops.push(hop);
            }
            Act::Raise(at) => raised = Some(at),
            Act::Put(at) => {
                let hop = last_hop(solver, graph, &variants, at, site);
                hops.push(Hop { gates: way.end.clone(), ..hop });
            }
            Act::Arrive => {}
        }
    }
    hops
}

/// The position of an instruction.
pub(crate) fn place(solver: &Solver<'_>, at: Origin) -> Place {
    let func = solver.insts[at.inst.0 as usize].func;
    let file = solver.program.file_of(func);
    Place {
        file: file.path.clone(),
        line: solver.program.func(func).instrs[at.index as usize].pos.line,
        symbol: solver.program.qualname(func).to_owned(),
    }
}

/// The definition of an instance's function.
fn definition(solver: &Solver<'_>, inst: InstId) -> Place {
    defined_at(solver, solver.insts[inst.0 as usize].func)
}

/// The definition of a function.
pub(crate) fn defined_at(solver: &Solver<'_>, func: FuncId) -> Place {
    Place {
        file: solver.program.file_of(func).path.clone(),
        line: solver.program.func(func).pos.line,
        symbol: solver.program.qualname(func).to_owned(),
    }
}

/// The hop of a put itself, which may concern any queue that it does in one of some variants.
pub(crate) fn last_hop(
    solver: &Solver<'_>,
    graph: &CallGraph,
    variants: &Variants,
    at: Origin,
    site: SiteKey,
) -> Hop {
    Hop {
        place: place(solver, at),
        kind: HopKind::Producer,
        target: match site.operation {
            crate::finding::Operation::Put => "put".to_owned(),
            crate::finding::Operation::BatchInsert => "batch_insert".to_owned(),
        },
        targets: variants.put(solver, graph, at.index),
        gates: solver.gates(at),
    }
}

/// The hops of a path that begins in an instance and takes some edges (by index), and where it may stand after them.
pub(crate) fn follow(
    solver: &Solver<'_>,
    graph: &CallGraph,
    from: InstId,
    steps: &[usize],
) -> (Vec<Hop>, Variants) {
    let mut variants = Variants::of(from);
    let mut hops = Vec::with_capacity(steps.len() + 1);
    hops.extend(steps.iter().map(|&step| take(solver, graph, &mut variants, step)));
    (hops, variants)
}

/// A call of the solution, by its index, as a hop of a path that stands in some variants of the caller.
pub(crate) fn take(solver: &Solver<'_>, graph: &CallGraph, variants: &mut Variants, index: usize) -> Hop {
    let (next, targets) = variants.enter(solver, graph, index);
    *variants = next;
    let edge = &solver.edges[index];
    let target = definition(solver, edge.to);
    if solver.is_root(edge.from.inst) {
        return Hop {
            kind: match edge.kind {
                _ if solver.is_assumed(edge.to) => HopKind::External,
                Some(kind @ (HopKind::Hook | HopKind::Decorator | HopKind::Yield)) => kind,
                _ => HopKind::Route,
            },
            target: target.symbol.clone(),
            place: target,
            targets,
            gates: graph.hop_gates(solver, index).to_vec(),
        };
    }
    Hop {
        place: place(solver, edge.from),
        kind: kind_of(solver, edge),
        target: target.symbol,
        targets,
        gates: graph.hop_gates(solver, index).to_vec(),
    }
}
