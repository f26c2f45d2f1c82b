//! Where sources put their posts and others bring theirs, and where the open epoch is closed.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use engine::grammar::Grammar;
use model::{Epoch, Kind};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    author::{AuthorKey, Hashes},
    clock::{self, Order, Role},
    counters::Retractions,
    delivery::{Awaited, Complete, Delivery, Keyed},
    noted::Noted,
    open::Open,
    room::{Held, Room},
};
use crate::{
    source::{Closed, Cursor, Event, Sink, Status},
    store::TakenBack,
};

/// A closed epoch on its way to the sealer.
#[derive(Debug)]
pub(super) struct ClosedEpoch {
    pub(super) epoch: Epoch,
    /// With the kind of the source of each.
    pub(super) opens: Vec<(Kind, Open)>,
    /// By the identity of the source.
    pub(super) cursors: Vec<(Arc<str>, Cursor)>,
    /// Whose posts are in it.
    pub(super) deliveries: Vec<Awaited>,
    /// What it keeps of the room until it is sealed.
    pub(super) held: Held,
}

/// All writers of all sources.
#[derive(Clone, Debug)]
pub(crate) struct Intake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    grammar: Grammar,
    batch: Duration,
    /// Known once it has begun.
    author_key: watch::Sender<Option<AuthorKey>>,
    writers: Mutex<Vec<Registered>>,
    complete: Mutex<Complete>,
    order: Mutex<Order>,
    room: Room,
    retractions: Retractions,
    /// An epoch that is to come even where time stands still.
    awaited: Arc<AtomicU64>,
    sealer: mpsc::Sender<Option<ClosedEpoch>>,
    /// Held while an epoch is closed: closes come one after the other.
    closing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Registered {
    kind: Kind,
    identity: Arc<str>,
    open: Arc<Mutex<Open>>,
}

/// A deletion that another process has read reaches posts of so many epochs after its own.
const CLOCKS_DIFFER: u64 = 5;

impl Intake {
    /// `last` is the newest epoch sealed so far; closed epochs go to `sealer`, and at the end `None`. Without
    /// a key it takes nothing in before [`Intake::begin`].
    pub(super) fn new(
        grammar: Grammar,
        batch: Duration,
        author_key: Option<AuthorKey>,
        last: Epoch,
        awaited: Arc<AtomicU64>,
        sealer: mpsc::Sender<Option<ClosedEpoch>>,
    ) -> Self {
        Self(Arc::new(Inner {
            grammar,
            batch,
            author_key: watch::Sender::new(author_key),
            writers: Mutex::default(),
            complete: Mutex::default(),
            order: Mutex::new(Order::after(last, batch)),
            room: Room::default(),
            retractions: Retractions::default(),
            awaited,
            sealer,
            closing: tokio::sync::Mutex::default(),
        }))
    }

    /// For a source of this kind. One that `may_replay` can take the clock's place.
    pub(crate) fn writer(
        &self,
        kind: Kind,
        identity: Arc<str>,
        status: Status,
        may_replay: bool,
    ) -> Writer {
        let role = if may_replay {
            Role::Undecided
        } else {
            Role::Live
        };
        lock(&self.0.order).enter(role);
        let open = self.0.register(kind, identity.clone());
        Writer {
            intake: self.0.clone(),
            kind,
            hashes: None,
            identity,
            status,
            open,
            role,
        }
    }

    /// From now on it takes in what comes; the next epoch is one after `last`.
    pub(crate) fn begin(&self, last: Epoch, author_key: AuthorKey) {
        lock(&self.0.order).begin_after(last);
        self.0.author_key.send_replace(Some(author_key));
    }

    /// For posts of this kind that are brought together; `None` before it has begun.
    pub(crate) fn delivery(&self, kind: Kind) -> Option<Delivery> {
        let author_key = *self.0.author_key.borrow();
        Some(Delivery {
            kind,
            hashes: author_key?.hashes(kind),
            open: Open::new(self.0.grammar),
            held: self.0.room.held(0),
        })
    }

    /// Puts all of it into the open epoch. Gives that epoch's number once it is sealed; an error then is
    /// that it could not be.
    pub(crate) fn deliver(
        &self,
        delivery: Delivery,
        keyed: Option<Keyed>,
    ) -> Result<oneshot::Receiver<Epoch>, Closed> {
        let (sealed, told) = oneshot::channel();
        let mut complete = lock(&self.0.complete);
        if complete.ended || self.0.sealer.is_closed() {
            return Err(Closed);
        }
        let awaited = Awaited { keyed, sealed };
        complete.waiting.push((delivery, awaited));
        Ok(told)
    }

