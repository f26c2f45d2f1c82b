//! `mastodon:HOST`: the public posts that a Mastodon server knows of, by its stream
//! (`GET /api/v1/streaming/public`), which sends what happens to them as server-sent events.
//!
//! A stream cannot be read again, and says nothing of what was before. So each one is opened first, and then
//! what was written since the [`place`] is asked for from the server's timeline ([`gap`]), while what comes
//! live is held back.
//!
//! What no timeline tells is lost: what came from another server more than a minute after it was written
//! while there was no stream, what was edited or deleted in that time or while a gap was being filled by a
//! process that died, and what lies further back than the timeline is asked for, of which the status tells.
//!
//! A server shows a feed to everybody, to people with an account, or to its moderators; a stream needs a token
//! all the same ([`token`]), and of a feed that is not shown it brings deletions only.
//!
//! **Invariants:** the stream is open before its gap is asked for. The cursor stands behind the pages that were
//! given, and is moved by what came live only once there are no more of them.

use std::{pin::pin, time::Duration};

use jiff::Timestamp;
use model::Kind;
use reqwest::Url;
use tokio::select;

use super::{
    Closed, Context, Cursor, Sink, Status, address,
    connection::{EVENTS, accept},
    http,
    options::Options,
    protocol::{OpenError, Protocol, SpecError},
    reconnect::{self, End, Next, Pauses, Peer},
};
use feed::{Feed, Part};
use gap::{Bounds, Held, Pages, missing, shows};
use instance::Instance;
use place::{Place, Seen};
use refusal::Refused;
use server::{Server, host_of};
use statuses::{Names, Said};
use stream::Stream;
use token::Token;

mod allowance;
mod feed;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;
mod gap;
mod instance;
mod place;
mod refusal;
mod server;
mod statuses;
mod stream;
#[cfg(test)]
mod tests;
mod token;

/// It sends a comment every 15 seconds.
const SILENCE: Duration = Duration::from_secs(45);

/// A server, and which of its public posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mastodon {
    base: Url,
    feed: Feed,
}

/// All that a connection needs.
#[derive(Debug)]
pub(super) struct Ready {
    server: Server,
    feed: Feed,
    silence: Duration,
    pauses: Pauses,
    bounds: Bounds,
}

impl Protocol for Mastodon {
    const KIND: Kind = Kind::Mastodon;
    const FORM: &'static str = "mastodon:HOST[,feed=local|remote]";
    type Ready = Ready;

    fn parse(rest: Option<&str>) -> Result<Self, SpecError> {
        let wrong = |why: String| SpecError::of::<Self>(rest, why);
        let given = rest.unwrap_or_default();
        let (host, feed) = given.split_once(',').unwrap_or((given, "feed=all"));
        if host.is_empty() {
            let why = "it names no server, as `mastodon:HOST` does";
            return Err(wrong(why.to_owned()));
        }
        let base = address::url::<Self>(host, &["https", "http"])?;
        if base.path() != "/" || base.query().is_some() || base.fragment().is_some() {
            return Err(wrong("it names more than a server".to_owned()));
        }
        let feed = feed.strip_prefix("feed=").and_then(Feed::of_name);
        let feed = feed.ok_or_else(|| {
            wrong("behind the comma stands `feed=all`, `feed=local` or `feed=remote`".to_owned())
        })?;
        Ok(Self { base, feed })
    }

    fn identity(&self) -> String {
        let host = host_of(&self.base);
        match self.feed.part() {
            None => format!("mastodon:{host}"),
            Some(part) => format!("mastodon:{host},feed={}", part.name()),
        }
    }

    async fn open(&self, _: &Options) -> Result<Ready, OpenError> {
        let token = Token::of_environment(&host_of(&self.base))?;
        Ready::new(self, token)
    }

    async fn run<S: Sink>(ready: Ready, context: Context<S>) {
        let pauses = ready.pauses;
        match context.place() {
            Ok(place) => reconnect::run(Connection::new(ready, place), pauses, context).await,
            Err(why) => context.status.failed(why),
        }
    }
}

impl Ready {
    fn new(given: &Mastodon, token: Token) -> Result<Self, OpenError> {
        Ok(Self {
            server: Server {
                base: given.base.clone(),
                host: host_of(&given.base),
                token,
                client: http::client()?,
                patience: http::ANSWER,
            },
            feed: given.feed,
            silence: SILENCE,
            pauses: Pauses::default(),
            bounds: Bounds::default(),
        })
    }
}

/// One connection after the other.
struct Connection {
    ready: Ready,
    /// Asked for again once it has led to no stream.
    instance: Option<Instance>,
    seen: Seen,
    has_served: bool,
}

impl Connection {
    fn new(ready: Ready, place: Option<Place>) -> Self {
        Self {
            ready,
            instance: None,
            has_served: place.is_some(),
            seen: Seen::new(place),
        }
    }

    fn names(&self, instance: &Instance) -> Names {
        let host = self.ready.server.host.clone();
        Names {
            domain: instance.domain.clone().unwrap_or_else(|| host.clone()),
            host,
        }
    }

