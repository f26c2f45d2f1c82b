//! The JSON for people and scripts. A name in it is not changed.

use std::sync::Arc;

use app::address::{self, BadName};
use axum::{
    extract::{
        Path, Query, Request, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{
        HeaderMap, HeaderValue,
        header::{CONTENT_DISPOSITION, VARY},
    },
    response::Response,
};
use model::{TagDetail, Top, View, Window};
use serde::Serialize;

use super::{
    Web,
    answers::Form,
    boards::is_too_long,
    csv,
    described::{Errors, IfNoneMatch, NoSuchTag, NotModified, OfBoard, OfTag},
    error::ApiError,
    etag,
};
use crate::live::NoTag;

pub(super) type Parameters = Vec<(String, String)>;

/// What leads: as JSON, or as CSV to who asks for it by `Accept`
#[utoipa::path(
    get,
    path = "/api/v1/top",
    params(OfBoard, IfNoneMatch),
    responses(
        (
            status = 200,
            description = "The tags that lead a window",
            content((Top = "application/json"), (String = "text/csv")),
            links(("leader" = (
                operation_id = "tag",
                parameters(("name" = "$response.body#/rows/0/tag")),
            ))),
        ),
        NotModified,
        Errors,
    )
)]
pub(super) async fn top(state: State<Arc<Web>>, request: Request) -> Result<Response, ApiError> {
    let mut response = if csv::is_preferred(request.headers()) {
        top_csv(state, request).await?
    } else {
        let view = view(&read(Query::try_from_uri(request.uri()))?)?;
        let json = |top: &Top| serde_json::to_vec(top).ok();
        let made = state.made(view, Form::Json, json).await?;
        made.answer(request.headers(), "application/json")
    };
    // What is kept compressed says the former of itself.
    let varies = HeaderValue::from_static("accept-encoding, accept");
    response.headers_mut().insert(VARY, varies);
    Ok(response)
}

/// The same as a table; a cell that a spreadsheet would run begins with an apostrophe
#[utoipa::path(
    get,
    path = "/api/v1/top.csv",
    params(OfBoard, IfNoneMatch),
    responses(
        (
            status = 200,
            description = "RFC 4180, with a line of names",
            body = String,
            content_type = "text/csv",
            headers(("Content-Disposition" = String, description = "With a name for the file")),
        ),
        NotModified,
        Errors,
    )
)]
pub(super) async fn top_csv(
    State(web): State<Arc<Web>>,
    request: Request,
) -> Result<Response, ApiError> {
    let view = view(&read(Query::try_from_uri(request.uri()))?)?;
    let table = |top: &Top| csv::table(top).ok();
    let made = web.made(view, Form::Csv, table).await?;
    let mut response = made.answer(request.headers(), csv::TYPE);
    let name = format!("attachment; filename=\"{}\"", csv::file_name(view));
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// One tag in depth
#[utoipa::path(
    get,
    path = "/api/v1/tags/{name}",
    params(
        ("name" = String, Path, description = "In any spelling, with or without its `#`"),
        OfTag,
        IfNoneMatch,
    ),
    responses(
        (status = 200, description = "All that is told of it", body = TagDetail),
        NotModified,
        NoSuchTag,
        Errors,
    )
)]
pub(super) async fn tag(
    State(web): State<Arc<Web>>,
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
        Err(NoTag::Blocked) => Err(ApiError::blocked_tag()),
        Err(NoTag::NotNow) => Err(ApiError::starting()),
    }
}

pub(super) fn read(
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Parameters, ApiError> {
    let unreadable =
        |_| ApiError::bad_request("bad_query", "the query is not one of a web address");
    parameters
        .map(|Query(parameters)| parameters)
        .map_err(unreadable)
}

/// The view that is asked for, with the names that the page's address has too. Of a parameter that is
/// given twice, the last holds; unknown ones are the page's own.
pub(super) fn view(parameters: &Parameters) -> Result<View, ApiError> {
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
    Ok(etag::answer(request, "application/json", body))
}

#[cfg(test)]
mod tests {
    use model::{Filter, Kind, Lang, Origin, Ranking};

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
