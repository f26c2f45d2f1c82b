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
use brotli::CompressorWriter;
use flate2::{Compression, write::GzEncoder};

/// A body that fits into one packet is not worth compressing.
pub(super) const WORTH_COMPRESSING: u64 = 1400;

/// Of 11. It makes less than gzip does, in a few times as long.
const BROTLI_QUALITY: u32 = 4;

/// Repeats are found in the last 2^18 bytes: no answer is longer.
const BROTLI_WINDOW: u32 = 18;

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
    compressed: Arc<Compressed>,
}

/// What clients are sent, made for the first that takes it and not for each: nine tenths of an answer's time
/// would go into it.
#[derive(Debug, Default)]
struct Compressed {
    gzip: OnceLock<Option<Bytes>>,
    /// For who takes no gzip, which no browser is.
    brotli: OnceLock<Option<Bytes>>,
}

impl Tagged {
    pub(super) fn of(body: Vec<u8>) -> Self {
        Self {
            tag: ETag::of(&body),
            body: body.into(),
            compressed: Arc::default(),
        }
    }

    /// Whether it may be sent compressed.
    fn is_worth_it(&self) -> bool {
        self.body.len() as u64 > WORTH_COMPRESSING
    }

    /// With the name of its coding; `None` where it does not pay, or the client takes none.
    fn compressed_for(&self, request: &HeaderMap) -> Option<(&'static str, Bytes)> {
        if !self.is_worth_it() {
            return None;
        }
        let (coding, kept, compress): (_, _, fn(&[u8]) -> _) = if takes("gzip", request) {
            ("gzip", &self.compressed.gzip, gzip)
        } else if takes("br", request) {
            ("br", &self.compressed.brotli, brotli)
        } else {
            return None;
        };
        let body = kept.get_or_init(|| compress(&self.body)).clone()?;
        Some((coding, body))
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
        let Some((coding, body)) = self.compressed_for(request) else {
            return content(kind, self.body.clone());
        };
        let mut response = content(kind, body);
        let coding = HeaderValue::from_static(coding);
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

/// The same.
fn brotli(body: &[u8]) -> Option<Bytes> {
    let mut encoder = CompressorWriter::new(Vec::new(), body.len(), BROTLI_QUALITY, BROTLI_WINDOW);
    encoder.write_all(body).ok()?;
    Some(encoder.into_inner().into())
}

/// By `Accept-Encoding` (RFC 9110, 12.5.3), where the coding is named.
fn takes(coding: &str, request: &HeaderMap) -> bool {
    let all = request.get_all(ACCEPT_ENCODING).iter();
    let mut all = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    all.any(|listed| {
        let (name, weight) = listed.split_once(';').unwrap_or((listed, "q=1"));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1").parse();
        name.trim().eq_ignore_ascii_case(coding) && weight.is_ok_and(|weight: f32| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn accepting(codings: &str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, codings.parse().unwrap())])
    }

    #[test]
    fn a_coding_is_for_who_takes_it() {
        let listed = "gzip, deflate, br, zstd";
        for takes_it in [listed, "gzip", "br;q=1, GZIP ; q=0.5"] {
            assert!(takes("gzip", &accepting(takes_it)), "{takes_it}");
        }
        for not in ["", "br", "gzip;q=0", "gzip; q=0.000", "xgzip", "identity"] {
            assert!(!takes("gzip", &accepting(not)), "{not}");
        }
        assert!(takes("br", &accepting(listed)));
        assert!(!takes("br", &accepting("gzip, xbr")));
        assert!(!takes("gzip", &HeaderMap::new()));
    }

    fn unpacked(coding: &str, body: &[u8]) -> Vec<u8> {
        let mut unpacked = Vec::new();
        let read = match coding {
            "gzip" => io::copy(&mut flate2::read::GzDecoder::new(body), &mut unpacked),
            _ => io::copy(&mut brotli::Decompressor::new(body, 4096), &mut unpacked),
        };
        read.unwrap();
        unpacked
    }

    #[test]
    fn it_is_compressed_once_for_all_and_only_where_it_pays() {
        let (small, large) = (
            Tagged::of(b"{}".to_vec()),
            Tagged::of(b"{\"a\": 1}".repeat(1000)),
        );
        for (takes, coding) in [("br, gzip", "gzip"), ("br", "br"), ("gzip;q=0, br", "br")] {
            let client = accepting(takes);
            assert_eq!(small.compressed_for(&client), None);
            let (first_coding, first) = large.compressed_for(&client).unwrap();
            let (_, again) = large.clone().compressed_for(&client).unwrap();
            assert_eq!(first_coding, coding, "{takes}");
            assert_eq!(first.as_ptr(), again.as_ptr());
            assert!(first.len() < 200, "{takes}: {}", first.len());
            assert_eq!(unpacked(coding, &first), large.body);
        }
        assert_eq!(large.compressed_for(&accepting("zstd")), None);
    }
}
