//! The sealer: makes closed epochs durable, one commit for all that have come up.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Acquire},
    },
    thread,
    time::Duration,
};

use engine::grammar::Grammar;
use model::Epoch;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    author::AuthorKey,
    combine::combine,
    counters::Retractions,
    intake::{ClosedEpoch, Intake},
    receipts::Receipts,
    remembered::Remembered,
};
use crate::store::{Log, SealedEpoch, SealedReceipts, StoreError, TakenBack};

/// Epochs that may wait for their seal. A replay at full speed closes them faster than a disk takes
/// them one by one; this many go into one commit at most.
const MOST_WAITING: usize = 64;

/// Posts retracted in one commit, after which no further epoch goes into it: each takes several times the
/// memory of what retracted it.
const MOST_RETRACTED: u64 = 250_000;

/// With more sealed epochs than this before it, the count is given time: what waits for it fills the disk.
const MOST_AHEAD: usize = 2048;

/// The time that it is given after a commit.
const GIVEN: Duration = Duration::from_secs(1);

/// The newest seal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed {
    pub(crate) epoch: Epoch,
    /// Since when something sealed has not been counted, by what was known when this seal was made;
    /// `None` from before this run.
    pub(crate) behind_since: Option<Instant>,
}

/// What the sealer works with.
pub(crate) struct Parts<S> {
    pub(crate) log: Arc<Log>,
    pub(crate) grammar: Grammar,
    pub(crate) batch: Duration,
    /// `None`: nothing is taken in before [`Intake::begin`].
    pub(crate) author_key: Option<AuthorKey>,
    pub(crate) receipts: Receipts,
    /// Other processes of a cluster are told what is taken back.
    pub(crate) shared: bool,
    /// Told of each commit; holds the newest seal of earlier runs.
    pub(crate) sealed: watch::Sender<Option<Sealed>>,
    /// Epochs up to this one are no longer needed: they leave the log with the next commit.
    pub(crate) droppable: Arc<AtomicU64>,
    /// An epoch that is to come even where time stands still.
    pub(crate) awaited: Arc<AtomicU64>,
    /// The newest epoch whose results are out.
    pub(crate) counted: S,
}

/// The thread that seals.
#[derive(Debug)]
pub(crate) struct Sealer {
    thread: thread::JoinHandle<Result<(), StoreError>>,
}

impl Sealer {
    /// Seals what sources put into the intake, until [`Intake::finish`]. It has read what the log remembers.
    pub(crate) fn start<S>(parts: Parts<S>) -> io::Result<Result<(Self, Intake), StoreError>>
    where
        S: Fn() -> Epoch + Send + 'static,
    {
        let (sender, closed) = mpsc::channel(MOST_WAITING);
        let last = parts.sealed.borrow().map_or(Epoch(0), |last| last.epoch);
        let intake = Intake::new(
            parts.grammar,
            parts.batch,
            parts.author_key,
            last,
            parts.awaited.clone(),
            sender,
        );
        let retractions = intake.retractions();
        let (read, reading) = std::sync::mpsc::sync_channel(1);
        let work = move || {
            // On this thread, since what one has given back of its memory another does not take: of the posts
            // that it exchanges for new ones all would stay, empty.
            let remembered = super::remembered(&parts.log, parts.grammar, parts.batch);
            let (remembered, result) = match remembered {
                Ok(remembered) => (Some(remembered), Ok(())),
                Err(error) => (None, Err(error)),
            };
            // Whoever has started it waits.
            let _ = read.send(result);
            remembered.map_or(Ok(()), |remembered| {
                run(&parts, remembered, &retractions, closed)
            })
        };
        let thread = thread::Builder::new().name("sealer".into()).spawn(work)?;
        let read = reading.recv().map_err(|_| stopped())?;
        Ok(read.map(|()| (Self { thread }, intake)))
    }

    /// Whether it has ended, which before the end of the program it does only by an error.
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for its end, which [`Intake::finish`] brings about.
    pub(crate) fn join(self) -> io::Result<Result<(), StoreError>> {
        self.thread.join().map_err(|_| stopped())
    }
}

