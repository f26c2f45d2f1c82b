use std::{cmp::Reverse, collections::BTreeSet, collections::HashMap};

use crate::key::Key;

/// Counts by key, always in order: the cost of a change does not depend on how many keys there are,
/// but for a logarithm.
#[derive(Debug, Default)]
pub(crate) struct Ranked {
    counts: HashMap<Key, u64>,
    /// Highest count first, equal counts by key.
    order: BTreeSet<(Reverse<u64>, Key)>,
    sum: u64,
}

impl Ranked {
    pub(crate) fn add(&mut self, key: &Key, more: u64) {
        if more == 0 {
            return;
        }
        self.sum += more;
        match self.counts.get_mut(key) {
            Some(count) => {
                self.order.remove(&(Reverse(*count), key.clone()));
                *count += more;
                self.order.insert((Reverse(*count), key.clone()));
            }
            None => {
                self.counts.insert(key.clone(), more);
                self.order.insert((Reverse(more), key.clone()));
            }
        }
    }

    /// Takes back what was added before; a key with nothing left is forgotten.
    pub(crate) fn subtract(&mut self, key: &Key, less: u64) {
        let Some(count) = self.counts.get_mut(key) else {
            debug_assert!(less == 0, "taken back: a key that was never added");
            return;
        };
        debug_assert!(less <= *count, "taken back: more than was added");
        let less = less.min(*count);
        self.order.remove(&(Reverse(*count), key.clone()));
        *count -= less;
        self.sum -= less;
        if *count == 0 {
            self.counts.remove(key);
        } else {
            self.order.insert((Reverse(*count), key.clone()));
        }
    }

    pub(crate) fn get(&self, key: &Key) -> u64 {
        self.counts.get(key).copied().unwrap_or(0)
    }

    /// Of all keys together.
    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }

    /// How many keys have a count.
    pub(crate) fn len(&self) -> u64 {
        self.counts.len() as u64
    }

    pub(crate) fn best(&self, k: usize) -> impl Iterator<Item = (&Key, u64)> {
        self.order.iter().take(k).map(|(count, key)| (key, count.0))
    }
}
