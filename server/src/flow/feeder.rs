//! The feeder: reads the log into the dataflow, on the first worker of a process.

use std::{
    collections::VecDeque,
    sync::atomic::Ordering::Release,
    time::{Duration, Instant},
};

use model::Epoch;
use timely::dataflow::{InputHandle, ProbeHandle};

use super::{Parts, Signal, agreement::Start, is_checkpoint, record::Record};
use crate::store::StoreError;

/// How long a worker sleeps when nobody wakes it.
pub(super) const IDLE: Duration = Duration::from_millis(100);

pub(super) type Input = InputHandle<u64, timely::container::CapacityContainerBuilder<Vec<Record>>>;

/// How many epochs may be under way in the dataflow. The rest waits in the log, which is on disk.
const MOST_UNDER_WAY: usize = 8;

/// How long the end may go on counting; what is left is counted by the next start.
const PARTING: Duration = Duration::from_secs(3);

/// Follows the log.
pub(super) struct Feeder<'a> {
    parts: &'a Parts,
    start: Start,
    workers: usize,
    probe: ProbeHandle<u64>,
    /// The newest epoch that was given to the dataflow.
    fed: Epoch,
    /// Epochs given, of which not all results are out.
    under_way: VecDeque<Epoch>,
    /// Checkpoints on the way to being durable.
    checkpoints: VecDeque<Epoch>,
    /// The log had nothing more.
    caught_up: bool,
    /// Until when the end may go on counting, once it has been asked for.
    deadline: Option<Instant>,
}

impl<'a> Feeder<'a> {
    pub(super) fn new(
        parts: &'a Parts,
        start: Start,
        workers: usize,
        probe: ProbeHandle<u64>,
    ) -> Self {
        Self {
            parts,
            start,
            workers,
            probe,
            fed: start.replay_after,
            under_way: VecDeque::new(),
            checkpoints: VecDeque::new(),
            caught_up: false,
            deadline: None,
        }
    }

    /// Gives the stored state to whoever owns it now, and has it shown again.
    pub(super) fn restore(&mut self, input: &mut Input) -> Result<(), StoreError> {
        let base = self.start.replay_after;
        if base == Epoch(0) && self.start.show_from == Epoch(0) {
            return Ok(());
        }
        input.advance_to(base.0);
        let send = |group, row| input.send(Record::Saved { group, row });
        self.parts.state.read(send)?;
        self.announce(input);
        input.advance_to(base.0 + 1);
        Ok(())
    }

    fn announce(&self, input: &mut Input) {
        for worker in 0..self.workers as u64 {
            input.send(Record::Epoch { worker });
        }
    }

    /// Feeds what is sealed and has room; false when all is fed and no more is to come.
    pub(super) fn step(&mut self, input: &mut Input, signal: &Signal) -> Result<bool, StoreError> {
        // Asked before the log is read: what was sealed before the finish is then seen.
        if signal.is_finishing() && self.deadline.is_none() {
            self.deadline = Some(Instant::now() + PARTING);
        }
        self.follow();
        self.caught_up = false;
        while self.under_way.len() < MOST_UNDER_WAY {
            let Some((epoch, counts)) = self.parts.log.next(self.fed)? else {
                self.caught_up = true;
                break;
            };
            input.advance_to(epoch.0);
            self.announce(input);
            for (group, delta) in counts {
                input.send(Record::Delta { group, delta });
            }
            input.advance_to(epoch.0 + 1);
            input.flush();
            if is_checkpoint(self.fed, epoch, self.parts.batch) {
                self.checkpoints.push_back(epoch);
            }
            self.under_way.push_back(epoch);
            self.fed = epoch;
        }
        let over = |deadline| self.caught_up || Instant::now() > deadline;
        Ok(!self.deadline.is_some_and(over))
    }

    /// Takes note of what the dataflow has done.
    fn follow(&mut self) {
        let done = |epoch: &mut Epoch| !self.probe.less_equal(&epoch.0);
        while self.under_way.pop_front_if(done).is_some() {}
        let done = |epoch: &mut Epoch| !self.probe.less_equal(&epoch.0);
        while let Some(epoch) = self.checkpoints.pop_front_if(done) {
            self.parts.durable.store(epoch.0, Release);
        }
    }

    /// How long there is nothing to feed, unless somebody wakes the worker.
    pub(super) fn patience(&self) -> Duration {
        if self.caught_up {
            IDLE
        } else {
            Duration::from_millis(1)
        }
    }
}
