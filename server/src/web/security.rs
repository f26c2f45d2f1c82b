//! What holds for every request and every answer. What a page may load, and who may frame it, is in `app`,
//! beside the page.
//!
//! **Invariant:** nothing of an answer that does not say so itself is run, loads anything or is framed,
//! whatever a browser takes it for.

use std::{panic::AssertUnwindSafe, time::Duration};

use axum::{
    extract::{DefaultBodyLimit, Request},
    http::{
        HeaderMap, HeaderName, HeaderValue, Version,
        header::{CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse, Response},
};
use futures::FutureExt as _;
use hyper::body::Body as _;

use super::{error::ApiError, posts};

/// Bytes of a request's body.
const BODY_LIMIT: usize = 1024 * 1024;
/// From the end of a request's head to the start of its answer; the body is read in between. Not for
/// posts, which are answered when they are sealed: how long their bodies may take is in [`posts`].
const TIME_LIMIT: Duration = Duration::from_secs(10);

const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Whether it names one host (RFC 9112, 3.2). One that names none, or several, can be taken for another
/// one's by a proxy on its way.
pub(super) fn names_its_host(request: &Request) -> bool {
    match request.headers().get_all(HOST).iter().count() {
        0 => request.version() < Version::HTTP_11,
        hosts => hosts == 1,
    }
}

/// Nothing reads a longer body, unless it says so.
pub(super) fn limit_body(request: &mut Request) {
    if !request.body().is_end_stream() {
        DefaultBodyLimit::max(BODY_LIMIT).apply(request);
    }
}

/// How long its answer may take.
pub(super) fn time_limit(request: &Request) -> Duration {
    if request.uri().path() == posts::PATH {
        Duration::MAX
    } else {
        TIME_LIMIT
    }
}

/// The answer, or that it took too long, or that what makes it has failed, which the log says more of.
pub(super) async fn in_time(limit: Duration, answer: impl Future<Output = Response>) -> Response {
    let answer = AssertUnwindSafe(answer).catch_unwind();
    match tokio::time::timeout(limit, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_panic)) => ApiError::internal().into_response(),
        Err(_too_long) => ApiError::timed_out().into_response(),
    }
}

pub(super) fn harden(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
}
