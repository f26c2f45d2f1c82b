//! The JSON for people and scripts. A name in it is not changed.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};
use model::{Ranking, Window};

use super::{Web, boards::first_rows, error::ApiError};
use crate::results::MAX_ROWS;

type Parameters = Vec<(String, String)>;

/// What `/api/v1/top` is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TopQuery {
    window: Window,
    by: Ranking,
    k: usize,
}

impl TopQuery {
    /// Of a parameter that is given twice, the last holds; unknown ones are the page's own.
    fn parse(parameters: &Parameters) -> Result<Self, ApiError> {
        let mut query = Self {
            window: Window::FiveMinutes,
            by: Ranking::Count,
            k: 10,
        };
        for (name, value) in parameters {
            match name.as_str() {
                "window" => {
                    query.window = value
                        .parse()
                        .map_err(|_| bad("bad_window", "window", &Window::ALL.map(Window::name)))?;
                }
                "by" => {
                    query.by = value
                        .parse()
                        .map_err(|_| bad("bad_by", "by", &Ranking::ALL.map(Ranking::name)))?;
                }
                "k" => query.k = rows(value)?,
                "lang" => return Err(not_yet("bad_lang", "lang")),
                "source" => return Err(not_yet("bad_source", "source")),
                _ => {}
            }
        }
        Ok(query)
    }
}

fn rows(value: &str) -> Result<usize, ApiError> {
    let number = value.parse().ok().filter(|k| (1..=MAX_ROWS).contains(k));
    number
        .filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or_else(|| {
            ApiError::bad_request("bad_k", format!("k is a whole number from 1 to {MAX_ROWS}"))
        })
}

fn bad(code: &'static str, name: &str, allowed: &[&str]) -> ApiError {
    ApiError::bad_request(code, format!("{name} is one of: {}", allowed.join(", ")))
}

fn not_yet(code: &'static str, name: &str) -> ApiError {
    ApiError::bad_request(
        code,
        format!(
            "{name} is not known to this version: counts are of all languages and sources together"
        ),
    )
}

pub(super) async fn top(
    State(web): State<Web>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Query(parameters) = parameters
        .map_err(|_| ApiError::bad_request("bad_query", "the query is not one of a web address"))?;
    let query = TopQuery::parse(&parameters)?;
    let results = web.live.newest().ok_or_else(ApiError::starting)?;
    let body = serde_json::to_vec(&first_rows(results.top(query.window, query.by), query.k))
        .map_err(|_| ApiError::internal())?;
    Ok(with_etag(&headers, body))
}

/// Answers with `body`, or that it is what the client has already. The tag is one of the content, so
/// it holds across restarts; it is a weak one, as the answer may be compressed on its way.
fn with_etag(request: &HeaderMap, body: Vec<u8>) -> Response {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let tag = format!("W/\"{:016x}\"", hasher.finish());
    let known = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let unchanged = known
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| {
            known == "*" || known.trim_start_matches("W/") == tag.trim_start_matches("W/")
        });
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, "application/json")], body).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(parameters: &[(&str, &str)]) -> Result<TopQuery, &'static str> {
        let parameters: Parameters = parameters
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        TopQuery::parse(&parameters).map_err(|error| error.code())
    }

    #[test]
    fn queries_and_their_defaults() {
        let default = TopQuery {
            window: Window::FiveMinutes,
            by: Ranking::Count,
            k: 10,
        };
        assert_eq!(parse(&[]), Ok(default));
        assert_eq!(parse(&[("theme", "dark")]), Ok(default));
        assert_eq!(
            parse(&[("window", "all"), ("by", "count"), ("k", "100")]),
            Ok(TopQuery {
                window: Window::All,
                k: 100,
                ..default
            })
        );
    }

    #[test]
    fn bad_parameters_are_named() {
        for (name, value, code) in [
            ("window", "7m", "bad_window"),
            ("window", "", "bad_window"),
            ("by", "luck", "bad_by"),
            ("k", "0", "bad_k"),
            ("k", "101", "bad_k"),
            ("k", "+5", "bad_k"),
            ("k", "99999999999999999999999", "bad_k"),
            ("lang", "en", "bad_lang"),
            ("source", "demo", "bad_source"),
        ] {
            assert_eq!(parse(&[(name, value)]), Err(code), "{name}={value}");
        }
    }

    #[test]
    fn messages_say_what_is_allowed() {
        let error = TopQuery::parse(&vec![("window".into(), "x".into())]).unwrap_err();
        assert_eq!(error.to_string(), "window is one of: 5m, all");
    }
}
