//! What a supervisor or a load balancer asks.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
};

use super::Web;

/// The process lives.
pub(super) async fn alive() -> Response {
    answer(StatusCode::OK, "ok\n")
}

/// What is shown is what was counted a moment ago.
pub(super) async fn ready(State(web): State<Arc<Web>>) -> Response {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    match web.live.newest() {
        Some(_) if web.live.is_current() => answer(StatusCode::OK, "ready\n"),
        Some(_) => answer(unavailable, "The results are behind what was received.\n"),
        None => answer(
            unavailable,
            "The server is starting: there are no results yet.\n",
        ),
    }
}

fn answer(status: StatusCode, sentence: &'static str) -> Response {
    (status, [(CACHE_CONTROL, "no-store")], sentence).into_response()
}
