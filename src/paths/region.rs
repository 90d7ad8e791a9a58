//! The part of the call graph that some ways go through: from calls of the framework to a goal.
//!
//! A search for the way with the fewest conditions asks the same small part many times. It is therefore taken out of the call
//! graph once, with what rules a call out decided once as well: the method of the request, and the exception in flight.

use super::sets::{Interner, SetId, Sets};
use crate::solve::Origin;
use crate::solve::value::InstId;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A place on a way: a copy of a function, and the phase of the way in which it is entered. What is known of the callees of
/// a copy may depend on what the way is still to do: see [`super::search`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Stop {
    pub(super) phase: u32,
    pub(super) inst: InstId,
}

/// What takes a way from one place to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// A call, by the index of its edge.
    Call(u32),
    /// A `raise` of what an error handler takes: the framework calls the handler.
    Raise(Origin),
    /// The put that was looked for.
    Put(Origin),
    /// The function that was looked for is entered.
    Arrive,
}

/// A step that may be taken at a place.
#[derive(Debug)]
pub(super) struct Step<'g> {
    pub(super) act: Act,
    /// Where it leads, none where it ends the way.
    pub(super) to: Option<Stop>,
    /// Its conditions.
    pub(super) gates: Cow<'g, [String]>,
    /// What it costs beside them.
    pub(super) cost: u64,
}

/// A step between the places of a region, which are numbers there.
#[derive(Debug)]
pub(super) struct Arc {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) set: SetId,
    pub(super) cost: u64,
    pub(super) act: Act,
}

/// The place where ways end.
pub(super) const END: u32 = 0;

const UNREACHED: u64 = u64::MAX;
const NO_ARC: u32 = u32::MAX;

/// Places, and the steps between them.
pub(super) struct Region {
    /// The sets of conditions of the steps.
    sets: Sets,
    /// The copies of functions that the places stand for; that of the end means nothing.
    insts: Vec<InstId>,
    /// By the place that they start from, in the order of the source.
    arcs: Vec<Arc>,
    /// By place, its first arc; one more at the end.
    first: Vec<u32>,
    /// By place, the arcs that lead to it.
    incoming: Vec<Vec<u32>>,
    /// Where ways begin.
    starts: Vec<u32>,
}

/// For each place, the cheapest way to the end.
pub(super) struct Ways {
    cost: Vec<u64>,
    next: Vec<u32>,
}

impl Region {
    /// What can be reached from some places by the steps that each place has.
    pub(super) fn grow<'g>(
        starts: impl IntoIterator<Item = Stop>,
        mut steps: impl FnMut(Stop, &mut Vec<Step<'g>>),
    ) -> Region {
        let mut stops = vec![Stop { phase: u32::MAX, inst: InstId::NONE }];
        let mut numbers: FxHashMap<Stop, u32> = FxHashMap::default();
        let mut number = |stop: Stop, stops: &mut Vec<Stop>| {
            *numbers.entry(stop).or_insert_with(|| {
                stops.push(stop);
                stops.len() as u32 - 1
            })
        };
        let starts: Vec<u32> = starts.into_iter().map(|stop| number(stop, &mut stops)).collect();
        let mut sets = Interner::default();
        let mut arcs = Vec::new();
        let mut first = vec![0, 0];
        let mut found = Vec::new();
        let mut next = 1;
        while let Some(&stop) = stops.get(next) {
            steps(stop, &mut found);
            for Step { act, to, gates, cost } in found.drain(..) {
                let to = to.map_or(END, |to| number(to, &mut stops));
                let set = sets.intern(&*gates);
                arcs.push(Arc { from: next as u32, to, set, cost, act });
            }
            first.push(arcs.len() as u32);
            next += 1;
        }
        let mut incoming: Vec<Vec<u32>> = vec![Vec::new(); stops.len()];
        for (arc, Arc { to, .. }) in (0..).zip(&arcs) {
            incoming[*to as usize].push(arc);
        }
        let insts = stops.into_iter().map(|stop| stop.inst).collect();
        Region { sets: sets.settled(), insts, arcs, first, incoming, starts }
    }

    /// The sets of conditions of the steps.
    pub(super) fn sets(&self) -> &Sets {
        &self.sets
    }

    /// Number of places.
    pub(super) fn len(&self) -> usize {
        self.insts.len()
    }

    /// Where ways begin.
    pub(super) fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// The copy of a function that a place stands for.
    pub(super) fn inst(&self, place: u32) -> InstId {
        self.insts[place as usize]
    }

    /// An arc by its number.
    pub(super) fn arc(&self, arc: u32) -> &Arc {
        &self.arcs[arc as usize]
    }

    /// Numbers of the arcs that start from a place.
    pub(super) fn arcs_from(&self, place: u32) -> std::ops::Range<u32> {
        self.first[place as usize]..self.first[place as usize + 1]
    }

    /// For each place, whether steps that pass a test lead from it to the end.
    pub(super) fn live(&self, passes: impl Fn(&Arc) -> bool) -> Vec<bool> {
        let mut live = vec![false; self.len()];
        live[END as usize] = true;
        let mut open = vec![END];
        while let Some(place) = open.pop() {
            for &arc in &self.incoming[place as usize] {
                let arc = self.arc(arc);
                if !live[arc.from as usize] && passes(arc) {
                    live[arc.from as usize] = true;
                    open.push(arc.from);
                }
            }
        }
        live
    }

    /// The cheapest ways under some conditions (numbers, ascending) from all places. Of two that cost the same, the one whose
    /// step stands first in the source, so that the path depends neither on a heap nor on the order of solving.
    pub(super) fn ways(&self, conditions: &[u32]) -> Ways {
        let mut ways = Ways { cost: vec![UNREACHED; self.len()], next: vec![NO_ARC; self.len()] };
        let mut heap = BinaryHeap::new();
        ways.cost[END as usize] = 0;
        heap.push(Reverse((0, END)));
        while let Some(Reverse((so_far, at))) = heap.pop() {
            if so_far > ways.cost[at as usize] {
                continue;
            }
            for &number in &self.incoming[at as usize] {
                let arc = self.arc(number);
                let total = so_far + arc.cost;
                let (cost, next) = (&mut ways.cost[arc.from as usize], &mut ways.next[arc.from as usize]);
                // What leads to a place costs something, so all ties are known before anything is built on them.
                if (total, number) < (*cost, *next) && self.sets.within(arc.set, conditions) {
                    if total < *cost {
                        heap.push(Reverse((total, arc.from)));
                    }
                    (*cost, *next) = (total, number);
                }
            }
        }
        ways
    }
}

impl Ways {
    /// The cost from a place, none if it does not reach the end.
    pub(super) fn cost(&self, place: u32) -> Option<u64> {
        Some(self.cost[place as usize]).filter(|&cost| cost != UNREACHED)
    }

    /// The cheapest way from where ways begin: its cost and its arcs.
    pub(super) fn best(&self, region: &Region) -> Option<(u64, Vec<u32>)> {
        let costs = region.starts.iter().filter_map(|&start| Some((self.cost(start)?, start)));
        let (cost, start) = costs.min_by_key(|&(cost, start)| (cost, region.inst(start)))?;
        let mut arcs = Vec::new();
        let mut at = start;
        while self.next[at as usize] != NO_ARC {
            arcs.push(self.next[at as usize]);
            at = region.arc(self.next[at as usize]).to;
        }
        Some((cost, arcs))
    }
}
