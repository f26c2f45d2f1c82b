//! The two that make results of posts, and what they tell each other: the sealer brings epochs to disk, and the
//! flow counts them. Each is a thread, or several, of its own.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use anyhow::Context as _;
use model::Epoch;
use tokio::{
    sync::{mpsc, watch},
    task::spawn_blocking,
    time::sleep,
};

use super::{
    alerting::Alerting,
    cluster::{self, Role},
    stored::Stored,
    tasks::Tasks,
};
use crate::{
    epoch::{self, Intake, Sealed, Sealer},
    flow::{self, Flow, FlowError, Workload},
    live::Live,
    web::Capacity,
};

/// The count is taken to be stuck when it makes nothing of what is sealed for so long.
const STUCK: Duration = Duration::from_secs(30);

/// The same before its first result: a slow disk may take long over a large state.
const STUCK_AT_START: Duration = Duration::from_secs(600);

/// How often it is looked whether it is.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) struct Counting {
    sealer: Sealer,
    flow: Flow,
    pub(super) intake: Intake,
    pub(super) live: Live,
    pub(super) workload: Workload,
}

impl Counting {
    /// Nothing is read yet: what was sealed before is counted.
    pub(super) fn start(
        stored: &Stored,
        role: Role,
        alerting: &Alerting,
        capacity: Capacity,
        showing: &Tasks,
    ) -> anyhow::Result<Self> {
        let (log, settings) = (&stored.log, stored.settings);
        let durable = Arc::new(AtomicU64::new(0));
        let awaited = stored.rules.awaited();
        let joined = watch::Sender::new(false);
        let (told, hearing) = mpsc::unbounded_channel();
        let (results, results_seen) = watch::channel(None);
        let (sealed, sealed_seen) = watch::channel(sealed_before(log.last()?));
        let workload = Workload::default();
        let counting = flow::Parts {
            log: log.clone(),
            state: stored.state.clone(),
            place: role.place,
            given_up: role.given_up,
            mask: role.secret.as_ref().map_or([0; 16], flow::Secret::mask),
            joined: joined.clone(),
            workers: capacity.workers,
            batch: settings.batch,
            grammar: settings.grammar,
            max_tags: capacity.max_tags,
            rules: stored.rules.clone(),
            operators: stored.operators.clone(),
            alerts: stored.alerts.clone(),
            single: role.single,
            receipts: stored.receipts.clone(),
            told,
            watched: alerting.settings.watched().collect(),
            results,
            durable: durable.clone(),
            awaited: awaited.clone(),
            peers: role.peers,
            workload: workload.clone(),
        };
        let flow = Flow::start(counting, role.mesh)?;
        let grace = settings.batch * 2 + Duration::from_secs(2);
        let live = Live::new(results_seen, sealed_seen.clone(), grace).asking(flow.asker());
        let counted = live.clone();
        let sealing = epoch::Parts {
            log: log.clone(),
            grammar: settings.grammar,
            batch: settings.batch,
            author_key: joined.borrow().then_some(stored.author_key),
            receipts: stored.receipts.clone(),
            shared: role.place.1 > 1,
            sealed,
            droppable: durable,
            awaited,
            counted: move || newest(&counted),
        };
        let (sealer, intake) = Sealer::start(sealing)?.map_err(FlowError::Store)?;
        showing.spawn(wake(sealed_seen, flow.signal()));
        if !intake.has_begun() {
            let joined = joined.subscribe();
            showing.spawn(cluster::join(joined, intake.clone(), log.clone()));
        }
        let heard_by = (
            stored.operators.clone(),
            stored.alerts.clone(),
            intake.clone(),
        );
        showing.spawn(cluster::hear(hearing, heard_by, showing.stop.clone()));
        Ok(Self {
            sealer,
            flow,
            intake,
            live,
            workload,
        })
    }

    /// Until one of the threads that must run has ended: their own ends tell why.
    pub(super) async fn stopped(&self) {
        while !self.sealer.is_finished() && !self.flow.is_finished() {
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Until results have not moved for too long although there is something sealed to count. The time is that
    /// which was looked at: one that was stopped, or whose machine has slept, has had none to count in.
    pub(super) async fn stuck(&self) {
        let shown = || newest(&self.live);
        let (mut before, mut stood) = (shown(), Duration::ZERO);
        loop {
            sleep(LOOK_AGAIN).await;
            stood += LOOK_AGAIN;
            let limit = match before {
                Epoch(0) => STUCK_AT_START,
                _ => STUCK,
            };
            if shown() != before || !self.live.is_behind() || self.flow.is_waiting() {
                (before, stood) = (shown(), Duration::ZERO);
            } else if stood >= limit {
                tracing::error!("the count has made nothing of what is sealed for {STUCK:?}");
                return;
            }
        }
    }

    /// Nothing is read any more: what was read is sealed, and what is sealed is counted, while those end to whom
    /// it is shown. The data directory is named where it cannot be written.
    pub(super) async fn end(self, data: &Path, showing: &Tasks) -> anyhow::Result<()> {
        let Self {
            sealer,
            flow,
            intake,
            ..
        } = self;
        // What is wrong with the sealer, its own end tells.
        let _ = intake
            .finish(epoch::epoch_of(epoch::now(), intake.batch()))
            .await;
        let sealed = spawn_blocking(move || sealer.join()).await??;
        sealed.with_context(|| {
            let place = data.display();
            format!(
                "{place} cannot be written: make room there, then start again; what is sealed is safe"
            )
        })?;
        let (counted, ()) = tokio::join!(spawn_blocking(move || flow.finish()), showing.end());
        counted??;
        Ok(())
    }
}

fn sealed_before(last: Epoch) -> Option<Sealed> {
    (last > Epoch(0)).then_some(Sealed {
        epoch: last,
        behind_since: None,
    })
}

/// The newest epoch whose results are out.
fn newest(live: &Live) -> Epoch {
    live.newest().map_or(Epoch(0), |results| results.epoch)
}

async fn wake(mut sealed: watch::Receiver<Option<Sealed>>, flow: flow::Signal) {
    while sealed.changed().await.is_ok() {
        flow.wake();
    }
}
