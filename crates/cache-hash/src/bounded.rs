//! A map with a limit, for programs that live for days.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// A map that forgets what was inserted longest ago when the weights of its values would exceed
/// its limit.
pub(crate) struct Bounded<K, V> {
    limit: usize,
    weight: usize,
    inserted: u64,
    slots: HashMap<K, Slot<V>>,
    by_age: BTreeMap<u64, K>,
}

struct Slot<V> {
    value: V,
    weight: usize,
    age: u64,
}

impl<K: Hash + Eq + Clone, V> Bounded<K, V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, weight: 0, inserted: 0, slots: HashMap::new(), by_age: BTreeMap::new() }
    }

    pub(crate) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.slots.get(key).map(|slot| &slot.value)
    }

    /// Inserts a value, or replaces the one that `key` has. A value that is heavier than the limit
    /// leaves the map without one for `key`.
    pub(crate) fn insert(&mut self, key: K, value: V, weight: usize) {
        self.remove(&key);
        if weight > self.limit {
            return;
        }
        while self.weight > self.limit - weight {
            let Some((_, oldest)) = self.by_age.pop_first() else { break };
            self.remove(&oldest);
        }
        self.inserted += 1;
        self.weight += weight;
        self.by_age.insert(self.inserted, key.clone());
        self.slots.insert(key, Slot { value, weight, age: self.inserted });
    }

    fn remove(&mut self, key: &K) {
        if let Some(slot) = self.slots.remove(key) {
            self.weight -= slot.weight;
            self.by_age.remove(&slot.age);
        }
    }
}

#[cfg(test)]
mod tests;