fn stopped() -> io::Error {
    io::Error::other("the sealer has stopped by a fault of tagtide")
}

fn run<S: Fn() -> Epoch>(
    parts: &Parts<S>,
    mut remembered: Remembered,
    retractions: &Retractions,
    mut closed: mpsc::Receiver<Option<ClosedEpoch>>,
) -> Result<(), StoreError> {
    // Sealed and not known to be counted, and when they were sealed.
    let mut ahead = Ahead::new();
    while let Some(first) = closed.blocking_recv().flatten() {
        let mut epochs = Vec::new();
        let mut cursors = Vec::new();
        let mut deliveries = Vec::new();
        // What they hold is free again when they are sealed.
        let mut held = Vec::new();
        let mut next = Some(first);
        let mut ended = false;
        let mut forget_to = Epoch(0);
        let mut retracted = 0;
        while let Some(closed_epoch) = next {
            let ClosedEpoch { epoch, opens, .. } = closed_epoch;
            let noted = opens.iter().map(|(kind, open)| (*kind, open.noted()));
            let applied = remembered.apply(epoch, noted)?;
            forget_to = remembered.forgotten(epoch);
            retracted += applied.posts;
            retractions.retracted(applied.posts);
            retractions.passed_over(applied.unknown);
            epochs.push(SealedEpoch {
                epoch,
                deltas: combine(opens, applied.retracted),
                remembered: applied.bytes,
                taken_back: match parts.shared {
                    true => applied.taken_back,
                    false => TakenBack::default(),
                },
            });
            cursors.extend(closed_epoch.cursors);
            let awaited = closed_epoch.deliveries.into_iter();
            deliveries.extend(awaited.map(|awaited| (epoch, awaited)));
            held.push(closed_epoch.held);
            let more = epochs.len() < MOST_WAITING && retracted < MOST_RETRACTED;
            let waiting = more.then(|| closed.try_recv().ok());
            ended |= matches!(waiting, Some(Some(None)));
            next = waiting.flatten().flatten();
        }
        let drop_to = Epoch(parts.droppable.load(Acquire));
        let at = parts.receipts.now();
        let receipts = deliveries.iter();
        let receipts = SealedReceipts {
            at,
            fresh: receipts
                .filter_map(|(epoch, awaited)| awaited.receipt(*epoch))
                .collect(),
            expired: Receipts::expired(at),
        };
        parts
            .log
            .seal(&epochs, &cursors, &receipts, drop_to, forget_to)?;
        for (epoch, awaited) in deliveries {
            awaited.tell(epoch, at);
        }
        let now = Instant::now();
        forget_counted(&mut ahead, (parts.counted)());
        ahead.extend(epochs.iter().map(|sealed| (sealed.epoch, now)));
        if let Some(last) = epochs.last() {
            let since = ahead.front().map(|(_, at)| *at);
            parts.sealed.send_modify(|sealed| {
                // What was sealed before the start has waited for nobody knows how long.
                let unknown = sealed.is_some_and(|before| {
                    before.behind_since.is_none() && (parts.counted)() < before.epoch
                });
                *sealed = Some(Sealed {
                    epoch: last.epoch,
                    behind_since: since.filter(|_| !unknown),
                });
            });
        }
        wait(&mut ahead, &parts.counted, ended);
        if ended {
            break;
        }
    }
    Ok(())
}

type Ahead = VecDeque<(Epoch, Instant)>;

fn forget_counted(ahead: &mut Ahead, counted: Epoch) {
    while ahead.pop_front_if(|(epoch, _)| *epoch <= counted).is_some() {}
}

/// Holds up the next commit for a while when the count is far behind, as a replay at full speed leaves
/// it; but not the end.
fn wait(ahead: &mut Ahead, counted: impl Fn() -> Epoch, ended: bool) {
    let begun = Instant::now();
    loop {
        forget_counted(ahead, counted());
        if ended || ahead.len() <= MOST_AHEAD || begun.elapsed() >= GIVEN {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
}
