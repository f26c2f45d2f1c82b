//! `tagtide serve`: ingestion, counting, checkpoints, board and APIs in one process.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use model::Epoch;
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::{mpsc, watch},
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

mod cluster;

use super::{Signals, say};
use crate::{
    alerts::{self, Alerts, Watching},
    backup::Backups,
    cli::Serve,
    epoch::{self, AuthorKey, Intake, Receipts, Sealed, Sealer},
    flow::{self, Flow, FlowError, Mesh, Workload},
    live::Live,
    moderation::{ListFile, Operators, Rulebook},
    process::{self, Process},
    secret::{Secret, SecretError},
    source::{self, Opened, Registry},
    store::{self, Log, State},
    tutorial,
    web::{
        self, Access, Admin, Answers, Capacity, Clients, ExternalBoard, Pictures, Posts, Proxies,
        Rates, Requests, Site, Streams, Web,
    },
};

/// How long sources and clients may take to let go.
const PARTING: Duration = Duration::from_secs(3);

/// Connections that may wait to be accepted: after a restart all pages come back within a second, and one that
/// finds no place tries again only seconds later.
const WAITING: u32 = 4096;

/// The count is taken to be stuck when it makes nothing of what is sealed for so long.
const STUCK: Duration = Duration::from_secs(30);

/// The same before its first result: a slow disk may take long over a large state.
const STUCK_AT_START: Duration = Duration::from_secs(600);

