//! The right to deliver under a key.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tokio::sync::watch;

use super::known::{Known, lock};
use crate::store::{DeliveryKey, Receipt, StoreError};

/// What a key is to whoever delivers under it.
#[derive(Debug)]
pub(crate) enum Claimed {
    New(Claim),
    /// It was delivered under before, and this came of it.
    Before(Receipt),
}

/// Why a key cannot be claimed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimError {
    #[error("there are too many keys already")]
    Full,
    #[error("what came of it cannot be read: {0}")]
    Store(#[from] StoreError),
    #[error("what came of it was not read: {0}")]
    Ending(#[from] io::Error),
    #[error("another process, which may know it, is away or behind")]
    Away,
}

/// The key is free again when this is dropped unkept.
#[derive(Debug)]
pub(crate) struct Claim {
    key: DeliveryKey,
    known: Arc<Mutex<Known>>,
    /// Nothing is ever sent: whoever waits sees it go.
    _over: watch::Sender<()>,
}

impl Claim {
    pub(super) fn new(key: DeliveryKey, known: Arc<Mutex<Known>>, over: watch::Sender<()>) -> Self {
        Self {
            key,
            known,
            _over: over,
        }
    }

    pub(in crate::epoch) fn key(&self) -> DeliveryKey {
        self.key
    }

    /// Its posts and its receipt are sealed.
    pub(in crate::epoch) fn keep(self, at: u64) {
        lock(&self.known).insert(at, self.key);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        lock(&self.known).end(self.key);
    }
}
