//! The feeder: reads the log into the dataflow, and passes questions on, on the first worker of a
//! process.

use std::{
    collections::VecDeque,
    sync::{MutexGuard, atomic::Ordering::Release},
    time::{Duration, Instant},
};

use model::Epoch;
use timely::dataflow::{InputHandle, ProbeHandle};
use tokio::sync::mpsc;

use super::{
    IDLE, Parts, Signal,
    checkpoint::Strays,
    questions::{Open, Waiting},
    record::{Ask, Crew, Question, ROUNDS, Record, epoch_of, time_of},
    telling::Told,
    whole::Start,
};
use crate::store::StoreError;

pub(super) type Input = InputHandle<u64, timely::container::CapacityContainerBuilder<Vec<Record>>>;

/// How often a process of a cluster goes on to the next round when it has nothing to feed: questions that
/// others ask are answered when all have passed them, and one that says nothing is taken for lost.
const BEAT: Duration = Duration::from_millis(50);

/// How many epochs may be under way in the dataflow. The rest waits in the log, which is on disk.
const MOST_UNDER_WAY: usize = 8;

/// How often there are results while the count is behind the log. To make them takes longer than to
/// count an epoch in.
const SHOW_EVERY: Duration = Duration::from_millis(250);

/// How many questions of one tag go through the dataflow together. Results of their own cost far more.
const MOST_TOGETHER: usize = 64;

/// As many questions of one tag are counted for one that looks at all tags.
const ALL_TAGS: usize = 16;

/// How many bytes of stored state may be under way in the dataflow, give or take a row: two lots of
/// this.
const LOT_BYTES: usize = 4 << 20;

/// How long the end may go on counting; what is left is counted by the next start.
const PARTING: Duration = Duration::from_secs(3);

/// What the dataflow has done.
#[derive(Clone, Debug, Default)]
pub(super) struct Probes {
    /// Past a time: its results and answers are out.
    pub(super) shown: ProbeHandle<u64>,
    /// Past the time of an epoch: it is in the stored state of every group.
    pub(super) durable: ProbeHandle<u64>,
}

impl Probes {
    pub(super) fn are_done(&self) -> bool {
        self.shown.done() && self.durable.done()
    }
}

/// Follows the log.
pub(super) struct Feeder<'a> {
    parts: &'a Parts,
    start: Start,
    worker: usize,
    crew: Crew,
    probes: Probes,
    questions: MutexGuard<'a, mpsc::Receiver<Waiting>>,
    open: Open,
    strays: Strays,
    /// The newest epoch that was given to the dataflow.
    fed: Epoch,
    /// When an epoch was given last whose results are wanted.
    shown_at: Instant,
    /// Times of epochs given, of which not all results are out.
    under_way: VecDeque<u64>,
    /// The time of questions given, of which not all answers are out.
    asked: Option<u64>,
    next_id: u64,
    /// When it has gone on to another round with nothing to feed.
    beaten_at: Instant,
    /// The log had nothing more.
    caught_up: bool,
    /// Until when the end may go on counting, once it has been asked for.
    deadline: Option<Instant>,
}

impl<'a> Feeder<'a> {
    /// For worker number `worker`.
    pub(super) fn new(
        parts: &'a Parts,
        start: Start,
        worker: usize,
        probes: Probes,
        questions: MutexGuard<'a, mpsc::Receiver<Waiting>>,
        open: Open,
        strays: Strays,
    ) -> Self {
        Self {
            parts,
            start,
            worker,
            crew: parts.crew(),
            probes,
            questions,
            open,
            strays,
            fed: start.replay_after,
            shown_at: Instant::now(),
            under_way: VecDeque::new(),
            asked: None,
            next_id: 0,
            beaten_at: Instant::now(),
            caught_up: false,
            deadline: None,
        }
    }

    /// Gives the stored state to whoever owns it now, and has it shown again. `work` lets the dataflow
    /// do something, and is false when there is no going on.
    pub(super) fn restore(
        &mut self,
        input: &mut Input,
        mut work: impl FnMut() -> bool,
    ) -> Result<(), StoreError> {
        let base = self.start.replay_after;
        self.take_back(input, Epoch(0), base)?;
        if base == Epoch(0) && self.start.show_from == Epoch(0) {
            return Ok(());
        }
        let mut rows = self.parts.state.rows()?;
        let mut bytes = 0;
        // The times before the first epoch number the lots.
        let last_lot = time_of(base).saturating_sub(1).min(ROUNDS);
        while let Some(row) = rows.next()? {
            if !self.start.given.has(row.group) {
                continue;
            }
            bytes += row.len();
            input.send(Record::Stored(row));
            let lot = *input.time();
            if bytes >= LOT_BYTES && lot < last_lot {
                bytes = 0;
                input.advance_to(lot + 1);
                input.flush();
                while lot > 0 && self.probes.shown.less_equal(&(lot - 1)) {
                    if !work() {
                        return Ok(());
                    }
                }
            }
        }
        input.advance_to(time_of(base));
        self.announce(input, true);
        input.advance_to(time_of(base) + 1);
        input.flush();
        Ok(())
    }

    fn announce(&self, input: &mut Input, shown: bool) {
        let from = self.parts.place.0 as u64;
        for worker in 0..self.crew.all() as u64 {
            input.send(Record::Epoch {
                worker,
                from,
                shown,
            });
        }
    }

