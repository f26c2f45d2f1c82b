//! Errors that a client of the API sees.
//!
//! Policy: every error under `/api/v1` is `{"error":{"code":"…","message":"…"}}`. The code is a name
//! for programs and is not changed; the message is a sentence for people that says what is allowed or
//! what to do, and repeats nothing that the client sent. What is our fault says no more than that.
//! Handlers return [`ApiError`]; what the router or an extractor refuses is brought into the same
//! shape by [`in_one_shape`].

use axum::{
    Json,
    extract::Request,
    http::{
        HeaderValue, Method, StatusCode,
        header::{ALLOW, CONTENT_TYPE, RETRY_AFTER},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An answer in the one shape.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// Seconds after which it is worth trying again.
    retry_after: Option<u32>,
}

impl ApiError {
    pub(super) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn starting() -> Self {
        Self {
            retry_after: Some(1),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "starting",
                "the server is starting: there are no counts yet",
            )
        }
    }

    pub(super) fn busy() -> Self {
        Self {
            retry_after: Some(2),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "the picture takes too long just now: others wait for theirs",
            )
        }
    }

    pub(super) fn internal() -> Self {
        Self::of_status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(super) fn not_found() -> Self {
        Self::of_status(StatusCode::NOT_FOUND)
    }

    pub(super) fn unknown_tag() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown_tag",
            "no post that was counted bears this hashtag",
        )
    }

    pub(super) fn blocked_tag() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "blocked_tag",
            "this hashtag is not shown here",
        )
    }

    pub(super) fn timed_out() -> Self {
        Self::of_status(StatusCode::REQUEST_TIMEOUT)
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after: None,
        }
    }

    /// What a status says by itself.
    fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::NOT_FOUND => ("not_found", "there is nothing at this address"),
            StatusCode::METHOD_NOT_ALLOWED => (
                "method_not_allowed",
                "this address takes another method: see the header Allow",
            ),
            StatusCode::REQUEST_TIMEOUT => ("timed_out", "the request took too long"),
            StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                "unsupported_type",
                "the body is of a type that this address does not take",
            ),
            status if status.is_server_error() => ("internal", "the server failed; see its log"),
            _ => ("bad_request", "the request cannot be understood"),
        };
        Self::new(status, code, message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({"error": {"code": self.code, "message": self.message}});
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(super) async fn method_not_allowed(method: Method) -> Response {
    (
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{method} is not for this address.\n"),
    )
        .into_response()
}

/// Gives the errors of the router and of extractors under `/api/v1` the one shape.
pub(super) async fn in_one_shape(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let ours = path.starts_with("/api/") && !path.starts_with("/api/fn/");
    let response = next.run(request).await;
    let status = response.status();
    if !ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let is_json = |value: &HeaderValue| value.as_bytes().starts_with(b"application/json");
    if response.headers().get(CONTENT_TYPE).is_some_and(is_json) {
        return response;
    }
    let mut shaped = ApiError::of_status(status).into_response();
    if let Some(allow) = response.headers().get(ALLOW) {
        shaped.headers_mut().insert(ALLOW, allow.clone());
    }
    shaped
}
