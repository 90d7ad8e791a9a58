//! Limits: what keeps solving finite, and which of them were hit.

use super::Solver;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{MutexGuard, PoisonError};

/// Limits that keep solving finite; a limit that is hit is counted under its name.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Contexts of one function in one environment.
    pub contexts: usize,
    /// Nesting depth of environments in context keys.
    pub depth: u32,
    /// How often one function may stand in its own context.
    pub recursion: u32,
    /// Combinations that a string operation folds.
    pub strings: usize,
    /// Operations that a folded string is made by.
    pub string_depth: u8,
    /// Length of a folded string in bytes.
    pub string_length: usize,
    /// A function that tests more parameters than this is not cloned on constants.
    pub tested: usize,
    /// Steps of the search for a function in its own context.
    pub context_walk: u32,
    /// Copies that are followed from a condition to the constant or parameter that it tests.
    pub definite_walk: usize,
    /// Calls that are followed from a registration up to an entry module.
    pub startup_walk: usize,
    /// Places that the search for a more certain path looks at.
    pub certain_walk: usize,
    /// Sets of conditions that the search for the path with the fewest looks into.
    pub condition_sets: usize,
    /// Elements that are passed on as `*args` beyond this index are no longer told apart: `f(1, *args)` in `f` moves them
    /// without end.
    pub elements: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            contexts: 512,
            depth: 48,
            recursion: 3,
            strings: 32,
            string_depth: 8,
            string_length: 512,
            tested: 4,
            elements: 64,
            context_walk: 256,
            definite_walk: 16,
            startup_walk: 256,
            certain_walk: 20_000,
            condition_sets: 2_000,
        }
    }
}

/// Limits that were hit.
#[derive(Default)]
pub(super) struct Caps {
    /// How often, by name.
    counts: FxHashMap<&'static str, usize>,
    /// Where, for those that count once for each place.
    places: FxHashSet<(&'static str, u32)>,
}

impl Solver<'_> {
    /// Counts a limit that was hit.
    pub(crate) fn cap(&self, name: &'static str) {
        *self.caps().counts.entry(name).or_insert(0) += 1;
    }

    /// Counts a limit that was hit at a place (a function, a variable), once for each place.
    pub(super) fn cap_at(&self, name: &'static str, place: u32) {
        let mut caps = self.caps();
        if caps.places.insert((name, place)) {
            *caps.counts.entry(name).or_insert(0) += 1;
        }
    }

    fn caps(&self) -> MutexGuard<'_, Caps> {
        // Counters are whole whatever a thread that panicked was doing.
        self.caps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Limits that were hit and how often, by name.
    pub fn caps_hit(&self) -> Vec<(String, usize)> {
        let mut caps: Vec<(String, usize)> =
            self.caps().counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        caps.sort();
        caps
    }
}
