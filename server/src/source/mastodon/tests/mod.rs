//! Against a fake server, over real sockets.

use std::{collections::BTreeSet, time::Duration};

use model::SourceState;
use serde_json::{Value, json};

use super::*;
use crate::retry::Backoff;
use crate::secret::Secret;
use crate::source::{
    Event,
    fakes::{
        self, Answer, End as How, Fault,
        mastodon::{Access, INSTANCE, STREAM, TIMELINE, TOKEN, boost, status},
    },
    recording::{Given, LIMIT, Recording, Running},
};

mod discovery;
mod filling;
mod refusals;
mod streaming;

/// So long a server may be silent in tests of that.
const QUICK: Duration = Duration::from_millis(300);

/// A source of these tests; what is not said is as for people, but pauses are short.
struct Source<'a> {
    server: &'a str,
    feed: &'a str,
    token: Option<&'a str>,
    silence: Duration,
    patience: Duration,
    bounds: Bounds,
}

fn short() -> Backoff {
    Backoff::doubling(Duration::from_millis(20), Duration::from_millis(100))
}

impl<'a> Source<'a> {
    fn at(server: &'a str) -> Self {
        Self {
            server,
            feed: "",
            token: Some(TOKEN),
            silence: SILENCE,
            patience: http::ANSWER,
            bounds: Bounds {
                retry: short(),
                ..Bounds::default()
            },
        }
    }

    fn ready(&self) -> Ready {
        let given = format!("{}{}", self.server, self.feed);
        let given = Mastodon::parse(Some(&given)).unwrap();
        let token = self.token.map_or(Token::NotSet, |token| {
            Token::Is(Secret::new(token).unwrap())
        });
        let mut ready = Ready::new(&given, token).unwrap();
        ready.server.patience = self.patience;
        ready.silence = self.silence;
        ready.bounds = self.bounds;
        ready.pauses = Pauses {
            network: short(),
            refused: short(),
            limited: short(),
        };
        ready
    }

    fn start(&self) -> Running {
        self.start_from(Recording::new(), None)
    }

    fn start_from(&self, sink: Recording, cursor: Option<Cursor>) -> Running {
        let ready = self.ready();
        Running::spawn(sink, cursor, |context| Mastodon::run(ready, context))
    }
}

async fn says(running: &Running, state: SourceState, words: &str) {
    running
        .shows(|source| {
            let detail = source.detail.as_deref().unwrap_or_default();
            source.state == state && detail.contains(words)
        })
        .await;
}

/// What was given, in short: `+ID`, or `-ID` for a deletion, with the ids of the server.
fn told(events: &[Event<'_>]) -> Vec<String> {
    let short = |event: &Event<'_>| {
        let (sign, id) = match event {
            Event::Post(post) => ('+', post.id.as_deref().unwrap()),
            Event::Delete { id } => ('-', &**id),
            other => panic!("{other:?}"),
        };
        let (_, id) = id.split_once('/').unwrap();
        format!("{sign}{id}")
    };
    events.iter().map(short).collect()
}

fn added(ids: &[String]) -> Vec<String> {
    ids.iter().map(|id| format!("+{id}")).collect()
}

/// Waits until so many events were given.
async fn until_told(sink: &Recording, count: usize) -> Vec<String> {
    let waited = tokio::time::timeout(LIMIT, async {
        while sink.events().len() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let in_time = waited.await.is_ok();
    let told = told(&sink.events());
    assert!(in_time, "{} of {count} events: {told:?}", told.len());
    told
}

/// So many statuses of people of this server and of others, in turn.
fn publish(fake: &fakes::Mastodon, count: usize) -> Vec<String> {
    let acct = |n: usize| {
        if n.is_multiple_of(2) {
            "ann"
        } else {
            "bob@other.example"
        }
    };
    let publish = |n| fake.publish(status(acct(n), "some words", &["rust"]));
    (0..count).map(publish).collect()
}

/// A status with an id, as bytes of the stream.
fn update(id: &str, status: &Value) -> String {
    let mut status = status.clone();
    status["id"] = json!(id);
    format!("event: update\ndata: {status}\n\n")
}

fn error(status: u16, says: &str) -> Answer {
    Answer::json(status, &json!({"error": says}))
}

#[test]
fn a_server_is_given_by_its_host() {
    let given = |rest: &str| Mastodon::parse(Some(rest));
    for (rest, identity) in [
        ("Social.Example", "mastodon:social.example"),
        ("https://social.example/", "mastodon:social.example"),
        ("https://social.example:443", "mastodon:social.example"),
        ("http://127.0.0.1:3000", "mastodon:127.0.0.1:3000"),
        (
            "social.example:8443,feed=all",
            "mastodon:social.example:8443",
        ),
        (
            "social.example,feed=local",
            "mastodon:social.example,feed=local",
        ),
        ("[::1]:3000,feed=remote", "mastodon:[::1]:3000,feed=remote"),
    ] {
        assert_eq!(given(rest).unwrap().identity(), identity);
    }
    for (rest, says) in [
        ("", "`mastodon:HOST`"),
        (",feed=local", "`mastodon:HOST`"),
        ("social.example/@ann", "more than a server"),
        ("social.example?a", "more than a server"),
        ("wss://social.example", "begins with none of https, http"),
        ("social.example,local", "`feed=local`"),
        ("social.example,feed=home", "`feed=local`"),
        ("social.example,feed=local,feed=remote", "`feed=local`"),
    ] {
        let error = given(rest).unwrap_err().to_string();
        assert!(error.contains(says), "{rest}: {error}");
        assert!(
            error.contains("mastodon:HOST[,feed=local|remote]"),
            "{error}"
        );
    }
}
