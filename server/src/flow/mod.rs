//! The count as a timely dataflow: the only place that names timely.
//!
//! ```text
//! log, questions ─ feeder ─▶ Exchange(key group) ─▶ count ─▶ Exchange(0) ─▶ merge ─▶ results, answers
//!                                                     └─▶ checkpoints ─▶ state.redb
//! ```
//!
//! [`Flow::start`] runs one generation after the other ([`generations`]); alone, the first is the only one, in
//! a cluster ([`mesh`]) the next begins when a process was lost and all are there again. In each the stores'
//! content is agreed on ([`agreement`]), what operators said and which alerts fired is made known to all
//! ([`telling`]), the state goes through the dataflow to whoever owns its group, sealed epochs that it does not
//! hold are replayed, and from then on the log is followed ([`feeder`]).
//! [`generation`] is the workers' life around it, [`peers`] what is known of the other processes.
//!
//! **Invariants:** time in the dataflow is the epoch, and behind it rounds of questions. A result is
//! given when the frontier has passed its time, so it is whole, and it is a function of the sealed
//! epochs up to it, and of the tags that are hidden then: a later generation shows the same. An answer is a function of the sealed epochs up
//! to the one it names. What is written down has a frontier of its own, which results do not wait for:
//! *the probe of what is durable past e* means *e is in the stored state everywhere*.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Acquire, Ordering::Release},
    },
    thread,
    time::Duration,
};

use engine::grammar::Grammar;
use tokio::sync::{mpsc, watch};

use crate::{
    alerts::Alerts,
    epoch::Receipts,
    moderation::{Operators, Rulebook},
    results::Results,
    store::{Log, State},
};
use record::Crew;
use telling::Watched;

mod agreement;
mod checkpoint;
mod count;
mod exchange;
mod failure;
mod feeder;
mod generation;
mod generations;
mod holdings;
mod merge;
mod mesh;
mod peers;
mod questions;
mod record;
mod refusal;
mod shape;
mod telling;
#[cfg(test)]
mod tests;
mod tops;
mod whole;
mod workload;

pub(crate) use failure::FlowError;
pub(crate) use mesh::{Cluster, Hosts, Mesh, Secret};
pub(crate) use peers::{Peer, Peers};
pub(crate) use questions::Asker;
pub(crate) use telling::Told;
pub(crate) use workload::Workload;

/// How long a worker sleeps when nobody wakes it.
const IDLE: Duration = Duration::from_millis(100);

/// What a generation works with.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) log: Arc<Log>,
    pub(crate) state: Arc<State>,
    /// Which process this is, of how many.
    pub(crate) place: (usize, usize),
    /// The stores that it shall go on without, by their processes.
    pub(crate) given_up: Vec<u64>,
    /// What hides the key of authors from who does not know the secret.
    pub(crate) mask: [u8; 16],
    /// Told when its store is one of the cluster's.
    pub(crate) joined: watch::Sender<bool>,
    /// Threads of the count in each process.
    pub(crate) workers: usize,
    pub(crate) batch: Duration,
    pub(crate) grammar: Grammar,
    /// Bound on the tags that are kept.
    pub(crate) max_tags: u64,
    /// By which some tags take no rank.
    pub(crate) rules: Rulebook,
    /// What they say is told to the other processes.
    pub(crate) operators: Operators,
    /// Those that process 0 fires are told to the other processes.
    pub(crate) alerts: Alerts,
    /// Sources that allow one connection: none of another process may be the same.
    pub(crate) single: Vec<String>,
    /// Other processes are told which keys it knows.
    pub(crate) receipts: Receipts,
    /// Takes what other processes tell.
    pub(crate) told: mpsc::UnboundedSender<Told>,
    /// Tags that are told of by name in every epoch, whatever they lead. Those of process 0 hold in all.
    pub(crate) watched: Watched,
    /// Told of every epoch's results.
    pub(crate) results: watch::Sender<Option<Arc<Results>>>,
    /// Log entries up to this epoch are in the stored state of every group.
    pub(crate) durable: Arc<AtomicU64>,
    /// Told of the newest epoch that any process has come to.
    pub(crate) awaited: Arc<AtomicU64>,
    /// Told of what comes of other processes.
    pub(crate) peers: Peers,
    /// Told of what the workers hold and do.
    pub(crate) workload: Workload,
}

