//! Errors that a client of the API sees.
//!
//! Policy: every error under `/api/v1` is `{"error":{"code":"…","message":"…"}}`. The code is a name
//! for programs and is not changed; the message is a sentence for people that says what is allowed or
//! what to do, and repeats nothing that the client sent. What is our fault says no more than that.
//! Handlers return [`ApiError`]; what the router or an extractor refuses is brought into the same
//! shape by [`Shape`], which shows people who come with a browser a page instead.

use axum::{
    Json,
    extract::Request,
    http::{
        HeaderValue, StatusCode,
        header::{
            ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER,
        },
    },
    response::{Html, IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::Site;

/// The one shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorBody {
    #[schema(inline)]
    error: Told,
}

#[derive(Debug, Serialize, ToSchema)]
struct Told {
    /// For programs.
    #[schema(pattern = "^[a-z_]+$")]
    code: &'static str,
    /// For people.
    message: String,
}

/// An answer in it.
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

    pub(super) fn too_many_streams() -> Self {
        Self {
            retry_after: Some(10),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "as many listen to the stream as may",
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

    pub(super) fn too_many_requests() -> Self {
        Self::of_status(StatusCode::TOO_MANY_REQUESTS)
    }

    pub(super) fn no_host() -> Self {
        let message = "a request names the host that it is for, and only one";
        Self::bad_request("no_host", message)
    }

    pub(super) fn timed_out() -> Self {
        Self::of_status(StatusCode::REQUEST_TIMEOUT)
    }

    /// The same, with the seconds after which it is worth trying again.
    pub(super) fn after(self, retry_after: Option<u32>) -> Self {
        Self {
            retry_after,
            ..self
        }
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
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
            StatusCode::TOO_MANY_REQUESTS => (
                "too_many_requests",
                "your address asks more than one may: come again later",
            ),
            status if status.is_server_error() => ("internal", "the server failed; see its log"),
            _ => ("bad_request", "the request cannot be understood"),
        };
        Self::new(status, code, message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = Told {
            code: self.code,
            message: self.message,
        };
        let headers = [(CACHE_CONTROL, "no-store")];
        let mut response = (self.status, headers, Json(ErrorBody { error })).into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(super) async fn method_not_allowed() -> Response {
    let text = "This address takes another method: see the header Allow.\n";
    (StatusCode::METHOD_NOT_ALLOWED, text).into_response()
}

/// What went wrong, for people. Nothing that the client sent is in it.
fn page(status: StatusCode, css: &str) -> Response {
    let why = ApiError::of_status(status).message;
    let title = if status.is_server_error() {
        "Something failed here"
    } else {
        "This does not work"
    };
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>tagtide: {title}</title><link rel=\"stylesheet\" href=\"{css}\"></head>\
         <body><main class=\"notice\"><h1>{title}</h1><p>{status}: {why}.</p>\
         <p><a class=\"button\" href=\"/\">See what is trending</a></p></main></body></html>"
    );
    const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'self'";
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, Html(page)).into_response()
}

/// What errors of a request look like: those of the router and of extractors under `/api/v1` have the
/// one shape, and those of all else that is not the pages' own another, where a browser wants to show
/// one.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    AsTheyAre,
    OfTheApi,
    Page,
}

impl Shape {
    pub(super) fn of(request: &Request) -> Self {
        let path = request.uri().path();
        let html = |value: &HeaderValue| {
            value
                .to_str()
                .is_ok_and(|value| value.contains("text/html"))
        };
        if path.starts_with("/api/") {
            return if path.starts_with("/api/fn/") {
                Self::AsTheyAre
            } else {
                Self::OfTheApi
            };
        }
        if request.method().is_safe() && request.headers().get(ACCEPT).is_some_and(html) {
            Self::Page
        } else {
            Self::AsTheyAre
        }
    }

    /// `response`, in this shape if it is an error.
    pub(super) fn of_errors(self, response: Response, site: &Site) -> Response {
        let status = response.status();
        if !(status.is_client_error() || status.is_server_error()) {
            return response;
        }
        let kind = response.headers().get(CONTENT_TYPE);
        let is =
            |wanted: &str| kind.is_some_and(|kind| kind.as_bytes().starts_with(wanted.as_bytes()));
        match self {
            Self::Page if !is("text/html") => {
                let mut page = page(status, &site.assets().css);
                if let Some(after) = response.headers().get(RETRY_AFTER) {
                    page.headers_mut().insert(RETRY_AFTER, after.clone());
                }
                page
            }
            Self::OfTheApi if !is("application/json") => {
                let mut shaped = ApiError::of_status(status).into_response();
                if let Some(allow) = response.headers().get(ALLOW) {
                    shaped.headers_mut().insert(ALLOW, allow.clone());
                }
                shaped
            }
            _ => response,
        }
    }
}
