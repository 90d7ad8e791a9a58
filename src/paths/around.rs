//! What stands around the handlers of routes: the conditions that every way from the framework's call to a handler meets.

use super::conditions::necessary;
use super::sets::{SetId, Unions};
use super::{CONDITION, CallGraph};
use crate::link::FuncId;
use crate::solve::Solver;
use crate::solve::value::InstId;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// For each instance that some calls of the framework get to, which handlers it leads to.
///
/// One computation serves all routes: the handlers are bits of a row, and rows go from callee to caller. A search from a call of
/// the framework to a handler then never leaves the ways that lead there, whatever else the wrappers call.
pub struct Around<'g> {
    graph: &'g CallGraph,
    columns: FxHashMap<FuncId, usize>,
    words: usize,
    rows: Vec<u64>,
}

impl<'g> Around<'g> {
    /// Prepares the search from some calls of the framework to some handlers.
    pub fn new(
        solver: &Solver<'_>,
        graph: &'g CallGraph,
        roots: impl Iterator<Item = InstId>,
        handlers: impl Iterator<Item = FuncId>,
    ) -> Around<'g> {
        let mut columns = FxHashMap::default();
        for handler in handlers {
            let next = columns.len();
            columns.entry(handler).or_insert(next);
        }
        let words = columns.len().div_ceil(64);
        let mut rows = vec![0; graph.len() * words];
        for (&handler, &column) in &columns {
            for inst in solver.instances(handler) {
                if let Some(word) = rows.get_mut(inst.0 as usize * words + column / 64) {
                    *word |= 1 << (column % 64);
                }
            }
        }
        let mut around = Around { graph, columns, words, rows };
        around.gather(&leaving_order(graph, roots));
        around
    }

    /// Lets rows go from callee to caller, in the order in which a depth-first search leaves the instances: that settles all but
    /// cycles in one round. The rounds end when nothing changes.
    fn gather(&mut self, order: &[u32]) {
        let words = self.words;
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for &inst in order {
                for callee in self.graph.graph.neighbors(NodeIndex::new(inst as usize)) {
                    for word in 0..words {
                        let more = self.rows[callee.index() * words + word];
                        let row = &mut self.rows[inst as usize * words + word];
                        changed |= *row | more != *row;
                        *row |= more;
                    }
                }
            }
        }
    }

    /// The conditions that every way from a call of the framework to a handler meets when the request has this method; where
    /// ways differ, one of several. Empty if there is no way.
    pub fn conditions(
        &self,
        solver: &Solver<'_>,
        root: InstId,
        handler: FuncId,
        method: &str,
    ) -> Vec<String> {
        let avoiding = |avoided: &[String]| self.lightest(solver, root, handler, method, avoided);
        match avoiding(&[]) {
            Some(best) if !best.is_empty() => necessary(&best, avoiding),
            _ => Vec::new(),
        }
    }

    /// The conditions of the way that meets the fewest, out of those that do without some.
    fn lightest(
        &self,
        solver: &Solver<'_>,
        root: InstId,
        handler: FuncId,
        method: &str,
        avoided: &[String],
    ) -> Option<Vec<String>> {
        let &column = self.columns.get(&handler)?;
        let leads = |inst: usize| self.rows[inst * self.words + column / 64] >> (column % 64) & 1 == 1;
        let free = self.graph.free_of(avoided);
        let mut unions = Unions::without(&self.graph.sets, &[]);
        let mut costs: FxHashMap<u32, (u64, SetId)> = FxHashMap::default();
        let mut done: FxHashSet<u32> = FxHashSet::default();
        let mut heap = BinaryHeap::new();
        costs.insert(root.0, (0, SetId::EMPTY));
        heap.push(Reverse((0u64, root.0)));
        while let Some(Reverse((cost, at))) = heap.pop() {
            if !done.insert(at) {
                continue;
            }
            let met = costs.get(&at).map_or(SetId::EMPTY, |&(_, met)| met);
            if at != root.0 && solver.insts[at as usize].func == handler {
                return Some(unions.texts(met));
            }
            let hops = cost % CONDITION;
            for edge in self.graph.graph.edges_directed(NodeIndex::new(at as usize), Direction::Outgoing) {
                let (to, index) = (edge.target().index(), *edge.weight() as usize);
                if !leads(to)
                    || done.contains(&(to as u32))
                    || !free(index)
                    || !solver.runs_for(solver.edges[index].from, method)
                {
                    continue;
                }
                let set = unions.of(met, self.graph.gates[index]);
                let total = unions.len(set) as u64 * CONDITION + hops + 1;
                let known = costs.entry(to as u32).or_insert((u64::MAX, SetId::EMPTY));
                // Of equally good sets any will do: each condition of one is asked about by itself.
                if total < known.0 {
                    *known = (total, set);
                    heap.push(Reverse((total, to as u32)));
                }
            }
        }
        None
    }
}

/// The instances that some lead to, in the order in which a depth-first search leaves them.
fn leaving_order(graph: &CallGraph, starts: impl Iterator<Item = InstId>) -> Vec<u32> {
    let mut order = Vec::new();
    let mut seen = vec![false; graph.len()];
    let mut stack = Vec::new();
    let callees = |inst: usize| graph.graph.neighbors(NodeIndex::new(inst));
    for start in starts.map(|start| start.0 as usize) {
        if seen.get(start) != Some(&false) {
            continue;
        }
        seen[start] = true;
        stack.push((start as u32, callees(start)));
        while let Some((inst, open)) = stack.last_mut() {
            match open.next() {
                Some(callee) => {
                    if !std::mem::replace(&mut seen[callee.index()], true) {
                        stack.push((callee.index() as u32, callees(callee.index())));
                    }
                }
                None => {
                    order.push(*inst);
                    stack.pop();
                }
            }
        }
    }
    order
}
