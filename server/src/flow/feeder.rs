//! One generation in one process: its workers, and on the first of them the feeder, which reads the
//! log into the dataflow.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use model::Epoch;
use timely::{
    CommunicationConfig, Config, WorkerConfig,
    dataflow::{
        InputHandle, ProbeHandle,
        operators::{Inspect, Probe, vec::Broadcast},
    },
    worker::Worker,
};

use super::{
    FlowError, Parts, Signal,
    agreement::{self, Holdings, Refusal, Start},
    count::count,
    is_checkpoint,
    merge::merge,
    message,
    record::{Record, deltas},
    tops::results,
};
use crate::store::StoreError;

/// How many epochs may be under way in the dataflow. The rest waits in the log, which is on disk.
const MOST_UNDER_WAY: usize = 8;

/// How long the feeder sleeps when nobody wakes it.
const IDLE: Duration = Duration::from_millis(100);

type Input = InputHandle<u64, timely::container::CapacityContainerBuilder<Vec<Record>>>;

/// Runs until it is told to finish, or fails.
pub(super) fn generation(parts: Parts, signal: Signal) -> Result<(), FlowError> {
    let config = Config {
        communication: CommunicationConfig::Process(parts.workers),
        worker: WorkerConfig::default(),
    };
    let refused = Arc::new(Mutex::new(None));
    let refusal = refused.clone();
    let broken = AtomicBool::new(false);
    let guards = timely::execute(config, move |worker| {
        if let Err(error) = work(worker, &parts, &signal, &broken) {
            *refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    })
    .map_err(FlowError::Worker)?;
    let joined = catch_unwind(AssertUnwindSafe(|| guards.join()));
    if let Some(refusal) = refused
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
    {
        return Err(FlowError::Refused(refusal));
    }
    match joined {
        Ok(workers) => workers
            .into_iter()
            .collect::<Result<(), _>>()
            .map_err(FlowError::Worker),
        Err(panic) => Err(FlowError::Worker(message(&*panic))),
    }
}

/// What each worker does.
fn work(
    worker: &mut Worker,
    parts: &Parts,
    signal: &Signal,
    broken: &AtomicBool,
) -> Result<(), Refusal> {
    let feeds = worker.index() == 0;
    let mine = feeds.then(|| readable(holdings(parts)));
    let start = agreement::conclude(&agreement::exchange(worker, mine))?;
    let (mut input, probe) = build(worker, parts, start, feeds);
    // Workers of one process do not see each other end: one that fails says so, and the others, which
    // would wait for it for ever, fail with it.
    let ran = catch_unwind(AssertUnwindSafe(|| {
        if feeds {
            signal.set_feeder(thread::current());
            feed(worker, &mut input, parts, start, &probe, signal, broken);
        }
    }));
    // The input must end, or the frontier would stand still. Its drop sends, which aborts the process when it happens while unwinding: so a panic is
    // held back until the input is gone.
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(input)));
    let finished = catch_unwind(AssertUnwindSafe(|| {
        while !probe.done() && !broken.load(Relaxed) && ran.is_ok() {
            worker.step_or_park(Some(IDLE));
        }
    }));
    let panic = ran.and(dropped).and(finished).err();
    if panic.is_some() || broken.load(Relaxed) {
        broken.store(true, Relaxed);
        // What is left of the dataflow would be run until it is done, which it never will be.
        worker
            .installed_dataflows()
            .into_iter()
            .for_each(|flow| worker.drop_dataflow(flow));
    }
    match panic {
        Some(panic) => resume_unwind(panic),
        None => Ok(()),
    }
}

fn feed(
    worker: &mut Worker,
    input: &mut Input,
    parts: &Parts,
    start: Start,
    probe: &ProbeHandle<u64>,
    signal: &Signal,
    broken: &AtomicBool,
) {
    let mut feeder = Feeder::new(parts, start, worker.peers(), probe.clone());
    feeder.restore(input);
    while feeder.step(input, signal) && !broken.load(Relaxed) {
        worker.step_or_park(Some(feeder.patience(signal)));
    }
}

