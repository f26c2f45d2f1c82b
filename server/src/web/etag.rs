//! Answers that say whether they are what the client has already.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY},
    },
    response::{IntoResponse, Response},
};

/// A tag of the content, so it holds across restarts; a weak one, as the answer may be compressed on
/// its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ETag(String);

impl ETag {
    pub(super) fn of(content: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        Self(format!("W/\"{:016x}\"", hasher.finish()))
    }

    /// Whether the client has what bears this tag.
    pub(super) fn is_known(&self, request: &HeaderMap) -> bool {
        let known = request.get_all(IF_NONE_MATCH).iter();
        let mut known = known
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim);
        let opaque = self.0.trim_start_matches("W/");
        known.any(|known| known == "*" || known.trim_start_matches("W/") == opaque)
    }

    pub(super) fn not_modified(&self) -> Response {
        self.on(StatusCode::NOT_MODIFIED.into_response())
    }

    pub(super) fn content(&self, kind: &'static str, body: impl Into<Body>) -> Response {
        self.on(([(CONTENT_TYPE, kind)], body.into()).into_response())
    }

    fn on(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Ok(tag) = HeaderValue::from_str(&self.0) {
            headers.insert(ETAG, tag);
        }
        response
    }
}

/// Text with its tag.
#[derive(Clone, Debug)]
pub(super) struct Tagged {
    pub(super) tag: ETag,
    pub(super) body: Bytes,
}

impl Tagged {
    pub(super) fn of(body: Vec<u8>) -> Self {
        Self {
            tag: ETag::of(&body),
            body: body.into(),
        }
    }

    /// Answers with it, or that it is what the client has already.
    pub(super) fn answer(self, request: &HeaderMap, kind: &'static str) -> Response {
        let mut response = if self.tag.is_known(request) {
            self.tag.not_modified()
        } else {
            self.tag.content(kind, self.body)
        };
        // The layer that compresses does not say it of an answer without a body, nor of a small one.
        let varies = HeaderValue::from_static("accept-encoding");
        response.headers_mut().append(VARY, varies);
        response
    }
}

/// Answers with `body`, which is text, or that it is what the client has already.
pub(super) fn answer(request: &HeaderMap, kind: &'static str, body: Vec<u8>) -> Response {
    Tagged::of(body).answer(request, kind)
}
