//! Who may read the API from a page of another site: everybody, without credentials.
//!
//! **Invariant:** only what `GET` and `HEAD` answer under `/api/v1` is given to other sites. What changes
//! something, and what is the page's own, never is.

use std::{convert::Infallible, sync::LazyLock, time::Duration};

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method,
        header::{
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
            ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, IF_NONE_MATCH,
        },
    },
    middleware::Next,
    response::Response,
};
use tower_http::cors::{Any, CorsLayer};
use tower_layer::Layer;
use tower_service::Service;

use super::stream::LAST_EVENT_ID;

/// Headers of answers that a script may read, besides those that it always may.
const READABLE: HeaderValue =
    HeaderValue::from_static("etag,retry-after,content-disposition,ratelimit,ratelimit-policy");
/// Headers that a script may send.
const ASKED_WITH: [HeaderName; 3] = [IF_NONE_MATCH, CACHE_CONTROL, LAST_EVENT_ID];
/// For how long a browser need not ask again.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

static LAYER: LazyLock<CorsLayer> = LazyLock::new(|| {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers(ASKED_WITH)
        .max_age(MAX_AGE)
});

/// Lets a page of another site read an answer with these headers.
pub(super) fn open(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, READABLE);
}

/// What a browser is told that asks before; `next` is not asked.
pub(super) async fn may(request: Request, next: Next) -> Response {
    let answer: Result<Response, Infallible> = LAYER.layer(next).call(request).await;
    answer.unwrap_or_else(|never| match never {})
}

/// Whether it is a browser that asks what it may.
pub(super) fn asks_before(request: &Request) -> bool {
    request.method() == Method::OPTIONS
}

/// Whether it is for others to read; also when a browser asks before whether it may.
pub(super) fn reads(request: &Request) -> bool {
    let asked_for = request.headers().get(ACCESS_CONTROL_REQUEST_METHOD);
    let method = match (request.method(), asked_for) {
        (&Method::OPTIONS, Some(method)) => method.as_bytes(),
        (method, _) => method.as_str().as_bytes(),
    };
    request.uri().path().starts_with("/api/v1/") && matches!(method, b"GET" | b"HEAD")
}
