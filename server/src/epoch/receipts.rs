//! The keys under which posts were delivered, so that a repeat is told from what is new.
//!
//! **Invariants:** of those who deliver under the same key at the same time one does, and the others wait
//! for what becomes of it. A key is known from the commit on that its posts are in, in this run and the
//! next, for [`KEPT`] at least. There are at most [`MOST`] of them.
//!
//! In a cluster each process keeps the keys that were delivered under to it. Who claims one asks all of them, through
//! the dataflow, in whose order one question is the first everywhere: its asker may deliver, and the others are
//! told to wait until he says that it is over. So a key counts once wherever it arrives, and nobody delivers
//! under one while a process is away that may know it.

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{sleep, timeout},
};

use super::clock;
use crate::{
    flow::Asker,
    store::{DeliveryKey, Log, Receipt, StoreError},
};

/// For so long a repeat is known.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Stored receipts stay longer than they are known, so that none leaves under whoever reads it.
const STORED: Duration = Duration::from_secs(25 * 60 * 60);

/// Keys known at once, about six a second for a day; some 60 bytes of memory each.
const MOST: usize = if cfg!(test) { 8 } else { 500_000 };

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

/// What a process knows of a key. Of what several know the greatest holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeyState {
    Unknown,
    /// Somebody delivers under it.
    Open,
    Sealed(Receipt),
}

#[derive(Debug, Default)]
struct Known {
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

/// What a key is to whoever delivers under it.
#[derive(Debug)]
pub(crate) enum Claimed {
    New(Claim),
    /// It was delivered under before, and this came of it.
    Before(Receipt),
}

/// The same of this process alone.
enum Standing {
    New(Claim),
    /// Until the sender is gone.
    Open(watch::Receiver<()>),
    /// With when.
    Sealed(u64),
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
    #[error("another process, which may know it, is away or behind")]
    Away,
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
        lock(&self.known).closed = Some(Vec::new());
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
        if let Some(at) = known.sealed.get(&key) {
            return Ok(Standing::Sealed(*at));
        }
        match known.open.get(&key) {
            Some(opened) => Ok(Standing::Open(opened.over.clone())),
            None => self.open(&mut known, key).map(Standing::New),
        }
    }

    /// Waits while somebody delivers under it on another process.
    async fn elsewhere(&self, claim: Claim) -> Result<Claimed, ClaimError> {
        let Some(asker) = self.asker.get() else {
            return Ok(Claimed::New(claim));
        };
        loop {
            let asked = timeout(PATIENCE, asker.claim(claim.key)).await;
            match asked.ok().flatten() {
                Some(KeyState::Unknown) => return Ok(Claimed::New(claim)),
                Some(KeyState::Sealed(receipt)) => return Ok(Claimed::Before(receipt)),
                Some(KeyState::Open) => {
                    // It may be the first at some of the others.
                    lock(&self.known).close(claim.key);
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
            let is_open = known.open.get(&key).is_some_and(|opened| opened.granted);
            (known.sealed.get(&key).copied(), is_open)
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
        if let Some(opened) = lock(&self.known).open.get_mut(&key) {
            opened.granted = true;
        }
    }

    /// The keys that nobody delivers under here any more, since this was called last.
    pub(crate) fn closed(&self) -> Vec<DeliveryKey> {
        let mut known = lock(&self.known);
        known
            .closed
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    fn open(&self, known: &mut Known, key: DeliveryKey) -> Result<Claim, ClaimError> {
        if known.open.len() + known.sealed.len() >= MOST {
            return Err(ClaimError::Full);
        }
        let (sender, over) = watch::channel(());
        let granted = false;
        known.open.insert(key, Opened { over, granted });
        Ok(Claim {
            key,
            known: self.known.clone(),
            _over: sender,
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
        let mut known = lock(&self.known);
        known.open.remove(&self.key);
        known.close(self.key);
    }
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

impl Known {
    fn close(&mut self, key: DeliveryKey) {
        if let Some(closed) = &mut self.closed {
            closed.push(key);
        }
    }

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
    async fn others_are_told_what_is_open_what_is_sealed_and_what_is_over() {
        let receipts = receipts();
        lock(&receipts.known).closed = Some(Vec::new());
        let state = |key| receipts.state(DeliveryKey(key)).unwrap();
        let claim = new(&receipts, 1).await;
        assert_eq!(
            state(1),
            KeyState::Unknown,
            "who asks himself may be second"
        );
        receipts.grant(DeliveryKey(1));
        assert_eq!(state(1), KeyState::Open);
        seal(&receipts, claim, clock::now());
        assert!(matches!(state(1), KeyState::Sealed(_)));
        drop(new(&receipts, 2).await);
        assert_eq!(state(2), KeyState::Unknown);
        assert_eq!(receipts.closed(), [DeliveryKey(1), DeliveryKey(2)]);
        assert_eq!(receipts.closed(), [], "it is told once");
        let of_two = KeyState::Open.or(state(1)).or(KeyState::Unknown);
        assert_eq!(of_two, state(1));
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
