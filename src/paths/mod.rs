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
use crate::link::FuncId;
use crate::solve::registry::Put;
use crate::solve::value::{InstId, Value, ValueId};
use crate::solve::{CallEdge, Origin, Solver};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::OnceLock;

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

/// The call graph. What a call costs a path is worked out when a path first comes to it.
pub struct CallGraph {
    graph: DiGraph<(), u32>,
    puts: FxHashMap<Origin, SmallVec<[Origin; 1]>>,
    /// The conditions of each call, sorted: those under which it runs, those of the choice of its callee, those under which its
    /// receivers exist at all.
    gates: Vec<OnceLock<Box<[String]>>>,
    /// By class key, the conditions under which there are instances.
    receivers: FxHashMap<ValueId, Vec<String>>,
    /// By the framework's calls, what it was told to call.
    registered: FxHashMap<InstId, conditions::Registered>,
}

impl CallGraph {
    /// Builds the graph of a solution.
    pub fn new(solver: &Solver<'_>) -> CallGraph {
        let mut by_origin: Vec<u128> = (0u32..)
            .zip(&solver.edges)
            .map(|(i, &CallEdge { from, to, .. })| {
                let parts = [from.inst.0, from.index, solver.insts[to.0 as usize].func.0, i];
                parts.into_iter().fold(0, |key, part| key << u32::BITS | u128::from(part))
            })
            .collect();
        let registered = conditions::registered(solver);
        let (receivers, ()) =
            rayon::join(|| conditions::of_receivers(solver, &registered), || by_origin.par_sort_unstable());
        let by_origin: Vec<u32> = by_origin.into_iter().map(|key| key as u32).collect();
        let origin = |edge: u32| solver.edges[edge as usize].from;
        let calls: Vec<&[u32]> = by_origin.chunk_by(|&a, &b| origin(a) == origin(b)).collect();
        let runs: Vec<bool> = calls.par_iter().map(|edges| !solver.ruled_out(origin(edges[0]))).collect();
        let mut graph = DiGraph::with_capacity(solver.insts.len(), solver.edges.len());
        for _ in 0..solver.insts.len() {
            graph.add_node(());
        }
        // The edges of a node are gone through beginning with the one that came last: in the order of the program text, in which
        // ties between paths are decided.
        let running = calls.iter().zip(runs).rev().filter(|(_, runs)| *runs);
        for &edge in running.flat_map(|(edges, _)| edges.iter().rev()) {
            let CallEdge { from, to, .. } = solver.edges[edge as usize];
            graph.add_edge(NodeIndex::new(from.inst.0 as usize), NodeIndex::new(to.0 as usize), edge);
        }
        CallGraph {
            graph,
            puts: targets::puts(solver),
            gates: std::iter::repeat_with(OnceLock::new).take(solver.edges.len()).collect(),
            receivers,
            registered,
        }
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

    /// All conditions of a hop, an edge by index: those of the call, of the choice of its callee, and of its receivers. Sorted.
    pub fn hop_gates(&self, solver: &Solver<'_>, edge: usize) -> &[String] {
        self.gates[edge].get_or_init(|| {
            let call = &solver.edges[edge];
            let mut gates = solver.gates(call.from);
            let receiver = receiver_of(solver, call.to).and_then(|key| self.receivers.get(&key));
            gates.extend(receiver.into_iter().flatten().cloned());
            gates.extend(conditions::of_callee(solver, &self.registered, call));
            gates.sort();
            gates.dedup();
            gates.into()
        })
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

    /// The edges out of an instance, by index, in the order of the source.
    fn edges_of(&self, inst: InstId) -> impl Iterator<Item = u32> + '_ {
        self.graph.edges_directed(NodeIndex::new(inst.0 as usize), Direction::Outgoing).map(|e| *e.weight())
    }

    /// What an edge (by index) costs a path beside its conditions: assumptions, uncertain hops, exceptional hops, hops. `call` has
    /// all edges of the same instruction in the same instance.
    fn weight(solver: &Solver<'_>, edge: u32, call: &[u32]) -> u64 {
        let &CallEdge { from, to, kind, .. } = &solver.edges[edge as usize];
        let assumed = u64::from(kind == Some(HopKind::External) || solver.is_assumed(to));
        let may = u64::from(targets::is_uncertain(solver, kind, call));
        let exceptional = u64::from(solver.is_handling(from));
        assumed * ASSUMED + may * MAY + exceptional * EXCEPTIONAL + 1
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