    /// Takes back what another process has read a deletion of in `epoch`.
    pub(crate) fn take_back(&self, epoch: Epoch, taken_back: TakenBack) -> Result<(), Closed> {
        let noted = Noted::of_another(Epoch(epoch.0 + CLOCKS_DIFFER), taken_back);
        // Before it begins it has read nothing.
        let Some(mut delivery) = self.delivery(Kind::Http) else {
            return Ok(());
        };
        delivery.open = Open::of_another(self.0.grammar, noted);
        delivery.held.grow(delivery.open.grown());
        self.deliver(delivery, None).map(drop)
    }

    /// Whether anything can still be delivered.
    pub(crate) fn is_ending(&self) -> bool {
        lock(&self.0.complete).ended || self.0.sealer.is_closed()
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.author_key.borrow().is_some()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.0.room.is_some()
    }

    /// Takes all the room there is, until what is given is dropped.
    #[cfg(test)]
    pub(crate) fn fill(&self) -> Delivery {
        let mut delivery = self.delivery(Kind::Http).unwrap();
        delivery.held.grow(usize::MAX / 2);
        delivery
    }

    #[cfg(test)]
    pub(crate) fn holds_deliveries(&self) -> bool {
        !lock(&self.0.complete).waiting.is_empty()
    }

    /// As when they cannot be sealed.
    #[cfg(test)]
    pub(crate) fn lose_deliveries(&self) {
        lock(&self.0.complete).waiting.clear();
    }

    pub(crate) fn batch(&self) -> Duration {
        self.0.batch
    }

    /// Bytes of what is read and not sealed, and how many it may have before sources wait.
    pub(crate) fn unsealed_bytes(&self) -> (usize, usize) {
        self.0.room.taken()
    }

    /// Closed epochs that wait for their seal, and how many may.
    pub(crate) fn unsealed_epochs(&self) -> (usize, usize) {
        let most = self.0.sealer.max_capacity();
        (most - self.0.sealer.capacity(), most)
    }

    /// What the sealer has taken out of the counts, for metrics.
    pub(crate) fn retractions(&self) -> Retractions {
        self.0.retractions.clone()
    }

    /// The wall clock says that the epoch `now` is over. A replay that gives the time instead
    /// decides whether that means anything.
    pub(super) async fn tick(&self, now: Epoch) -> Result<(), Closed> {
        if !self.has_begun() {
            return Ok(());
        }
        self.0
            .close(|order| {
                let awaited = Epoch(self.0.awaited.load(Relaxed));
                order.on_tick(now, self.0.has_posts(), awaited)
            })
            .await
    }

    /// Closes the open epoch for good and tells the sealer to end: the sources have ended.
    pub(crate) async fn finish(&self, now: Epoch) -> Result<(), Closed> {
        lock(&self.0.complete).ended = true;
        let closed = self
            .0
            .close(|order| {
                let closes = self.has_begun();
                closes.then(|| order.on_finish(now, self.0.has_posts()))?
            })
            .await;
        // Where nothing can be sealed any more, nobody need wait for it.
        lock(&self.0.complete).waiting.clear();
        closed?;
        self.0.sealer.send(None).await.map_err(|_| Closed)
    }
}

impl Inner {
    fn register(&self, kind: Kind, identity: Arc<str>) -> Arc<Mutex<Open>> {
        let open = Arc::new(Mutex::new(Open::new(self.grammar)));
        lock(&self.writers).push(Registered {
            kind,
            identity,
            open: open.clone(),
        });
        open
    }

    fn has_posts(&self) -> bool {
        let has_posts = |writer: &Registered| writer.open.lock().is_ok_and(|open| !open.is_empty());
        !lock(&self.complete).waiting.is_empty() || lock(&self.writers).iter().any(has_posts)
    }

    /// Closes the epoch that `decide` names, if any. All or nothing: dropped while it waits, it has
    /// done nothing.
    async fn close(&self, decide: impl FnOnce(&mut Order) -> Option<Epoch>) -> Result<(), Closed> {
        let _closing = self.closing.lock().await;
        // Room first: while the sealer is behind, what is counted stays in the open epoch.
        let place = self.sealer.reserve().await.map_err(|_| Closed)?;
        let Some(epoch) = decide(&mut lock(&self.order)) else {
            return Ok(());
        };
        place.send(Some(self.take(epoch)));
        Ok(())
    }