impl Parts {
    fn crew(&self) -> Crew {
        let (_, processes) = self.place;
        Crew {
            processes,
            workers: self.workers,
        }
    }
}

/// The running count.
#[derive(Debug)]
pub(crate) struct Flow {
    thread: thread::JoinHandle<Result<(), FlowError>>,
    signal: Signal,
    asker: Asker,
}

/// What the rest of the program tells the feeder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signal(Arc<SignalInner>);

#[derive(Debug, Default)]
struct SignalInner {
    feeder: Mutex<Option<thread::Thread>>,
    finish: AtomicBool,
    /// Another process is missing, or what is stored is on its way to whoever counts it now.
    waiting: AtomicBool,
}

impl Signal {
    fn set_waiting(&self, waiting: bool) {
        self.0.waiting.store(waiting, Release);
    }

    /// There is something new in the log.
    pub(crate) fn wake(&self) {
        if let Some(feeder) = &*self.0.feeder.lock().unwrap_or_else(PoisonError::into_inner) {
            feeder.unpark();
        }
    }

    fn is_finishing(&self) -> bool {
        self.0.finish.load(Acquire)
    }

    fn set_feeder(&self, thread: thread::Thread) {
        *self.0.feeder.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    }
}

impl Flow {
    /// Refuses a store that is not whole, before anything has changed. With a mesh it counts together with
    /// the other processes, as soon as all are there.
    pub(crate) fn start(parts: Parts, mesh: Option<Mesh>) -> Result<Self, FlowError> {
        let mine = holdings::brought(&parts)?;
        whole::may_be(&mine)?;
        let is_member = !mine.membership.held.parts.is_empty();
        parts.joined.send_replace(is_member || mesh.is_none());
        if parts.crew().processes > 1 {
            parts.operators.keep_news();
            parts.alerts.keep_untold();
        }
        let signal = Signal::default();
        let feeder = signal.clone();
        let (asker, questions) = Asker::new(signal.clone(), parts.grammar, parts.rules.clone());
        if parts.crew().processes > 1 {
            parts.receipts.ask(asker.clone());
        }
        let thread = thread::Builder::new()
            .name("flow".into())
            .spawn(move || generations::run(&parts, mesh, &feeder, questions))
            .map_err(|error| FlowError::Worker(error.to_string()))?;
        Ok(Self {
            thread,
            signal,
            asker,
        })
    }

    pub(crate) fn asker(&self) -> Asker {
        self.asker.clone()
    }

    pub(crate) fn signal(&self) -> Signal {
        self.signal.clone()
    }

    /// Whether the count of a cluster stands still, and will go on.
    pub(crate) fn is_waiting(&self) -> bool {
        self.signal.0.waiting.load(Acquire)
    }

    /// Whether it has ended, which without [`Flow::finish`] it does only by an error.
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Counts what is sealed, for as long as an end may take, and ends; the log keeps the rest.
    pub(crate) fn finish(self) -> Result<(), FlowError> {
        self.signal.0.finish.store(true, Release);
        self.signal.wake();
        self.thread
            .join()
            .unwrap_or_else(|panic| Err(FlowError::Worker(message(&*panic))))
    }
}

/// Whether what is stored makes a whole, or a part of a cluster's.
pub(crate) fn check(log: &Log, state: &State) -> Result<(), FlowError> {
    let membership = log.membership()?;
    if membership.given_to.is_some() {
        // It is another's now, and whole for that one.
        return Ok(());
    }
    let held = membership.held;
    let place = held.parts.first().copied().unwrap_or(0);
    let mine = holdings::holdings(log, state, (place, held.processes.max(1)))?;
    Ok(whole::may_be(&mine)?)
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without words").to_owned()
}
