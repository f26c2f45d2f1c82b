//! What is shown of tags, and as what.

use std::collections::HashSet;

use super::sets::{NO_SETS, Set, Sets};
use crate::key::Key;

/// Tags that take no rank, or take one together. What is counted of all tags has them in it.
pub trait Hides {
    fn hides(&self, key: &Key) -> bool;

    /// The tags that are shown as one, if that is not hidden. Whether the others are does not matter.
    fn sets(&self) -> &Sets {
        &NO_SETS
    }

    /// Whether a tag is not shown, neither by itself nor as another.
    fn is_hidden(&self, key: &Key) -> bool {
        self.hides(self.sets().shown_as(key))
    }

    /// Of these, those that are shown.
    fn shown_sets(&self) -> impl Iterator<Item = &Set> {
        self.sets().iter().filter(|set| !self.hides(&set.target))
    }
}

impl Hides for HashSet<Key> {
    fn hides(&self, key: &Key) -> bool {
        self.contains(key)
    }
}
