//! The tutorial's dashboard: `POST /updateData` takes a board from a Spark job, `GET /refreshData`
//! gives it to the tutorial's page.
//!
//! Answers, statuses and their types are those of the tutorial's Flask program, except that a bad
//! literal is the sender's error (400) and no longer the server's (500).

use std::sync::Arc;

use axum::{
    Form, Json,
    extract::{State, rejection::FormRejection},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, WWW_AUTHENTICATE},
    },
    response::{Html, IntoResponse, Response},
};
use model::{Ranking, Window};
use serde::Serialize;

use super::{Web, origin};
use crate::tutorial::literal::{self, Literal, LiteralError};

/// Labels or numbers in one post.
const MAX_ITEMS: usize = 1000;
/// Rows of the tutorial's board.
const ROWS: usize = 10;

/// Why a post was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum UpdateError {
    #[error("it comes from a page of another site")]
    Elsewhere,
    #[error("it comes without the token")]
    NoToken,
    #[error("it is too large")]
    TooLarge,
    #[error("it is not a form")]
    NoForm,
    #[error("the field {0:?} is missing")]
    Missing(&'static str),
    #[error("the field {0:?} holds {1}")]
    Literal(&'static str, LiteralError),
    #[error("the field {0:?} holds no list")]
    NoList(&'static str),
    #[error("the field {0:?} holds more than {MAX_ITEMS} items")]
    TooMany(&'static str),
}

impl IntoResponse for UpdateError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Elsewhere => StatusCode::FORBIDDEN,
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        tracing::debug!(why = %self, "a post to /updateData was refused");
        let mut response = (status, Html("error")).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

type Fields = Vec<(String, String)>;

pub(super) async fn update(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, UpdateError> {
    if origin::is_from_another_site(&headers) {
        return Err(UpdateError::Elsewhere);
    }
    if !web.access.admits_boards(&headers) {
        return Err(UpdateError::NoToken);
    }
    let Form(fields) = form.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => UpdateError::TooLarge,
        _ => UpdateError::NoForm,
    })?;
    let values = list(&fields, "data")?;
    let labels = list(&fields, "label")?;
    web.external.post(labels, values);
    Ok((StatusCode::CREATED, Html("success")).into_response())
}

/// The list in the first field of that name, as Flask takes the first.
fn list(fields: &Fields, name: &'static str) -> Result<Vec<Literal>, UpdateError> {
    let field = fields.iter().find(|(field, _)| field == name);
    let (_, source) = field.ok_or(UpdateError::Missing(name))?;
    match literal::parse(source).map_err(|error| UpdateError::Literal(name, error))? {
        Literal::List(items) if items.len() > MAX_ITEMS => Err(UpdateError::TooMany(name)),
        Literal::List(items) => Ok(items),
        _ => Err(UpdateError::NoList(name)),
    }
}

/// Two arrays side by side; Flask sorts the names, so this is their order.
#[derive(Serialize)]
struct Refresh<V, L> {
    #[serde(rename = "sData")]
    values: V,
    #[serde(rename = "sLabel")]
    labels: L,
}

pub(super) async fn refresh(State(web): State<Arc<Web>>) -> Response {
    let headers = [(CACHE_CONTROL, "no-store")];
    let is_hidden = web.live.is_hidden();
    if let Some(posted) = web.external.newest() {
        let board = Refresh {
            values: shown(&posted.values, &posted.labels, &is_hidden),
            labels: shown(&posted.labels, &posted.labels, &is_hidden),
        };
        return (headers, Json(board)).into_response();
    }
    let results = web.live.newest();
    let rows = results.as_deref().map_or(&[][..], |results| {
        &results.top(Window::All, Ranking::Count).rows
    });
    let rows = rows.iter().filter(|row| !is_hidden(&row.tag)).take(ROWS);
    let (values, labels): (Vec<u64>, Vec<&str>) =
        rows.map(|row| (row.count, row.tag.as_str())).unzip();
    (headers, Json(Refresh { values, labels })).into_response()
}

/// Of a list that another program has posted, what stands at the places of labels that are shown.
fn shown<'a>(
    list: &'a [Literal],
    labels: &[Literal],
    is_hidden: &impl Fn(&str) -> bool,
) -> Vec<&'a Literal> {
    let places = (0..).zip(list);
    let shown = places.filter(|(place, _)| match labels.get(*place) {
        Some(Literal::Text(label)) => !is_hidden(label),
        _ => true,
    });
    shown.map(|(_, item)| item).collect()
}
