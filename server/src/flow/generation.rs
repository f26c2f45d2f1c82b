//! One generation, as it is in one process: the life of its workers, and the dataflow they build.

use std::{
    any::Any,
    io,
    net::TcpStream,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc::sync_channel},
    thread,
};

use engine::count::Shape;
use model::Epoch;
use timely::{
    CommunicationConfig, WorkerConfig,
    communication::{
        Hooks,
        allocator::{
            AllocatorBuilder, ProcessBuilder,
            zero_copy::initialize::initialize_networking_from_sockets,
        },
    },
    dataflow::operators::{Inspect, Probe},
    execute::execute_from,
    worker::Worker,
};
use tokio::sync::mpsc;

use super::{
    FlowError, IDLE, Parts, Signal, agreement,
    checkpoint::{self, Jobs, Strays},
    count::count,
    failure::Failure,
    feeder::{Feeder, Input, Probes},
    holdings::{self, Holdings},
    merge::merge,
    mesh::Link,
    message,
    questions::{Answer, Open, Waiting},
    record::{Ask, Merged, Piece},
    telling,
    tops::{detail, pending, results, trends},
    whole::Start,
};
use crate::{epoch::KeyState, store::StoreError};

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

/// Runs until it is told to finish, or fails. `sockets` are those of a cluster's mesh.
pub(super) fn run(
    parts: &Parts,
    sockets: Option<Vec<Option<TcpStream>>>,
    signal: &Signal,
    questions: &Arc<Mutex<mpsc::Receiver<Waiting>>>,
) -> Result<(), FlowError> {
    let failed = Failure::default();
    let mine = holdings::brought(parts)?;
    let (builders, others) = builders(parts, sockets, &failed).map_err(FlowError::Worker)?;
    // Each worker has one job under way at most, and the feeder one: none ever waits for room.
    let (jobs, written) = sync_channel(parts.workers + 1);
    let state = parts.state.clone();
    let common = Common {
        parts: parts.clone(),
        mine,
        signal: signal.clone(),
        questions: questions.clone(),
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
    let config = WorkerConfig::default();
    let guards = execute_from(builders, others, config, move |worker| {
        work(worker, &common)
    });
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

/// What workers are made of, and what must live until they have ended.
type Builders = (Vec<AllocatorBuilder>, Box<dyn Any + Send>);

fn builders(
    parts: &Parts,
    sockets: Option<Vec<Option<TcpStream>>>,
    failed: &Failure,
) -> Result<Builders, String> {
    let Some(sockets) = sockets else {
        return CommunicationConfig::Process(parts.workers).try_build();
    };
    let in_words = |error: io::Error| error.to_string();
    let (links, cut) = Link::all(sockets, failed, &parts.peers).map_err(in_words)?;
    let (workers, hooks) = (parts.workers, Hooks::default());
    let inside = ProcessBuilder::new_typed_vector(workers, hooks.refill.clone(), None);
    let (index, _) = parts.place;
    let networked = initialize_networking_from_sockets(inside, links, index, workers, hooks);
    let (builders, threads) = networked.map_err(in_words)?;
    let builders = builders.into_iter().map(AllocatorBuilder::Tcp).collect();
    // In this order: the threads end when the links are cut.
    Ok((builders, Box::new((cut, threads))))
}

/// What each worker does.
fn work(worker: &mut Worker, common: &Common) {
    let failed = &common.failed;
    match catch_unwind(AssertUnwindSafe(|| take_part(worker, common))) {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => failed.tell(failure),
        Err(panic) => failed.tell(FlowError::Worker(message(&*panic))),
    }
    if failed.is_told() {
        // What is left of the dataflow would be run until it is done, which it never will be.
        let left = worker.installed_dataflows();
        left.into_iter().for_each(|flow| worker.drop_dataflow(flow));
    }
}

fn take_part(worker: &mut Worker, common: &Common) -> Result<(), FlowError> {
    let Common { parts, failed, .. } = common;
    let feeds = worker.index().is_multiple_of(parts.workers);
    let brings = feeds.then_some(parts);
    let Some(start) = agreement::agree(worker, brings, &common.mine, failed)? else {
        return Ok(());
    };
    parts.joined.send_replace(true);
    let Some(watched) = telling::share(worker, parts, feeds, failed)? else {
        return Ok(());
    };
    let parts = &Parts {
        watched,
        ..parts.clone()
    };
    let open = Open::default();
    let (mut input, probes) = build(worker, parts, common.jobs.clone(), start, &open);
    let ran = catch_unwind(AssertUnwindSafe(|| {
        if feeds {
            common.signal.set_feeder(thread::current());
            if let Err(error) = feed(worker, &mut input, &probes, start, common, &open) {
                failed.tell(error.into());
            }
            if parts.crew().processes > 1 {
                // Were its input to end, the others would show epochs that it may still seal something of
                // when it is back.
                failed.leave();
            }
        }
    }));
    // The input must end, or the frontier would stand still. Its drop sends, which aborts the process
    // when it happens while unwinding: so a panic is held back until the input is gone.
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(input)));
    ran.and(dropped)
        .map_err(|panic| FlowError::Worker(message(&*panic)))?;
    while !probes.are_done() && !failed.is_told() {
        worker.step_or_park(Some(IDLE));
    }
    Ok(())
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
    let questions = &common.questions;
    let questions = questions.lock().unwrap_or_else(PoisonError::into_inner);
    let mut feeder = Feeder::new(
        parts,
        start,
        worker.index(),
        probes.clone(),
        questions,
        open.clone(),
        Strays::new(common.mine.groups.iter(), parts, common.jobs.clone()),
    );
    feeder.restore(input, || {
        worker.step_or_park(Some(IDLE));
        !failed.is_told()
    })?;
    common.signal.set_waiting(false);
    while feeder.step(input, &common.signal)? && !failed.is_told() {
        worker.step_or_park(Some(feeder.patience()));
    }
    Ok(())
}

