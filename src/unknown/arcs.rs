//! The call graph packed both ways, for questions of reachability over instances.

use crate::paths::CallGraph;
use crate::solve::value::InstId;
use std::collections::VecDeque;

/// What stands for no call.
const NONE: u32 = u32::MAX;
/// The distance of what is not reached.
pub const FAR: u32 = u32::MAX;

/// One direction of the call graph: the calls of an instance stand together, in the order of the solver's list.
struct Packed {
    starts: Vec<u32>,
    /// The instance at the other end, and the index of the call.
    ends: Vec<(u32, u32)>,
}

impl Packed {
    fn new(count: usize, arcs: &[(u32, u32, u32)], from: impl Fn(&(u32, u32, u32)) -> (u32, u32)) -> Packed {
        let mut starts = vec![0u32; count + 1];
        for arc in arcs {
            starts[from(arc).0 as usize + 1] += 1;
        }
        for i in 0..count {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut ends = vec![(0, 0); arcs.len()];
        for arc in arcs {
            let (here, there) = from(arc);
            let slot = &mut next[here as usize];
            ends[*slot as usize] = (there, arc.2);
            *slot += 1;
        }
        Packed { starts, ends }
    }

    fn of(&self, inst: u32) -> &[(u32, u32)] {
        &self.ends[self.starts[inst as usize] as usize..self.starts[inst as usize + 1] as usize]
    }
}

/// The call graph, packed.
pub struct Arcs {
    calls: Packed,
    callers: Packed,
}

/// Distances, in calls, from or to some instances, and the first call of a shortest way.
pub struct Distances {
    /// For each instance its distance, [`FAR`] if there is no way.
    pub of: Vec<u32>,
    /// The call that leads one step nearer, and the instance at its other end.
    step: Vec<(u32, u32)>,
}

impl Arcs {
    /// Packs a graph.
    pub fn new(graph: &CallGraph) -> Arcs {
        let mut arcs: Vec<(u32, u32, u32)> =
            graph.arcs().map(|(from, to, call)| (from.0, to.0, call)).collect();
        arcs.sort_unstable_by_key(|arc| arc.2);
        let count = graph.len();
        Arcs {
            calls: Packed::new(count, &arcs, |arc| (arc.0, arc.1)),
            callers: Packed::new(count, &arcs, |arc| (arc.1, arc.0)),
        }
    }

    /// Number of instances.
    pub fn instance_count(&self) -> usize {
        self.calls.starts.len() - 1
    }

    /// The callers of an instance, each with the index of the call.
    pub fn callers_of(&self, inst: InstId) -> &[(u32, u32)] {
        self.callers.of(inst.0)
    }

    /// Marks what reaches some instances, themselves included. What is marked already is not gone through again.
    pub fn mark_callers(&self, seeds: impl IntoIterator<Item = InstId>, marked: &mut [bool]) {
        mark(&self.callers, seeds, marked);
    }

    /// Marks what some instances reach, themselves included.
    pub fn mark_called(&self, seeds: impl IntoIterator<Item = InstId>, marked: &mut [bool]) {
        mark(&self.calls, seeds, marked);
    }

    /// How far each instance is from reaching one of some.
    pub fn distances_to(&self, targets: impl IntoIterator<Item = InstId>) -> Distances {
        distances(&self.callers, targets, |_| true)
    }

    /// How far each instance is from being reached by one of some, over the calls (by index) that pass a test.
    pub fn distances_from(
        &self,
        sources: impl IntoIterator<Item = InstId>,
        passes: impl Fn(usize) -> bool,
    ) -> Distances {
        distances(&self.calls, sources, passes)
    }

    /// For each instance the union of the rows of the instances that it reaches, itself included. A row has `words` words.
    ///
    /// Rows go from callee to caller in the order in which a depth-first search leaves the instances, which settles all but
    /// cycles in one round; the rounds end when nothing changes.
    pub fn gather(&self, rows: &mut [u64], words: usize) {
        let order = self.leaving_order();
        loop {
            let mut changed = false;
            for &inst in &order {
                for &(callee, _) in self.calls.of(inst) {
                    for word in 0..words {
                        let more = rows[callee as usize * words + word];
                        let row = &mut rows[inst as usize * words + word];
                        changed |= *row | more != *row;
                        *row |= more;
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }

    fn leaving_order(&self) -> Vec<u32> {
        let mut order = Vec::with_capacity(self.instance_count());
        let mut seen = vec![false; self.instance_count()];
        let mut stack: Vec<(u32, usize)> = Vec::new();
        for start in 0..self.instance_count() as u32 {
            if std::mem::replace(&mut seen[start as usize], true) {
                continue;
            }
            stack.push((start, 0));
            while let Some((inst, next)) = stack.last_mut() {
                match self.calls.of(*inst).get(*next) {
                    Some(&(callee, _)) => {
                        *next += 1;
                        if !std::mem::replace(&mut seen[callee as usize], true) {
                            stack.push((callee, 0));
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
}

impl Distances {
    /// The calls of a shortest way, from the instance on; backwards if the distances are from the sources.
    pub fn way(&self, from: InstId) -> Vec<usize> {
        let mut way = Vec::new();
        let mut at = from.0;
        while self.step[at as usize].0 != NONE {
            let (call, next) = self.step[at as usize];
            way.push(call as usize);
            at = next;
        }
        way
    }

    /// The first call of a shortest way from an instance.
    pub fn first(&self, from: InstId) -> Option<usize> {
        let call = self.step[from.0 as usize].0;
        (call != NONE).then_some(call as usize)
    }

    /// The instance that the shortest way leads to.
    pub fn end(&self, from: InstId) -> InstId {
        let mut at = from.0;
        while self.step[at as usize].0 != NONE {
            at = self.step[at as usize].1;
        }
        InstId(at)
    }
}

fn mark(packed: &Packed, seeds: impl IntoIterator<Item = InstId>, marked: &mut [bool]) {
    let mut stack: Vec<u32> = Vec::new();
    let visit = |inst: u32, stack: &mut Vec<u32>, marked: &mut [bool]| {
        // Instances that were made after the graph are not in it.
        if marked.get(inst as usize) == Some(&false) {
            marked[inst as usize] = true;
            stack.push(inst);
        }
    };
    for seed in seeds {
        visit(seed.0, &mut stack, marked);
    }
    while let Some(inst) = stack.pop() {
        for &(next, _) in packed.of(inst) {
            visit(next, &mut stack, marked);
        }
    }
}

fn distances(
    packed: &Packed,
    seeds: impl IntoIterator<Item = InstId>,
    passes: impl Fn(usize) -> bool,
) -> Distances {
    let count = packed.starts.len() - 1;
    let mut found = Distances { of: vec![FAR; count], step: vec![(NONE, NONE); count] };
    let mut queue = VecDeque::new();
    for seed in seeds {
        if found.of.get(seed.0 as usize) == Some(&FAR) {
            found.of[seed.0 as usize] = 0;
            queue.push_back(seed.0);
        }
    }
    while let Some(inst) = queue.pop_front() {
        for &(next, call) in packed.of(inst) {
            if found.of[next as usize] == FAR && passes(call as usize) {
                found.of[next as usize] = found.of[inst as usize] + 1;
                found.step[next as usize] = (call, inst);
                queue.push_back(next);
            }
        }
    }
    found
}
