//! The call graph that witness paths are found on, and the edges from routes to producers.
//!
//! The best way of a route to a producer site has the fewest different conditions ([`lightest`]), then the fewest assumptions, then
//! the fewest uncertain hops ([`certain`]), then the fewest that an `except` makes, then the shortest.

mod around;
mod certain;
mod conditions;
mod hops;
mod kinds;
mod lightest;
mod region;
mod search;
mod sets;
mod targets;

use crate::finding::{Certainty, HopKind, Operation};
use crate::ir::GuardId;
use crate::link::FuncId;
use crate::solve::registry::Put;
use crate::solve::value::{InstId, Value, ValueId};
use crate::solve::{CallEdge, Origin, Solver};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use sets::{Interner, SetId, Sets};
use smallvec::SmallVec;

pub use around::Around;
pub(crate) use conditions::necessary;
pub use hops::{RawEdge, edges};
pub(crate) use hops::{defined_at, follow, last_hop, place, take};
pub(crate) use kinds::kind_of;
pub(crate) use targets::Variants;

/// What an assumption on a way costs, an uncertain hop, a hop that an `except` makes. Each outweighs all that may come of what is
/// less.
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
    /// What each call costs a path beside its conditions: assumptions, uncertain hops, exceptional hops, hops.
    weights: Vec<u64>,
    puts: FxHashMap<Origin, SmallVec<[Origin; 1]>>,
    sets: Sets,
    /// The conditions of each call: those under which it runs, those of the choice of its callee, those under which its receivers
    /// exist at all.
    gates: Vec<SetId>,
    /// The conditions of the places that paths end at.
    ends: FxHashMap<Origin, SetId>,
    /// By class key, the conditions under which there are instances.
    receivers: FxHashMap<ValueId, Vec<String>>,
}

