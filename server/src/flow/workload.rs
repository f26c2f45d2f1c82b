//! What the workers of the count hold and do, for metrics.
//!
//! **Invariant:** telling it is some additions an epoch and takes no lock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

/// Of all workers of this process. A clone is another handle to the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workload(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    workers: AtomicUsize,
    under_way: AtomicUsize,
    busy_nanos: AtomicU64,
    tags: AtomicUsize,
    panes: AtomicUsize,
    entries: AtomicUsize,
}

/// What is held in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) tags: usize,
    /// Of all key groups, each of which has its own.
    pub(crate) panes: usize,
    /// Tags in panes, of one slice each.
    pub(crate) entries: usize,
}

impl Workload {
    /// Threads that count.
    pub(crate) fn workers(&self) -> usize {
        self.0.workers.load(Relaxed)
    }

    /// Epochs that were given to the workers and of which not all results are out.
    pub(crate) fn under_way(&self) -> usize {
        self.0.under_way.load(Relaxed)
    }

    /// How long all workers together have counted and answered.
    pub(crate) fn busy(&self) -> Duration {
        Duration::from_nanos(self.0.busy_nanos.load(Relaxed))
    }

    pub(crate) fn held(&self) -> Held {
        Held {
            tags: self.0.tags.load(Relaxed),
            panes: self.0.panes.load(Relaxed),
            entries: self.0.entries.load(Relaxed),
        }
    }

    pub(super) fn set_under_way(&self, epochs: usize) {
        self.0.under_way.store(epochs, Relaxed);
    }

    /// One more worker, until what is given is dropped.
    pub(super) fn worker(&self) -> Working {
        self.0.workers.fetch_add(1, Relaxed);
        Working {
            whole: self.clone(),
            held: Held::default(),
        }
    }
}

/// A worker's part of it.
#[derive(Debug)]
pub(super) struct Working {
    whole: Workload,
    held: Held,
}

impl Working {
    pub(super) fn holds(&mut self, now: Held) {
        let (inner, before) = (&*self.whole.0, self.held);
        // The sum is never below zero, whatever the order in which its parts are seen.
        let set = |sum: &AtomicUsize, before: usize, now: usize| {
            sum.fetch_add(now.wrapping_sub(before), Relaxed);
        };
        set(&inner.tags, before.tags, now.tags);
        set(&inner.panes, before.panes, now.panes);
        set(&inner.entries, before.entries, now.entries);
        self.held = now;
    }

    pub(super) fn was_busy(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.whole.0.busy_nanos.fetch_add(nanos, Relaxed);
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.holds(Held::default());
        self.whole.0.workers.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_workers_hold_is_added_up_and_gone_with_them() {
        let workload = Workload::default();
        let (mut one, mut other) = (workload.worker(), workload.worker());
        let held = |tags| Held {
            tags,
            panes: 2 * tags,
            entries: 3 * tags,
        };
        one.holds(held(5));
        other.holds(held(2));
        one.holds(held(3));
        assert_eq!((workload.workers(), workload.held()), (2, held(5)));
        drop(one);
        assert_eq!((workload.workers(), workload.held()), (1, held(2)));
    }
}
