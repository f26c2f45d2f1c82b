//! Pages of the public timeline.

use serde_json::Value;

use super::{
    super::http::{Answer, Request},
    Access, State, TIMELINE, TOKEN, error, is_local,
};

const USUAL: usize = 20;
const MOST: usize = 40;

pub(super) fn page(state: &State, request: &Request) -> Answer {
    let has = |name: &str| matches!(request.parameter(name), Some("true" | "1"));
    let (only_local, only_remote) = (has("local"), has("remote"));
    let asked: &[Access] = match (only_local, only_remote) {
        (true, _) => &[state.local],
        (false, true) => &[state.remote],
        (false, false) => &[state.local, state.remote],
    };
    match request.bearer() {
        Some(TOKEN) => {}
        Some(_) => return error(401, "The access token is invalid"),
        None if asked.iter().any(|access| *access != Access::Public) => {
            return error(422, "This method requires an authenticated user");
        }
        None => {}
    }
    let is_shown = |status: &&Value| {
        let is_local = is_local(status);
        let access = if is_local { state.local } else { state.remote };
        let is_asked = if is_local { !only_remote } else { !only_local };
        is_asked && access != Access::Disabled && status["reblog"].is_null()
    };
    let statuses: Vec<&Value> = between(state, request).filter(is_shown).collect();
    let limit = request
        .parameter("limit")
        .and_then(|limit| limit.parse().ok());
    let limit = limit.unwrap_or(USUAL).min(MOST);
    // Ascending; from a `min_id` on the oldest are taken, else the newest. Newest come first in both.
    let mut page = match request.parameter("min_id") {
        Some(_) => statuses[..limit.min(statuses.len())].to_vec(),
        None => statuses[statuses.len().saturating_sub(limit)..].to_vec(),
    };
    page.reverse();
    let answer = Answer::json(200, &page.iter().copied().cloned().collect());
    match (page.first(), page.last()) {
        (Some(first), Some(last)) => answer.header("Link", links(request, first, last)),
        _ => answer,
    }
}

/// Neither bound is itself on the page.
fn between<'a>(state: &'a State, request: &Request) -> impl Iterator<Item = &'a Value> {
    let id = |name: &str| {
        request
            .parameter(name)
            .and_then(|id| id.parse::<u64>().ok())
    };
    let above = id("min_id").max(id("since_id"));
    let below = id("max_id");
    let statuses = state.statuses.iter().filter(move |(id, _)| {
        above.is_none_or(|above| **id > above) && below.is_none_or(|below| **id < below)
    });
    statuses.map(|(_, status)| status)
}

fn links(request: &Request, first: &Value, last: &Value) -> String {
    let host = request.header("host").unwrap_or_default();
    let kept = request.query.iter();
    let kept = kept.filter(|(name, _)| matches!(name.as_str(), "limit" | "local" | "remote"));
    let kept: String = kept
        .map(|(name, value)| format!("{name}={value}&"))
        .collect();
    let link = |bound: &str, status: &Value, relation: &str| {
        let id = status["id"].as_str().unwrap();
        format!("<http://{host}{TIMELINE}?{kept}{bound}={id}>; rel=\"{relation}\"")
    };
    format!(
        "{}, {}",
        link("max_id", last, "next"),
        link("min_id", first, "prev")
    )
}
