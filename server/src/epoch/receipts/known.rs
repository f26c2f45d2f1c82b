//! What this process knows of keys: which are delivered under now, and which were.

use std::{
    collections::{HashMap, VecDeque},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::store::{DeliveryKey, Receipt};

/// For so long a repeat is known.
pub(super) const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Keys known at once, about six a second for a day; some 60 bytes of memory each.
pub(super) const MOST: usize = if cfg!(test) { 8 } else { 500_000 };

/// What a process knows of a key. Of what several know the greatest holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeyState {
    Unknown,
    /// Somebody delivers under it.
    Open,
    Sealed(Receipt),
}

impl KeyState {
    /// Of two processes.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (sealed @ Self::Sealed(_), _) | (_, sealed @ Self::Sealed(_)) => sealed,
            (Self::Open, _) | (_, Self::Open) => Self::Open,
            (Self::Unknown, Self::Unknown) => Self::Unknown,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Known {
    /// Not sealed yet.
    open: HashMap<DeliveryKey, Opened>,
    /// No longer open, since the other processes were told last; `None`: there are none.
    closed: Option<Vec<DeliveryKey>>,
    /// With when they were sealed.
    sealed: HashMap<DeliveryKey, u64>,
    /// In the order in which they leave.
    order: VecDeque<(u64, DeliveryKey)>,
}

#[derive(Debug)]
struct Opened {
    /// Over when the sender is gone.
    over: watch::Receiver<()>,
    /// No other process knows it.
    granted: bool,
}

impl Known {
    /// Somebody delivers under it until the sender is dropped; `None`: there are too many keys already.
    pub(super) fn open(&mut self, key: DeliveryKey) -> Option<watch::Sender<()>> {
        if self.open.len() + self.sealed.len() >= MOST {
            return None;
        }
        let (sender, over) = watch::channel(());
        let granted = false;
        self.open.insert(key, Opened { over, granted });
        Some(sender)
    }

    /// Where somebody delivers under it: sees when that is over.
    pub(super) fn opened(&self, key: DeliveryKey) -> Option<watch::Receiver<()>> {
        Some(self.open.get(&key)?.over.clone())
    }

    /// No other process knows it.
    pub(super) fn grant(&mut self, key: DeliveryKey) {
        if let Some(opened) = self.open.get_mut(&key) {
            opened.granted = true;
        }
    }

    /// Whether somebody delivers under it who may.
    pub(super) fn is_granted(&self, key: DeliveryKey) -> bool {
        self.open.get(&key).is_some_and(|opened| opened.granted)
    }

    /// Nobody delivers under it any more.
    pub(super) fn end(&mut self, key: DeliveryKey) {
        self.open.remove(&key);
        self.close(key);
    }

    /// The other processes need not wait for it any more.
    pub(super) fn close(&mut self, key: DeliveryKey) {
        if let Some(closed) = &mut self.closed {
            closed.push(key);
        }
    }

    /// From now on what is closed is kept for [`Known::closed`].
    pub(super) fn keep_closed(&mut self) {
        self.closed = Some(Vec::new());
    }

    /// What was closed since this was called last.
    pub(super) fn closed(&mut self) -> Vec<DeliveryKey> {
        self.closed.as_mut().map(mem::take).unwrap_or_default()
    }

    pub(super) fn insert(&mut self, at: u64, key: DeliveryKey) {
        self.sealed.insert(key, at);
        self.order.push_back((at, key));
    }

    pub(super) fn sealed_at(&self, key: DeliveryKey) -> Option<u64> {
        self.sealed.get(&key).copied()
    }

    /// When the newest was sealed; 0 before the first.
    pub(super) fn newest(&self) -> u64 {
        self.order.back().map_or(0, |(at, _)| *at)
    }

    pub(super) fn forget(&mut self, now: u64) {
        let expired = now.saturating_sub(KEPT.as_millis() as u64);
        while let Some((at, key)) = self.order.pop_front_if(|(at, _)| *at <= expired) {
            // It may have been delivered under again since.
            if self.sealed.get(&key) == Some(&at) {
                self.sealed.remove(&key);
            }
        }
    }
}

pub(super) fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
