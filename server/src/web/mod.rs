//! Everything that is asked over HTTP: the pages, their server functions, the JSON for scripts, and the
//! two addresses of the tutorial's dashboard.
//!
//! * [`router`] every route there is; [`posts`] takes posts from whoever has [`access`]; [`pages`],
//!   [`api`], [`alerts`], [`stream`], [`pictures`] (by [`fonts`]), [`trends`], [`status`], [`tutorial`], [`health`],
//!   [`metrics`] and [`assets`] (with what is [`packed`]) answer; [`csv`] and [`etag`] give answers their
//!   form; [`openapi`] describes those of `/api/v1`, by what each says of itself in the words of [`described`]
//! * [`admin`] the page for operators
//! * [`boards`] what the pages' questions are answered; [`answers`] what was made for many; [`origin`]
//!   what links to them look like; [`external`] the board that another program posts
//! * [`around`] what is done around every answer: [`visitor`] who asks, [`rates`] how much one may,
//!   [`error`] the one shape of errors, [`security`] what holds for every request and answer, [`cors`] what
//!   other sites may read, [`requests`] how they were answered
//! * [`connections`] from accept to farewell, each on one of the [`seats`]; [`shares`] what one client holds
//!
//! A request reads the newest results as they are and waits for nobody; only what is counted when it
//! is asked for, one tag or a part of the posts, takes its time. What strangers can take from the
//! server has a bound here or in [`connections`]: bodies, time, connections, requests.

mod access;
mod admin;
mod alerts;
mod answers;
mod api;
mod around;
mod assets;
mod boards;
mod connections;
mod cors;
mod csv;
mod described;
mod error;
mod etag;
mod external;
mod fonts;
mod health;
mod metrics;
mod openapi;
mod origin;
mod packed;
mod pages;
mod pictures;
mod posts;
mod rates;
mod requests;
mod seats;
mod security;
mod shares;
mod status;
mod stream;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod trends;
mod tutorial;
mod visitor;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router, middleware,
    routing::{get, post},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    alerts::Alerts,
    epoch::Retractions,
    flow::{Peers, Workload},
    live::Live,
    process::Process,
    source::Registry,
    store::{Commits, Files},
};

pub(crate) use access::{Access, NeedsToken};
pub(crate) use admin::Admin;
pub(crate) use answers::Answers;
pub(crate) use assets::Site;
pub(crate) use connections::Clients;
pub(crate) use external::ExternalBoard;
pub(crate) use pictures::Pictures;
pub(crate) use posts::Posts;
pub(crate) use rates::Rates;
pub(crate) use requests::Requests;
pub(crate) use stream::Streams;
pub(crate) use visitor::{Network, Proxies};

/// What the handlers answer from. A clone is another handle to the same things.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    /// When the program started.
    pub(crate) begun: Instant,
    pub(crate) live: Live,
    pub(crate) sources: Registry,
    pub(crate) retractions: Retractions,
    pub(crate) seals: Commits,
    pub(crate) checkpoints: Commits,
    pub(crate) files: Files,
    /// The board that another program posts to `/updateData`.
    pub(crate) external: ExternalBoard,
    pub(crate) alerts: Alerts,
    /// Length of an epoch: how often a board can change.
    pub(crate) batch: Duration,
    pub(crate) site: Site,
    pub(crate) answers: Answers,
    pub(crate) pictures: Pictures,
    pub(crate) access: Access,
    /// `None`: there is no page for operators.
    pub(crate) admin: Option<Admin>,
    pub(crate) posts: Posts,
    pub(crate) streams: Streams,
    pub(crate) process: Process,
    pub(crate) workload: Workload,
    /// The processes that count together.
    pub(crate) peers: Peers,
    pub(crate) capacity: Capacity,
    pub(crate) requests: Requests,
    pub(crate) clients: Clients,
    pub(crate) rates: Rates,
}

/// What the count was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    /// Threads.
    pub(crate) workers: usize,
    pub(crate) max_tags: u64,
}

/// Every route there is.
fn router(web: Web) -> Router {
    let web = Arc::new(web);
    Router::new()
        .route("/", get(pages::page))
        .route("/tag/{*name}", get(pages::page))
        .route("/api/fn/tag", get(pages::server_function))
        .route("/api/v1/top.svg", get(pictures::top_svg))
        .route("/api/v1/top.png", get(pictures::top_png))
        .route("/api/v1/stream", get(stream::stream).head(stream::head))
        .route("/api/v1/tags/{name}", get(api::tag))
        .route("/api/v1/trends", get(trends::tags))
        .route("/api/v1/trends/tags", get(trends::tags))
        .route("/api/v1/alerts", get(alerts::alerts))
        .route("/api/v1/status", get(status::status))
        .route(posts::PATH, post(posts::post))
        .route("/api/v1/openapi.json", get(openapi::openapi))
        .route("/updateData", post(tutorial::update))
        .route("/refreshData", get(tutorial::refresh))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/pkg/{*file}", get(assets::file))
        .merge(admin::routes(web.admin.as_ref()))
        .fallback(assets::file_or_no_page)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(assets::compression())
        // What is asked most is kept compressed.
        .route("/api/fn/board", get(pages::board))
        .route("/api/v1/top", get(api::top))
        .route("/api/v1/top.csv", get(api::top_csv))
        .layer(middleware::from_fn_with_state(web.clone(), around::around))
        .with_state(web)
}

/// Answers on `listener` until `stop`, and lets the clients go: whoever waits for an answer gets it,
/// but nobody can keep the program from ending.
pub(crate) async fn serve(listener: TcpListener, web: Web, stop: CancellationToken) {
    pages::prepare();
    let clients = web.clients.clone();
    let limit = connections::WRITE_LIMIT;
    connections::serve(listener, router(web), clients, limit, stop).await;
}
