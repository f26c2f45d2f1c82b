//! Writing the state down beside the count: a worker makes bytes of some groups at a time, and one
//! thread of the process commits them.
//!
//! Results never wait for the disk, and for no more than [`SLICE`] of encoding. A checkpoint goes over
//! all groups of a worker; each group's rows are of the epoch that it stood at when its turn came, so
//! what is durable of the worker is the epoch at which the checkpoint began.
//!
//! A group that has come from another store is written whole, at once, and its copy there goes when all such
//! groups are written.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Acquire, Ordering::Release},
        mpsc::{Receiver, SyncSender},
    },
    time::{Duration, Instant},
};

use engine::count::Group;
use model::Epoch;
use timely::{
    dataflow::operators::Capability,
    scheduling::{Activator, SyncActivator},
};

use super::{Parts, record::time_of};
use crate::store::{Batch, State, StoreError, crash};

/// From one checkpoint to the next, in epochs of this time altogether: so much of the log a start has
/// to replay.
const EVERY: Duration = Duration::from_secs(10);

/// A checkpoint is followed by this many times its own duration without one, however fast epochs come.
const REST: u32 = 4;

/// How long groups are made bytes of at a time, give or take one group.
const SLICE: Duration = Duration::from_millis(20);

/// How many bytes wait for the disk, give or take one group's.
const MOST_BYTES: usize = 8 << 20;

/// How long the end may write a last checkpoint; without it the next start has more to replay.
const PARTING: Duration = Duration::from_secs(2);

/// Where a worker's bytes go.
pub(super) type Jobs = SyncSender<Job>;

/// What changes in some groups, on the way to the disk.
#[derive(Debug)]
pub(super) struct Job {
    batch: Batch,
    /// The worker that waits for it.
    sender: Option<(Arc<AtomicBool>, SyncActivator)>,
}

/// Commits what workers send, all that waits at a time, until none can send any more.
pub(super) fn write(state: &State, jobs: &Receiver<Job>) -> Result<(), StoreError> {
    while let Ok(first) = jobs.recv() {
        let mut batches = Vec::new();
        let mut told = Vec::new();
        for job in std::iter::once(first).chain(jobs.try_iter()) {
            batches.push(job.batch);
            told.extend(job.sender);
        }
        state.save(&batches)?;
        for (durable, waker) in told {
            durable.store(true, Release);
            // A worker that has ended needs no waking.
            let _ = waker.activate();
        }
    }
    Ok(())
}

/// Stored groups whose owner is another process now. They are the only copy until it has written its own.
#[derive(Debug)]
pub(super) struct Strays {
    groups: Vec<u8>,
    jobs: Jobs,
}

impl Strays {
    /// Of the groups that are stored here.
    pub(super) fn new<'a>(
        stored: impl Iterator<Item = &'a (u8, Epoch)>,
        parts: &Parts,
        jobs: Jobs,
    ) -> Self {
        let (index, _) = parts.place;
        let is_stray = |group: &u8| parts.crew().owner(*group) / parts.workers != index;
        let groups = stored.map(|(group, _)| *group).filter(is_stray).collect();
        Self { groups, jobs }
    }

    /// All owners have written theirs.
    pub(super) fn forget(&mut self) {
        let groups = std::mem::take(&mut self.groups);
        if !groups.is_empty() {
            // When nobody takes it, the writer has failed and said so: the process ends.
            let _ = self.jobs.send(Job {
                batch: Batch::without(groups),
                sender: None,
            });
        }
    }
}

/// The checkpoints of one worker.
pub(super) struct Checkpoints {
    /// In epochs.
    every: u64,
    /// What is durable of all groups.
    durable: Epoch,
    /// Groups of which this store has no copy, or one that does not count.
    unwritten: BTreeSet<u8>,
    /// Stands behind `durable`; gone at the end.
    undurable: Option<Capability<u64>>,
    under_way: Option<Checkpoint>,
    not_before: Instant,
    /// Once the input has ended.
    deadline: Option<Instant>,
    jobs: Jobs,
    activator: Activator,
    waker: SyncActivator,
}

struct Checkpoint {
    begun: Instant,
    /// The epoch at which it began.
    epoch: Epoch,
    left: VecDeque<u8>,
    /// Set when what was sent last is durable.
    sent: Option<Arc<AtomicBool>>,
}