impl CallGraph {
    /// Builds the graph of a solution.
    pub fn new(solver: &Solver<'_>) -> CallGraph {
        let mut graph = DiGraph::with_capacity(solver.insts.len(), solver.edges.len());
        for _ in 0..solver.insts.len() {
            graph.add_node(());
        }
        let mut by_origin: Vec<u128> = (0u32..)
            .zip(&solver.edges)
            .map(|(i, &CallEdge { from, to, .. })| {
                let parts = [from.inst.0, from.index, solver.insts[to.0 as usize].func.0, i];
                parts.into_iter().fold(0, |key, part| key << u32::BITS | u128::from(part))
            })
            .collect();
        by_origin.sort_unstable();
        let by_origin: Vec<u32> = by_origin.into_iter().map(|key| key as u32).collect();
        let mut ruled_out = vec![false; solver.edges.len()];
        let mut sets = Interner::default();
        let mut gates = vec![SetId::EMPTY; solver.edges.len()];
        let (receivers, callees): (_, Vec<Vec<String>>) = rayon::join(
            || conditions::of_receivers(solver),
            || {
                let registered = conditions::registered(solver);
                solver.edges.par_iter().map(|edge| conditions::of_callee(solver, &registered, edge)).collect()
            },
        );
        let mut uncertain: FxHashSet<(Origin, Option<HopKind>)> = FxHashSet::default();
        let calls: Vec<&[u32]> = by_origin
            .chunk_by(|&a, &b| solver.edges[a as usize].from == solver.edges[b as usize].from)
            .collect();
        let inst_of = |edges: &[u32]| solver.edges[edges[0] as usize].from.inst;
        let of_instances: Vec<&[&[u32]]> = calls.chunk_by(|a, b| inst_of(a) == inst_of(b)).collect();
        let facts: Vec<Option<CallFacts>> = of_instances
            .par_iter()
            .flat_map_iter(|calls| {
                let mut known = KnownGates::default();
                calls.iter().map(move |edges| CallFacts::of(solver, edges, &mut known))
            })
            .collect();
        for (edges, facts) in calls.iter().zip(facts) {
            let from = solver.edges[edges[0] as usize].from;
            let Some(facts) = facts else {
                for &edge in *edges {
                    ruled_out[edge as usize] = true;
                }
                continue;
            };
            for &edge in *edges {
                let receiver = receiver_of(solver, solver.edges[edge as usize].to);
                let receiver = receiver.and_then(|key| receivers.get(&key)).into_iter().flatten();
                let all = facts.gates.iter().chain(receiver).chain(&callees[edge as usize]);
                gates[edge as usize] = sets.intern(all);
            }
            uncertain.extend(facts.uncertain.into_iter().map(|kind| (from, kind)));
        }
        // The edges of a node are gone through beginning with the one that came last: in the order of the program text, in which
        // ties between paths are decided.
        for &edge in by_origin.iter().rev().filter(|&&edge| !ruled_out[edge as usize]) {
            let CallEdge { from, to, .. } = solver.edges[edge as usize];
            graph.add_edge(NodeIndex::new(from.inst.0 as usize), NodeIndex::new(to.0 as usize), edge);
        }
        let raises = solver.registry.hooks.iter().filter_map(|hook| hook.raised.as_ref());
        let ends = raises.flat_map(|raised| &raised.at).chain(solver.registry.puts.iter().map(|put| &put.at));
        let ends = ends.map(|&at| (at, sets.intern(&solver.gates(at)))).collect();
        let weights = solver
            .edges
            .iter()
            .map(|edge| {
                let assumed = u64::from(edge.kind == Some(HopKind::External) || solver.is_assumed(edge.to));
                let may = u64::from(uncertain.contains(&(edge.from, edge.kind)));
                let exceptional = u64::from(solver.is_handling(edge.from));
                assumed * ASSUMED + may * MAY + exceptional * EXCEPTIONAL + 1
            })
            .collect();
        let sets = sets.settled();
        CallGraph { graph, weights, puts: targets::puts(solver), sets, gates, ends, receivers }
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

    /// The conditions under which there are instances of the classes that an instance of a function was entered with.
    pub fn gates_of_objects<'a>(
        &'a self,
        solver: &'a Solver<'_>,
        inst: InstId,
    ) -> impl Iterator<Item = &'a String> {
        let keys = solver.insts[inst.0 as usize].context.iter();
        keys.filter_map(|(_, key)| self.receivers.get(key)).flatten()
    }

    /// The conditions of a place that paths end at.
    fn end_set(&self, at: &Origin) -> SetId {
        self.ends.get(at).copied().unwrap_or(SetId::EMPTY)
    }

    /// All conditions of a hop, an edge by index: those of the call, of the choice of its callee, and of its receivers.
    fn hop_gates(&self, edge: usize) -> Vec<String> {
        self.sets.texts(self.gates[edge])
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

    /// The queues on which an instruction puts, by where they are created.
    fn puts_at(&self, at: Origin) -> &[Origin] {
        self.puts.get(&at).map_or(&[], SmallVec::as_slice)
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

/// What is known of one call.
struct CallFacts {
    gates: Vec<String>,
    /// The kinds of hop by which it may enter several functions.
    uncertain: SmallVec<[Option<HopKind>; 1]>,
}

/// The conditions of guards of one instance, as far as they were asked for.
type KnownGates = SmallVec<[(GuardId, Vec<String>); 4]>;

impl CallFacts {
    /// Facts of the call that some edges (by index) start from, none if the solution rules it out. What is known of the guards
    /// of its instance is used and added to.
    fn of(solver: &Solver<'_>, edges: &[u32], known: &mut KnownGates) -> Option<CallFacts> {
        let from = solver.edges[edges[0] as usize].from;
        (!solver.ruled_out(from)).then(|| CallFacts {
            gates: gates_of(solver, from, known),
            uncertain: targets::uncertain_kinds(solver, edges),
        })
    }
}

fn gates_of(solver: &Solver<'_>, at: Origin, known: &mut KnownGates) -> Vec<String> {
    if solver.is_root(at.inst) {
        return Vec::new();
    }
    let guard = solver.program.func(solver.insts[at.inst.0 as usize].func).instrs[at.index as usize].guard;
    if let Some((_, gates)) = known.iter().find(|(of, _)| *of == guard) {
        return gates.clone();
    }
    let gates = solver.guard_gates(at.inst, guard);
    known.push((guard, gates.clone()));
    gates
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
