//! The ways with the fewest different conditions.
//!
//! A condition that a way has met costs nothing more, so that the cheapest way to a place need not be part of the cheapest way
//! through it: this is the minimum label path problem, NP-hard in general (Yuan, Varma, Jue 2005). The ways of one route to
//! one producer meet few conditions, and most of them every way meets. What is searched is therefore not the places but the sets
//! of conditions: best first, beginning with what every way needs. Under one set, some places can be reached; the
//! steps out of them that ask for more say which sets are next.

use super::region::{END, Region};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// A set of conditions, as ascending numbers.
pub(super) type Conditions = Vec<u32>;

/// A search for sets of conditions under which a region can be crossed.
pub(super) struct Crossing<'a> {
    pub(super) region: &'a Region,
    /// Conditions that hold anyhow, ascending: they do not count.
    pub(super) given: &'a [u32],
    /// So many sets are looked into at most.
    pub(super) limit: usize,
}

/// What a search found.
pub(super) struct Lightest {
    /// All smallest sets, ascending. What is given is part of each of them.
    pub(super) sets: Vec<Conditions>,
    /// Whether the limit was hit: there may be smaller ones then.
    pub(super) is_capped: bool,
}

/// What lies within some conditions.
enum Reach {
    /// The end.
    End,
    /// Not the end: what further conditions open more, none of them part of another.
    Needs(Vec<Conditions>),
}

impl Crossing<'_> {
    /// The smallest sets of conditions under which a way does without some conditions; none if no way does.
    ///
    /// A set in which a setting is asked for both ways comes after all others: no process meets it.
    pub(super) fn lightest(&self, avoided: &[u32]) -> Option<Lightest> {
        let given: Conditions = self.given.iter().copied().filter(|given| !avoided.contains(given)).collect();
        let live = self.live(avoided);
        let some = self.greedy(given.clone(), avoided, &live)?;
        if some == given {
            return Some(Lightest { sets: vec![some], is_capped: false });
        }
        let met = some.iter().filter(|met| !given.contains(met));
        // Conditions that the first way needs and no other way does without.
        let needed: Conditions = met
            .copied()
            .filter(|&one| {
                let live = self.live(&with(avoided, &[one]));
                !self.region.starts().iter().any(|&start| live[start as usize])
            })
            .collect();
        let needed = with(&given, &needed);
        if needed == some {
            return Some(Lightest { sets: vec![some], is_capped: false });
        }
        Some(self.best_first(needed, some, avoided, &live))
    }

    /// All smallest sets that hold what is needed, not larger than one that is known.
    fn best_first(&self, needed: Conditions, known: Conditions, avoided: &[u32], live: &[bool]) -> Lightest {
        let rank = |set: &Conditions| (self.region.sets().is_contradictory(set), set.len());
        let mut bound = rank(&known);
        let mut found = Vec::new();
        let mut seen: BTreeSet<Conditions> = BTreeSet::new();
        let mut heap = BinaryHeap::new();
        heap.push(Reverse((rank(&needed), needed)));
        while let Some(Reverse((at, set))) = heap.pop() {
            if at > bound {
                break;
            }
            if !seen.insert(set.clone()) {
                continue;
            }
            if seen.len() > self.limit {
                let sets = if found.is_empty() { vec![known] } else { found };
                return Lightest { sets, is_capped: true };
            }
            match self.reach(&set, avoided, live) {
                Reach::End => {
                    bound = at;
                    found.push(set);
                }
                Reach::Needs(more) => {
                    let next = more.iter().map(|more| with(&set, more));
                    let next = next.map(|set| (rank(&set), set)).filter(|(rank, _)| *rank <= bound);
                    heap.extend(next.map(Reverse));
                }
            }
        }
        found.sort();
        Lightest { sets: found, is_capped: false }
    }

    /// A set that is enough, of which no condition can be left out; always what is the fewest further conditions is taken next.
    fn greedy(&self, given: Conditions, avoided: &[u32], live: &[bool]) -> Option<Conditions> {
        let mut set = given.clone();
        while let Reach::Needs(more) = self.reach(&set, avoided, live) {
            let wider = more.into_iter().map(|more| (more.len(), with(&set, &more)));
            let (_, wider) =
                wider.min_by_key(|(len, set)| (self.region.sets().is_contradictory(set), *len))?;
            set = wider;
        }
        for condition in set.clone() {
            if !given.contains(&condition) {
                let less: Conditions = set.iter().copied().filter(|&other| other != condition).collect();
                if matches!(self.reach(&less, avoided, live), Reach::End) {
                    set = less;
                }
            }
        }
        Some(set)
    }

    /// For each place, whether a way from it to the end does without some conditions.
    fn live(&self, avoided: &[u32]) -> Vec<bool> {
        self.region.live(|arc| self.region.sets().is_free(arc.set, avoided))
    }

    fn reach(&self, conditions: &[u32], avoided: &[u32], live: &[bool]) -> Reach {
        let mut reached = vec![false; self.region.len()];
        let mut open: Vec<u32> = Vec::new();
        let mut further: BTreeSet<(u32, u32)> = BTreeSet::new();
        for &start in self.region.starts() {
            if live[start as usize] && !std::mem::replace(&mut reached[start as usize], true) {
                open.push(start);
            }
        }
        while let Some(place) = open.pop() {
            for number in self.region.arcs_from(place) {
                let arc = self.region.arc(number);
                if reached[arc.to as usize] || !live[arc.to as usize] {
                    continue;
                }
                if self.region.sets().within(arc.set, conditions) {
                    if arc.to == END {
                        return Reach::End;
                    }
                    reached[arc.to as usize] = true;
                    open.push(arc.to);
                } else {
                    further.insert((arc.to, number));
                }
            }
        }
        let mut more: BTreeSet<Conditions> = BTreeSet::new();
        for (to, number) in further {
            let set = self.region.arc(number).set;
            if !reached[to as usize] && self.region.sets().is_free(set, avoided) {
                more.insert(self.region.sets().beyond(set, conditions));
            }
        }
        let is_part = |part: &Conditions, of: &Conditions| part.iter().all(|one| of.contains(one));
        let smaller = |of: &Conditions| more.iter().any(|part| part != of && is_part(part, of));
        // Whoever has a set has its parts as well: what needs only a part is looked into first.
        Reach::Needs(more.iter().filter(|set| !smaller(set)).cloned().collect())
    }
}

