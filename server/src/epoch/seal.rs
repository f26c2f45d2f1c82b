//! The sealer: makes closed epochs durable, one commit for all that have come up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use model::Epoch;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{EpochCounts, intake::ClosedEpoch};
use crate::{
    results::Sealed,
    store::{Log, StoreError},
};

/// Epochs that may wait for their seal. A replay at full speed closes them faster than a disk takes
/// them one by one; this many go into one commit at most.
const MOST_WAITING: usize = 64;

/// The thread that seals.
#[derive(Debug)]
pub(crate) struct Sealer {
    thread: thread::JoinHandle<Result<(), StoreError>>,
}

impl Sealer {
    /// Seals what comes through the returned channel until `None` comes. `sealed` is told of
    /// each commit. Epochs up to `droppable` are no longer needed: they leave the log with the next
    /// commit.
    pub(crate) fn start(
        log: Arc<Log>,
        sealed: watch::Sender<Option<Sealed>>,
        droppable: Arc<AtomicU64>,
    ) -> std::io::Result<(Self, mpsc::Sender<Option<ClosedEpoch>>)> {
        let (sender, mut closed) = mpsc::channel::<Option<ClosedEpoch>>(MOST_WAITING);
        let thread = thread::Builder::new()
            .name("sealer".into())
            .spawn(move || {
                while let Some(first) = closed.blocking_recv().flatten() {
                    let mut epochs = Vec::new();
                    let mut cursors = Vec::new();
                    let mut next = Some(first);
                    let mut ended = false;
                    while let Some(ClosedEpoch {
                        epoch,
                        opens,
                        cursors: behind,
                    }) = next
                    {
                        epochs.push((epoch, EpochCounts::combine(opens)));
                        cursors.extend(behind);
                        let waiting = (epochs.len() < MOST_WAITING).then(|| closed.try_recv().ok());
                        ended |= matches!(waiting, Some(Some(None)));
                        next = waiting.flatten().flatten();
                    }
                    log.seal(&epochs, &cursors, Epoch(droppable.load(Relaxed)))?;
                    if let Some((epoch, _)) = epochs.last() {
                        sealed.send_replace(Some(Sealed {
                            epoch: *epoch,
                            at: Some(Instant::now()),
                        }));
                    }
                    if ended {
                        break;
                    }
                }
                Ok(())
            })?;
        Ok((Self { thread }, sender))
    }

    /// Whether it has ended, which before the end of the program it does only by an error.
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for its end, which [`super::Intake::finish`] brings about.
    pub(crate) fn join(self) -> Result<(), StoreError> {
        self.thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
