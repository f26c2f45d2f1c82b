//! What a request says of the posts that it brings.

use axum::http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
};

use super::{body, refusal::Refusal};
use crate::source::Coding;

/// Of draft-ietf-httpapi-idempotency-key-header.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The longest key.
const KEY_BYTES: usize = 255;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) coding: Coding,
    /// As it was given.
    pub(super) key: Option<Box<[u8]>>,
}

pub(super) fn read(headers: &HeaderMap) -> Result<Described, Refusal> {
    let kind = only(headers, CONTENT_TYPE.as_str()).map_err(|()| Refusal::Type)?;
    if !kind.is_some_and(is_of_lines) {
        return Err(Refusal::Type);
    }
    let coding = only(headers, CONTENT_ENCODING.as_str()).map_err(|()| Refusal::Coding)?;
    let coding = coding.map_or(Some(Coding::Identity), coding_of);
    let coding = coding.ok_or(Refusal::Coding)?;
    let key = only(headers, IDEMPOTENCY_KEY).map_err(|()| Refusal::BadKey)?;
    let key = key.map(HeaderValue::as_bytes);
    if !key.is_none_or(is_key) {
        return Err(Refusal::BadKey);
    }
    // One that is no number hyper has refused.
    let length = headers.get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > body::LIMIT as u64) {
        return Err(Refusal::TooLarge);
    }
    Ok(Described {
        coding,
        key: key.map(Into::into),
    })
}

/// The value of a header that may be there once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a HeaderValue>, ()> {
    let mut all = headers.get_all(name).iter();
    let first = all.next();
    all.next().map_or(Ok(first), |_| Err(()))
}

/// Whether it names lines of text, in UTF-8 where it names its characters.
fn is_of_lines(kind: &HeaderValue) -> bool {
    let Ok(kind) = kind.to_str() else {
        return false;
    };
    let mut parts = kind.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let is_charset_known = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            ["utf-8", "utf8", "us-ascii"]
                .iter()
                .any(|known| value.eq_ignore_ascii_case(known))
        }
        _ => true,
    };
    ["application/x-ndjson", "text/plain"]
        .iter()
        .any(|known| essence.eq_ignore_ascii_case(known))
        && parts.all(is_charset_known)
}

fn coding_of(value: &HeaderValue) -> Option<Coding> {
    let name = value.to_str().ok()?.trim().to_ascii_lowercase();
    match name.as_str() {
        "identity" => Some(Coding::Identity),
        // RFC 9110, 8.4.1.3.
        "gzip" | "x-gzip" => Some(Coding::Gzip),
        "zstd" => Some(Coding::Zstd),
        _ => None,
    }
}

fn is_key(key: &[u8]) -> bool {
    (1..=KEY_BYTES).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(all: &[(&'static str, &str)]) -> Result<Described, Refusal> {
        let header = |&(name, value): &(&'static str, &str)| {
            let name: axum::http::HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        };
        let mut headers = HeaderMap::new();
        for (name, value) in all.iter().map(header) {
            headers.append(name, value);
        }
        read(&headers)
    }

    #[test]
    fn a_type_of_lines_is_needed() {
        for known in [
            "text/plain",
            "Text/Plain; charset=UTF-8",
            "application/x-ndjson;charset=\"utf-8\"",
            "text/plain; format=flowed; charset=us-ascii",
        ] {
            said(&[("content-type", known)]).unwrap();
        }
        for other in [
            "",
            "text/html",
            "text/plainer",
            "application/json",
            "application/x-www-form-urlencoded",
            "text/plain; charset=iso-8859-1",
        ] {
            let refusal = said(&[("content-type", other)]).unwrap_err();
            assert!(matches!(refusal, Refusal::Type), "{other}");
        }
        assert!(matches!(said(&[]), Err(Refusal::Type)));
        let twice = [
            ("content-type", "text/plain"),
            ("content-type", "text/plain"),
        ];
        assert!(matches!(said(&twice), Err(Refusal::Type)));
    }

    #[test]
    fn codings_are_known_by_name() {
        let coding = |name| said(&[("content-type", "text/plain"), ("content-encoding", name)]);
        assert_eq!(coding("GZIP").unwrap().coding, Coding::Gzip);
        assert_eq!(coding("zstd").unwrap().coding, Coding::Zstd);
        assert_eq!(coding("identity").unwrap().coding, Coding::Identity);
        for other in ["br", "gzip, zstd", "deflate", ""] {
            assert!(matches!(coding(other), Err(Refusal::Coding)), "{other}");
        }
    }

    #[test]
    fn a_key_is_visible_and_not_too_long() {
        let key = |key: &str| said(&[("content-type", "text/plain"), ("idempotency-key", key)]);
        let longest = "k".repeat(KEY_BYTES);
        for good in ["7", "\"8e03978e\"", &longest] {
            assert_eq!(key(good).unwrap().key.unwrap()[..], *good.as_bytes());
        }
        for bad in ["", "a b", "é", &"k".repeat(KEY_BYTES + 1)] {
            assert!(matches!(key(bad), Err(Refusal::BadKey)), "{bad}");
        }
    }

    #[test]
    fn what_says_that_it_is_too_large_is() {
        let length = |length| said(&[("content-type", "text/plain"), ("content-length", length)]);
        length("16777216").unwrap();
        assert!(matches!(length("16777217"), Err(Refusal::TooLarge)));
    }
}