/// Both sets together.
fn with(one: &[u32], other: &[u32]) -> Conditions {
    let mut both: Conditions = one.iter().chain(other).copied().collect();
    both.sort_unstable();
    both.dedup();
    both
}

#[cfg(test)]
mod tests {
    use super::super::region::{Act, Step, Stop};
    use super::*;
    use crate::solve::value::InstId;

    /// A region from steps (from, to, conditions); ways begin at 0 and end at `u32::MAX`.
    fn region(steps: &[(u32, u32, &[&str])]) -> Region {
        let stop = |inst: u32| Stop { phase: 0, inst: InstId(inst) };
        Region::grow([stop(0)], |at, found| {
            found.extend(steps.iter().filter(|(from, ..)| *from == at.inst.0).map(|&(_, to, met)| {
                let to = (to != u32::MAX).then(|| stop(to));
                let gates = met.iter().map(ToString::to_string).collect();
                Step { act: Act::Arrive, to, gates, cost: 1 }
            }));
        })
    }

    fn lightest(steps: &[(u32, u32, &[&str])], given: &[&str], avoided: &[&str]) -> Option<Vec<Vec<String>>> {
        let region = region(steps);
        let numbers = |texts: &[&str]| {
            region.sets().numbers_of(&texts.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let given = numbers(given);
        let crossing = Crossing { region: &region, given: &given, limit: 10_000 };
        let found = crossing.lightest(&numbers(avoided))?;
        assert!(!found.is_capped);
        Some(found.sets.iter().map(|set| region.sets().worded(set)).collect())
    }

    const END: u32 = u32::MAX;

    #[test]
    fn a_condition_that_is_met_twice_counts_once() {
        let steps: &[(u32, u32, &[&str])] =
            &[(0, 1, &["b"]), (0, 1, &["c"]), (1, END, &["a"]), (1, 2, &["b"]), (2, END, &[])];
        assert_eq!(lightest(steps, &[], &[]).expect("a way"), [["b"]]);
        assert_eq!(lightest(steps, &[], &["b"]).expect("a way"), [["a", "c"]]);
        assert_eq!(lightest(steps, &["a"], &[]).expect("a way"), [["a", "b"], ["a", "c"]]);
        assert_eq!(lightest(steps, &[], &["a", "b"]), None);
    }

    #[test]
    fn what_is_both_on_and_off_comes_last() {
        let steps: &[(u32, u32, &[&str])] =
            &[(0, 1, &["a"]), (1, END, &["not a"]), (0, END, &["b", "c", "d"])];
        assert_eq!(lightest(steps, &[], &[]).expect("a way"), [["b", "c", "d"]]);
        assert_eq!(lightest(steps, &[], &["c"]).expect("a way"), [["a", "not a"]]);
    }

    #[test]
    fn a_limit_that_is_hit_leaves_a_set_that_is_enough() {
        let steps: &[(u32, u32, &[&str])] = &[(0, END, &["a", "b"]), (0, END, &["c"])];
        let region = region(steps);
        let found = Crossing { region: &region, given: &[], limit: 0 }.lightest(&[]).expect("a way");
        assert!(found.is_capped);
        assert_eq!(found.sets.len(), 1);
    }

    /// All sets of conditions are tried, on graphs that a generator (Lehmer 1951) makes.
    #[test]
    fn what_is_found_is_what_trying_all_sets_finds() {
        let names = ["a", "b", "c", "d", "e", "f"];
        let mut state: u64 = 1;
        let mut below = |bound: u64| {
            state = state * 48_271 % 0x7fff_ffff;
            (state >> 8) % bound
        };
        let (mut crossed, mut several) = (0, 0);
        for _ in 0..2_000 {
            let places = 2 + below(5) as u32;
            let steps: Vec<(u32, u32, Vec<&str>)> = (0..2 + below(12))
                .map(|_| {
                    let to = below(u64::from(places) + 1) as u32;
                    let met = (0..below(3)).map(|_| names[below(6) as usize]).collect();
                    (below(u64::from(places)) as u32, if to == places { END } else { to }, met)
                })
                .collect();
            let steps: Vec<(u32, u32, &[&str])> =
                steps.iter().map(|(from, to, met)| (*from, *to, met.as_slice())).collect();
            let avoided = if below(2) == 0 { Vec::new() } else { vec![names[below(6) as usize]] };
            let crosses = |allowed: u32| {
                let holds =
                    |name: &&str| names.iter().position(|n| n == name).is_some_and(|n| allowed >> n & 1 == 1);
                let mut reached = vec![0];
                let mut next = 0;
                while let Some(&at) = reached.get(next) {
                    for (_, to, met) in steps.iter().filter(|(from, ..)| *from == at) {
                        if met.iter().all(&holds) && !reached.contains(to) {
                            reached.push(*to);
                        }
                    }
                    next += 1;
                }
                reached.contains(&END)
            };
            let banned: u32 =
                names.iter().zip(0..).filter(|(n, _)| avoided.contains(n)).map(|(_, i)| 1 << i).sum();
            let enough: Vec<u32> = (0..64).filter(|set| set & banned == 0 && crosses(*set)).collect();
            let least = enough.iter().map(|set| set.count_ones()).min();
            let mut wanted: Vec<Vec<String>> = enough
                .iter()
                .filter(|set| Some(set.count_ones()) == least)
                .map(|set| (0..6).filter(|i| set >> i & 1 == 1).map(|i| names[i].to_owned()).collect())
                .collect();
            wanted.sort();
            let found = lightest(&steps, &[], &avoided).unwrap_or_default();
            assert_eq!(found, wanted, "{steps:?} without {avoided:?}");
            crossed += usize::from(least.is_some_and(|least| least > 1));
            several += usize::from(wanted.len() > 1);
        }
        assert!(crossed > 100 && several > 50, "the graphs are too simple: {crossed} {several}");
    }
}
