//! What was written while there was no stream, from the public timeline
//! (`GET /api/v1/timelines/public?min_id=…`), page by page from the oldest on.
//!
//! It takes no more than [`Bounds`] allow, and leaves a tenth of what the server allows to the account's other
//! programs. What the stream brings meanwhile is [`Held`], so that the place stays behind the pages.
//!
//! **Invariant:** what is not had by then is told of, never passed over without a word.

use std::{
    mem,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::time::sleep;

use super::{
    super::Status,
    allowance::Allowance,
    feed::{Feed, Part},
    place::written,
    refusal::{Refused, body},
    server::Server,
    statuses::{Names, Said, What},
};
use crate::{random::Random, retry::Backoff};

const TIMELINE: &str = "/api/v1/timelines/public";

/// The most that Mastodon gives; other software may give less.
const PAGE: usize = 40;

/// Bytes.
const LARGEST: usize = 8 << 20;

/// How far filling a gap goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// A third of what Mastodon allows in five minutes.
    pub(super) pages: usize,
    /// So long is the server waited for, all in all, also where it has an error or allows nothing more for
    /// now: meanwhile what comes live is held back.
    pub(super) patience: Duration,
    /// After an error of the server.
    pub(super) retry: Backoff,
    /// What comes live and is held; when there is no more room, the server is left to hold it.
    pub(super) held: usize,
    pub(super) held_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            pages: 100,
            patience: Duration::from_secs(180),
            retry: Backoff::doubling(Duration::from_secs(1), Duration::from_secs(15)),
            held: 1 << 14,
            held_bytes: 16 << 20,
        }
    }
}

/// Why there is nothing more, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GivenUp(pub(super) String);

/// The pages behind a status.
#[derive(Debug)]
pub(super) struct Pages<'a> {
    server: &'a Server,
    feed: Feed,
    bounds: Bounds,
    /// The newest one that was had.
    behind: u64,
    asked: usize,
    /// For the pages so far.
    waited: Duration,
    retry: Backoff,
    random: Random,
    allowance: Allowance,
    /// How many statuses the longest page had.
    longest: usize,
    is_last: bool,
}

impl<'a> Pages<'a> {
    pub(super) fn behind(id: u64, server: &'a Server, feed: Feed, bounds: Bounds) -> Self {
        Self {
            server,
            feed,
            bounds,
            behind: id,
            asked: 0,
            waited: Duration::ZERO,
            retry: bounds.retry,
            random: Random::seeded_by_chance(),
            allowance: Allowance::default(),
            longest: 0,
            is_last: false,
        }
    }

    /// The next page, in the order of ids; `None` behind the last one.
    pub(super) async fn next(
        &mut self,
        names: &Names,
        status: &Status,
    ) -> Result<Option<Vec<Said>>, GivenUp> {
        if self.is_last {
            return Ok(None);
        }
        let begun = Instant::now();
        let page = self.page(begun, names, status).await;
        self.waited += begun.elapsed();
        page.map(Some)
    }

    async fn page(
        &mut self,
        begun: Instant,
        names: &Names,
        status: &Status,
    ) -> Result<Vec<Said>, GivenUp> {
        loop {
            let allowance = mem::take(&mut self.allowance);
            if allowance.is_low() {
                let why = "it allows no more requests for now";
                let pause = allowance.resets_in.unwrap_or(Duration::MAX);
                self.wait(pause, begun, why, status).await?;
            }
            if self.waited > self.bounds.patience {
                return Err(self.given_up("it takes too long to answer"));
            }
            if self.asked == self.bounds.pages {
                return Err(self.given_up("there is more than is asked for at once"));
            }
            self.asked += 1;
            let refused = match self.ask(names, status).await {
                Ok(page) => {
                    self.retry.reset();
                    return Ok(page);
                }
                Err(refused) => refused,
            };
            if !refused.may_pass() {
                return Err(self.given_up(&refused.sentence()));
            }
            let pause = match &refused {
                Refused::Says(_, _, Some(wait)) => *wait,
                _ => self.retry.pause(&mut self.random),
            };
            self.wait(pause, begun, &refused.sentence(), status).await?;
        }
    }

    async fn ask(&mut self, names: &Names, status: &Status) -> Result<Vec<Said>, Refused> {
        let mut query = vec![
            ("limit", PAGE.to_string()),
            ("min_id", self.behind.to_string()),
        ];
        query.extend(
            self.feed
                .part()
                .map(|part| (part.name(), "true".to_owned())),
        );
        let answer = self.server.ask(self.server.url(TIMELINE), &query).await?;
        self.allowance = Allowance::of(answer.headers(), Timestamp::now());
        let body = body(answer, LARGEST, self.server.patience).await?;
        status.bytes(body.len());
        let page = names.of_page(&body);
        let page = page.ok_or(Refused::Unexpected("something else than a timeline"))?;
        let length = page.len();
        let said = page
            .into_iter()
            .filter_map(|said| said.inspect_err(|why| status.line_refused(why)).ok());
        // Software that does not know `min_id` shows what is long known.
        let said: Vec<_> = said.filter(|said| said.id > Some(self.behind)).collect();
        // A page may lack some that were deleted a moment ago, or in the end be short again and again because
        // more is written all the time.
        self.is_last = said.is_empty() || 2 * length < self.longest;
        self.longest = self.longest.max(length);
        self.behind = said.last().and_then(|said| said.id).unwrap_or(self.behind);
        Ok(said)
    }