impl Checkpoints {
    pub(super) fn new(
        durable: Epoch,
        unwritten: BTreeSet<u8>,
        batch_ms: u64,
        undurable: Option<Capability<u64>>,
        jobs: Jobs,
        activator: Activator,
        waker: SyncActivator,
    ) -> Self {
        Self {
            every: (EVERY.as_millis() as u64 / batch_ms.max(1)).max(1),
            durable,
            unwritten,
            undurable,
            under_way: None,
            not_before: Instant::now(),
            deadline: None,
            jobs,
            activator,
            waker,
        }
    }

    /// Goes on for a moment. `last` is the epoch counted in last; `at_end` says that none will follow.
    pub(super) fn step(&mut self, groups: &mut BTreeMap<u8, Group>, last: Epoch, at_end: bool) {
        let now = Instant::now();
        if at_end && self.deadline.is_none() {
            self.deadline = Some(now + PARTING);
            self.activator.activate_after(PARTING);
        }
        if self.undurable.is_none() {
            return;
        }
        if self.under_way.is_none() && self.is_due(last, now) {
            self.under_way = Some(Checkpoint {
                begun: now,
                epoch: last,
                left: groups.keys().copied().collect(),
                sent: None,
            });
        }
        if self.under_way.is_none() && self.rests(last, now) {
            // No epoch may come to wake it.
            self.activator.activate_after(self.not_before - now);
        }
        if let Some(checkpoint) = &mut self.under_way {
            if !checkpoint.is_sent() {
                if self.deadline.is_some_and(|deadline| now >= deadline) {
                    self.undurable = None;
                }
                return;
            }
            if checkpoint.left.is_empty() {
                self.durable = checkpoint.epoch;
                self.not_before = now + (now - checkpoint.begun) * REST;
                if let Some(undurable) = &mut self.undurable {
                    undurable.downgrade(&(time_of(self.durable) + 1));
                }
                self.under_way = None;
            } else if self.deadline.is_none_or(|deadline| now < deadline) {
                checkpoint.send(groups, &mut self.unwritten, &self.jobs, &self.waker);
                return;
            }
        }
        if at_end && (self.durable == last || self.deadline.is_some_and(|end| now >= end)) {
            self.undurable = None;
        } else if at_end {
            self.activator.activate();
        }
    }

    fn is_due(&self, last: Epoch, now: Instant) -> bool {
        match self.deadline {
            Some(deadline) => last > self.durable && now < deadline,
            None => (self.is_old(last) || !self.unwritten.is_empty()) && now >= self.not_before,
        }
    }

    /// Whether it would be due, but for the rest after the one before.
    fn rests(&self, last: Epoch, now: Instant) -> bool {
        self.deadline.is_none() && self.is_old(last) && now < self.not_before
    }

    fn is_old(&self, last: Epoch) -> bool {
        last.0 >= self.durable.0.saturating_add(self.every)
    }
}

impl Checkpoint {
    /// Whether nothing is on the way to the disk.
    fn is_sent(&self) -> bool {
        self.sent.as_ref().is_none_or(|sent| sent.load(Acquire))
    }

    fn send(
        &mut self,
        groups: &mut BTreeMap<u8, Group>,
        unwritten: &mut BTreeSet<u8>,
        jobs: &Jobs,
        waker: &SyncActivator,
    ) {
        let begun = Instant::now();
        let mut batch = Batch::default();
        while batch.len() < MOST_BYTES
            && begun.elapsed() < SLICE
            && let Some(number) = self.left.pop_front()
        {
            if let Some(group) = groups.get_mut(&number) {
                let added = if unwritten.remove(&number) {
                    group.forget_rows();
                    batch.add_anew(number, &group.changes())
                } else {
                    batch.add(number, &group.changes())
                };
                added.expect("a group's state can be made bytes of");
                group.saved();
            }
        }
        crash::point("state.encoded");
        let durable = Arc::new(AtomicBool::new(false));
        self.sent = Some(durable.clone());
        // When nobody takes it, the writer has failed and said so: the process ends.
        let sender = Some((durable, waker.clone()));
        let _ = jobs.send(Job { batch, sender });
    }
}