    fn take(&self, epoch: Epoch) -> ClosedEpoch {
        let mut opens = Vec::new();
        let mut cursors = Vec::new();
        let mut deliveries = Vec::new();
        let mut bytes = 0;
        let mut writers = lock(&self.writers);
        for writer in writers.iter() {
            // A writer that failed halfway through its posts has counted some of them without their
            // cursor: they must not be sealed, and are read again from the cursor before.
            let Ok(mut open) = writer.open.lock() else {
                continue;
            };
            let mut open = mem::replace(&mut *open, Open::new(self.grammar));
            bytes += open.held();
            if let Some(cursor) = open.take_cursor() {
                cursors.push((writer.identity.clone(), cursor));
            }
            if !open.is_empty() {
                opens.push((writer.kind, open));
            }
        }
        // A writer that is gone is held by nobody else. It is asked after its posts were taken: it can
        // have added none since.
        writers.retain(|writer| {
            let empty = writer.open.lock().is_ok_and(|open| open.is_empty());
            Arc::strong_count(&writer.open) > 1 || !empty
        });
        let mut held = self.room.held(bytes);
        for (delivery, awaited) in lock(&self.complete).waiting.drain(..) {
            held.join(delivery.held);
            if !delivery.open.is_empty() {
                opens.push((delivery.kind, delivery.open));
            }
            deliveries.push(awaited);
        }
        ClosedEpoch {
            epoch,
            opens,
            cursors,
            deliveries,
            held,
        }
    }
}

/// One writer of a source.
#[derive(Debug)]
pub(crate) struct Writer {
    intake: Arc<Inner>,
    kind: Kind,
    /// Known once the intake has begun.
    hashes: Option<Hashes>,
    identity: Arc<str>,
    status: Status,
    open: Arc<Mutex<Open>>,
    role: Role,
}

impl Writer {
    async fn hashes(&mut self) -> Result<Hashes, Closed> {
        if let Some(hashes) = &self.hashes {
            return Ok(hashes.clone());
        }
        let mut keys = self.intake.author_key.subscribe();
        let key = tokio::select! {
            key = keys.wait_for(Option::is_some) => key.ok().and_then(|key| *key),
            () = self.intake.sealer.closed() => None,
        };
        let hashes = key.ok_or(Closed)?.hashes(self.kind);
        Ok(self.hashes.insert(hashes).clone())
    }

    fn become_role(&mut self, role: Role) {
        if self.role != role {
            lock(&self.intake.order).leave(self.role, Some(role));
            self.role = role;
        }
    }
}

impl Clone for Writer {
    fn clone(&self) -> Self {
        let (identity, status) = (self.identity.clone(), self.status.clone());
        let may_replay = self.role == Role::Undecided;
        Intake(self.intake.clone()).writer(self.kind, identity, status, may_replay)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        lock(&self.intake.order).leave(self.role, None);
    }
}

impl Sink for Writer {
    async fn accept(&mut self, events: &[Event<'_>], cursor: Option<Cursor>) -> Result<(), Closed> {
        let hashes = self.hashes().await?;
        if self.role == Role::Undecided && events.iter().any(Event::is_post) {
            self.become_role(Role::Live);
        }
        tokio::select! {
            () = self.intake.room.some() => {}
            () = self.intake.sealer.closed() => return Err(Closed),
        }
        let mut open = self.open.lock().map_err(|_| Closed)?;
        for event in events {
            open.event(event, &hashes);
        }
        if let Some(cursor) = cursor {
            self.status.cursor(&cursor.0);
            open.set_cursor(cursor);
        }
        self.intake.room.take(open.grown());
        drop(open);
        let posts = events.iter().filter(|event| event.is_post()).count();
        self.status.posts(posts as u64);
        if posts < events.len() {
            self.status.retractions((events.len() - posts) as u64);
        }
        let by_bots = events.iter().filter(|event| event.is_by_bot()).count();
        if by_bots > 0 {
            self.status.bot(by_bots as u64);
        }
        Ok(())
    }

    async fn advance(&mut self, at: i64) -> Result<(), Closed> {
        self.hashes().await?;
        self.become_role(Role::Replays);
        let to = Epoch(self.epoch_of(at));
        self.intake.close(|order| order.on_advance(to)).await
    }

    fn epoch_of(&self, at: i64) -> u64 {
        clock::epoch_of(u64::try_from(at).unwrap_or(0), self.intake.batch).0
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
