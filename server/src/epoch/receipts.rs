//! The keys under which posts were delivered, so that a repeat is told from what is new.
//!
//! **Invariants:** of those who deliver under the same key at the same time one does, and the others wait
//! for what becomes of it. A key is known from the commit on that its posts are in, in this run and the
//! next, for [`KEPT`] at least. There are at most [`MOST`] of them.

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, task::spawn_blocking};

use super::clock;
use crate::store::{DeliveryKey, Log, Receipt, StoreError};

/// For so long a repeat is known.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Stored receipts stay longer than they are known, so that none leaves under whoever reads it.
const STORED: Duration = Duration::from_secs(25 * 60 * 60);

/// Keys known at once, about six a second for a day; some 60 bytes of memory each.
const MOST: usize = if cfg!(test) { 8 } else { 500_000 };

/// A clone is another handle to the same.
#[derive(Clone, Debug)]
pub(crate) struct Receipts {
    log: Arc<Log>,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// Not sealed yet; over when the sender is gone.
    open: HashMap<DeliveryKey, watch::Receiver<()>>,
    /// With when they were sealed.
    sealed: HashMap<DeliveryKey, u64>,
    /// In the order in which they leave.
    order: VecDeque<(u64, DeliveryKey)>,
}

/// What a key is to whoever delivers under it.
#[derive(Debug)]
pub(crate) enum Claimed {
    New(Claim),
    /// It was delivered under before, and this came of it.
    Before(Receipt),
}

/// The right to deliver under a key. The key is free again when this is dropped unkept.
#[derive(Debug)]
pub(crate) struct Claim {
    key: DeliveryKey,
    known: Arc<Mutex<Known>>,
    /// Nothing is ever sent: whoever waits sees it go.
    _over: watch::Sender<()>,
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
        })
    }

    /// Waits while somebody else delivers under this key.
    pub(crate) async fn claim(&self, key: DeliveryKey) -> Result<Claimed, ClaimError> {
        loop {
            let (sealed, first) = {
                let mut known = lock(&self.known);
                known.forget(clock::now());
                let sealed = known.sealed.get(&key).copied();
                match (sealed, known.open.get(&key)) {
                    (None, None) => return self.open(&mut known, key).map(Claimed::New),
                    (sealed, first) => (sealed, first.cloned()),
                }
            };
            if let Some(at) = sealed {
                let log = self.log.clone();
                let read = spawn_blocking(move || log.receipt(at, key)).await;
                let read = read.map_err(io::Error::other)??;
                let missing = StoreError::Damaged("a receipt is not there");
                return Ok(Claimed::Before(read.ok_or(missing)?));
            }
            if let Some(mut first) = first {
                // An error is that it is over.
                let _ = first.changed().await;
            }
        }
    }

    fn open(&self, known: &mut Known, key: DeliveryKey) -> Result<Claim, ClaimError> {
        if known.open.len() + known.sealed.len() >= MOST {
            return Err(ClaimError::Full);
        }
        let (over, waiting) = watch::channel(());
        known.open.insert(key, waiting);
        Ok(Claim {
            key,
            known: self.known.clone(),
            _over: over,
        })
    }

    /// When what is sealed now is sealed: not before what was sealed earlier, whatever the clock says.
    pub(super) fn now(&self) -> u64 {
        let newest = lock(&self.known).order.back().map_or(0, |(at, _)| *at);
        clock::now().max(newest)
    }

    /// What was sealed up to this time can leave the store, at the time `now`.
    pub(super) fn expired(now: u64) -> u64 {
        now.saturating_sub(STORED.as_millis() as u64)
    }
}

impl Claim {
    pub(super) fn key(&self) -> DeliveryKey {
        self.key
    }

    /// Its posts and its receipt are sealed.
    pub(super) fn keep(self, at: u64) {
        lock(&self.known).insert(at, self.key);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        lock(&self.known).open.remove(&self.key);
    }
}