/// How often it is looked whether it is.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) async fn run(typed: Serve) -> anyhow::Result<()> {
    let (begun, process) = (Instant::now(), Process::begins());
    process::allow_all_files();
    let mut signals = Signals::new()?;
    // All that can be refused is asked first, so that nothing is left half-started.
    let access = Access::new(token("TAGTIDE_INGEST_TOKEN")?, typed.public)?;
    let admin_token = token("TAGTIDE_ADMIN_TOKEN")?;
    let post_to = match typed.post_to {
        Some(url) => Some((url, token("TAGTIDE_POST_TO_TOKEN")?)),
        None => None,
    };
    let grammar = typed.text.grammar;
    let workers = typed.workers.map_or_else(workers, usize::from);
    let (adopt, given_up) = (
        typed.cluster.adopt.clone(),
        typed.cluster.accept_loss.clone(),
    );
    let agreed = format!(
        "--batch {:?} --grammar {grammar} --max-tags {} format {}",
        typed.batch,
        typed.max_tags,
        store::FORMAT
    );
    let cluster = cluster::open(typed.cluster, workers, agreed)?;
    let (place, secret) = cluster::place(cluster.as_ref());
    let site = typed.alerts.site.clone();
    let alerting = match place {
        (0, _) => alerts::Settings::new(typed.alerts, grammar)?,
        _ => cluster::leave_alerts(&typed.alerts),
    };
    let telling = if alerting.receivers.is_empty() {
        None
    } else {
        Some(alerts::client().context("alerts cannot be sent")?)
    };
    let listener = listen(typed.listen)?;
    let mesh = cluster::listen(cluster).await?;
    let peers = mesh.as_ref().map(Mesh::peers).unwrap_or_default();
    let (list, rules) = match typed.block {
        Some(path) => {
            let (list, rules) = ListFile::open(path, grammar)?;
            (Some(list), rules)
        }
        None => (None, Rulebook::default()),
    };
    let mut sources = Vec::new();
    let options = typed.x.into();
    for spec in &typed.sources {
        sources.push(source::open(spec.clone(), &options).await?);
    }
    let batch = typed.batch;
    let (log, state) = open(&typed.data, adopt, store::Settings { batch, grammar }).await?;
    let (log, state) = (Arc::new(log), Arc::new(state));
    let author_key = author_key(&log, secret.as_ref())?;
    let checkpoints = state.commits();
    // Before the count: what was hidden is never shown by a restart.
    let operators =
        Operators::load(log.clone(), grammar, rules.clone()).map_err(FlowError::Store)?;
    let alerts = Alerts::load(log.clone()).map_err(FlowError::Store)?;
    alerts
        .keep_receivers(&alerting)
        .await
        .map_err(FlowError::Store)?;
    let receipts = Receipts::load(log.clone()).map_err(FlowError::Store)?;
    let (told, hearing) = mpsc::unbounded_channel();

    let durable = Arc::new(AtomicU64::new(0));
    let (results, results_seen) = watch::channel(None);
    let last = log.last()?;
    let before = (last > Epoch(0)).then_some(Sealed {
        epoch: last,
        behind_since: None,
    });
    let (sealed, sealed_seen) = watch::channel(before);
    let grace = batch * 2 + Duration::from_secs(2);
    let workload = Workload::default();
    let capacity = Capacity {
        workers,
        max_tags: typed.max_tags,
    };
    let known = Arc::new(AtomicU64::new(0));
    let joined = watch::Sender::new(false);
    let counting = flow::Parts {
        log: log.clone(),
        state: state.clone(),
        place,
        given_up,
        mask: secret.as_ref().map_or([0; 16], flow::Secret::mask),
        joined: joined.clone(),
        workers: capacity.workers,
        batch,
        grammar,
        max_tags: typed.max_tags,
        rules: rules.clone(),
        operators: operators.clone(),
        alerts: alerts.clone(),
        single: cluster::single(&typed.sources),
        receipts: receipts.clone(),
        told,
        watched: alerting.watched().collect(),
        results,
        durable: durable.clone(),
        known: known.clone(),
        peers: peers.clone(),
        workload: workload.clone(),
    };
    let flow = Flow::start(counting, mesh)?;
    let live = Live::new(results_seen, sealed_seen.clone(), grace).asking(flow.asker());
    let counted = live.clone();
    let remembered = epoch::remembered(&log, grammar, batch).map_err(FlowError::Store)?;
    let watching = Watching::new(&alerting, &log, author_key, batch).map_err(FlowError::Store)?;
    let sealing = epoch::Parts {
        log: log.clone(),
        grammar,
        batch,
        author_key: joined.borrow().then_some(author_key),
        receipts: receipts.clone(),
        shared: place.1 > 1,
        sealed,
        droppable: durable,
        known,
        counted: move || counted.newest().map_or(Epoch(0), |results| results.epoch),
    };
    let (sealer, intake) = Sealer::start(sealing, remembered)?;

    let reading = Tasks::default();
    let registry = Registry::default();
    for opened in sources {
        reading.run_source(opened, &intake, &registry, &log)?;
    }
    let showing = Tasks::default();
    if !intake.has_begun() {
        showing.spawn(cluster::join(
            joined.subscribe(),
            intake.clone(),
            log.clone(),
        ));
    }
    let (told, stop) = (
        (operators.clone(), alerts.clone(), intake.clone()),
        showing.stop.clone(),
    );
    showing.spawn(cluster::hear(hearing, told, stop));
    let ticking = reading.spawn(epoch::tick(intake.clone(), reading.stop.clone()));
    showing.spawn(wake(sealed_seen, flow.signal()));
    if let Some(list) = list {
        showing.spawn(list.follow(rules, showing.stop.clone()));
    }
    match Backups::listen(&typed.data) {
        Ok(backups) => {
            showing.spawn(backups.serve(log.clone(), state, showing.stop.clone()));
        }
        Err(error) => tracing::warn!("no backup can be taken while it runs: {error}"),
    }
    if let Some(dashboard) = post_to {
        showing.spawn(tutorial::post(
            dashboard,
            live.clone(),
            showing.stop.clone(),
        ));
    }
    if !alerting.rules.is_empty() {
        let (live, stop) = (live.clone(), showing.stop.clone());
        showing.spawn(alerts::watch(watching, live, alerts.clone(), stop));
    }
    let site = match site {
        Some(site) => site.as_str().trim_end_matches('/').to_owned(),
        None => format!("http://{}", listener.local_addr()?),
    };
    if let Some(client) = telling {
        let (receivers, live) = (alerting.receivers, live.clone());
        let (alerts, stop) = (alerts.clone(), showing.stop.clone());
        showing.spawn(alerts::deliver(receivers, client, alerts, live, site, stop));
    }
    if typed.print {
        showing.spawn(tutorial::print(live.clone(), showing.stop.clone()));
    }
    say(format_args!(
        "tagtide is at http://{}",
        listener.local_addr()?
    ));
    showing.spawn(registry.clone().keep_rates(showing.stop.clone()));
    let expected = access.has_token();
    let web = Web {
        begun,
        live: live.clone(),
        posts: Posts::new(intake.clone(), receipts, registry.clone(), expected),
        access,
        admin: admin_token.map(|token| Admin::new(token, operators)),
        sources: registry,
        retractions: intake.retractions(),
        seals: log.commits(),
        checkpoints,
        files: store::Files::of(&typed.data),
        external: ExternalBoard::default(),
        alerts,
        batch,
        site: Site::find(),
        answers: Answers::default(),
        pictures: Pictures::default(),
        streams: Streams::until(showing.stop.clone()),
        process,
        workload,
        peers,
        capacity,
        requests: Requests::default(),
        clients: Clients::behind(Proxies::new(typed.visitors.proxies)),
        rates: Rates::new(typed.visitors.rate),
    };
    let answering = showing.spawn(web::serve(listener, web, showing.stop.clone()));

    let fault = tokio::select! {
        () = signals.told_to_end() => None,
        () = stopped(&sealer, &flow) => None,
        _ = ticking => Some("the clock has stopped by a fault of tagtide"),
        _ = answering => Some("the web server has stopped by a fault of tagtide"),
        () = stuck(&live, &flow) => {
            tracing::error!("the count has made nothing of what is sealed for {STUCK:?}");
            // The threads of the count cannot be ended from outside; the counts are in the log.
            std::process::exit(i32::from(super::SOFTWARE));
        }
    };
    tracing::info!("ending: what was read is sealed, clients are let go");
    tokio::spawn(async move {
        signals.told_to_end().await;
        // Told twice: at once. What is sealed is safe.
        std::process::exit(1);
    });
    reading.end().await;
    // What is wrong with the sealer, its own end tells.
    let _ = intake.finish(epoch::epoch_of(epoch::now(), batch)).await;
    let sealed = spawn_blocking(move || sealer.join()).await??;
    sealed.with_context(|| {
        let place = typed.data.display();
        format!(
            "{place} cannot be written: make room there, then start again; what is sealed is safe"
        )
    })?;
    let (counted, ()) = tokio::join!(spawn_blocking(move || flow.finish()), showing.end());
    counted??;
    match fault {
        Some(fault) => Err(FlowError::Worker(fault.to_owned()).into()),
        None => Ok(()),
    }
}

