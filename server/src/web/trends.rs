//! What is trending in the shape of Mastodon's endpoint of that name, for its clients
//! (<https://docs.joinmastodon.org/methods/trends/#tags>).
//!
//! As there, `limit` is at most 20, and pages are linked to in a header. What is no number is refused,
//! where Mastodon takes it for 0.

use std::sync::Arc;

use app::address::{self, Mode};
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, header::LINK},
    response::Response,
};
use engine::count::Usage;
use model::Window;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Web,
    api::{Parameters, read},
    described::{Errors, IfNoneMatch, NotModified, OfTrends},
    error::ApiError,
    etag,
    origin::origin,
};
use crate::results::Trending;

const PATH: &str = "/api/v1/trends/tags";

const MOST: usize = 20;

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Mastodon's `Trends::Tag`. Its numbers are strings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trend)]
pub(super) struct Tag<'a> {
    id: &'a str,
    name: &'a str,
    url: String,
    /// Today first.
    history: Vec<Day>,
}

#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TrendDay)]
struct Day {
    /// Its midnight in UTC, in seconds after 1970.
    #[schema(pattern = "^[0-9]+$")]
    day: String,
    #[schema(pattern = "^[0-9]+$")]
    uses: String,
    #[schema(pattern = "^[0-9]+$")]
    accounts: String,
}

/// Which part of all is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Page {
    limit: usize,
    offset: usize,
}

/// What rises, in the shape of Mastodon's endpoint of that name
///
/// With the mentions and the people of each of the last seven days. Also at `/api/v1/trends`, as it was
/// called once.
#[utoipa::path(
    get,
    path = "/api/v1/trends/tags",
    operation_id = "trends",
    params(OfTrends, IfNoneMatch),
    responses(
        (
            status = 200,
            description = "Mastodon's `Trends::Tag`s",
            body = [Tag<'_>],
            headers(("Link" = Option<String>, description = "The pages beside this one (RFC 8288)")),
        ),
        NotModified,
        Errors,
    )
)]
pub(super) async fn tags(
    State(web): State<Arc<Web>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let page = Page::of(&read(parameters)?)?;
    let trends = web.live.trends().await.ok_or_else(ApiError::starting)?;
    let is_hidden = web.live.is_hidden();
    let all = trends.tags.iter().filter(|found| !is_hidden(&found.tag));
    let mut rest = all.skip(page.offset);
    // Without a host the links are relative ones.
    let origin = origin(&headers).unwrap_or_default();
    let tag = |found| tag(found, trends.today, &origin);
    let tags: Vec<Tag<'_>> = rest.by_ref().take(page.limit).map(tag).collect();
    let body = serde_json::to_vec(&tags).map_err(|_| ApiError::internal())?;
    let links = page.links(&format!("{origin}{PATH}"), rest.next().is_some());
    let mut response = etag::answer(&headers, "application/json", body);
    if let Some(links) = links
        && let Ok(links) = HeaderValue::from_str(&links)
    {
        response.headers_mut().insert(LINK, links);
    }
    Ok(response)
}

fn tag<'a>(found: &'a Trending, today: u64, origin: &str) -> Tag<'a> {
    let path = address::tag_href(&found.tag, Window::default(), Mode::default());
    let history = (0..).zip(&found.days).map(|(ago, usage)| {
        let Usage { mentions, people } = usage;
        Day {
            day: (today.saturating_sub(ago) * DAY_SECONDS).to_string(),
            uses: mentions.to_string(),
            accounts: people.to_string(),
        }
    });
    Tag {
        id: &found.key,
        name: found.tag.strip_prefix('#').unwrap_or(&found.tag),
        url: format!("{origin}{path}"),
        history: history.collect(),
    }
}

