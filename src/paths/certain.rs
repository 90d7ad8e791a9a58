//! The way with the fewest assumptions and uncertain hops, of those that need no more than some conditions.
//!
//! What a step costs is a lower bound: it sees one copy of a function, and not which others the way may stand in as well
//! ([`Variants`]). Where the cheapest way has hops that are uncertain, a search counts them as they are.

use super::lightest::Conditions;
use super::region::{Act, END, Region, Ways};
use super::targets::Variants;
use super::{CallGraph, MAY};
use crate::solve::{Origin, Solver};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Searches the most certain way through a region.
pub(super) struct Certain<'a, 'p> {
    pub(super) solver: &'a Solver<'p>,
    pub(super) graph: &'a CallGraph,
    pub(super) region: &'a Region,
}

/// A place that a search has come to.
struct Reached {
    place: u32,
    variants: Variants,
    cost: u64,
    /// The arc that led there and what was reached before it; none at the start.
    step: Option<(u32, usize)>,
}

impl Certain<'_, '_> {
    /// The best way (its arcs) over some sets of conditions, and its set. Of equally good ones, the first.
    pub(super) fn best<'c>(&self, sets: &'c [Conditions]) -> Option<(&'c Conditions, Vec<u32>)> {
        let mut best: Option<(u64, &Conditions, Vec<u32>)> = None;
        for set in sets {
            let ways = self.region.ways(set);
            let Some((least, arcs)) = ways.best(self.region) else { continue };
            let mut cost = self.cost(&arcs);
            let mut way = arcs;
            // A way costs no less than the least of what the steps of any way cost at least.
            if cost > least
                && let Some((less, other)) = self.better(&ways, set, cost)
            {
                (cost, way) = (less, other);
            }
            if best.as_ref().is_none_or(|(known, ..)| cost < *known) {
                best = Some((cost, set, way));
            }
        }
        best.map(|(_, set, way)| (set, way))
    }

    /// What a way costs when its hops count over all variants.
    fn cost(&self, arcs: &[u32]) -> u64 {
        let mut variants = arcs.first().map(|&arc| Variants::of(self.region.inst(self.region.arc(arc).from)));
        let steps = arcs.iter().map(|&arc| {
            let (next, cost) = variants.as_ref().map_or((None, 0), |at| {
                let (next, cost) = self.step(at, arc);
                (Some(next), cost)
            });
            variants = next;
            cost
        });
        steps.sum()
    }

    /// Where a way stands after a step, and what that costs.
    fn step(&self, variants: &Variants, arc: u32) -> (Variants, u64) {
        let arc = self.region.arc(arc);
        match arc.act {
            Act::Call(edge) => {
                let (next, targets) = variants.enter(self.solver, self.graph, edge as usize);
                (next, (arc.cost & !MAY) + several(targets))
            }
            Act::Put(Origin { index, .. }) => {
                let targets = variants.put(self.solver, self.graph, index);
                (variants.clone(), arc.cost + several(targets))
            }
            Act::Raise(_) => (Variants::of(self.region.inst(arc.to)), arc.cost),
            Act::Arrive => (variants.clone(), arc.cost),
        }
    }

    /// The best way under some conditions if it is better than one that costs `known`, and what it costs. A search forward over
    /// pairs of a place and the variants beside it, led by what is left to go at least (Hart, Nilsson, Raphael 1968).
    fn better(&self, ways: &Ways, conditions: &[u32], known: u64) -> Option<(u64, Vec<u32>)> {
        let worth = |cost: u64| cost < known;
        let mut all: Vec<Reached> = Vec::new();
        let mut heap: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        for &place in self.region.starts() {
            if let Some(left) = ways.cost(place).filter(|&left| worth(left)) {
                heap.push(Reverse((left, all.len())));
                let variants = Variants::of(self.region.inst(place));
                all.push(Reached { place, variants, cost: 0, step: None });
            }
        }
        let mut seen: FxHashMap<u32, Vec<Variants>> = FxHashMap::default();
        while let Some(Reverse((_, number))) = heap.pop() {
            let Reached { place, ref variants, cost: so_far, .. } = all[number];
            if place == END {
                return Some((so_far, trace(&all, number)));
            }
            let known = seen.entry(place).or_default();
            if known.contains(variants) {
                continue;
            }
            known.push(variants.clone());
            let variants = variants.clone();
            for number_of_arc in self.region.arcs_from(place) {
                let arc = self.region.arc(number_of_arc);
                let Some(left) = ways.cost(arc.to) else { continue };
                if !worth(so_far + (arc.cost & !MAY) + left)
                    || !self.region.sets().within(arc.set, conditions)
                {
                    continue;
                }
                let (next, cost) = self.step(&variants, number_of_arc);
                let cost = so_far + cost;
                if worth(cost + left) {
                    heap.push(Reverse((cost + left, all.len())));
                    let step = Some((number_of_arc, number));
                    all.push(Reached { place: arc.to, variants: next, cost, step });
                }
            }
            // The way that is known is right; it may not be the most certain.
            if all.len() > self.solver.limits.certain_walk {
                self.solver.cap("certain-walk");
                return None;
            }
        }
        None
    }
}

/// What a hop costs that may enter so many functions.
fn several(targets: u32) -> u64 {
    if targets > 1 { MAY } else { 0 }
}

fn trace(all: &[Reached], last: usize) -> Vec<u32> {
    let mut arcs = Vec::new();
    let mut at = last;
    while let Some((arc, before)) = all[at].step {
        arcs.push(arc);
        at = before;
    }
    arcs.reverse();
    arcs
}
