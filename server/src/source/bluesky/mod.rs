//! `bluesky`: the posts of Bluesky, by a Jetstream (`GET /subscribe`, its version 1), which sends what
//! happens in all repositories as JSON over a WebSocket.
//!
//! A Jetstream keeps a day and more, and goes on from where it is asked to: a restart loses nothing, and
//! counts nothing twice ([`place`]). Where one host fails the next is asked, from a little earlier, as each
//! has a clock of its own. Accounts that are gone are told of whatever is asked for, and take their posts
//! with them.
//!
//! **Invariant:** the cursor stands behind the last event that was given, also where it is no post, and is
//! given together with it.

use std::{mem, time::Duration};

use model::Kind;
use reqwest::{Client, Url};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    Closed, Context, Cursor, Event, Sink, Status, address,
    connection::{EVENTS, accept},
    decode::jetstream::frame,
    http,
    options::Options,
    protocol::{OpenError, Protocol, SpecError},
    reconnect::{self, End, Next, Pauses, Peer},
    websocket::{Gone, NoConnection, WebSocket},
};
use place::{Place, Seen};

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;
mod place;
#[cfg(test)]
mod tests;

/// The public ones of the company that runs Bluesky.
const HOSTS: [&str; 4] = [
    "wss://jetstream2.us-east.bsky.network/subscribe",
    "wss://jetstream1.us-east.bsky.network/subscribe",
    "wss://jetstream2.us-west.bsky.network/subscribe",
    "wss://jetstream1.us-west.bsky.network/subscribe",
];

const POSTS: &str = "app.bsky.feed.post";

/// Bytes; it leaves out what is larger.
const LARGEST: &str = "1048576";

/// The network is never silent for so long: where the first event lies so far behind the place that was
/// asked for, there is something that it no longer has.
const GAP: Duration = Duration::from_secs(600);

/// It pings every 30 seconds.
const SILENCE: Duration = Duration::from_secs(75);

/// The hosts to ask, in turn: those that were given, or none for [`HOSTS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bluesky(Vec<Url>);

/// All that a connection needs.
#[derive(Debug)]
pub(super) struct Ready {
    hosts: Vec<Url>,
    client: Client,
    silence: Duration,
    pauses: Pauses,
}

impl Protocol for Bluesky {
    const KIND: Kind = Kind::Bluesky;
    const FORM: &'static str = "bluesky[:URL]";
    type Ready = Ready;

    fn parse(rest: Option<&str>) -> Result<Self, SpecError> {
        let urls = rest.into_iter().flat_map(|urls| urls.split(','));
        let urls = urls.map(|given| {
            let mut url = address::url::<Self>(given, &["wss", "ws"])?;
            if url.path() == "/" {
                url.set_path("/subscribe");
            }
            Ok(url)
        });
        urls.collect::<Result<_, _>>().map(Self)
    }

    /// The same network, whichever the host.
    fn identity(&self) -> String {
        "bluesky".to_owned()
    }

    async fn open(&self, _: &Options) -> Result<Ready, OpenError> {
        let hosts = match &self.0[..] {
            #[expect(clippy::unwrap_used, reason = "constants, which a test reads")]
            [] => HOSTS.iter().map(|host| Url::parse(host).unwrap()).collect(),
            given => given.to_vec(),
        };
        Ok(Ready {
            hosts,
            client: http::client()?,
            silence: SILENCE,
            pauses: Pauses::default(),
        })
    }

    async fn run<S: Sink>(ready: Ready, context: Context<S>) {
        let pauses = ready.pauses;
        match context.place() {
            Ok(place) => reconnect::run(Connection::new(ready, place), pauses, context).await,
            Err(why) => context.status.failed(why),
        }
    }
}

/// One connection after the other.
struct Connection {
    ready: Ready,
    /// Which of the hosts is asked.
    host: usize,
    seen: Seen,
}

impl Connection {
    fn new(ready: Ready, place: Option<Place>) -> Self {
        let named = |url: &Url| place.as_ref().is_some_and(|place| place.host == name(url));
        let host = ready.hosts.iter().position(named);
        Self {
            host: host.unwrap_or(0),
            ready,
            seen: Seen::new(place),
        }
    }

    fn url(&self) -> &Url {
        &self.ready.hosts[self.host]
    }
}

