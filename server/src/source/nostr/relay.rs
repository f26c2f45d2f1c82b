//! One relay: a connection after the other, and what it says beside its events.
//!
//! | it says | what is done |
//! |---|---|
//! | `CLOSED` with `rate-limited` | asked again after a minute, doubling |
//! | `CLOSED` with `error` | connected again at once where it had brought posts |
//! | `CLOSED` with anything else, as `auth-required`: it will say the same again | asked again after 5 seconds, doubling |
//! | `AUTH` | there is no login to give; nothing, as long as posts come |
//! | `NOTICE` | shown |
//! | nothing, not even to a ping | connected again |

use std::{borrow::Cow, time::Duration};

use reqwest::{Client, Url};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    super::{
        Closed, Context, Cursor, Event, Sink, Status,
        connection::{EVENTS, accept},
        decode::nostr::{Message, Told, message},
        http::{shortened, unix_seconds},
        reconnect::{End, Next, Peer},
        websocket::{Gone, WebSocket},
    },
    asking::Asking,
};

/// As much of what has come is taken at once.
const MOST_BYTES: usize = 256 << 10;

#[derive(Debug)]
pub(super) struct Relay {
    pub(super) url: Url,
    pub(super) client: Client,
    pub(super) silence: Duration,
    /// So long it may take until it answers.
    pub(super) answer: Duration,
    /// From when on it is asked.
    pub(super) since: u64,
    /// Where it is told what of its events is refused.
    pub(super) source: Status,
}

/// A connection to it.
struct Connection<'r> {
    relay: &'r mut Relay,
    asking: Asking,
    /// What it is not asked for.
    skipped: Option<String>,
    /// The last.
    notice: Option<String>,
    wants_login: bool,
    is_live: bool,
    /// When it was asked for something or has last answered.
    answered: Instant,
}

/// What came of some messages.
#[derive(Default)]
struct Heard<'t> {
    events: Vec<Event<'t>>,
    answers: Vec<String>,
    is_answer: bool,
    /// With what reason the subscription was closed.
    closed: Option<Cow<'t, str>>,
}

impl Peer for Relay {
    async fn follow<S: Sink>(&mut self, context: &mut Context<S>) -> End {
        let connected = WebSocket::connect(&self.client, &self.url, self.silence).await;
        let (why, next) = match connected {
            Ok(socket) => {
                let socket = socket.asks_whether_it_is_there();
                match Connection::new(self).read(socket, context).await {
                    Ok(end) => end,
                    Err(Closed) => return End::Closed,
                }
            }
            Err(none) => none.told("relay"),
        };
        End::Lost { why, next }
    }
}

impl<'r> Connection<'r> {
    fn new(relay: &'r mut Relay) -> Self {
        let asking = Asking::new(relay.since, unix_seconds());
        let skipped = (asking.since() > relay.since).then(|| {
            let [from, to] = [relay.since, asking.since()].map(at);
            format!("what was written from {from} to {to} is not read: it is more than a day old")
        });
        Self {
            relay,
            asking,
            skipped,
            notice: None,
            wants_login: false,
            is_live: false,
            answered: Instant::now(),
        }
    }

    /// Gives what comes until nothing more does.
    async fn read<S: Sink>(
        mut self,
        mut socket: WebSocket,
        context: &mut Context<S>,
    ) -> Result<(String, Next), Closed> {
        let mut answers: Vec<_> = self.asking.says().into_iter().collect();
        loop {
            for answer in answers {
                if let Err(gone) = socket.send(answer).await {
                    return Ok(self.lost(&gone));
                }
            }
            let first = match self.next(&mut socket).await {
                Some(Ok(text)) => text,
                Some(Err(gone)) => return Ok(self.lost(&gone)),
                None => {
                    let why = "it does not answer what it was asked";
                    return Ok((self.because(why), Next::Refused));
                }
            };
            let (texts, gone) = with_what_is_there(first, &mut socket);
            let heard = self.hear(&texts, context);
            self.give(&heard.events, context).await?;
            if heard.is_answer {
                self.answered = Instant::now();
            }
            if let Some(why) = heard.closed {
                return Ok(closed(&why));
            }
            if let Some(gone) = gone {
                return Ok(self.lost(&gone));
            }
            answers = heard.answers;
        }
    }

    /// `None` where it owes an answer for too long.
    async fn next(&self, socket: &mut WebSocket) -> Option<Result<Utf8Bytes, Gone>> {
        if self.asking.waits() {
            let due = self.answered + self.relay.answer;
            timeout_at(due, socket.next()).await.ok()
        } else {
            Some(socket.next().await)
        }
    }

