//! Sets of conditions, each kept once: a condition is a number, and so is a set of them.

use rustc_hash::FxHashMap;

/// A set of conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SetId(u32);

impl SetId {
    /// The set without conditions.
    pub const EMPTY: SetId = SetId(0);

    /// Its place in [`Sets::free_of`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The sets that edges of the call graph have.
pub struct Sets {
    texts: Vec<String>,
    numbers: FxHashMap<String, u32>,
    sets: Vec<Box<[u32]>>,
    ids: FxHashMap<Box<[u32]>, SetId>,
}

impl Default for Sets {
    fn default() -> Sets {
        let ids = std::iter::once((Box::default(), SetId::EMPTY)).collect();
        Sets { texts: Vec::new(), numbers: FxHashMap::default(), sets: vec![Box::default()], ids }
    }
}

impl Sets {
    /// The set of some conditions, in any order.
    pub fn intern<'g>(&mut self, conditions: impl IntoIterator<Item = &'g String>) -> SetId {
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

    /// The conditions of a set, sorted.
    pub fn texts(&self, set: SetId) -> Vec<String> {
        self.worded(&self.sets[set.0 as usize])
    }

    fn worded(&self, numbers: &[u32]) -> Vec<String> {
        let mut texts: Vec<String> =
            numbers.iter().map(|&number| self.texts[number as usize].clone()).collect();
        texts.sort();
        texts
    }

    /// For each set, whether it holds none of some conditions.
    pub fn free_of(&self, conditions: &[String]) -> Vec<bool> {
        let numbers = self.numbers_of(conditions);
        self.sets.iter().map(|set| !set.iter().any(|number| numbers.contains(number))).collect()
    }

    /// For each set, whether it holds nothing but some conditions.
    pub fn within(&self, conditions: &[String]) -> Vec<bool> {
        let numbers = self.numbers_of(conditions);
        self.sets.iter().map(|set| set.iter().all(|number| numbers.contains(number))).collect()
    }

    fn numbers_of(&self, conditions: &[String]) -> Vec<u32> {
        conditions.iter().filter_map(|text| self.numbers.get(text).copied()).collect()
    }
}

/// Unions of sets, made as they are asked for. Conditions that are given are left out of all of them.
pub struct Unions<'s> {
    base: &'s Sets,
    given: Vec<u32>,
    /// Sets beyond those of the base.
    more: Vec<Box<[u32]>>,
    ids: FxHashMap<Box<[u32]>, SetId>,
    known: FxHashMap<(SetId, SetId), SetId>,
}

impl<'s> Unions<'s> {
    /// Unions without some conditions.
    pub fn without(base: &'s Sets, given: &[String]) -> Unions<'s> {
        let given = base.numbers_of(given);
        Unions { base, given, more: Vec::new(), ids: FxHashMap::default(), known: FxHashMap::default() }
    }

    fn numbers(&self, set: SetId) -> &[u32] {
        let number = set.0 as usize;
        self.base.sets.get(number).unwrap_or_else(|| &self.more[number - self.base.sets.len()])
    }

    /// Number of conditions in a set.
    pub fn len(&self, set: SetId) -> usize {
        self.numbers(set).len()
    }

    /// The conditions of a set, sorted.
    pub fn texts(&self, set: SetId) -> Vec<String> {
        self.base.worded(self.numbers(set))
    }

    /// What is in either set.
    pub fn of(&mut self, one: SetId, other: SetId) -> SetId {
        if other == SetId::EMPTY || (one == other && self.given.is_empty()) {
            return one;
        }
        let pair = (one, other);
        if let Some(&union) = self.known.get(&pair) {
            return union;
        }
        let both = self.numbers(one).iter().chain(self.numbers(other));
        let mut set: Vec<u32> = both.copied().filter(|number| !self.given.contains(number)).collect();
        set.sort_unstable();
        set.dedup();
        let union = self.intern(set.into());
        self.known.insert(pair, union);
        union
    }

    fn intern(&mut self, set: Box<[u32]>) -> SetId {
        if let Some(&id) = self.base.ids.get(&set) {
            return id;
        }
        let next = SetId((self.base.sets.len() + self.more.len()) as u32);
        *self.ids.entry(set).or_insert_with_key(|set| {
            self.more.push(set.clone());
            next
        })
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
        let mut sets = Sets::default();
        assert_eq!(sets.intern(&[]), SetId::EMPTY);
        let both = sets.intern(&texts(&["b", "a", "b"]));
        assert_eq!(sets.intern(&texts(&["a", "b"])), both);
        assert_eq!(sets.texts(both), ["a", "b"]);
        assert_eq!(sets.free_of(&texts(&["a", "unheard of"])), [true, false]);
    }

    #[test]
    fn a_union_counts_what_is_in_both_once() {
        let mut sets = Sets::default();
        let (ab, bc) = (sets.intern(&texts(&["a", "b"])), sets.intern(&texts(&["b", "c"])));
        let mut unions = Unions::without(&sets, &[]);
        let all = unions.of(ab, bc);
        assert_eq!(unions.texts(all), ["a", "b", "c"]);
        assert_eq!((unions.of(all, bc), unions.of(SetId::EMPTY, ab)), (all, ab));
        let mut unions = Unions::without(&sets, &texts(&["b"]));
        let all = unions.of(SetId::EMPTY, ab);
        let all = unions.of(all, bc);
        assert_eq!((unions.len(all), unions.texts(all)), (2, texts(&["a", "c"])));
    }
}