    /// Pauses, as far as patience goes.
    async fn wait(
        &self,
        pause: Duration,
        begun: Instant,
        why: &str,
        status: &Status,
    ) -> Result<(), GivenUp> {
        let waited = self.waited + begun.elapsed();
        if waited.saturating_add(pause) > self.bounds.patience {
            return Err(self.given_up(why));
        }
        let host = &self.server.host;
        status.live_but(format!(
            "older posts are still asked for, and newer ones wait for them: {host}: {why}"
        ));
        sleep(pause).await;
        Ok(())
    }

    fn given_up(&self, why: &str) -> GivenUp {
        GivenUp(format!("{}: {why}", self.server.host))
    }
}

/// Whether the server shows anything of the part to whoever asks.
pub(super) async fn shows(server: &Server, part: Part) -> Result<bool, Refused> {
    let query = [("limit", "1".to_owned()), (part.name(), "true".to_owned())];
    let answer = server.ask(server.url(TIMELINE), &query).await?;
    let body = body(answer, LARGEST, server.patience).await?;
    let page: Option<Vec<serde::de::IgnoredAny>> = serde_json::from_slice(&body).ok();
    Ok(page.is_some_and(|page| !page.is_empty()))
}

/// How much is not had of what was written from the status `newest` on until `opened`.
pub(super) fn missing(newest: u64, opened: Timestamp, GivenUp(why): &GivenUp) -> String {
    let opened = u64::try_from(opened.as_millisecond()).unwrap_or(0);
    let seconds = written(newest).map(|from| opened.saturating_sub(from) / 1000);
    let posts = match seconds {
        None => "posts are missing".to_owned(),
        Some(0..=90) => "about a minute of posts is missing".to_owned(),
        Some(seconds @ 91..7_200) => {
            format!("about {} minutes of posts are missing", (seconds + 30) / 60)
        }
        Some(seconds) => format!(
            "about {} hours of posts are missing",
            (seconds + 1_800) / 3_600
        ),
    };
    format!("{posts}: {why}")
}

/// What came live while a gap is being filled.
#[derive(Debug, Default)]
pub(super) struct Held {
    said: Vec<Said>,
    bytes: usize,
}

impl Held {
    pub(super) fn has_room(&self, bounds: &Bounds) -> bool {
        self.said.len() < bounds.held && self.bytes < bounds.held_bytes
    }

    pub(super) fn add(&mut self, said: Vec<Said>) {
        self.bytes += said.iter().map(Said::bytes).sum::<usize>();
        self.said.extend(said);
    }

    /// All of it, once the gap is filled.
    pub(super) fn into_said(self) -> Vec<Said> {
        self.said
    }

    /// What no timeline will tell again, where the stream ended before that: deletions, and edits of what was
    /// given before.
    pub(super) fn into_last_words(mut self, newest: u64) -> Vec<Said> {
        self.said.retain(|said| match said.what {
            What::New => false,
            What::Edited => said.id.is_some_and(|id| id <= newest),
            What::Deleted => true,
        });
        self.said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_in_minutes_and_hours() {
        let opened: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let why = GivenUp("a.example: no".to_owned());
        for (ago, says) in [
            (-5, "about a minute of posts is missing: a.example: no"),
            (30, "about a minute of posts is missing: a.example: no"),
            (700, "about 12 minutes of posts are missing: a.example: no"),
            (86_400, "about 24 hours of posts are missing: a.example: no"),
        ] {
            let newest = (opened.as_millisecond() - ago * 1000) as u64;
            assert_eq!(missing(newest << 16, opened, &why), says);
        }
        assert_eq!(missing(7, opened, &why), "posts are missing: a.example: no");
    }

    fn deletion(id: &str) -> Said {
        Said {
            id: None,
            what: What::Deleted,
            event: crate::source::Event::Delete {
                id: id.to_owned().into(),
            },
        }
    }

    #[test]
    fn what_is_held_has_a_bound_in_number_and_in_bytes() {
        let bounds = Bounds {
            held: 3,
            held_bytes: 10_000,
            ..Bounds::default()
        };
        let mut held = Held::default();
        for _ in 0..3 {
            assert!(held.has_room(&bounds));
            held.add(vec![deletion("1")]);
        }
        assert!(!held.has_room(&bounds));
        let mut held = Held::default();
        held.add(vec![deletion(&"1".repeat(10_000))]);
        assert!(!held.has_room(&bounds));
    }
}
