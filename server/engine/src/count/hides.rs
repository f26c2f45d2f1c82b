//! Which tags are not shown.

use std::collections::HashSet;

use crate::key::Key;

/// Tags that take no rank. What is counted of all tags has them in it.
pub trait Hides {
    fn hides(&self, key: &Key) -> bool;
}

impl Hides for HashSet<Key> {
    fn hides(&self, key: &Key) -> bool {
        self.contains(key)
    }
}