/// The host as people know it.
fn name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

impl Peer for Connection {
    async fn follow<S: Sink>(&mut self, context: &mut Context<S>) -> End {
        let host = name(self.url());
        let before = self.seen.place().cloned();
        let (why, next) = match self.connect(&host).await {
            Ok(socket) => {
                context.status.live();
                match self.read(socket, &host, context).await {
                    Err(Closed) => return End::Closed,
                    Ok(gone @ Gone::Closed { code: 1008, .. }) => (gone.to_string(), Next::Refused),
                    Ok(gone) => (gone.to_string(), Next::AtOnce),
                }
            }
            Err(none) => none.told("Jetstream"),
        };
        // One that has served is asked again first: its clock is the one that the place is told by.
        if self.seen.place() == before.as_ref() {
            self.host = (self.host + 1) % self.ready.hosts.len();
        }
        End::Lost {
            why: format!("{host}: {why}"),
            next,
        }
    }
}

impl Connection {
    async fn connect(&self, host: &str) -> Result<WebSocket, NoConnection> {
        let mut url = self.url().clone();
        url.query_pairs_mut()
            .append_pair("wantedCollections", POSTS)
            .append_pair("maxMessageSizeBytes", LARGEST);
        if let Some(place) = self.seen.place() {
            let from = place.time_at(host).to_string();
            url.query_pairs_mut().append_pair("cursor", &from);
        }
        WebSocket::connect(&self.ready.client, &url, self.ready.silence).await
    }

    /// Gives what comes until nothing more does.
    async fn read<S: Sink>(
        &mut self,
        mut socket: WebSocket,
        host: &str,
        context: &mut Context<S>,
    ) -> Result<Gone, Closed> {
        let mut is_first = true;
        loop {
            let first = match socket.next().await {
                Ok(text) => text,
                Err(gone) => return Ok(gone),
            };
            if mem::take(&mut is_first) {
                self.tell_of_a_gap(&first, &context.status);
            }
            let mut texts = vec![first];
            let end = loop {
                match socket.next_if_there() {
                    Some(Ok(text)) if texts.len() + 1 < EVENTS => texts.push(text),
                    Some(Ok(text)) => {
                        texts.push(text);
                        break None;
                    }
                    Some(Err(gone)) => break Some(gone),
                    None => break None,
                }
            };
            self.give(&texts, host, context).await?;
            if let Some(gone) = end {
                return Ok(gone);
            }
        }
    }

    async fn give<S: Sink>(
        &mut self,
        texts: &[Utf8Bytes],
        host: &str,
        context: &mut Context<S>,
    ) -> Result<(), Closed> {
        let Context {
            sink, status, stop, ..
        } = context;
        let mut events: Vec<Event<'_>> = Vec::with_capacity(texts.len());
        let mut moved = false;
        status.bytes(texts.iter().map(|text| text.len()).sum());
        for text in texts {
            let frame = match frame(text) {
                Ok(frame) => frame,
                Err(why) => {
                    status.line_refused(&why);
                    continue;
                }
            };
            if !self.seen.is_new(host, frame.time_us, frame.identity) {
                continue;
            }
            moved = true;
            match frame.event {
                Ok(event) => events.extend(event),
                Err(why) => status.line_refused(&why),
            }
        }
        match self.seen.place() {
            Some(place) if moved => {
                let cursor = Cursor(place.to_string());
                accept(&events, Some(cursor), sink, stop).await
            }
            _ => Ok(()),
        }
    }

    /// Of what lies too far back, a Jetstream begins with the oldest that it has, without a word.
    fn tell_of_a_gap(&self, first: &str, status: &Status) {
        let (Some(place), Ok(first)) = (self.seen.place(), frame(first)) else {
            return;
        };
        let missing = Duration::from_micros(first.time_us.saturating_sub(place.time_us));
        if missing > GAP {
            let [from, to] = [place.time_us, first.time_us].map(at);
            status.live_but(format!(
                "what was written from {from} to {to} is lost: no Jetstream has it any more"
            ));
        }
    }
}

/// A moment in microseconds of the Unix epoch, for people.
fn at(micros: u64) -> String {
    let seconds = i64::try_from(micros / 1_000_000).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| micros.to_string(), |at| at.to_string())
}
