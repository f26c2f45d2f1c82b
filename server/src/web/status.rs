//! How tagtide does, for people and scripts: `GET /api/v1/status`. A name in it is not changed.
//!
//! It is answered at any time, also while there are no results yet. What is not known is `null` and
//! never left out. The names of sources and what they say hold no secrets: they are given so.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::header::CACHE_CONTROL,
    response::{IntoResponse, Response},
};
use model::{Epoch, Kind, SourceState};
use serde::Serialize;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::{Web, described::Faults, metrics::dollars};
use crate::{flow::Peer, source::Report};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Status {
    version: &'static str,
    /// Whether what is shown is what is sealed, as `/readyz` tells.
    current: bool,
    uptime_seconds: f64,
    /// The newest that is counted and shown.
    epoch: Option<Epoch>,
    /// The newest that is on disk.
    sealed_epoch: Option<Epoch>,
    /// For how long something sealed has waited to be counted.
    lag_seconds: f64,
    /// In use.
    memory_bytes: Option<u64>,
    sources: Vec<Source>,
    alerts: Alerts,
    stores: Stores,
    /// `null` where one counts alone.
    cluster: Option<Cluster>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Source {
    name: String,
    kind: Option<Kind>,
    state: SourceState,
    detail: Option<String>,
    next_try_at: Option<String>,
    /// Over about the last ten seconds.
    posts_per_second: f64,
    posts: u64,
    /// Deletions and take-downs.
    retractions: u64,
    /// Of lines, messages and bodies read, unpacked.
    bytes: u64,
    bot_posts: u64,
    late_posts: u64,
    lines_cut: u64,
    lines_refused: u64,
    last_error: Option<String>,
    last_error_at: Option<String>,
    cursor: Option<String>,
    spent_dollars: Option<f64>,
    budget_dollars: Option<f64>,
}

/// What has reached a threshold since the program started, and who was told of it: what is delivered, failed
/// and waiting counts once for every receiver.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertNumbers)]
struct Alerts {
    fired: u64,
    delivered: u64,
    failed: u64,
    waiting: u64,
    last_error: Option<String>,
    last_error_at: Option<String>,
}

/// The processes that count together, as far as this one knows.
#[derive(Debug, Serialize, ToSchema)]
struct Cluster {
    /// Which of them this one is.
    index: usize,
    /// Grows with each time that all are connected anew; `null` before the first.
    generation: Option<u64>,
    processes: Vec<Process>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClusterProcess)]
struct Process {
    index: usize,
    /// Where the others reach it.
    address: String,
    connected: bool,
    /// For how long nothing has come of it; `null`: nothing has since the start, or it is this one.
    silent_seconds: Option<f64>,
    /// The newest that it has brought to the count, also one that has waited for others since.
    epoch: Option<Epoch>,
}

/// What is on disk, in bytes.
#[derive(Debug, Serialize, ToSchema)]
struct Stores {
    log_bytes: Option<u64>,
    state_bytes: Option<u64>,
}

/// How the program does
///
/// It is answered at any time, also while there are no results yet.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    responses(
        (status = 200, description = "As it is just now", body = Status),
        Faults,
    )
)]
pub(super) async fn status(State(web): State<Arc<Web>>) -> Response {
    let process = web.process;
    let usage = spawn_blocking(move || process.usage());
    let (sizes, usage) = tokio::join!(web.files.sizes(), usage);
    let status = Status {
        current: web.live.is_current(),
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: seconds(web.begun.elapsed()),
        epoch: web.live.newest().map(|results| results.epoch),
        sealed_epoch: web.live.sealed(),
        lag_seconds: seconds(web.live.lag()),
        memory_bytes: usage.unwrap_or_default().resident_bytes,
        sources: web.sources.reports().into_iter().map(source).collect(),
        alerts: alerts(&web),
        stores: Stores {
            log_bytes: sizes.log,
            state_bytes: sizes.state,
        },
        cluster: cluster(&web),
    };
    ([(CACHE_CONTROL, "no-store")], Json(status)).into_response()
}

fn alerts(web: &Web) -> Alerts {
    let numbers = web.alerts.numbers();
    let (last_error, last_error_at) = web
        .alerts
        .last_error()
        .map(|said| (said.sentence, said.at.to_string()))
        .unzip();
    Alerts {
        fired: numbers.fired,
        delivered: numbers.delivered,
        failed: numbers.failed,
        waiting: numbers.waiting,
        last_error,
        last_error_at,
    }
}

fn cluster(web: &Web) -> Option<Cluster> {
    Some(Cluster {
        index: web.peers.index()?,
        generation: web.peers.generation(),
        processes: web.peers.all().map(process).collect(),
    })
}

fn process(peer: Peer<'_>) -> Process {
    Process {
        index: peer.index,
        address: peer.host.to_owned(),
        connected: peer.connected,
        silent_seconds: peer.silent.map(seconds),
        epoch: peer.epoch,
    }
}

fn source(report: Report) -> Source {
    let shown = report.shown;
    let (last_error, last_error_at) = report
        .last_error
        .map(|said| (said.sentence, said.at.to_string()))
        .unzip();
    Source {
        name: shown.name,
        kind: report.kind,
        state: shown.state,
        detail: shown.detail,
        next_try_at: shown.next_try,
        posts_per_second: shown.rate,
        posts: shown.posts,
        retractions: report.retractions,
        bytes: report.bytes,
        bot_posts: shown.bots,
        late_posts: report.late,
        lines_cut: report.lines_cut,
        lines_refused: report.lines_refused,
        last_error,
        last_error_at,
        cursor: report.cursor,
        spent_dollars: shown.spend.map(|spend| dollars(spend.spent)),
        budget_dollars: shown.spend.and_then(|spend| spend.budget).map(dollars),
    }
}

/// To a thousandth.
fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1000.0
}