    /// The server, and its stream.
    async fn connect(&mut self) -> Result<(Instance, Stream), Refused> {
        let instance = match self.instance.take() {
            Some(instance) => instance,
            None => self.look().await?,
        };
        let closed = self.closed(&instance).count();
        if closed == self.ready.feed.parts().count() {
            return Err(Refused::Closed);
        }
        let url = instance.stream_of(self.ready.feed);
        let stream = Stream::open(&self.ready.server, url, self.ready.silence).await?;
        Ok((instance, stream))
    }

    /// What the server is, by its own words and, where these leave it open, by what it shows.
    async fn look(&self) -> Result<Instance, Refused> {
        let server = &self.ready.server;
        let mut instance = Instance::of(server).await?;
        if server.token.secret().is_none() {
            return Ok(instance);
        }
        let parts: Vec<_> = self.closed(&instance).collect();
        for part in parts {
            // To whoever may moderate there.
            let is_shown = match shows(server, part).await {
                Err(refused) if refused.may_pass() => return Err(refused),
                shows => shows.unwrap_or(false),
            };
            instance
                .closed
                .retain(|closed| !is_shown || *closed != part);
        }
        Ok(instance)
    }

    /// What of the feed is not shown.
    fn closed(&self, instance: &Instance) -> impl Iterator<Item = Part> {
        let parts = self.ready.feed.parts();
        parts.filter(|part| instance.closed.contains(part))
    }

    /// Gives what was written since the place and then what comes, until nothing more does.
    async fn read<S: Sink>(
        &mut self,
        mut stream: Stream,
        instance: &Instance,
        context: &mut Context<S>,
    ) -> Result<String, Closed> {
        let names = self.names(instance);
        let host = &self.ready.server.host;
        let closed = self.closed(instance);
        let mut notes: Vec<_> = closed
            .map(|part| format!("{host} shows no {part} but to its moderators"))
            .collect();
        show(&notes, &context.status);
        let place = self.seen.place().map(Place::floor);
        if let Some(floor) = place {
            match self.fill(floor, &mut stream, &names, context).await? {
                Filled::Whole => {}
                Filled::InPart(note) => notes.push(note),
                Filled::Lost(why) => return Ok(why),
            }
            show(&notes, &context.status);
        }
        loop {
            match stream.next(&names, &context.status).await {
                Ok(said) => give(said, &mut self.seen, context).await?,
                Err(why) => return Ok(why),
            }
        }
    }

    /// Gives what the timeline has behind `floor`, and then what came live meanwhile.
    async fn fill<S: Sink>(
        &mut self,
        floor: u64,
        stream: &mut Stream,
        names: &Names,
        context: &mut Context<S>,
    ) -> Result<Filled, Closed> {
        let opened = Timestamp::now();
        let Self { ready, seen, .. } = self;
        let mut pages = Pages::behind(floor, &ready.server, ready.feed, ready.bounds);
        let mut held = Held::default();
        let filled = loop {
            let page = {
                let mut page = pin!(pages.next(names, &context.status));
                loop {
                    select! {
                        page = &mut page => break Ok(page),
                        said = stream.next(names, &context.status), if held.has_room(&ready.bounds) => {
                            match said {
                                Ok(said) => held.add(said),
                                Err(why) => break Err(why),
                            }
                        }
                    }
                }
            };
            let newest = seen.place().map_or(floor, Place::newest);
            match page {
                Ok(Ok(Some(page))) => give(page, seen, context).await?,
                Ok(Ok(None)) => break Filled::Whole,
                Ok(Err(why)) => break Filled::InPart(missing(newest, opened, &why)),
                Err(why) => {
                    give(held.into_last_words(newest), seen, context).await?;
                    return Ok(Filled::Lost(why));
                }
            }
        };
        give(held.into_said(), seen, context).await?;
        Ok(filled)
    }
}

/// How far a gap was filled.
enum Filled {
    Whole,
    /// With what people should know of the rest.
    InPart(String),
    /// The stream was lost meanwhile, and why.
    Lost(String),
}

fn show(notes: &[String], status: &Status) {
    match notes {
        [] => status.live(),
        notes => status.live_but(notes.join("; ")),
    }
}

/// Gives what was not given before, a few at a time, each with the place behind it.
async fn give<S: Sink>(
    said: Vec<Said>,
    seen: &mut Seen,
    context: &mut Context<S>,
) -> Result<(), Closed> {
    let Context { sink, stop, .. } = context;
    let mut said = said.into_iter().peekable();
    while said.peek().is_some() {
        let new = said.by_ref().filter(|said| seen.takes(said));
        let events: Vec<_> = new.map(|said| said.event).take(EVENTS).collect();
        if events.is_empty() {
            break;
        }
        let cursor = seen.place().map(|place| Cursor(place.to_string()));
        accept(&events, cursor, sink, stop).await?;
    }
    Ok(())
}

impl Peer for Connection {
    async fn follow<S: Sink>(&mut self, context: &mut Context<S>) -> End {
        let (instance, stream) = match self.connect().await {
            Ok(connected) => connected,
            Err(refused) => {
                let Server { host, token, .. } = &self.ready.server;
                return refused.end(host, token, self.has_served);
            }
        };
        self.has_served = true;
        let end = match self.read(stream, &instance, context).await {
            Ok(why) => End::Lost {
                why: format!("{}: {why}", self.ready.server.host),
                next: Next::AtOnce,
            },
            Err(Closed) => End::Closed,
        };
        self.instance = Some(instance);
        end
    }
}
