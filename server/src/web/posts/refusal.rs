//! Why posts are not taken. None of them counts then.

use std::time::Duration;

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{ACCEPT_ENCODING, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};

use crate::{epoch::ClaimError, web::error::ApiError};

/// After which a key that found no place may find one, in seconds.
const AFTER_TOO_MANY_KEYS: u32 = 600;

#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the request comes from a page of another site")]
    Elsewhere,
    #[error("posting needs a token here: send it as Authorization: Bearer TOKEN")]
    NoToken,
    #[error(
        "the body must be application/x-ndjson or text/plain, in UTF-8: say which in Content-Type"
    )]
    Type,
    #[error("the Content-Encoding must be gzip, zstd or identity")]
    Coding,
    #[error("the Idempotency-Key must be one header of 1 to 255 visible ASCII characters")]
    BadKey,
    #[error("this Idempotency-Key came with another body before: a new body needs a new key")]
    KeyReused,
    #[error("the body is larger than 16 MiB: send it in parts")]
    TooLarge,
    #[error("more than 64 MiB come out of the body: send it in parts")]
    TooMuchInside,
    #[error("the body is damaged, or not in the coding that Content-Encoding says")]
    Damaged,
    #[error("the body did not come to its end")]
    Lost,
    #[error("the body did not come within 60 seconds")]
    TooSlow,
    #[error("too many others post just now")]
    Busy,
    /// With the length of an epoch.
    #[error("posts come faster than they get to disk")]
    NoRoom(Duration),
    #[error("too many keys of the last 24 hours are remembered: come later, or without a key")]
    TooManyKeys,
    #[error(
        "another process of the cluster, which may know this key, is away or behind: send it again later"
    )]
    Away,
    #[error("the server is ending: send it again when it is back")]
    Ending,
    #[error(
        "the server is new in its cluster and waits for the others: send it again, or to another"
    )]
    Joining,
    #[error("the posts did not get to disk: send them again when the server is back")]
    NotSealed,
    #[error("the server failed; see its log")]
    Failed,
}

impl Refusal {
    /// Whether the client can be expected to send the rest of its body.
    pub(super) fn reads_on(&self) -> bool {
        !matches!(self, Self::TooSlow | Self::Lost | Self::Ending)
    }

    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Elsewhere => (StatusCode::FORBIDDEN, "other_site"),
            Self::NoToken => (StatusCode::UNAUTHORIZED, "no_token"),
            Self::Type => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type"),
            Self::Coding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_coding"),
            Self::BadKey => (StatusCode::BAD_REQUEST, "bad_key"),
            Self::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "key_reused"),
            Self::TooLarge | Self::TooMuchInside => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Damaged | Self::Lost => (StatusCode::BAD_REQUEST, "bad_body"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "timed_out"),
            Self::Busy => (StatusCode::TOO_MANY_REQUESTS, "busy"),
            Self::NoRoom(_) => (StatusCode::TOO_MANY_REQUESTS, "no_room"),
            Self::TooManyKeys => (StatusCode::TOO_MANY_REQUESTS, "too_many_keys"),
            Self::Away => (StatusCode::SERVICE_UNAVAILABLE, "away"),
            Self::Ending => (StatusCode::SERVICE_UNAVAILABLE, "ending"),
            Self::Joining => (StatusCode::SERVICE_UNAVAILABLE, "joining"),
            Self::NotSealed => (StatusCode::SERVICE_UNAVAILABLE, "not_sealed"),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// Seconds after which it is worth trying again.
    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Busy => Some(1),
            Self::NoRoom(batch) => Some(u32::try_from(batch.as_secs()).unwrap_or(0) + 1),
            Self::TooManyKeys => Some(AFTER_TOO_MANY_KEYS),
            Self::Away | Self::Ending | Self::Joining | Self::NotSealed => Some(5),
            _ => None,
        }
    }
}

impl From<ClaimError> for Refusal {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Full => Self::TooManyKeys,
            ClaimError::Away => Self::Away,
            error => {
                tracing::error!(%error, "a repeated delivery cannot be answered");
                Self::Failed
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        tracing::debug!(why = %self, "posts were refused");
        let error = ApiError::new(status, code, self.to_string());
        let mut response = error.after(self.retry_after()).into_response();
        let header = match self {
            Self::NoToken => Some((WWW_AUTHENTICATE, "Bearer")),
            Self::Coding => Some((ACCEPT_ENCODING, "gzip, zstd, identity")),
            _ => None,
        };
        if let Some((name, value)) = header {
            let value = HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        response
    }
}
