//! `tagtide serve`: ingestion, counting, checkpoints, board and APIs in one process.
//!
//! * `stored` what the data directory holds, `cluster` what this process is to others
//! * `sources` where posts come from, `counting` what makes results of them
//! * `alerting` who is told of what rises, `listen` where the board and the APIs are
//! * `tasks` what runs meanwhile, and ends together

use std::{path::PathBuf, thread, time::Instant};

use tokio::task::JoinHandle;

mod alerting;
mod cluster;
mod counting;
mod listen;
mod sources;
mod stored;
mod tasks;

use super::{Signals, say};
use crate::{
    cli::Serve,
    epoch,
    flow::FlowError,
    moderation::ListFile,
    process::{self, Process},
    secret::{Secret, SecretError},
    source::{Closed, Registry},
    store::{Files, Settings},
    tutorial,
    web::{
        self, Access, Admin, Answers, Capacity, Clients, ExternalBoard, Pictures, Posts, Proxies,
        Rates, Requests, Site, Streams, Web,
    },
};
use alerting::Alerting;
use cluster::Role;
use counting::Counting;
use listen::listen;
use stored::Stored;
use tasks::Tasks;

pub(super) async fn run(typed: Serve) -> anyhow::Result<()> {
    process::allow_all_files();
    let mut signals = Signals::new()?;
    let mut running = start(typed).await?;
    let fault = tokio::select! {
        () = signals.told_to_end() => None,
        fault = running.stopped() => fault,
    };
    tracing::info!("ending: what was read is sealed, clients are let go");
    tokio::spawn(async move {
        signals.told_to_end().await;
        // Told twice: at once. What is sealed is safe.
        std::process::exit(1);
    });
    running.end().await?;
    match fault {
        Some(fault) => Err(FlowError::Worker(fault.to_owned()).into()),
        None => Ok(()),
    }
}

/// All that runs from the start to the end.
struct Running {
    data: PathBuf,
    counting: Counting,
    /// The sources and the clock.
    reading: Tasks,
    /// The web, and all that looks at results or at what people do.
    showing: Tasks,
    ticking: JoinHandle<Result<(), Closed>>,
    answering: JoinHandle<()>,
}

async fn start(typed: Serve) -> anyhow::Result<Running> {
    let (begun, process) = (Instant::now(), Process::begins());
    let settings = Settings {
        batch: typed.batch,
        grammar: typed.text.grammar,
    };
    let capacity = Capacity {
        workers: typed.workers.map_or_else(workers, usize::from),
        max_tags: typed.max_tags,
    };

    // All that can be refused is asked first, so that nothing is left half-started.
    let access = Access::new(token("TAGTIDE_INGEST_TOKEN")?, typed.public)?;
    let admin_token = token("TAGTIDE_ADMIN_TOKEN")?;
    let dashboard = match typed.post_to {
        Some(url) => Some((url, token("TAGTIDE_POST_TO_TOKEN")?)),
        None => None,
    };
    let cluster = cluster::open(&typed.cluster, &settings, capacity)?;
    let alerting = Alerting::new(typed.alerts, settings.grammar, cluster.as_ref())?;
    let listener = listen(typed.listen)?;
    let board = listener.local_addr()?;
    let role = Role::take(cluster, typed.cluster.accept_loss, &typed.sources).await?;
    let peers = role.peers.clone();
    let list = |path| ListFile::open(path, settings.grammar);
    let (list, rules) = typed.block.map(list).transpose()?.unzip();
    let sources = sources::open(typed.sources, &typed.x.into()).await?;

    // What was counted before comes first, then what is new, then whoever is shown it.
    let (reading, showing) = (Tasks::default(), Tasks::default());
    let (data, adopt, secret) = (typed.data, typed.cluster.adopt, role.secret.as_ref());
    let stored = Stored::open(&data, adopt, settings, rules.unwrap_or_default(), secret).await?;
    let counting = Counting::start(&stored, role, &alerting, capacity, &showing)?;
    let (intake, live) = (&counting.intake, &counting.live);
    alerting.start(&stored, live, board, &showing).await?;
    let registry = Registry::default();
    sources::run(sources, intake, &registry, &stored.log, &reading)?;
    let ticking = reading.spawn(epoch::tick(intake.clone(), reading.stop.clone()));

    if let Some(list) = list {
        showing.spawn(list.follow(stored.rules.clone(), showing.stop.clone()));
    }
    stored.serve_backups(&data, &showing);
    if let Some(dashboard) = dashboard {
        let (live, stop) = (live.clone(), showing.stop.clone());
        showing.spawn(tutorial::post(dashboard, live, stop));
    }
    if typed.print {
        showing.spawn(tutorial::print(live.clone(), showing.stop.clone()));
    }
    say(format_args!("tagtide is at http://{board}"));
    showing.spawn(registry.clone().keep_rates(showing.stop.clone()));
    let expected = access.has_token();
    let web = Web {
        begun,
        live: live.clone(),
        posts: Posts::new(intake.clone(), stored.receipts, registry.clone(), expected),
        access,
        admin: admin_token.map(|token| Admin::new(token, stored.operators)),
        sources: registry,
        retractions: intake.retractions(),
        seals: stored.log.commits(),
        checkpoints: stored.state.commits(),
        files: Files::of(&data),
        external: ExternalBoard::default(),
        alerts: stored.alerts,
        batch: settings.batch,
        site: Site::find(),
        answers: Answers::default(),
        pictures: Pictures::default(),
        streams: Streams::until(showing.stop.clone()),
        process,
        workload: counting.workload.clone(),
        peers,
        capacity,
        requests: Requests::default(),
        clients: Clients::behind(Proxies::new(typed.visitors.proxies)),
        rates: Rates::new(typed.visitors.rate),
    };
    let answering = showing.spawn(web::serve(listener, web, showing.stop.clone()));
    Ok(Running {
        data,
        counting,
        reading,
        showing,
        ticking,
        answering,
    })
}

impl Running {
    /// Until one that must run does not; what is wrong, where its own end does not tell.
    async fn stopped(&mut self) -> Option<&'static str> {
        tokio::select! {
            () = self.counting.stopped() => None,
            _ = &mut self.ticking => Some("the clock has stopped by a fault of tagtide"),
            _ = &mut self.answering => Some("the web server has stopped by a fault of tagtide"),
            () = self.counting.stuck() => {
                // The threads of the count cannot be ended from outside; the counts are in the log.
                std::process::exit(i32::from(super::SOFTWARE));
            }
        }
    }

    /// Sources first, so that all that they have read is counted.
    async fn end(self) -> anyhow::Result<()> {
        self.reading.end().await;
        self.counting.end(&self.data, &self.showing).await
    }
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
