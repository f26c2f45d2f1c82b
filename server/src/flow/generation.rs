//! One generation in one process: the life of its workers, and the dataflow they build.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Acquire, Ordering::Release},
        mpsc::sync_channel,
    },
    thread,
};

use engine::count::Shape;
use model::Epoch;
use timely::{
    CommunicationConfig, Config, WorkerConfig,
    dataflow::operators::{Inspect, Probe},
    worker::Worker,
};
use tokio::sync::mpsc;

use super::{
    FlowError, Parts, Signal,
    agreement::{self, Holdings, Start},
    checkpoint::{self, Jobs},
    count::count,
    feeder::{Feeder, IDLE, Input, Probes},
    merge::merge,
    message,
    questions::{Answer, Open, Waiting},
    record::{Ask, Part, Piece},
    tops::{detail, results, trends},
};
use crate::store::{Log, State, StoreError};

/// What the workers of a process share beside the dataflow.
#[derive(Clone, Debug)]
struct Common {
    parts: Parts,
    mine: Holdings,
    signal: Signal,
    questions: Arc<Mutex<mpsc::Receiver<Waiting>>>,
    jobs: Jobs,
    failed: Failure,
}

/// Threads of one process do not see each other end: one that fails says so, and the others, which
/// would wait for it for ever, end with it.
#[derive(Clone, Debug, Default)]
struct Failure {
    /// The first thing that went wrong.
    first: Arc<Mutex<Option<FlowError>>>,
    told: Arc<AtomicBool>,
}

pub(super) fn holdings(log: &Log, state: &State) -> Result<Holdings, StoreError> {
    Ok(Holdings {
        process: 0,
        processes: 1,
        groups: state.groups()?,
        last: log.last()?,
        dropped: log.dropped()?,
    })
}

/// Runs until it is told to finish, or fails.
pub(super) fn run(
    parts: Parts,
    mine: Holdings,
    signal: &Signal,
    questions: mpsc::Receiver<Waiting>,
) -> Result<(), FlowError> {
    let config = Config {
        communication: CommunicationConfig::Process(parts.workers),
        worker: WorkerConfig::default(),
    };
    // Each worker has one job under way at most: none ever waits for room.
    let (jobs, written) = sync_channel(parts.workers);
    let state = parts.state.clone();
    let failed = Failure::default();
    let common = Common {
        parts,
        mine,
        signal: signal.clone(),
        questions: Arc::new(Mutex::new(questions)),
        jobs,
        failed: failed.clone(),
    };
    let writing = failed.clone();
    let writer = thread::Builder::new()
        .name("checkpoints".into())
        .spawn(move || {
            if let Err(error) = checkpoint::write(&state, &written) {
                // Without its state the log could never be shortened: better to stop while all is
                // well.
                writing.tell(FlowError::State(error));
            }
        })
        .map_err(|error| FlowError::Worker(error.to_string()))?;
    let guards = timely::execute(config, move |worker| work(worker, &common));
    let guards = guards.map_err(FlowError::Worker)?;
    let joined = catch_unwind(AssertUnwindSafe(|| guards.join()));
    // Nobody is left who could send it a job.
    let written = writer.join();
    if let Some(failure) = failed.take() {
        return Err(failure);
    }
    if let Err(panic) = written {
        return Err(FlowError::Worker(message(&*panic)));
    }
    match joined {
        Ok(workers) => workers
            .into_iter()
            .collect::<Result<(), _>>()
            .map_err(FlowError::Worker),
        Err(panic) => Err(FlowError::Worker(message(&*panic))),
    }
}

impl Failure {
    fn tell(&self, failure: FlowError) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(failure);
        self.told.store(true, Release);
    }

    fn take(&self) -> Option<FlowError> {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.take()
    }

    fn is_told(&self) -> bool {
        self.told.load(Acquire)
    }
}

