//! What the sealer has counted since the program started, for metrics.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// Cloning shares the numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Retractions(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    posts: AtomicU64,
    unknown: AtomicU64,
}

impl Retractions {
    /// Posts that were taken out of the counts again.
    pub(crate) fn posts(&self) -> u64 {
        self.0.posts.load(Relaxed)
    }

    /// Deletions of posts that are not remembered: too old, without a tag, or never read.
    pub(crate) fn unknown(&self) -> u64 {
        self.0.unknown.load(Relaxed)
    }

    pub(super) fn retracted(&self, posts: u64) {
        self.0.posts.fetch_add(posts, Relaxed);
    }

    pub(super) fn passed_over(&self, deletions: u64) {
        self.0.unknown.fetch_add(deletions, Relaxed);
    }
}