impl Known {
    fn insert(&mut self, at: u64, key: DeliveryKey) {
        self.sealed.insert(key, at);
        self.order.push_back((at, key));
    }

    fn forget(&mut self, now: u64) {
        let expired = now.saturating_sub(KEPT.as_millis() as u64);
        while let Some((at, key)) = self.order.pop_front_if(|(at, _)| *at <= expired) {
            // It may have been delivered under again since.
            if self.sealed.get(&key) == Some(&at) {
                self.sealed.remove(&key);
            }
        }
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use model::Epoch;

    use super::*;
    use crate::{source::Taken, store::SealedReceipts};

    fn receipts() -> Receipts {
        Receipts::load(Arc::new(Log::in_memory())).unwrap()
    }

    fn seal(receipts: &Receipts, claim: Claim, at: u64) {
        let receipt = Receipt {
            digest: [7; 32],
            epoch: Epoch(1),
            taken: Taken::default(),
        };
        let sealed = SealedReceipts {
            at,
            fresh: vec![(claim.key(), receipt)],
            expired: 0,
        };
        receipts
            .log
            .seal(&[], &[], &sealed, Epoch(0), Epoch(0))
            .unwrap();
        claim.keep(at);
    }

    async fn new(receipts: &Receipts, key: u128) -> Claim {
        match receipts.claim(DeliveryKey(key)).await {
            Ok(Claimed::New(claim)) => claim,
            other => panic!("{key} is not new: {other:?}"),
        }
    }

    async fn is_known(receipts: &Receipts, key: u128) -> bool {
        let claimed = receipts.claim(DeliveryKey(key)).await.unwrap();
        matches!(claimed, Claimed::Before(_))
    }

    #[tokio::test]
    async fn a_repeat_waits_for_the_first_and_is_told_what_came_of_it() {
        let receipts = receipts();
        let first = new(&receipts, 1).await;
        let repeat = tokio::spawn({
            let receipts = receipts.clone();
            async move { is_known(&receipts, 1).await }
        });
        new(&receipts, 2).await;
        assert!(!repeat.is_finished());
        seal(&receipts, first, clock::now());
        assert!(repeat.await.unwrap());
    }

    #[tokio::test]
    async fn a_key_that_came_to_nothing_is_free() {
        let receipts = receipts();
        drop(new(&receipts, 1).await);
        new(&receipts, 1).await;
    }

    #[tokio::test]
    async fn it_is_known_for_a_day_in_the_next_run_too() {
        let receipts = receipts();
        let now = clock::now();
        for (key, age) in [
            (1, KEPT + Duration::from_secs(1)),
            (2, KEPT - Duration::from_secs(60)),
        ] {
            let claim = new(&receipts, key).await;
            seal(&receipts, claim, now - age.as_millis() as u64);
        }
        let again = Receipts::load(receipts.log.clone()).unwrap();
        for receipts in [receipts, again] {
            assert!(is_known(&receipts, 2).await);
            assert!(!is_known(&receipts, 1).await);
        }
    }

    #[tokio::test]
    async fn there_is_a_limit_that_time_lifts() {
        let receipts = receipts();
        let old = clock::now() - KEPT.as_millis() as u64;
        let mut open = Vec::new();
        for key in 0..MOST as u128 {
            open.push(new(&receipts, key).await);
        }
        let error = receipts.claim(DeliveryKey(100)).await.unwrap_err();
        assert!(matches!(error, ClaimError::Full), "{error}");
        for claim in open {
            seal(&receipts, claim, old);
        }
        new(&receipts, 100).await;
    }

    #[test]
    fn what_is_sealed_later_is_not_earlier() {
        let receipts = receipts();
        let ahead = clock::now() + 10_000;
        lock(&receipts.known).insert(ahead, DeliveryKey(1));
        assert_eq!(receipts.now(), ahead);
    }
}
