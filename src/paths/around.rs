//! What stands around the handlers of routes: the conditions that every way from the framework's call to a handler meets.

use super::CallGraph;
use super::conditions::necessary;
use super::lightest::Crossing;
use super::region::{Act, Region, Step, Stop};
use crate::link::FuncId;
use crate::solve::Solver;
use crate::solve::value::InstId;
use petgraph::graph::NodeIndex;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

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
        let Some(&column) = self.columns.get(&handler) else { return Vec::new() };
        let leads =
            |inst: InstId| self.rows[inst.0 as usize * self.words + column / 64] >> (column % 64) & 1 == 1;
        let start = Stop { phase: 0, inst: root };
        let region = Region::grow(leads(root).then_some(start), |stop, steps| {
            if stop != start && solver.insts[stop.inst.0 as usize].func == handler {
                steps.push(Step { act: Act::Arrive, to: None, gates: Cow::default(), cost: 0 });
                return;
            }
            for edge in self.graph.edges_of(stop.inst) {
                let call = &solver.edges[edge as usize];
                if leads(call.to) && solver.runs_for(call.from, method) && solver.enters_for(call, method) {
                    // Which of several views the framework was given does not decide whether there is the route.
                    let gates: &[String] =
                        if stop == start { &[] } else { self.graph.hop_gates(solver, edge as usize) };
                    steps.push(Step {
                        act: Act::Call(edge),
                        to: Some(Stop { phase: 0, inst: call.to }),
                        gates: gates.into(),
                        cost: 1,
                    });
                }
            }
        });
        let sets = region.sets();
        let crossing = Crossing { region: &region, given: &[], limit: solver.limits.condition_sets };
        // Of equally small sets any will do: each condition of one is asked about by itself.
        let avoiding = |avoided: &[String]| {
            let lightest = crossing.lightest(&sets.numbers_of(avoided))?;
            lightest.sets.first().map(|set| sets.worded(set))
        };
        match avoiding(&[]) {
            Some(best) if !best.is_empty() => necessary(&best, avoiding),
            _ => Vec::new(),
        }
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
