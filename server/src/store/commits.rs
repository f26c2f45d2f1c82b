//! What the commits of a file have cost since the program started.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

#[derive(Clone, Debug, Default)]
pub(crate) struct Commits(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    number: AtomicU64,
    nanos: AtomicU64,
    bytes: AtomicU64,
}

impl Commits {
    /// One more, with so many bytes of values.
    pub(super) fn add(&self, begun: Instant, bytes: usize) {
        let nanos = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.number.fetch_add(1, Relaxed);
        self.0.nanos.fetch_add(nanos, Relaxed);
        self.0.bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn number(&self) -> u64 {
        self.0.number.load(Relaxed)
    }

    pub(crate) fn time(&self) -> Duration {
        Duration::from_nanos(self.0.nanos.load(Relaxed))
    }

    /// Of values, before redb makes pages of them.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.bytes.load(Relaxed)
    }
}
