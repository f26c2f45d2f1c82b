//! Where sources put their posts, and where the open epoch is closed.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use engine::grammar::Grammar;
use model::Epoch;
use tokio::{
    runtime::Handle,
    sync::{Notify, mpsc},
};

use super::{clock, open::Open};
use crate::source::{Closed, Cursor, Post, Sink, Status};

/// Spellings that one writer may hold in the open epoch. At about 150 bytes each this bounds an epoch
/// to some 150 MB a writer; past it the writer waits for the next close.
const MOST_HELD: usize = 1_000_000;

/// A closed epoch on its way to the sealer.
#[derive(Debug)]
pub(crate) struct ClosedEpoch {
    pub(crate) epoch: Epoch,
    /// With the kind of the source of each.
    pub(crate) opens: Vec<(&'static str, Open)>,
    /// By the identity of the source.
    pub(crate) cursors: Vec<(Arc<str>, Cursor)>,
}

/// All writers of all sources.
#[derive(Clone, Debug)]
pub(crate) struct Intake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    grammar: Grammar,
    batch: Duration,
    writers: Mutex<Vec<Registered>>,
    /// Held while an epoch is closed: closes come one after the other.
    order: tokio::sync::Mutex<clock::Order>,
    sealer: mpsc::Sender<Option<ClosedEpoch>>,
    closed: Notify,
}

#[derive(Debug)]
struct Registered {
    kind: &'static str,
    identity: Arc<str>,
    open: Arc<Mutex<Open>>,
}

impl Intake {
    /// `last` is the newest epoch sealed so far; closed epochs go to `sealer`, and at the end `None`.
    pub(crate) fn new(
        grammar: Grammar,
        batch: Duration,
        last: Epoch,
        sealer: mpsc::Sender<Option<ClosedEpoch>>,
    ) -> Self {
        Self(Arc::new(Inner {
            grammar,
            batch,
            writers: Mutex::default(),
            order: tokio::sync::Mutex::new(clock::Order::after(last)),
            sealer,
            closed: Notify::new(),
        }))
    }

    pub(crate) fn writer(&self, kind: &'static str, identity: Arc<str>, status: Status) -> Writer {
        let open = self.0.register(kind, identity.clone());
        Writer {
            intake: self.clone(),
            kind,
            identity,
            status,
            open,
            replays: false,
        }
    }

    pub(crate) fn batch(&self) -> Duration {
        self.0.batch
    }

    /// The wall clock says that the epoch `now` is over. A replay that gives the time instead
    /// decides whether that means anything.
    pub(crate) async fn tick(&self, now: Epoch) -> Result<(), Closed> {
        let mut order = self.0.order.lock().await;
        match order.on_tick(now, || self.0.has_posts()) {
            Some(epoch) => self.0.close(epoch).await,
            None => Ok(()),
        }
    }

    /// Closes the open epoch for good and tells the sealer to end: the sources have ended.
    pub(crate) async fn finish(&self, now: Epoch) -> Result<(), Closed> {
        let mut order = self.0.order.lock().await;
        if let Some(epoch) = order.on_finish(now, || self.0.has_posts()) {
            self.0.close(epoch).await?;
        }
        self.0.sealer.send(None).await.map_err(|_| Closed)
    }

    async fn advance(&self, to: Epoch) -> Result<(), Closed> {
        let mut order = self.0.order.lock().await;
        match order.on_advance(to) {
            Some(epoch) => self.0.close(epoch).await,
            None => Ok(()),
        }
    }
}

impl Inner {
    fn register(&self, kind: &'static str, identity: Arc<str>) -> Arc<Mutex<Open>> {
        let open = Arc::<Mutex<Open>>::default();
        lock(&self.writers).push(Registered {
            kind,
            identity,
            open: open.clone(),
        });
        open
    }

    fn has_posts(&self) -> bool {
        lock(&self.writers)
            .iter()
            .any(|writer| !lock(&writer.open).is_empty())
    }

    /// Call only with `order` held.
    async fn close(&self, epoch: Epoch) -> Result<(), Closed> {
        // Room first: while the sealer is behind, what is counted stays in the open epoch.
        let place = self.sealer.reserve().await.map_err(|_| Closed)?;
        let mut opens = Vec::new();
        let mut cursors = Vec::new();
        {
            let mut writers = lock(&self.writers);
            for writer in writers.iter() {
                let mut open = mem::take(&mut *lock(&writer.open));
                if let Some(cursor) = open.take_cursor() {
                    cursors.push((writer.identity.clone(), cursor));
                }
                if !open.is_empty() {
                    opens.push((writer.kind, open));
                }
            }
            // A writer that is gone is held by nobody else. It is asked after its posts were taken:
            // it can have added none since.
            writers.retain(|writer| {
                Arc::strong_count(&writer.open) > 1 || !lock(&writer.open).is_empty()
            });
        }
        place.send(Some(ClosedEpoch {
            epoch,
            opens,
            cursors,
        }));
        self.closed.notify_waiters();
        Ok(())
    }
}

/// One writer of a source.
#[derive(Debug)]
pub(crate) struct Writer {
    intake: Intake,
    kind: &'static str,
    identity: Arc<str>,
    status: Status,
    open: Arc<Mutex<Open>>,
    /// It has given the time: the wall clock takes over again when it is gone.
    replays: bool,
}

impl Clone for Writer {
    fn clone(&self) -> Self {
        let (identity, status) = (self.identity.clone(), self.status.clone());
        self.intake.writer(self.kind, identity, status)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Without a runtime the program is over, and with it the time.
        if let (true, Ok(runtime)) = (self.replays, Handle::try_current()) {
            let intake = self.intake.clone();
            runtime.spawn(async move { intake.0.order.lock().await.replay_ended() });
        }
    }
}

impl Sink for Writer {
    async fn accept(&mut self, posts: &[Post<'_>], cursor: Option<Cursor>) -> Result<(), Closed> {
        let grammar = self.intake.0.grammar;
        let mut mentions = Vec::new();
        let mut ends = Vec::with_capacity(posts.len());
        for post in posts {
            grammar.mentions(&post.text, post.tags.as_deref(), &mut mentions);
            ends.push(mentions.len());
        }
        loop {
            let room = self.intake.0.closed.notified();
            if self.intake.0.sealer.is_closed() {
                return Err(Closed);
            }
            {
                let mut open = lock(&self.open);
                if open.held() < MOST_HELD {
                    let mut start = 0;
                    for (post, end) in posts.iter().zip(ends) {
                        open.post(
                            post.lang.as_deref().unwrap_or_default(),
                            &mentions[start..end],
                        );
                        start = end;
                    }
                    if let Some(cursor) = cursor {
                        open.set_cursor(cursor);
                    }
                    self.status.posts(posts.len() as u64);
                    return Ok(());
                }
            }
            room.await;
        }
    }

    async fn advance(&mut self, at: i64) -> Result<(), Closed> {
        self.replays = true;
        self.intake.advance(Epoch(self.epoch_of(at))).await
    }

    fn epoch_of(&self, at: i64) -> u64 {
        clock::epoch_of(u64::try_from(at).unwrap_or(0), self.intake.0.batch).0
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
