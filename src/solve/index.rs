//! Entries of a table found by their content: only their numbers are hashed, the content stands in the table alone.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;
use std::hash::{BuildHasher, Hash};

/// The hash of what an entry is found by.
#[inline]
pub(super) fn hash_of(content: &impl Hash) -> u64 {
    FxBuildHasher.hash_one(content)
}

/// The numbers of the entries of a table, each of which has another content.
#[derive(Default)]
pub(super) struct Index {
    numbers: HashTable<u32>,
}

impl Index {
    /// Makes room for so many more entries; `hash` gives the hash of an entry that is there already.
    pub fn reserve(&mut self, count: usize, hash: impl Fn(u32) -> u64) {
        self.numbers.reserve(count, |&number| hash(number));
    }

    /// The number of the entry with this hash that is the `same`.
    #[inline]
    pub fn find(&self, hash: u64, same: impl Fn(u32) -> bool) -> Option<u32> {
        self.numbers.find(hash, |&number| same(number)).copied()
    }

    /// The same; where there is none, `next` becomes the number of a new entry, which the caller adds to the table. `hash` gives
    /// the hash of an entry that is there already.
    #[inline]
    pub fn find_or_add(
        &mut self,
        of: u64,
        next: u32,
        same: impl Fn(u32) -> bool,
        hash: impl Fn(u32) -> u64,
    ) -> Option<u32> {
        match self.numbers.entry(of, |&number| same(number), |&number| hash(number)) {
            Entry::Occupied(entry) => Some(*entry.get()),
            Entry::Vacant(entry) => {
                entry.insert(next);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_content_and_never_twice() {
        let (mut table, mut index): (Vec<u64>, _) = (Vec::new(), Index::default());
        // All hashes are the same: the content decides.
        for content in (0..100).chain(0..100) {
            let next = table.len() as u32;
            let found = index.find_or_add(7, next, |number| table[number as usize] == content, |_| 7);
            match found {
                Some(number) => assert_eq!(table[number as usize], content),
                None => table.push(content),
            }
        }
        assert_eq!(table, (0..100).collect::<Vec<u64>>());
        assert_eq!(index.find(7, |number| table[number as usize] == 42), Some(42));
        assert_eq!(index.find(7, |number| table[number as usize] == 100), None);
    }
}