/// Tasks that end together.
#[derive(Default)]
struct Tasks {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks.spawn(task)
    }

    fn run_source(
        &self,
        opened: Opened,
        intake: &Intake,
        registry: &Registry,
        log: &Log,
    ) -> anyhow::Result<()> {
        let spec = opened.spec();
        let status = registry.add(&opened.name());
        let identity: Arc<str> = spec.identity().into();
        let cursor = log.cursor(&identity)?;
        let may_replay = spec.may_replay();
        let sink = intake.writer(spec.kind(), identity, status.clone(), may_replay);
        let stop = self.stop.child_token();
        let context = source::Context {
            sink,
            status: status.clone(),
            cursor,
            stop,
        };
        let running = tokio::spawn(opened.run(context));
        self.spawn(async move {
            if running.await.is_err() {
                status.failed("it has stopped by a fault of tagtide");
            }
        });
        Ok(())
    }

    async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(PARTING, self.tasks.wait()).await.is_err() {
            tracing::warn!("something would not let go within {PARTING:?}");
        }
    }
}

fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // What the last process has left to its end does not keep the next one waiting.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(WAITING)
    };
    bound().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "{address} is in use by another program: end that one, or choose another --listen"
        ),
        _ => anyhow::anyhow!("cannot listen at {address}: {error}; choose another --listen"),
    })
}

/// Opening may take a while after a crash: redb looks the file through. With what others held that are gone.
async fn open(
    directory: &Path,
    adopt: Vec<PathBuf>,
    settings: store::Settings,
) -> anyhow::Result<(Log, State)> {
    let directory = directory.to_owned();
    let opened = spawn_blocking(move || {
        let (log, state) = store::open(&directory, &settings)?;
        cluster::adopt(&adopt, &log, &state, &settings)?;
        Ok((log, state))
    });
    opened.await?
}

/// The key of the data directory. Where it has none yet, that of `TAGTIDE_AUTHOR_KEY_FILE`, that of the
/// cluster, or a new one.
fn author_key(log: &Log, secret: Option<&flow::Secret>) -> anyhow::Result<AuthorKey> {
    let of_file = std::env::var_os("TAGTIDE_AUTHOR_KEY_FILE");
    let fresh = match (of_file, secret) {
        (Some(path), _) => AuthorKey::of_file(path.as_ref())
            .with_context(|| format!("TAGTIDE_AUTHOR_KEY_FILE={path:?} cannot be used"))?,
        (None, Some(secret)) => secret.author_key(),
        (None, None) => AuthorKey::fresh().context("the system gives no random numbers")?,
    };
    Ok(AuthorKey::new(log.author_key_or(fresh)?))
}

/// `None` where it is not set.
fn token(name: &'static str) -> Result<Option<Secret>, SecretError> {
    match Secret::of_environment(name) {
        Ok(token) => Ok(Some(token)),
        Err(SecretError::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn workers() -> usize {
    thread::available_parallelism()
        .map_or(1, usize::from)
        .min(8)
}

async fn wake(mut sealed: watch::Receiver<Option<Sealed>>, flow: flow::Signal) {
    while sealed.changed().await.is_ok() {
        flow.wake();
    }
}

/// Until one of the threads that must run has ended: their own ends tell why.
async fn stopped(sealer: &Sealer, flow: &Flow) {
    while !sealer.is_finished() && !flow.is_finished() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Until results have not moved for too long although there is something sealed to count. The time is that
/// which was looked at: one that was stopped, or whose machine has slept, has had none to count in.
async fn stuck(live: &Live, flow: &Flow) {
    let shown = || live.newest().map_or(Epoch(0), |results| results.epoch);
    let (mut before, mut stood) = (shown(), Duration::ZERO);
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        stood += LOOK_AGAIN;
        let limit = match before {
            Epoch(0) => STUCK_AT_START,
            _ => STUCK,
        };
        if shown() != before || !live.is_behind() || flow.is_waiting() {
            (before, stood) = (shown(), Duration::ZERO);
        } else if stood >= limit {
            return;
        }
    }
}