    fn hear<'t, S: Sink>(&mut self, texts: &'t [Utf8Bytes], context: &Context<S>) -> Heard<'t> {
        let bytes = texts.iter().map(|text| text.len()).sum();
        self.relay.source.bytes(bytes);
        let mut heard = Heard::default();
        for text in texts {
            match message(text) {
                Ok(Message::Event { subscription, told }) => {
                    self.told(&subscription, told, &mut heard);
                }
                Ok(Message::EndOfStored { subscription }) => {
                    heard.is_answer = true;
                    let answer = self.asking.ended(&subscription, unix_seconds());
                    heard.answers.extend(answer);
                }
                Ok(Message::Closed { subscription, why }) if self.asking.needs(&subscription) => {
                    heard.closed = Some(why);
                    return heard;
                }
                Ok(Message::Notice(said)) => {
                    self.notice = Some(shortened(&said));
                    if self.is_live {
                        self.show(&context.status);
                    }
                }
                Ok(Message::Login) => self.wants_login = true,
                Ok(Message::Closed { .. } | Message::Other) => {}
                Err(why) => self.relay.source.line_refused(&why),
            }
            if heard.is_answer && !self.is_live {
                self.is_live = true;
                self.show(&context.status);
            }
        }
        heard
    }

    fn told<'t>(&mut self, subscription: &str, told: Told<'t>, heard: &mut Heard<'t>) {
        let now = unix_seconds();
        match self.asking.takes(subscription, told.created_at, now) {
            Ok(is_new) => {
                heard.is_answer = true;
                if is_new && told.expires.is_none_or(|at| at > now) {
                    heard.events.extend(told.events);
                }
            }
            Err(why) => self.relay.source.line_refused(&why),
        }
    }

    async fn give<S: Sink>(
        &mut self,
        events: &[Event<'_>],
        context: &mut Context<S>,
    ) -> Result<(), Closed> {
        let since = self.asking.since();
        if events.is_empty() && since == self.relay.since {
            return Ok(());
        }
        let cursor = Cursor(since.to_string());
        accept(events, Some(cursor), &mut context.sink, &context.stop).await?;
        self.relay.since = since;
        Ok(())
    }

    fn show(&self, status: &Status) {
        let notice = self.notice.as_ref();
        let notice = notice.map(|notice| format!("it says: {notice}"));
        let said: Vec<_> = self.skipped.clone().into_iter().chain(notice).collect();
        match said.is_empty() {
            true => status.live(),
            false => status.live_but(said.join("; ")),
        }
    }

    fn lost(&self, gone: &Gone) -> (String, Next) {
        let next = match gone {
            Gone::Closed { code: 1008, .. } => Next::Refused,
            _ if self.is_barred() => Next::Refused,
            _ => Next::AtOnce,
        };
        (self.because(&gone.to_string()), next)
    }

    fn is_barred(&self) -> bool {
        self.wants_login && !self.is_live
    }

    /// With what it said before, which may tell more.
    fn because(&self, why: &str) -> String {
        match &self.notice {
            _ if self.is_barred() => format!("{NO_LOGIN} ({why})"),
            Some(notice) => format!("{why}, and had said: {notice}"),
            None => why.to_owned(),
        }
    }
}

const NO_LOGIN: &str = "it wants a login, and tagtide has none";

/// Why a subscription was ended, by the word that the reason begins with, and when to come back.
fn closed(why: &str) -> (String, Next) {
    let (meaning, next) = match why.split_once(':').map(|(word, _)| word) {
        Some("auth-required") => (NO_LOGIN, Next::Refused),
        Some("restricted") => ("it does not give its posts to everybody", Next::Refused),
        Some("blocked") => ("it has blocked this client", Next::Refused),
        Some("rate-limited") => ("it was asked too often", Next::Limited),
        Some("invalid" | "unsupported") => ("it does not take what it was asked", Next::Refused),
        Some("error") => ("it has met an error", Next::AtOnce),
        _ => ("it has ended the subscription", Next::Refused),
    };
    match shortened(why) {
        said if said.is_empty() => (meaning.to_owned(), next),
        said => (format!("{meaning} ({said})"), next),
    }
}

/// As many messages as are there already, without the end of the connection behind them.
fn with_what_is_there(first: Utf8Bytes, socket: &mut WebSocket) -> (Vec<Utf8Bytes>, Option<Gone>) {
    let mut bytes = first.len();
    let mut texts = vec![first];
    while texts.len() < EVENTS && bytes < MOST_BYTES {
        match socket.next_if_there() {
            Some(Ok(text)) => {
                bytes += text.len();
                texts.push(text);
            }
            Some(Err(gone)) => return (texts, Some(gone)),
            None => break,
        }
    }
    (texts, None)
}

/// A moment in seconds of the Unix epoch, for people.
fn at(seconds: u64) -> String {
    let at = i64::try_from(seconds).map(jiff::Timestamp::from_second);
    at.ok()
        .and_then(Result::ok)
        .map_or_else(|| seconds.to_string(), |at| at.to_string())
}
