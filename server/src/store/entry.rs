//! What a seal makes durable.

use engine::count::{Author, Deltas};
use model::Epoch;
use serde::{Deserialize, Serialize};

/// A closed epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedEpoch {
    pub(crate) epoch: Epoch,
    pub(crate) deltas: Deltas,
    /// What must be remembered of its posts so that they can be retracted, in the bytes of whoever
    /// remembers them.
    pub(crate) remembered: Vec<u8>,
    pub(crate) taken_back: TakenBack,
}

/// What an epoch takes back that other processes of a cluster may have read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TakenBack {
    /// As hashes.
    pub(crate) posts: Vec<u64>,
    /// Whose posts are all taken back.
    pub(crate) authors: Vec<Author>,
}

impl TakenBack {
    pub(crate) fn is_empty(&self) -> bool {
        self.posts.is_empty() && self.authors.is_empty()
    }

    pub(super) fn join(&mut self, other: Self) {
        self.posts.extend(other.posts);
        self.authors.extend(other.authors);
    }
}
