//! What the commits of a file have cost since the program started.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use crate::durations::Durations;

#[derive(Clone, Debug, Default)]
pub(crate) struct Commits(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    took: Durations,
    bytes: AtomicU64,
}

impl Commits {
    /// One more, with so many bytes of values.
    pub(super) fn add(&self, begun: Instant, bytes: usize) {
        self.0.took.add(begun.elapsed());
        self.0.bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// How many there were, and how long each took.
    pub(crate) fn took(&self) -> &Durations {
        &self.0.took
    }

    /// Of values, before redb makes pages of them.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.bytes.load(Relaxed)
    }
}
