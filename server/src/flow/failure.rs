//! How the count ends, or a generation of it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering::Acquire, Ordering::Release},
};

use super::refusal::Refusal;
use crate::store::StoreError;

/// Why a generation cannot start, or has ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlowError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(
        "the data directory cannot be read ({0}): restore it from a backup, or begin anew with another --data"
    )]
    Store(#[from] StoreError),
    #[error(
        "state.redb cannot be written ({0}): make room there, then start again; what is sealed is safe"
    )]
    State(#[source] StoreError),
    #[error("a worker of the count has stopped: {0}")]
    Worker(String),
    /// A cluster's next generation waits for it.
    #[error("process {process} of the cluster is gone ({why})")]
    Lost { process: usize, why: String },
}

/// Threads of one process do not see each other end: one that fails says so, and the others, which
/// would wait for it for ever, end with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Failure {
    /// The first thing that went wrong.
    first: Arc<Mutex<Option<FlowError>>>,
    told: Arc<AtomicBool>,
}

impl Failure {
    pub(super) fn tell(&self, failure: FlowError) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        // What comes after the end is part of it.
        if !self.is_told() {
            *first = Some(failure);
        }
        self.told.store(true, Release);
    }

    /// All shall leave, and nothing is wrong.
    pub(super) fn leave(&self) {
        let _first = self.first.lock();
        self.told.store(true, Release);
    }

    pub(super) fn take(&self) -> Option<FlowError> {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.take()
    }

    pub(super) fn is_told(&self) -> bool {
        self.told.load(Acquire)
    }
}
