//! The newest counts, for whoever shows them: an immutable value an epoch, read without a lock that
//! the counting side would wait for.

use std::{sync::Arc, time::Duration};

use model::{Epoch, Top, Window};
use tokio::{sync::watch, time::Instant};

use crate::epoch::Sealed;

/// How many rows a top holds at most.
pub(crate) const MAX_ROWS: usize = 100;

/// What was counted when one epoch closed.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) epoch: Epoch,
    /// One of each window, with up to [`MAX_ROWS`] rows.
    tops: Vec<Top>,
}

impl Results {
    /// `tops` holds one of each window.
    pub(crate) fn new(epoch: Epoch, tops: Vec<Top>) -> Self {
        debug_assert!(
            Window::ALL
                .iter()
                .all(|w| tops.iter().any(|top| top.window == *w))
        );
        Self { epoch, tops }
    }

    pub(crate) fn top(&self, window: Window) -> &Top {
        let found = self.tops.iter().find(|top| top.window == window);
        found.unwrap_or(&self.tops[0])
    }
}

/// The reading side of the count.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    results: watch::Receiver<Option<Arc<Results>>>,
    sealed: watch::Receiver<Option<Sealed>>,
    /// For how long results may lag behind the seal and still be called current.
    grace: Duration,
}

impl Live {
    pub(crate) fn new(
        results: watch::Receiver<Option<Arc<Results>>>,
        sealed: watch::Receiver<Option<Sealed>>,
        grace: Duration,
    ) -> Self {
        Self {
            results,
            sealed,
            grace,
        }
    }

    /// `None` while the program is starting.
    pub(crate) fn newest(&self) -> Option<Arc<Results>> {
        self.results.borrow().clone()
    }

    /// Whether what is shown is what is sealed, give or take the time that counting takes.
    pub(crate) fn is_current(&self) -> bool {
        self.newest().is_some() && !self.is_behind()
    }

    /// Whether something sealed has been waiting to be counted for too long.
    pub(crate) fn is_behind(&self) -> bool {
        let shown = self.newest().map(|results| results.epoch);
        self.sealed.borrow().is_some_and(|sealed| {
            let in_time = |since: Instant| since.elapsed() < self.grace;
            shown.is_none_or(|shown| shown < sealed.epoch)
                && !sealed.behind_since.is_some_and(in_time)
        })
    }

    /// Waits for results newer than the last ones this handle waited for; `None` at the end of the
    /// program.
    pub(crate) async fn next(&mut self) -> Option<Arc<Results>> {
        loop {
            self.results.changed().await.ok()?;
            if let Some(results) = self.results.borrow_and_update().clone() {
                return Some(results);
            }
        }
    }
}
