//! The keys under which posts were delivered, so that a repeat is told from what is new.
//!
//! **Invariants:** of those who deliver under the same key at the same time one does, and the others wait
//! for what becomes of it. A key is known from the commit on that its posts are in, in this run and the
//! next, for [`known::KEPT`] at least. There are at most [`known::MOST`] of them.
//!
//! In a cluster each process keeps the keys that were delivered under to it. Who claims one asks all of them, through
//! the dataflow, in whose order one question is the first everywhere: its asker may deliver, and the others are
//! told to wait until he says that it is over. So a key counts once wherever it arrives, and nobody delivers
//! under one while a process is away that may know it.

use std::{
    io,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{sleep, timeout},
};

use super::clock;
use crate::{
    flow::Asker,
    store::{DeliveryKey, Log, StoreError},
};

mod claim;
mod known;
#[cfg(test)]
mod tests;

pub(crate) use claim::{Claim, ClaimError, Claimed};
pub(crate) use known::KeyState;
use known::{Known, lock};

/// Stored receipts stay longer than they are known, so that none leaves under whoever reads it.
const STORED: Duration = Duration::from_secs(25 * 60 * 60);

/// How long the other processes may take to say it: one that is behind holds up all.
const PATIENCE: Duration = Duration::from_secs(20);

/// After which somebody else is asked again who delivers under a key on another process.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// A clone is another handle to the same.
#[derive(Clone, Debug)]
pub(crate) struct Receipts {
    log: Arc<Log>,
    known: Arc<Mutex<Known>>,
    /// By whom the other processes are asked; not there where there are none.
    asker: Arc<OnceLock<Asker>>,
}

/// What a key is to whoever claims it, as this process alone knows.
enum Standing {
    New(Claim),
    /// Until the sender is gone.
    Open(watch::Receiver<()>),
    /// With when.
    Sealed(u64),
}

impl Receipts {
    /// As they were after the newest sealed epoch.
    pub(crate) fn load(log: Arc<Log>) -> Result<Self, StoreError> {
        let mut known = Known::default();
        log.receipts(|at, key, _| known.insert(at, key))?;
        known.forget(clock::now());
        Ok(Self {
            log,
            known: Arc::new(Mutex::new(known)),
            asker: Arc::default(),
        })
    }

    /// From now on the other processes of a cluster are asked too.
    pub(crate) fn ask(&self, asker: Asker) {
        lock(&self.known).keep_closed();
        // It is only done once.
        let _ = self.asker.set(asker);
    }

    /// Waits while somebody else delivers under this key.
    pub(crate) async fn claim(&self, key: DeliveryKey) -> Result<Claimed, ClaimError> {
        loop {
            match self.standing(key)? {
                Standing::New(claim) => return self.elsewhere(claim).await,
                Standing::Open(mut over) => {
                    // An error is that it is over.
                    let _ = over.changed().await;
                }
                Standing::Sealed(at) => {
                    let log = self.log.clone();
                    let read = spawn_blocking(move || log.receipt(at, key)).await;
                    let read = read.map_err(io::Error::other)??;
                    let missing = StoreError::Damaged("a receipt is not there");
                    return Ok(Claimed::Before(read.ok_or(missing)?));
                }
            }
        }
    }

    fn standing(&self, key: DeliveryKey) -> Result<Standing, ClaimError> {
        let mut known = lock(&self.known);
        known.forget(clock::now());
        if let Some(at) = known.sealed_at(key) {
            return Ok(Standing::Sealed(at));
        }
        if let Some(over) = known.opened(key) {
            return Ok(Standing::Open(over));
        }
        let over = known.open(key).ok_or(ClaimError::Full)?;
        Ok(Standing::New(Claim::new(key, self.known.clone(), over)))
    }

    /// Waits while somebody delivers under it on another process.
    async fn elsewhere(&self, claim: Claim) -> Result<Claimed, ClaimError> {
        let Some(asker) = self.asker.get() else {
            return Ok(Claimed::New(claim));
        };
        loop {
            let asked = timeout(PATIENCE, asker.claim(claim.key())).await;
            match asked.ok().flatten() {
                Some(KeyState::Unknown) => return Ok(Claimed::New(claim)),
                Some(KeyState::Sealed(receipt)) => return Ok(Claimed::Before(receipt)),
                Some(KeyState::Open) => {
                    // It may be the first at some of the others.
                    lock(&self.known).close(claim.key());
                    sleep(ASK_AGAIN).await;
                }
                None => return Err(ClaimError::Away),
            }
        }
    }

    /// What is known here of a key that another process claims.
    pub(crate) fn state(&self, key: DeliveryKey) -> Result<KeyState, StoreError> {
        let (sealed, is_open) = {
            let known = lock(&self.known);
            (known.sealed_at(key), known.is_granted(key))
        };
        let receipt = match sealed {
            Some(at) => self.log.receipt(at, key)?,
            None => None,
        };
        Ok(match receipt {
            Some(receipt) => KeyState::Sealed(receipt),
            None if is_open => KeyState::Open,
            None => KeyState::Unknown,
        })
    }

    /// Nobody knows it elsewhere: whoever claims it here may deliver.
    pub(crate) fn grant(&self, key: DeliveryKey) {
        lock(&self.known).grant(key);
    }

    /// The keys that nobody delivers under here any more, since this was called last.
    pub(crate) fn closed(&self) -> Vec<DeliveryKey> {
        lock(&self.known).closed()
    }

    /// When what is sealed now is sealed: not before what was sealed earlier, whatever the clock says.
    pub(super) fn now(&self) -> u64 {
        clock::now().max(lock(&self.known).newest())
    }

    /// What was sealed up to this time can leave the store, at the time `now`.
    pub(super) fn expired(now: u64) -> u64 {
        now.saturating_sub(STORED.as_millis() as u64)
    }
}
