//! One generation in one process: the life of its workers, and the dataflow they build.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Acquire, Ordering::Release},
    },
    thread,
};

use model::Filter;
use timely::{
    CommunicationConfig, Config, WorkerConfig,
    dataflow::{
        ProbeHandle,
        operators::{Inspect, Probe, vec::Broadcast},
    },
    worker::Worker,
};

use super::{
    FlowError, Parts, Signal,
    agreement::{self, Holdings, Start},
    count::count,
    feeder::{Feeder, IDLE, Input},
    merge::merge,
    message,
    tops::results,
};
use crate::store::StoreError;

/// What the workers of a process share beside the dataflow.
#[derive(Clone, Debug)]
struct Common {
    parts: Parts,
    mine: Holdings,
    signal: Signal,
    /// The first thing that went wrong.
    failure: Arc<Mutex<Option<FlowError>>>,
    /// Workers of one process do not see each other end: one that fails says so, and the others,
    /// which would wait for it for ever, end with it.
    broken: Arc<AtomicBool>,
}

pub(super) fn holdings(parts: &Parts) -> Result<Holdings, StoreError> {
    Ok(Holdings {
        process: 0,
        processes: 1,
        groups: parts.state.groups()?,
        last: parts.log.last()?,
        dropped: parts.log.dropped()?,
    })
}

/// Runs until it is told to finish, or fails.
pub(super) fn run(parts: Parts, mine: Holdings, signal: &Signal) -> Result<(), FlowError> {
    let config = Config {
        communication: CommunicationConfig::Process(parts.workers),
        worker: WorkerConfig::default(),
    };
    let common = Common {
        parts,
        mine,
        signal: signal.clone(),
        failure: Arc::default(),
        broken: Arc::default(),
    };
    let workers = common.clone();
    let guards = timely::execute(config, move |worker| work(worker, &workers));
    let guards = guards.map_err(FlowError::Worker)?;
    let joined = catch_unwind(AssertUnwindSafe(|| guards.join()));
    if let Some(failure) = common.take_failure() {
        return Err(failure);
    }
    match joined {
        Ok(workers) => workers
            .into_iter()
            .collect::<Result<(), _>>()
            .map_err(FlowError::Worker),
        Err(panic) => Err(FlowError::Worker(message(&*panic))),
    }
}

impl Common {
    fn fail(&self, failure: FlowError) {
        let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(failure);
        self.broken.store(true, Release);
    }

    fn take_failure(&self) -> Option<FlowError> {
        let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        first.take()
    }

    fn is_broken(&self) -> bool {
        self.broken.load(Acquire)
    }
}

/// What each worker does.
fn work(worker: &mut Worker, common: &Common) {
    let feeds = worker.index() == 0;
    let mine = feeds.then(|| common.mine.clone());
    let start = match agreement::conclude(&agreement::exchange(worker, mine)) {
        Ok(start) => start,
        Err(refusal) => return common.fail(refusal.into()),
    };
    let (mut input, probe) = build(worker, &common.parts, start, feeds);
    let ran = catch_unwind(AssertUnwindSafe(|| {
        if feeds {
            common.signal.set_feeder(thread::current());
            if let Err(error) = feed(worker, &mut input, &probe, start, common) {
                common.fail(error.into());
            }
        }
    }));
    // The input must end, or the frontier would stand still. Its drop sends, which aborts the process
    // when it happens while unwinding: so a panic is held back until the input is gone.
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(input)));
    let finished = catch_unwind(AssertUnwindSafe(|| {
        while ran.is_ok() && !probe.done() && !common.is_broken() {
            worker.step_or_park(Some(IDLE));
        }
    }));
    if let Err(panic) = ran.and(dropped).and(finished) {
        common.fail(FlowError::Worker(message(&*panic)));
    }
    if common.is_broken() {
        // What is left of the dataflow would be run until it is done, which it never will be.
        let left = worker.installed_dataflows();
        left.into_iter().for_each(|flow| worker.drop_dataflow(flow));
    }
}

fn feed(
    worker: &mut Worker,
    input: &mut Input,
    probe: &ProbeHandle<u64>,
    start: Start,
    common: &Common,
) -> Result<(), StoreError> {
    let Common { parts, signal, .. } = common;
    let mut feeder = Feeder::new(parts, start, worker.peers(), probe.clone());
    feeder.restore(input)?;
    while feeder.step(input, signal)? && !common.is_broken() {
        worker.step_or_park(Some(feeder.patience()));
    }
    Ok(())
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
                    let results =
                        results(*epoch, Filter::default(), merged.clone(), batch, grammar);
                    publish.send_replace(Some(Arc::new(results)));
                }
            })
            .probe_with(&probe);
    });
    (input, probe)
}
