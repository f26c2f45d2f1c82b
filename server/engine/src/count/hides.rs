//! What is shown of tags, and as what.

use std::collections::HashSet;

use super::sets::{NO_SETS, Sets};
use crate::key::Key;

/// Tags that take no rank, or take one together. What is counted of all tags has them in it.
pub trait Hides {
    fn hides(&self, key: &Key) -> bool;

    /// The tags that are shown as one, if that is not hidden. Whether the others are does not matter.
    fn sets(&self) -> &Sets {
        &NO_SETS
    }
}

impl Hides for HashSet<Key> {
    fn hides(&self, key: &Key) -> bool {
        self.contains(key)
    }
}