fn build(
    worker: &mut Worker,
    parts: &Parts,
    jobs: Jobs,
    start: Start,
    open: &Open,
) -> (Input, Probes) {
    let mut input = Input::new();
    let probes = Probes::default();
    let shape = Shape {
        batch_ms: parts.batch.as_millis() as u64,
        max_tags: parts.max_tags,
    };
    worker.dataflow(|scope| {
        let records = input.to_stream(scope);
        let counted = count(records, start, shape, jobs, parts);
        let (parts, open) = (parts.clone(), open.clone());
        merge(counted.pieces, parts.workers)
            .inspect(move |(epoch, piece)| show(*epoch, piece, &parts, &open))
            .probe_with(&probes.shown);
        counted.durable.probe_with(&probes.durable);
    });
    (input, probes)
}

/// Gives results to all, and an answer to whoever has asked.
fn show(epoch: Epoch, piece: &Piece<Merged>, parts: &Parts, open: &Open) {
    let Parts { batch, grammar, .. } = *parts;
    let results = |part: &Merged| match part {
        Merged::Tops(merged) => Some(Arc::new(results(epoch, merged, batch, grammar))),
        Merged::Tag(_) | Merged::Trends(_) | Merged::Pending(_) | Merged::Key(_) => None,
    };
    let Some(question) = &piece.of else {
        if let Some(results) = results(&piece.part) {
            // A later generation begins some epochs before what is shown already.
            parts.results.send_if_modified(|shown| {
                let newer = shown.as_ref().is_none_or(|shown| shown.epoch < epoch);
                if newer {
                    *shown = Some(results);
                }
                newer
            });
        }
        return;
    };
    let answer = match (&question.ask, &piece.part) {
        (Ask::Tops(_), part) => results(part).map(Answer::Tops),
        (Ask::Tag(_, window), Merged::Tag(found)) => {
            let found = found.as_ref();
            let detail = found.map(|found| detail(epoch, *window, found, batch, grammar));
            Some(Answer::Tag(epoch, detail.map(Box::new)))
        }
        (Ask::Trends, Merged::Trends(found)) => {
            let trends = trends(epoch, found, batch, grammar);
            Some(Answer::Trends(Arc::new(trends)))
        }
        (Ask::Pending, Merged::Pending(found)) => {
            Some(Answer::Pending(Arc::new(pending(epoch, found, grammar))))
        }
        (Ask::Key(key), Merged::Key(state)) => {
            if *state == KeyState::Unknown {
                parts.receipts.grant(*key);
            }
            Some(Answer::Key(state.clone()))
        }
        (Ask::Tag(..) | Ask::Trends | Ask::Pending | Ask::Key(_), _) => None,
    };
    let reply = open.borrow_mut().remove(&question.id);
    if let (Some(reply), Some(answer)) = (reply, answer) {
        // Whoever has asked may be gone.
        let _ = reply.send(answer);
    }
}
