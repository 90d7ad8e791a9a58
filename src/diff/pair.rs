//! Pairing what two sides have in common.

use std::collections::BTreeMap;

/// What was paired, and what is left on either side, all in the order in which it came.
#[derive(Debug)]
pub(super) struct Pairs<'a, T> {
    /// Old and new.
    pub(super) both: Vec<(&'a T, &'a T)>,
    /// What has no partner on the new side.
    pub(super) old: Vec<&'a T>,
    /// What has no partner on the old side.
    pub(super) new: Vec<&'a T>,
}

impl<'a, T> Pairs<'a, T> {
    /// Nothing paired yet.
    pub(super) fn new(old: impl IntoIterator<Item = &'a T>, new: impl IntoIterator<Item = &'a T>) -> Self {
        Self { both: Vec::new(), old: old.into_iter().collect(), new: new.into_iter().collect() }
    }

    /// Pairs what has the same key, in order where several have it; what has no key stays.
    pub(super) fn by<K: Ord>(&mut self, key: impl Fn(&'a T) -> Option<K>) {
        let mut waiting: BTreeMap<K, Vec<&'a T>> = BTreeMap::new();
        for item in self.new.iter().rev() {
            if let Some(key) = key(item) {
                waiting.entry(key).or_default().push(item);
            }
        }
        let mut partners = Vec::new();
        self.old.retain(|old| {
            let partner = key(old).and_then(|key| waiting.get_mut(&key)).and_then(Vec::pop);
            partners.extend(partner.map(|new| (*old, new)));
            partner.is_none()
        });
        self.new.retain(|new| !partners.iter().any(|(_, partner)| std::ptr::eq(*partner, *new)));
        self.both.extend(partners);
    }

    /// Pairs what has the same key and is most alike, the most alike first.
    pub(super) fn by_likeness<K: Ord>(
        &mut self,
        key: impl Fn(&'a T) -> K,
        likeness: impl Fn(&'a T, &'a T) -> f64,
    ) {
        let mut candidates = Vec::new();
        for (o, old) in self.old.iter().enumerate() {
            for (n, new) in self.new.iter().enumerate() {
                if key(old) == key(new) {
                    candidates.push((likeness(old, new), o, n));
                }
            }
        }
        candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let (mut taken_old, mut taken_new) = (vec![false; self.old.len()], vec![false; self.new.len()]);
        for (_, o, n) in candidates {
            if !taken_old[o] && !taken_new[n] {
                (taken_old[o], taken_new[n]) = (true, true);
                self.both.push((self.old[o], self.new[n]));
            }
        }
        let rest = |items: &[&'a T], taken: &[bool]| {
            items.iter().zip(taken).filter(|(_, taken)| !**taken).map(|(item, _)| *item).collect()
        };
        self.old = rest(&self.old, &taken_old);
        self.new = rest(&self.new, &taken_new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_pair_in_order_and_the_rest_stays() {
        let (old, new) = (["a1", "b1", "a2", "c1"], ["a3", "c2", "d1", "c3"]);
        let mut pairs = Pairs::new(&old, &new);
        pairs.by(|name| name.chars().next());
        assert_eq!(pairs.both, [(&"a1", &"a3"), (&"c1", &"c2")]);
        assert_eq!(pairs.old, [&"b1", &"a2"]);
        assert_eq!(pairs.new, [&"d1", &"c3"]);
    }

    #[test]
    fn the_most_alike_pair_first() {
        let (old, new) = ([1.0, 5.0], [4.5, 9.0, 20.0]);
        let mut pairs = Pairs::new(&old, &new);
        pairs.by_likeness(|_| (), |a, b| -f64::abs(a - b));
        assert_eq!(pairs.both, [(&5.0, &4.5), (&1.0, &9.0)]);
        assert_eq!(pairs.new, [&20.0]);
    }
}