/// What each worker does.
fn work(worker: &mut Worker, common: &Common) {
    let failed = &common.failed;
    let feeds = worker.index().is_multiple_of(common.parts.workers);
    let mine = feeds.then(|| common.mine.clone());
    let start = match agreement::conclude(&agreement::exchange(worker, mine)) {
        Ok(start) => start,
        Err(refusal) => return failed.tell(refusal.into()),
    };
    let open = Open::default();
    let (mut input, probes) = build(worker, common, start, &open);
    let ran = catch_unwind(AssertUnwindSafe(|| {
        if feeds {
            common.signal.set_feeder(thread::current());
            if let Err(error) = feed(worker, &mut input, &probes, start, common, &open) {
                failed.tell(error.into());
            }
        }
    }));
    // The input must end, or the frontier would stand still. Its drop sends, which aborts the process
    // when it happens while unwinding: so a panic is held back until the input is gone.
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(input)));
    let finished = catch_unwind(AssertUnwindSafe(|| {
        while ran.is_ok() && !probes.are_done() && !failed.is_told() {
            worker.step_or_park(Some(IDLE));
        }
    }));
    if let Err(panic) = ran.and(dropped).and(finished) {
        failed.tell(FlowError::Worker(message(&*panic)));
    }
    if failed.is_told() {
        // What is left of the dataflow would be run until it is done, which it never will be.
        let left = worker.installed_dataflows();
        left.into_iter().for_each(|flow| worker.drop_dataflow(flow));
    }
}

fn feed(
    worker: &mut Worker,
    input: &mut Input,
    probes: &Probes,
    start: Start,
    common: &Common,
    open: &Open,
) -> Result<(), StoreError> {
    let Common { parts, failed, .. } = common;
    let place = (worker.index(), worker.peers());
    let questions = &common.questions;
    let questions = questions.lock().unwrap_or_else(PoisonError::into_inner);
    let mut feeder = Feeder::new(parts, start, place, probes.clone(), questions, open.clone());
    feeder.restore(input, || {
        worker.step_or_park(Some(IDLE));
        !failed.is_told()
    })?;
    while feeder.step(input, &common.signal)? && !failed.is_told() {
        worker.step_or_park(Some(feeder.patience()));
    }
    Ok(())
}

fn build(worker: &mut Worker, common: &Common, start: Start, open: &Open) -> (Input, Probes) {
    let mut input = Input::new();
    let probes = Probes::default();
    let parts = &common.parts;
    let shape = Shape {
        batch_ms: parts.batch.as_millis() as u64,
        max_tags: parts.max_tags,
    };
    worker.dataflow(|scope| {
        let records = input.to_stream(scope);
        let (jobs, blocked) = (common.jobs.clone(), parts.blocked.clone());
        let (working, watched) = (parts.workload.worker(), parts.watched.clone());
        let counted = count(records, start, shape, jobs, blocked, working, watched);
        let (parts, open) = (parts.clone(), open.clone());
        merge(counted.pieces, parts.workers)
            .inspect(move |(epoch, piece)| show(*epoch, piece, &parts, &open))
            .probe_with(&probes.shown);
        counted.durable.probe_with(&probes.durable);
    });
    (input, probes)
}

/// Gives results to all, and an answer to whoever has asked.
fn show(epoch: Epoch, piece: &Piece, parts: &Parts, open: &Open) {
    let Parts { batch, grammar, .. } = *parts;
    let results = |part: &Part| match part {
        Part::Tops(merged) => Some(Arc::new(results(epoch, merged, batch, grammar))),
        Part::Tag(_) | Part::Trends(_) => None,
    };
    let Some(question) = &piece.of else {
        if let Some(results) = results(&piece.part) {
            parts.results.send_replace(Some(results));
        }
        return;
    };
    let answer = match (&question.ask, &piece.part) {
        (Ask::Tops(_), part) => results(part).map(Answer::Tops),
        (Ask::Tag(_, window), Part::Tag(found)) => {
            let found = found.as_ref();
            let detail = found.map(|found| detail(epoch, *window, found, batch, grammar));
            Some(Answer::Tag(epoch, detail.map(Box::new)))
        }
        (Ask::Trends, Part::Trends(found)) => {
            let trends = trends(epoch, found, batch, grammar);
            Some(Answer::Trends(Arc::new(trends)))
        }
        (Ask::Tag(..) | Ask::Trends, _) => None,
    };
    let reply = open.borrow_mut().remove(&question.id);
    if let (Some(reply), Some(answer)) = (reply, answer) {
        // Whoever has asked may be gone.
        let _ = reply.send(answer);
    }
}