impl Page {
    fn of(parameters: &Parameters) -> Result<Self, ApiError> {
        let last = |wanted: &str| {
            let mut found = parameters.iter().rev().filter(|(name, _)| name == wanted);
            found.next().map(|(_, value)| value.as_str())
        };
        let limit = match last("limit").map(str::parse::<i64>) {
            None => OfTrends::LIMIT,
            // Mastodon minds no sign.
            Some(Ok(limit)) => usize::try_from(limit.unsigned_abs()).unwrap_or(MOST),
            Some(Err(_)) => {
                let allowed = format!("limit is a whole number, of which {MOST} is the most");
                return Err(ApiError::bad_request("bad_limit", allowed));
            }
        };
        let offset = last("offset").map_or(Ok(0), str::parse);
        Ok(Self {
            limit: limit.min(MOST),
            offset: offset.map_err(|_| {
                ApiError::bad_request("bad_offset", "offset is a whole number from 0 on")
            })?,
        })
    }

    /// The pages beside this one, as a `Link` header; `more` says that there is one behind it.
    fn links(self, at: &str, more: bool) -> Option<String> {
        let Self { limit, offset } = self;
        let next = (more && limit > 0).then(|| ("next", offset.saturating_add(limit)));
        let prev = (offset > 0 && limit > 0).then(|| ("prev", offset.saturating_sub(limit)));
        let mut links = String::new();
        for (name, offset) in next.into_iter().chain(prev) {
            let comma = if links.is_empty() { "" } else { ", " };
            let link = format!("{comma}<{at}?limit={limit}&offset={offset}>; rel=\"{name}\"");
            links.push_str(&link);
        }
        (!links.is_empty()).then_some(links)
    }
}

#[cfg(test)]
mod tests {
    use engine::count::DAYS;

    use super::*;

    fn page(query: &[(&str, &str)]) -> Result<(usize, usize), &'static str> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let parameters: Parameters = query.iter().map(owned).collect();
        let page = Page::of(&parameters).map_err(|error| error.code())?;
        Ok((page.limit, page.offset))
    }

    #[test]
    fn parameters_are_taken_as_mastodon_takes_them() {
        assert_eq!(page(&[]), Ok((10, 0)));
        assert_eq!(page(&[("limit", "5"), ("offset", "15")]), Ok((5, 15)));
        for (limit, taken) in [("40", 20), ("-3", 3), ("0", 0), ("9223372036854775807", 20)] {
            assert_eq!(page(&[("limit", limit)]), Ok((taken, 0)), "{limit}");
        }
        for limit in ["", "ten", "1.5", "99999999999999999999"] {
            assert_eq!(page(&[("limit", limit)]), Err("bad_limit"), "{limit}");
        }
        for offset in ["", "-1", "x"] {
            assert_eq!(page(&[("offset", offset)]), Err("bad_offset"), "{offset}");
        }
    }

    #[test]
    fn pages_are_linked_to_where_there_are_any() {
        let links = |limit, offset, more| Page { limit, offset }.links("/a", more);
        assert_eq!(links(5, 0, false), None);
        assert_eq!(links(0, 3, true), None);
        let next = "</a?limit=5&offset=5>; rel=\"next\"";
        assert_eq!(links(5, 0, true).as_deref(), Some(next));
        let both = "</a?limit=5&offset=8>; rel=\"next\", </a?limit=5&offset=0>; rel=\"prev\"";
        assert_eq!(links(5, 3, true).as_deref(), Some(both));
    }

    #[test]
    fn a_tag_has_its_name_its_page_and_seven_days() {
        let mut days = [Usage::default(); DAYS];
        days[1] = Usage {
            mentions: 12,
            people: 3,
        };
        let found = |tag: &str| Trending {
            tag: tag.to_owned(),
            key: tag.trim_start_matches('#').to_lowercase(),
            days,
        };
        let rust = found("#Rust");
        let told = tag(&rust, 20_000, "https://tags.example");
        assert_eq!((told.id, told.name), ("rust", "Rust"));
        assert_eq!(told.url, "https://tags.example/tag/Rust");
        assert_eq!(told.history.len(), DAYS);
        assert_eq!(told.history[0].day, "1728000000");
        let yesterday = Day {
            day: "1727913600".to_owned(),
            uses: "12".to_owned(),
            accounts: "3".to_owned(),
        };
        assert_eq!(told.history[1], yesterday);
        // By `--grammar words`.
        assert_eq!(tag(&found("C#"), 0, "").name, "C#");
    }
}
