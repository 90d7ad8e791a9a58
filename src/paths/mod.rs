//! The call graph that witness paths are found on, and the edges from routes to producers.
//!
//! One Dijkstra per producer site, backwards from it, gives every instance its best way to the site: the fewest
//! conditions, then the fewest assumptions, then the fewest uncertain hops, then the fewest that an `except` makes, then the
//! shortest. It sees each instance alone; where a way is less certain than that, [`targets`] looks for a better one.

mod conditions;
mod hops;
mod kinds;
mod targets;

use crate::finding::{Certainty, HopKind, Operation};
use crate::link::FuncId;
use crate::solve::registry::Put;
use crate::solve::value::{InstId, Value, ValueId};
use crate::solve::{Origin, Solver};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub use hops::{RawEdge, edges};
pub(crate) use hops::{defined_at, follow, last_hop, place, take};
pub(crate) use kinds::kind_of;
pub(crate) use targets::Variants;

/// What a condition on a way costs, an assumption, an uncertain hop, a hop that an `except` makes. Each outweighs all that may
/// come of what is less.
const CONDITION: u64 = 1 << 50;
const ASSUMED: u64 = 1 << 42;
const MAY: u64 = 1 << 28;
const EXCEPTIONAL: u64 = 1 << 18;

/// A producer site of one queue, as solving saw it: several contexts of one position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteKey {
    /// The function that puts.
    pub func: FuncId,
    /// The instruction.
    pub index: u32,
    /// How.
    pub operation: Operation,
}

impl SiteKey {
    /// The site of a put.
    pub fn of(solver: &Solver<'_>, put: &Put) -> SiteKey {
        let func = solver.insts[put.at.inst.0 as usize].func;
        let index = solver.program.func(func).original(put.at.index);
        SiteKey { func, index, operation: put.operation }
    }
}

/// The call graph with what each call costs a path.
pub struct CallGraph {
    graph: DiGraph<(), u32>,
    weights: Vec<u64>,
    gates: FxHashMap<Origin, Vec<String>>,
    puts: FxHashMap<Origin, SmallVec<[Origin; 1]>>,
    receivers: FxHashMap<ValueId, Vec<String>>,
    callees: FxHashMap<usize, Vec<String>>,
}

/// For each instance, the best way to a set of targets.
pub struct Ways {
    cost: Vec<u64>,
    next: Vec<u32>,
}

const UNREACHED: u64 = u64::MAX;
const NO_EDGE: u32 = u32::MAX;