fn build(
    worker: &mut Worker,
    parts: &Parts,
    start: Start,
    publishes: bool,
) -> (Input, ProbeHandle<u64>) {
    let mut input = Input::new();
    let probe = ProbeHandle::new();
    let Parts { batch, grammar, .. } = *parts;
    let publish = publishes.then(|| parts.results.clone());
    worker.dataflow(|scope| {
        let records = input.to_stream(scope);
        let partials = count(records, start, batch, parts.state.clone());
        merge(partials)
            .broadcast()
            .inspect(move |(epoch, merged)| {
                if let Some(publish) = &publish {
                    let results = results(*epoch, merged.clone(), batch, grammar);
                    publish.send_replace(Some(Arc::new(results)));
                }
            })
            .probe_with(&probe);
    });
    (input, probe)
}

fn holdings(parts: &Parts) -> Result<Holdings, StoreError> {
    Ok(Holdings {
        process: 0,
        processes: 1,
        groups: parts.state.groups()?,
        last: parts.log.last()?,
        dropped: parts.log.dropped()?,
    })
}

/// Our own stores must be readable once they are open: what is not is damage, and going on would
/// count wrong.
fn readable<T>(read: Result<T, StoreError>) -> T {
    read.unwrap_or_else(|error| panic!("the data directory cannot be read: {error}"))
}

/// Follows the log.
struct Feeder<'a> {
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
}

impl<'a> Feeder<'a> {
    fn new(parts: &'a Parts, start: Start, workers: usize, probe: ProbeHandle<u64>) -> Self {
        Self {
            parts,
            start,
            workers,
            probe,
            fed: start.replay_after,
            under_way: VecDeque::new(),
            checkpoints: VecDeque::new(),
            caught_up: false,
        }
    }

    /// Gives the stored state to whoever owns it now, and has it shown again.
    fn restore(&mut self, input: &mut Input) {
        let base = self.start.replay_after;
        if base == Epoch(0) && self.start.show_from == Epoch(0) {
            return;
        }
        input.advance_to(base.0);
        readable(
            self.parts
                .state
                .read(|group, row| input.send(Record::Saved { group, row })),
        );
        self.announce(input);
        input.advance_to(base.0 + 1);
    }

    fn announce(&self, input: &mut Input) {
        for worker in 0..self.workers as u64 {
            input.send(Record::Epoch { worker });
        }
    }

    /// Feeds what is sealed and has room; false when all is fed and no more is to come.
    fn step(&mut self, input: &mut Input, signal: &Signal) -> bool {
        // Asked before the log is read: what was sealed before the finish is then seen.
        let finishing = signal.is_finishing();
        self.follow();
        self.caught_up = false;
        while self.under_way.len() < MOST_UNDER_WAY {
            let Some((epoch, counts)) = readable(self.parts.log.next(self.fed)) else {
                self.caught_up = true;
                break;
            };
            input.advance_to(epoch.0);
            self.announce(input);
            for record in deltas(counts) {
                input.send(record);
            }
            input.advance_to(epoch.0 + 1);
            input.flush();
            if is_checkpoint(self.fed, epoch, self.parts.batch) {
                self.checkpoints.push_back(epoch);
            }
            self.under_way.push_back(epoch);
            self.fed = epoch;
        }
        !(finishing && self.caught_up)
    }

    /// Takes note of what the dataflow has done.
    fn follow(&mut self) {
        let done = |epoch: &mut Epoch| !self.probe.less_equal(&epoch.0);
        while self.under_way.pop_front_if(done).is_some() {}
        let done = |epoch: &mut Epoch| !self.probe.less_equal(&epoch.0);
        while let Some(epoch) = self.checkpoints.pop_front_if(done) {
            self.parts.durable.store(epoch.0, Relaxed);
        }
    }

    fn patience(&self, signal: &Signal) -> Duration {
        if self.caught_up && !signal.is_finishing() {
            IDLE
        } else {
            Duration::from_millis(1)
        }
    }
}
