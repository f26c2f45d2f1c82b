//! `x` and `x:sample`: posts of X, by its API v2.
//!
//! `x` is the filtered stream (`GET /2/tweets/search/stream`), whose [`rules`] are made to be those of
//! `--x-rule`; `x:sample` the sampled one (`GET /2/tweets/sample/stream`). Both are one JSON object a line,
//! with an empty line at least every 20 seconds. Posts cost money: [`spend`]. What X refuses, and what is
//! done about it: [`refusal`].
//!
//! Nothing can be read again: what is written while there is no connection is lost. The cursor is what was
//! spent. A post that comes twice has the id that it had, and is counted once, also after a restart.
//!
//! **Invariant:** the token goes into one header of each request and nowhere else.

use std::time::Duration;

use model::Kind;
use reqwest::{Client, Response, Url};
use serde::Deserialize;
use tokio::time::timeout;

use super::{
    Context, Cursor, Event, Lines, Sink,
    connection::accept,
    decode::{NotAPost, message},
    http,
    options::{Options, XOptions},
    protocol::{OpenError, Protocol, SpecError},
    reconnect::{self, End, Next, Pauses, Peer},
};
use crate::{retry::Backoff, secret::Secret};
use refusal::Problem;
use spend::{Delivered, Spend};

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;
mod refusal;
mod rules;
mod spend;
#[cfg(test)]
mod tests;

const API: &str = "https://api.x.com/";

/// Longer than it promises to be silent.
const SILENCE: Duration = Duration::from_secs(20);

/// All that is counted or asked for, and nothing else, for it may cost. An author is told by the id alone,
/// without that the account is read.
const FIELDS: [(&str, &str); 2] = [
    (
        "tweet.fields",
        "author_id,created_at,edit_history_tweet_ids,entities,lang,note_tweet,referenced_tweets",
    ),
    ("expansions", "referenced_tweets.id"),
];

/// Which of its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum X {
    Filtered,
    Sampled,
}

/// All that a connection needs.
#[derive(Debug)]
pub(super) struct Ready {
    stream: X,
    options: XOptions,
    token: Secret,
    client: Client,
    api: Url,
    pauses: Pauses,
    silence: Duration,
}

impl Protocol for X {
    const KIND: Kind = Kind::X;
    const FORM: &'static str = "x[:sample]";
    type Ready = Ready;

    fn parse(rest: Option<&str>) -> Result<Self, SpecError> {
        match rest {
            None => Ok(Self::Filtered),
            Some("sample") => Ok(Self::Sampled),
            Some(other) => {
                let why = format!("X has no stream `{other}`");
                Err(SpecError::of::<Self>(rest, why))
            }
        }
    }

    fn identity(&self) -> String {
        match self {
            Self::Filtered => "x",
            Self::Sampled => "x:sample",
        }
        .to_owned()
    }

    async fn open(&self, options: &Options) -> Result<Ready, OpenError> {
        let options = options.x.clone();
        let token = Secret::of_environment("TAGTIDE_X_TOKEN")?;
        Ready::new(*self, options, token)
    }

    async fn run<S: Sink>(ready: Ready, context: Context<S>) {
        let spend = match Spend::of(context.cursor.as_ref(), ready.options.budget) {
            Ok(spend) => spend,
            Err(why) => return context.status.failed(why),
        };
        let pauses = ready.pauses;
        let connection = Connection {
            ready,
            spend,
            rules_are_set: false,
        };
        reconnect::run(connection, pauses, context).await;
    }
}

impl Ready {
    fn new(stream: X, options: XOptions, token: Secret) -> Result<Self, OpenError> {
        Ok(Self {
            stream,
            api: options.url.clone().unwrap_or_else(|| {
                #[expect(clippy::unwrap_used, reason = "a constant")]
                Url::parse(API).unwrap()
            }),
            options,
            token,
            client: http::client()?,
            // As X documents it for its streams.
            pauses: Pauses {
                network: Backoff::linear(Duration::from_millis(250), Duration::from_secs(16)),
                refused: Backoff::doubling(Duration::from_secs(5), Duration::from_secs(320)),
                limited: Backoff::doubling(Duration::from_secs(60), Duration::from_secs(960)),
            },
            silence: SILENCE,
        })
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.api.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url
    }
}

/// One connection after the other.
struct Connection {
    ready: Ready,
    spend: Spend,
    rules_are_set: bool,
}