    /// Whether the results of an epoch are wanted: of the newest always, of others now and then.
    fn is_shown(&mut self, epoch: Epoch) -> Result<bool, StoreError> {
        let shown = epoch >= self.parts.log.last()? || self.shown_at.elapsed() >= SHOW_EVERY;
        if shown {
            self.shown_at = Instant::now();
        }
        Ok(shown)
    }

    /// Feeds what is sealed and has room, and what is asked; false when all is fed and no more is to
    /// come.
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
            let time = time_of(epoch);
            let shown = self.is_shown(epoch)?;
            input.advance_to(time);
            self.announce(input, shown);
            for (group, delta) in counts {
                input.send(Record::Delta { group, delta });
            }
            input.advance_to(time + 1);
            input.flush();
            self.take_back(input, self.fed, epoch)?;
            self.under_way.push_back(time);
            self.fed = epoch;
        }
        self.parts.workload.set_under_way(self.under_way.len());
        self.tell(input);
        self.beat(input);
        self.ask(input);
        let over = |deadline| self.caught_up || Instant::now() > deadline;
        Ok(!self.deadline.is_some_and(over))
    }

    /// Gives the questions that wait to the dataflow, to be answered from the state after the epoch
    /// fed last. The ones before must be answered, so that what waits meanwhile goes together.
    fn ask(&mut self, input: &mut Input) {
        let time = *input.time();
        // Before that the groups stand at different epochs.
        let is_shown = self.fed >= self.start.show_from && self.fed > Epoch(0);
        // The last round of an epoch stays free: the time behind it is the next epoch's.
        if !is_shown || self.asked.is_some() || time % ROUNDS == ROUNDS - 1 {
            return;
        }
        let mut asked = 0;
        while asked < MOST_TOGETHER
            && let Ok(Waiting { ask, reply }) = self.questions.try_recv()
        {
            if reply.is_closed() {
                continue;
            }
            let id = self.next_id;
            self.next_id += 1;
            asked += match ask {
                Ask::Tops(_) | Ask::Trends | Ask::Pending => ALL_TAGS,
                Ask::Tag(..) | Ask::Key(_) => 1,
            };
            for worker in ask.workers(self.crew) {
                let question = Question {
                    asker: self.worker as u64,
                    id,
                    ask: ask.clone(),
                };
                input.send(Record::Question { worker, question });
            }
            self.open.borrow_mut().insert(id, reply);
        }
        if asked > 0 {
            input.advance_to(time + 1);
            input.flush();
            self.asked = Some(time);
        }
    }

    /// Tells the other processes what is news here.
    fn tell(&self, input: &mut Input) {
        if self.crew.processes == 1 {
            return;
        }
        let said = self.parts.operators.news().map(Told::Said);
        let alerts = self.parts.alerts.untold().map(Told::Alerts);
        let (this, _) = self.parts.place;
        for told in said.into_iter().chain(alerts) {
            self.tell_others(input, &told);
        }
        // Before any question of this process that comes later.
        let closed = self.parts.receipts.closed();
        if closed.is_empty() {
            return;
        }
        for key in closed {
            for process in 0..self.crew.processes {
                let (worker, from) = (self.crew.first_of(process), this as u64);
                input.send(Record::Closed { worker, from, key });
            }
        }
        input.flush();
    }

    /// Tells the other processes what was taken back here after one epoch and up to another.
    fn take_back(&self, input: &mut Input, after: Epoch, to: Epoch) -> Result<(), StoreError> {
        if self.crew.processes > 1 {
            for (epoch, taken_back) in self.parts.log.taken_back(after, to)? {
                self.tell_others(input, &Told::TakenBack(epoch, taken_back));
            }
        }
        Ok(())
    }

    fn tell_others(&self, input: &mut Input, told: &Told) {
        let (this, _) = self.parts.place;
        for other in (0..self.crew.processes).filter(|other| *other != this) {
            input.send(Record::Told {
                worker: self.crew.first_of(other),
                told: Box::new(told.clone()),
            });
        }
        input.flush();
    }

    fn beat(&mut self, input: &mut Input) {
        let time = *input.time();
        let idle = self.caught_up && self.beaten_at.elapsed() >= BEAT;
        if self.crew.processes > 1 && idle && time % ROUNDS < ROUNDS - 1 {
            input.advance_to(time + 1);
            input.flush();
            self.beaten_at = Instant::now();
        }
    }

    /// Takes note of what the dataflow has done.
    fn follow(&mut self) {
        let done = |time: &u64| !self.probes.shown.less_equal(time);
        while self.under_way.pop_front_if(|time| done(time)).is_some() {}
        if self.asked.is_some_and(|time| done(&time)) {
            self.asked = None;
        }
        let frontier =
            |frontier: timely::progress::frontier::AntichainRef<'_, u64>| frontier.first().copied();
        if let Some(time) = self.probes.durable.with_frontier(frontier)
            && let Some(before) = time.checked_sub(1)
        {
            self.parts.durable.store(epoch_of(before).0, Release);
            // Every group has been written by its owner.
            self.strays.forget();
        }
    }

    /// How long there is nothing to feed, unless somebody wakes the worker.
    pub(super) fn patience(&self) -> Duration {
        if self.caught_up && self.crew.processes > 1 {
            BEAT
        } else if self.caught_up {
            IDLE
        } else {
            Duration::from_millis(1)
        }
    }
}