impl CallGraph {
    /// Builds the graph of a solution.
    pub fn new(solver: &Solver<'_>) -> CallGraph {
        let mut graph = DiGraph::with_capacity(solver.insts.len(), solver.edges.len());
        for _ in 0..solver.insts.len() {
            graph.add_node(());
        }
        let mut by_origin: Vec<u32> = (0..solver.edges.len() as u32).collect();
        by_origin.sort_unstable_by_key(|&i| {
            let from = solver.edges[i as usize].from;
            (from.inst, from.index, i)
        });
        let mut ruled_out = vec![false; solver.edges.len()];
        let mut gates: FxHashMap<Origin, Vec<String>> = FxHashMap::default();
        let mut uncertain: FxHashSet<(Origin, Option<HopKind>)> = FxHashSet::default();
        let calls: Vec<&[u32]> = by_origin
            .chunk_by(|&a, &b| solver.edges[a as usize].from == solver.edges[b as usize].from)
            .collect();
        let facts: Vec<Option<CallFacts>> =
            calls.par_iter().map(|edges| CallFacts::of(solver, edges)).collect();
        for (edges, facts) in calls.iter().zip(facts) {
            let from = solver.edges[edges[0] as usize].from;
            let Some(facts) = facts else {
                for &edge in *edges {
                    ruled_out[edge as usize] = true;
                }
                continue;
            };
            if !facts.gates.is_empty() {
                gates.insert(from, facts.gates);
            }
            uncertain.extend(facts.uncertain.into_iter().map(|kind| (from, kind)));
        }
        for (i, edge) in solver.edges.iter().enumerate() {
            if !ruled_out[i] {
                let (from, to) = (edge.from.inst.0 as usize, edge.to.0 as usize);
                graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), i as u32);
            }
        }
        let receivers = conditions::of_receivers(solver);
        let chosen =
            |(i, edge)| Some((i, conditions::of_callee(solver, edge))).filter(|(_, g)| !g.is_empty());
        let callees: Vec<(usize, Vec<String>)> =
            solver.edges.par_iter().enumerate().filter_map(chosen).collect();
        let callees: FxHashMap<usize, Vec<String>> = callees.into_iter().collect();
        let weights = solver
            .edges
            .iter()
            .enumerate()
            .map(|(i, edge)| {
                let gate_count = gates.get(&edge.from).map_or(0, Vec::len) as u64
                    + receiver_of(solver, edge.to).and_then(|k| receivers.get(&k)).map_or(0, Vec::len) as u64
                    + callees.get(&i).map_or(0, Vec::len) as u64;
                let assumed = u64::from(edge.kind == Some(HopKind::External) || solver.is_assumed(edge.to));
                let may = u64::from(uncertain.contains(&(edge.from, edge.kind)));
                let exceptional = u64::from(solver.is_handling(edge.from));
                gate_count * CONDITION + assumed * ASSUMED + may * MAY + exceptional * EXCEPTIONAL + 1
            })
            .collect();
        CallGraph { graph, weights, gates, puts: targets::puts(solver), receivers, callees }
    }

    /// The best ways to any of `targets`, which cost `start` each to begin with.
    pub fn ways(&self, targets: &[(InstId, u64)]) -> Ways {
        self.ways_over(targets, |_| true)
    }

    /// The same over the edges that pass a test (by index).
    pub fn ways_over(&self, targets: &[(InstId, u64)], passes: impl Fn(usize) -> bool) -> Ways {
        let mut cost = vec![UNREACHED; self.graph.node_count()];
        let mut next = vec![NO_EDGE; self.graph.node_count()];
        let mut heap = BinaryHeap::new();
        for &(target, start) in targets {
            if start < cost[target.0 as usize] {
                cost[target.0 as usize] = start;
                heap.push(Reverse((start, target.0)));
            }
        }
        while let Some(Reverse((so_far, at))) = heap.pop() {
            if so_far > cost[at as usize] {
                continue;
            }
            for edge in self.graph.edges_directed(NodeIndex::new(at as usize), Direction::Incoming) {
                let index = *edge.weight();
                if !passes(index as usize) {
                    continue;
                }
                let total = so_far + self.weights[index as usize];
                let from = edge.source().index();
                // Ties go to the edge found first, so that the path does not depend on the heap.
                let better = total < cost[from]
                    || (total == cost[from] && next[from] != NO_EDGE && index < next[from]);
                if better {
                    let shorter = total < cost[from];
                    cost[from] = total;
                    next[from] = index;
                    if shorter {
                        heap.push(Reverse((total, from as u32)));
                    }
                }
            }
        }
        Ways { cost, next }
    }

    /// For each instance, whether calls that pass a test (by index of the edge) lead from it to one of some targets.
    pub fn reaching(
        &self,
        targets: impl Iterator<Item = InstId>,
        passes: impl Fn(usize) -> bool,
    ) -> Vec<bool> {
        let mut reaching = vec![false; self.graph.node_count()];
        let mut open: Vec<InstId> = targets.collect();
        while let Some(at) = open.pop() {
            if std::mem::replace(&mut reaching[at.0 as usize], true) {
                continue;
            }
            let edges = self.graph.edges_directed(NodeIndex::new(at.0 as usize), Direction::Incoming);
            let passing = edges.filter(|edge| passes(*edge.weight() as usize));
            open.extend(passing.map(|edge| InstId(edge.source().index() as u32)));
        }
        reaching
    }

    /// The conditions of a call.
    pub fn gates_at(&self, at: Origin) -> &[String] {
        self.gates.get(&at).map_or(&[], Vec::as_slice)
    }

    /// The conditions under which the receivers of an instance exist at all: every place that makes one stands under them.
    pub fn receiver_gates(&self, solver: &Solver<'_>, inst: InstId) -> &[String] {
        receiver_of(solver, inst).and_then(|k| self.receivers.get(&k)).map_or(&[], Vec::as_slice)
    }

    /// The conditions under which the call of an edge (by index) enters just its target.
    fn callee_gates(&self, edge: usize) -> &[String] {
        self.callees.get(&edge).map_or(&[], Vec::as_slice)
    }

    /// All conditions of a hop, an edge by index: those of the call, of the choice of its callee, and of its receivers.
    fn hop_gates(&self, solver: &Solver<'_>, edge: usize) -> Vec<String> {
        let call = &solver.edges[edge];
        let mut gates = self.gates_at(call.from).to_vec();
        gates.extend(self.receiver_gates(solver, call.to).iter().cloned());
        gates.extend(self.callee_gates(edge).iter().cloned());
        gates.sort();
        gates.dedup();
        gates
    }

    /// The edges out of an instance: where, what, and the kind if the call itself says it.
    pub fn edges_from<'a>(
        &'a self,
        solver: &'a Solver<'_>,
        inst: InstId,
    ) -> impl Iterator<Item = (Origin, InstId, Option<HopKind>)> + 'a {
        self.graph.edges_directed(NodeIndex::new(inst.0 as usize), Direction::Outgoing).map(|e| {
            let edge = &solver.edges[*e.weight() as usize];
            (edge.from, edge.to, edge.kind)
        })
    }

    /// The edges out of an instance, by index.
    fn edges_of(&self, inst: InstId) -> impl Iterator<Item = usize> + '_ {
        self.graph
            .edges_directed(NodeIndex::new(inst.0 as usize), Direction::Outgoing)
            .map(|e| *e.weight() as usize)
    }

    /// What an edge (by index) costs whose call may enter so many functions.
    fn weight(&self, edge: usize, targets: u32) -> u64 {
        (self.weights[edge] & !MAY) + if targets > 1 { MAY } else { 0 }
    }

    /// The queues on which an instruction puts, by where they are created.
    fn puts_at(&self, at: Origin) -> &[Origin] {
        self.puts.get(&at).map_or(&[], SmallVec::as_slice)
    }

    /// The calls of an instance: what they enter, and under which conditions.
    pub fn gated_calls_from(
        &self,
        solver: &Solver<'_>,
        inst: InstId,
    ) -> impl Iterator<Item = (InstId, Vec<String>)> {
        self.graph.edges_directed(NodeIndex::new(inst.0 as usize), Direction::Outgoing).map(|e| {
            let edge = *e.weight() as usize;
            (solver.edges[edge].to, self.hop_gates(solver, edge))
        })
    }

    /// The instances that call an instance.
    pub fn callers(&self, inst: InstId) -> impl Iterator<Item = InstId> {
        let callers = self.graph.neighbors_directed(NodeIndex::new(inst.0 as usize), Direction::Incoming);
        callers.map(|node| InstId(node.index() as u32))
    }

    /// Every call that may run: what it stands in, what it enters, and its index in the solver's list.
    pub fn arcs(&self) -> impl Iterator<Item = (InstId, InstId, u32)> + '_ {
        let inst = |node: NodeIndex| InstId(node.index() as u32);
        self.graph.edge_references().map(move |e| (inst(e.source()), inst(e.target()), *e.weight()))
    }

    /// Number of instances.
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Ways {
    /// The cost from an instance, none if it reaches no target.
    pub fn cost(&self, from: InstId) -> Option<u64> {
        Some(self.cost[from.0 as usize]).filter(|&c| c != UNREACHED)
    }

    /// The edges of the best way from an instance.
    pub fn edges(&self, from: InstId, solver: &Solver<'_>) -> Vec<usize> {
        let mut path = Vec::new();
        let mut at = from;
        while self.next[at.0 as usize] != NO_EDGE {
            let index = self.next[at.0 as usize] as usize;
            path.push(index);
            at = solver.edges[index].to;
        }
        path
    }
}

/// What is known of one call.
struct CallFacts {
    gates: Vec<String>,
    /// The kinds of hop by which it may enter several functions.
    uncertain: SmallVec<[Option<HopKind>; 1]>,
}

impl CallFacts {
    /// Facts of the call that some edges (by index) start from, none if the solution rules it out.
    fn of(solver: &Solver<'_>, edges: &[u32]) -> Option<CallFacts> {
        let from = solver.edges[edges[0] as usize].from;
        (!solver.ruled_out(from)).then(|| CallFacts {
            gates: solver.gates(from),
            uncertain: targets::uncertain_kinds(solver, edges),
        })
    }
}

/// The class key of the receiver of an instance.
fn receiver_of(solver: &Solver<'_>, inst: InstId) -> Option<ValueId> {
    let &(index, key) = solver.insts[inst.0 as usize].context.first()?;
    (index == 0 && matches!(solver.values.get(key), Value::AnyOf(_))).then_some(key)
}

/// The certainty of a hop.
pub(crate) fn certainty(kind: HopKind, targets: u32) -> Certainty {
    match (kind, targets) {
        (HopKind::External | HopKind::Name, _) => Certainty::Assumed,
        (_, 0 | 1) => Certainty::Exact,
        _ => Certainty::May,
    }
}
