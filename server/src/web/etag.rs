//! Answers that say whether they are what the client has already.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io::Write as _,
    sync::{Arc, OnceLock},
};

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
            VARY,
        },
    },
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};

/// A body that fits into one packet is not worth compressing.
pub(super) const WORTH_COMPRESSING: u64 = 1400;

const VARIES: HeaderValue = HeaderValue::from_static("accept-encoding");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// Room for so many headers is made at once, with those that all answers have.
const HEADERS: usize = 12;

/// A tag of the content, so it holds across restarts; a weak one, as the answer may be compressed on
/// its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ETag(HeaderValue);

impl ETag {
    pub(super) fn of(content: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let tag = format!("W/\"{:016x}\"", hasher.finish());
        // It is ASCII.
        Self(HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("W/\"\"")))
    }

    /// Whether the client has what bears this tag.
    pub(super) fn is_known(&self, request: &HeaderMap) -> bool {
        let known = request.get_all(IF_NONE_MATCH).iter();
        let mut known = known
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim);
        known.any(|known| known == "*" || opaque(known.as_bytes()) == opaque(self.0.as_bytes()))
    }

    pub(super) fn not_modified(&self) -> Response {
        self.on(StatusCode::NOT_MODIFIED.into_response())
    }

    pub(super) fn content(&self, kind: &'static str, body: impl Into<Body>) -> Response {
        self.on(content(kind, body))
    }

    fn on(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, NO_CACHE);
        headers.insert(ETAG, self.0.clone());
        response
    }
}

fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// Text with its tag. A clone is another handle to the same.
#[derive(Clone, Debug)]
pub(super) struct Tagged {
    pub(super) tag: ETag,
    pub(super) body: Bytes,
    /// What browsers are sent, made once and not for each: nine tenths of an answer's time would go into it.
    gzip: Arc<OnceLock<Option<Bytes>>>,
}

impl Tagged {
    pub(super) fn of(body: Vec<u8>) -> Self {
        Self {
            tag: ETag::of(&body),
            body: body.into(),
            gzip: Arc::default(),
        }
    }

    /// Whether it may be sent compressed.
    fn is_worth_it(&self) -> bool {
        self.body.len() as u64 > WORTH_COMPRESSING
    }

    /// `None` where it does not pay, or the client does not take it.
    fn gzip_for(&self, request: &HeaderMap) -> Option<Bytes> {
        if !self.is_worth_it() || !takes_gzip(request) {
            return None;
        }
        self.gzip.get_or_init(|| gzip(&self.body)).clone()
    }

    /// Answers with it, or that it is what the client has already.
    pub(super) fn answer(self, request: &HeaderMap, kind: &'static str) -> Response {
        let mut response = if self.tag.is_known(request) {
            self.tag.not_modified()
        } else {
            self.tag.on(self.encoded(request, kind))
        };
        response.headers_mut().insert(VARY, VARIES);
        response
    }

    /// The text without its tag.
    pub(super) fn text(&self, request: &HeaderMap, kind: &'static str) -> Response {
        let mut response = self.encoded(request, kind);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, NO_CACHE);
        if self.is_worth_it() {
            headers.insert(VARY, VARIES);
        }
        response
    }

    /// The text alone, compressed where the client takes that.
    fn encoded(&self, request: &HeaderMap, kind: &'static str) -> Response {
        let Some(gzip) = self.gzip_for(request) else {
            return content(kind, self.body.clone());
        };
        let mut response = content(kind, gzip);
        let coding = HeaderValue::from_static("gzip");
        response.headers_mut().insert(CONTENT_ENCODING, coding);
        response
    }
}

fn content(kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Answers with `body`, which is text, or that it is what the client has already.
pub(super) fn answer(request: &HeaderMap, kind: &'static str, body: Vec<u8>) -> Response {
    Tagged::of(body).answer(request, kind)
}

/// `None` only where there is no memory for it.
fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// By `Accept-Encoding` (RFC 9110, 12.5.3), where gzip is named.
fn takes_gzip(request: &HeaderMap) -> bool {
    let all = request.get_all(ACCEPT_ENCODING).iter();
    let mut all = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    all.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1").parse();
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_ok_and(|weight: f32| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(codings: &str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, codings.parse().unwrap())])
    }

    #[test]
    fn gzip_is_for_who_takes_it() {
        for takes in ["gzip", "gzip, deflate, br, zstd", "br;q=1, GZIP ; q=0.5"] {
            assert!(takes_gzip(&accepting(takes)), "{takes}");
        }
        for not in ["", "br", "gzip;q=0", "gzip; q=0.000", "xgzip", "identity"] {
            assert!(!takes_gzip(&accepting(not)), "{not}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn it_is_compressed_once_for_all_and_only_where_it_pays() {
        let (small, large) = (
            Tagged::of(b"{}".to_vec()),
            Tagged::of(b"{\"a\": 1}".repeat(1000)),
        );
        let browser = accepting("gzip, br");
        assert_eq!(small.gzip_for(&browser), None);
        let first = large.gzip_for(&browser).unwrap();
        let again = large.clone().gzip_for(&browser).unwrap();
        assert_eq!(first.as_ptr(), again.as_ptr());
        let mut unpacked = Vec::new();
        std::io::copy(&mut flate2::read::GzDecoder::new(&first[..]), &mut unpacked).unwrap();
        assert_eq!(unpacked, large.body);
    }
}