impl Peer for Connection {
    async fn follow<S: Sink>(&mut self, context: &mut Context<S>) -> End {
        self.spend.show(&context.status);
        if self.spend.is_used_up() {
            return End::Ended(self.spend.sentence());
        }
        match self.connect().await {
            Ok(response) => {
                context.status.live();
                self.read(response, context).await
            }
            Err(end) => end,
        }
    }

    fn parting(&mut self) -> Option<Cursor> {
        Some(self.spend.cursor_at_rest())
    }
}

impl Connection {
    async fn connect(&mut self) -> Result<Response, End> {
        let ready = &self.ready;
        if ready.stream == X::Filtered && !ready.options.rules.is_empty() && !self.rules_are_set {
            rules::set(ready).await?;
            self.rules_are_set = true;
        }
        let path = match ready.stream {
            X::Filtered => "/2/tweets/search/stream",
            X::Sampled => "/2/tweets/sample/stream",
        };
        let request = ready.client.get(ready.url(path)).query(&FIELDS);
        let response = refusal::answer(ready, request).await;
        if let Err(refusal::Refused::NoRules) = response {
            // They were taken away since.
            self.rules_are_set = false;
        }
        response.map_err(End::from)
    }

    async fn read<S: Sink>(&mut self, mut response: Response, context: &mut Context<S>) -> End {
        let silence = self.ready.silence;
        let mut lines = Lines::default();
        // What X says before it closes the stream.
        let mut problem = None;
        loop {
            let chunk = match timeout(silence, response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(end) => {
                    let lost = problem.or(end.err().map(|error| Problem::lost(&error)));
                    return lost.unwrap_or_else(Problem::closed).into();
                }
                Err(_) => {
                    let why = format!("X was silent for {} s", silence.as_secs_f32());
                    return End::Lost {
                        why,
                        next: Next::AtOnce,
                    };
                }
            };
            context.status.bytes(chunk.len());
            lines.push(&chunk);
            match self.give(&lines, context).await {
                Ok(said) => problem = said.or(problem),
                Err(end) => return end,
            }
        }
    }

    /// Gives the posts of the finished lines, and says what X told beside them.
    async fn give<S: Sink>(
        &mut self,
        lines: &Lines,
        context: &mut Context<S>,
    ) -> Result<Option<Problem>, End> {
        let Context {
            sink, status, stop, ..
        } = context;
        let mut events: Vec<Event<'_>> = Vec::new();
        let mut problem = None;
        for line in lines.finished() {
            // A keep-alive.
            if line.bytes.trim_ascii().is_empty() {
                continue;
            }
            if line.cut {
                status.line_cut();
            }
            let line = line.bytes;
            let read = message(line);
            let is_post = matches!(&read, Ok(Some(event)) if event.is_post());
            self.spend.charge(&Delivered::in_line(line, is_post));
            match read {
                Ok(Some(event)) => events.push(event),
                // It tells of something else.
                Ok(None) | Err(NotAPost::UnknownObject) => match Problem::in_line(line) {
                    Some(said) => problem = Some(said),
                    None => status.line_refused(&NotAPost::UnknownObject),
                },
                Err(why) => status.line_refused(&why),
            }
        }
        self.spend.show(status);
        if !events.is_empty() {
            let cursor = self.spend.cursor();
            let accepted = accept(&events, Some(cursor), sink, stop).await;
            accepted.map_err(|_| End::Closed)?;
        }
        if self.spend.is_used_up() {
            return Err(End::Ended(self.spend.sentence()));
        }
        Ok(problem)
    }
}

/// Whether it says that it is what `with` is.
fn is(text: &Option<String>, with: &str) -> bool {
    text.as_deref().is_some_and(|text| text.contains(with))
}

/// An entry of `errors`, in the stream or in an answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Error {
    title: Option<String>,
    detail: Option<String>,
    /// Of a rule that it does not take.
    details: Vec<String>,
    message: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    disconnect_type: Option<String>,
    connection_issue: Option<String>,
    value: Option<String>,
}

impl Error {
    fn sentence(&self) -> String {
        let said = [
            &self.detail,
            &self.message,
            &self.disconnect_type,
            &self.title,
        ];
        let said = said.into_iter().flatten().next();
        http::shortened(said.map_or("without a word", String::as_str))
    }
}
