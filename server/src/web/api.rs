//! The JSON for people and scripts. A name in it is not changed.

use std::hash::{DefaultHasher, Hash, Hasher};

use app::address::{self, BadName};
use axum::{
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};
use model::{Filter, Origin, Top, View, Window};
use serde::Serialize;

use super::{
    Web,
    boards::{first_rows, is_too_long},
    error::ApiError,
};
use crate::results::NoTag;

type Parameters = Vec<(String, String)>;

/// `GET /api/v1/top`
pub(super) async fn top(
    State(web): State<Web>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let view = view(&read(parameters)?)?;
    let shown = |top: &Top| answer(&headers, &first_rows(top, usize::from(view.rows)));
    match view.origin {
        Origin::Counted(filter) => {
            let results = if filter == Filter::default() {
                web.live.newest()
            } else {
                web.live.of(filter).await
            };
            let results = results.ok_or_else(ApiError::starting)?;
            shown(results.top(view.window, view.by))
        }
        Origin::External => match web.external.newest() {
            Some(posted) => shown(&posted.top),
            None => shown(&super::external::nothing_posted()),
        },
    }
}

/// `GET /api/v1/tags/NAME`
pub(super) async fn tag(
    State(web): State<Web>,
    name: Result<Path<String>, PathRejection>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let window = window(&read(parameters)?)?;
    // What is no text is no tag.
    let Path(name) = name.map_err(|_| ApiError::unknown_tag())?;
    if is_too_long(&name) {
        return Err(ApiError::unknown_tag());
    }
    let name = address::tag_name(&name);
    match web.live.tag(&name, window).await {
        Ok(detail) => answer(&headers, &detail),
        Err(NoTag::NeverSeen) => Err(ApiError::unknown_tag()),
        Err(NoTag::NotNow) => Err(ApiError::starting()),
    }
}

fn read(parameters: Result<Query<Parameters>, QueryRejection>) -> Result<Parameters, ApiError> {
    let unreadable =
        |_| ApiError::bad_request("bad_query", "the query is not one of a web address");
    parameters
        .map(|Query(parameters)| parameters)
        .map_err(unreadable)
}

/// The view that is asked for, with the names that the page's address has too. Of a parameter that is
/// given twice, the last holds; unknown ones are the page's own.
fn view(parameters: &Parameters) -> Result<View, ApiError> {
    let query = address::Query {
        window: last(parameters, "window", BadName::Window)?,
        by: last(parameters, "by", BadName::Ranking)?,
        lang: last(parameters, "lang", BadName::Lang)?,
        source: last(parameters, "source", BadName::Source)?,
        k: last(parameters, "k", BadName::Rows)?,
        ..address::Query::default()
    };
    query.view().map_err(refused)
}

fn window(parameters: &Parameters) -> Result<Window, ApiError> {
    address::window(last(parameters, "window", BadName::Window)?).map_err(refused)
}

/// Not an empty one: a script that sends it has lost something on the way.
fn last<'a>(
    parameters: &'a Parameters,
    wanted: &str,
    bad: BadName,
) -> Result<Option<&'a str>, ApiError> {
    let mut found = parameters.iter().rev().filter(|(name, _)| name == wanted);
    match found.next() {
        Some((_, value)) if value.is_empty() => Err(refused(bad)),
        found => Ok(found.map(|(_, value)| value.as_str())),
    }
}

fn refused(bad: BadName) -> ApiError {
    ApiError::bad_request(bad.code(), bad.to_string())
}

fn answer(request: &HeaderMap, body: &impl Serialize) -> Result<Response, ApiError> {
    let body = serde_json::to_vec(body).map_err(|_| ApiError::internal())?;
    Ok(with_etag(request, body))
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
    use model::{Kind, Lang, Ranking};

    use super::*;

    fn parameters(given: &[(&str, &str)]) -> Parameters {
        given
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    fn parse(given: &[(&str, &str)]) -> Result<View, &'static str> {
        view(&parameters(given)).map_err(|error| error.code())
    }

    #[test]
    fn queries_and_their_defaults() {
        let default = View::default();
        assert_eq!(parse(&[]), Ok(default));
        assert_eq!(parse(&[("theme", "dark")]), Ok(default));
        assert_eq!(
            parse(&[
                ("window", "1h"),
                ("window", "all"),
                ("by", "rising"),
                ("lang", "en"),
                ("source", "demo"),
                ("k", "100")
            ]),
            Ok(View {
                window: Window::All,
                by: Ranking::Rising,
                origin: Origin::Counted(Filter {
                    source: Some(Kind::Demo),
                    lang: Lang::of_tag("en"),
                }),
                rows: 100,
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
            ("lang", "English", "bad_lang"),
            ("lang", "", "bad_lang"),
            ("source", "moon", "bad_source"),
        ] {
            assert_eq!(parse(&[(name, value)]), Err(code), "{name}={value}");
        }
    }

    #[test]
    fn messages_say_what_is_allowed() {
        let error = view(&parameters(&[("window", "x")])).unwrap_err();
        let told = "window is one of: 1m, 5m, 15m, 1h, 24h, all";
        assert_eq!(error.to_string(), told);
    }
}
