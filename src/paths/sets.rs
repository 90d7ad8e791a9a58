//! Sets of conditions, each kept once: a condition is a number, and so is a set of them.

use super::lightest::Conditions;
use crate::solve::gate::negated;
use rustc_hash::FxHashMap;

/// A set of conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SetId(u32);

impl SetId {
    /// The set without conditions.
    pub const EMPTY: SetId = SetId(0);
}

/// Gathers the sets that steps of ways have.
pub(super) struct Interner {
    texts: Vec<String>,
    numbers: FxHashMap<String, u32>,
    sets: Vec<Box<[u32]>>,
    ids: FxHashMap<Box<[u32]>, SetId>,
}

impl Default for Interner {
    fn default() -> Interner {
        let ids = std::iter::once((Box::default(), SetId::EMPTY)).collect();
        Interner { texts: Vec::new(), numbers: FxHashMap::default(), sets: vec![Box::default()], ids }
    }
}

impl Interner {
    /// The set of some conditions, in any order.
    pub(super) fn intern<'g>(&mut self, conditions: impl IntoIterator<Item = &'g String>) -> SetId {
        let mut set: Vec<u32> = conditions.into_iter().map(|text| self.number(text)).collect();
        if set.is_empty() {
            return SetId::EMPTY;
        }
        set.sort_unstable();
        set.dedup();
        let next = SetId(self.sets.len() as u32);
        *self.ids.entry(set.into()).or_insert_with_key(|set| {
            self.sets.push(set.clone());
            next
        })
    }

    fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    /// All sets, with the conditions numbered in the order of their texts.
    pub(super) fn settled(self) -> Sets {
        let mut order: Vec<u32> = (0..self.texts.len() as u32).collect();
        order.sort_unstable_by_key(|&number| &self.texts[number as usize]);
        let mut renumbered = vec![0; order.len()];
        for (new, &old) in (0..).zip(&order) {
            renumbered[old as usize] = new;
        }
        let mut sets = self.sets;
        for set in &mut sets {
            for condition in &mut *set {
                *condition = renumbered[*condition as usize];
            }
            set.sort_unstable();
        }
        let mut texts = self.texts;
        texts.sort_unstable();
        let find = |text: &str| texts.binary_search_by(|known| known.as_str().cmp(text)).ok();
        let opposites = texts.iter().map(|text| find(&negated(text)).map(|found| found as u32)).collect();
        Sets { texts, opposites, sets }
    }
}

/// The sets that steps of ways have. Conditions are numbered in the order of their texts.
pub struct Sets {
    texts: Vec<String>,
    /// By condition, the one that says the opposite.
    opposites: Vec<Option<u32>>,
    sets: Vec<Box<[u32]>>,
}

impl Sets {
    /// The conditions of a set, ascending.
    pub(super) fn numbers(&self, set: SetId) -> &[u32] {
        &self.sets[set.0 as usize]
    }

    /// Conditions as texts, in the order of their numbers.
    pub(super) fn worded(&self, numbers: &[u32]) -> Vec<String> {
        numbers.iter().map(|&number| self.texts[number as usize].clone()).collect()
    }

    /// Those of some conditions that are in any set, ascending.
    pub(super) fn numbers_of(&self, conditions: &[String]) -> Conditions {
        let mut numbers: Conditions = conditions
            .iter()
            .filter_map(|text| self.texts.binary_search(text).ok().map(|number| number as u32))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Whether a set holds none of some conditions.
    pub(super) fn is_free(&self, set: SetId, conditions: &[u32]) -> bool {
        conditions.is_empty() || !self.numbers(set).iter().any(|number| conditions.contains(number))
    }

    /// Whether a set holds nothing but some conditions (ascending).
    pub(super) fn within(&self, set: SetId, conditions: &[u32]) -> bool {
        self.numbers(set).iter().all(|number| conditions.binary_search(number).is_ok())
    }

    /// What a set holds beside some conditions (ascending).
    pub(super) fn beyond(&self, set: SetId, conditions: &[u32]) -> Conditions {
        let numbers = self.numbers(set).iter().copied();
        numbers.filter(|number| conditions.binary_search(number).is_err()).collect()
    }

    /// Whether some conditions (ascending) hold one and its opposite.
    pub(super) fn is_contradictory(&self, conditions: &[u32]) -> bool {
        let opposite = |&number: &u32| self.opposites[number as usize];
        conditions.iter().filter_map(opposite).any(|opposite| conditions.binary_search(&opposite).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_set_is_kept_once() {
        let mut sets = Interner::default();
        assert_eq!(sets.intern(&[]), SetId::EMPTY);
        let both = sets.intern(&texts(&["b", "a", "b"]));
        assert_eq!(sets.intern(&texts(&["a", "b"])), both);
        let one = sets.intern(&texts(&["b"]));
        let sets = sets.settled();
        let worded = |set| sets.worded(sets.numbers(set));
        assert_eq!((worded(both), worded(one)), (texts(&["a", "b"]), texts(&["b"])));
        assert_eq!(sets.numbers(both), [0, 1]);
        let a = sets.numbers_of(&texts(&["unheard of", "a"]));
        assert_eq!(a, [0]);
        assert_eq!([both, one, SetId::EMPTY].map(|set| sets.is_free(set, &a)), [false, true, true]);
        assert_eq!([both, one, SetId::EMPTY].map(|set| sets.within(set, &a)), [false, false, true]);
        assert_eq!(sets.beyond(both, &a), [1]);
    }

    #[test]
    fn a_setting_cannot_be_two_things() {
        let mut sets = Interner::default();
        let all =
            texts(&["config.A == 1", "config.A != 1", "features.B", "not features.B", "not features.C"]);
        sets.intern(&all);
        let sets = sets.settled();
        let is_contradictory = |some: &[&str]| sets.is_contradictory(&sets.numbers_of(&texts(some)));
        assert!(is_contradictory(&["config.A == 1", "config.A != 1"]));
        assert!(is_contradictory(&["features.B", "not features.B", "not features.C"]));
        assert!(!is_contradictory(&["config.A == 1", "features.B", "not features.C"]));
    }
}
