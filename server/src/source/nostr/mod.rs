//! `nostr:URL[,URL…]`: posts of Nostr, by any number of relays that are read at once (NIP-01).
//!
//! Nobody has all of Nostr: a relay has what was sent to it, and much is sent to many. So relays are read
//! together, and what comes from several is counted once ([`seen`]). Each goes its own way: its connection
//! ([`relay`]), what it is asked for ([`asking`]), when it is tried again. They give to one sink in turn
//! ([`together`]) with one cursor, which says where all of them stand ([`place`]), and are shown as one
//! ([`shown`]).
//!
//! Relays keep what they are sent: a restart loses nothing that was written within a day and reached its
//! relay within two minutes, and counts nothing twice. Where one relay is so far behind the others that the
//! bounds of [`seen`] and [`place`] are passed, posts with tags are still known by their ids, as ever.
//! Relays check signatures; this does not.
//!
//! **Invariant:** no relay has more than one connection.

use std::time::Duration;

use futures::{StreamExt, stream::FuturesUnordered};
use model::Kind;
use reqwest::{Client, Url};

use super::{
    Context, Sink, address, http,
    options::Options,
    protocol::{OpenError, Protocol, SpecError},
    reconnect::{self, Pauses},
};
use place::Place;
use relay::Relay;
use shown::Shown;
use together::Share;

mod asking;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;
mod place;
mod relay;
mod seen;
mod shown;
#[cfg(test)]
mod tests;
mod together;

/// Each is a connection and a part of the cursor.
const MOST_RELAYS: usize = 32;

/// A relay may be silent; after half of this it is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(75);

/// The relays, each once, in order of their addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nostr(Vec<Url>);

/// All that connections need.
#[derive(Debug)]
pub(super) struct Ready {
    relays: Vec<Url>,
    client: Client,
    silence: Duration,
    answer: Duration,
    pauses: Pauses,
}

impl Protocol for Nostr {
    const KIND: Kind = Kind::Nostr;
    const FORM: &'static str = "nostr:URL[,URL…]";
    type Ready = Ready;

    fn parse(rest: Option<&str>) -> Result<Self, SpecError> {
        let Some(given) = rest else {
            return Err(SpecError::of::<Self>(rest, "it does not say which relay"));
        };
        let urls = given.split(',').map(|given| {
            let mut url = address::url::<Self>(given, &["wss", "ws"])?;
            url.set_fragment(None);
            Ok(url)
        });
        let mut urls = urls.collect::<Result<Vec<_>, _>>()?;
        urls.sort();
        urls.dedup();
        if urls.len() > MOST_RELAYS {
            let why = format!("at most {MOST_RELAYS} relays can be read together");
            return Err(SpecError::of::<Self>(rest, why));
        }
        Ok(Self(urls))
    }

    fn identity(&self) -> String {
        let urls: Vec<_> = self.0.iter().map(Url::as_str).collect();
        format!("nostr:{}", urls.join(","))
    }

    async fn open(&self, _: &Options) -> Result<Ready, OpenError> {
        Ok(Ready {
            relays: self.0.clone(),
            client: http::client()?,
            silence: SILENCE,
            answer: http::ANSWER,
            pauses: Pauses::default(),
        })
    }

    async fn run<S: Sink>(ready: Ready, context: Context<S>) {
        match context.place::<Place>() {
            Ok(stored) => ready.run(stored.as_ref(), context).await,
            Err(why) => context.status.failed(why),
        }
    }
}

impl Ready {
    async fn run<S: Sink>(self, stored: Option<&Place>, context: Context<S>) {
        let begun = http::unix_seconds().saturating_sub(asking::OVERLAP);
        let place = Place::of(self.relays.iter().map(Url::as_str), begun, stored);
        let since: Vec<_> = place.since().collect();
        let shown = Shown::new(context.status.clone(), self.relays.iter().map(name));
        let statuses = shown.statuses();
        let shares = Share::all(context.sink, place, &statuses);
        let relays = self
            .relays
            .iter()
            .zip(since)
            .zip(statuses.into_iter().zip(shares));
        let relays: FuturesUnordered<_> = relays
            .map(|((url, since), (status, sink))| {
                let relay = Relay {
                    url: url.clone(),
                    client: self.client.clone(),
                    silence: self.silence,
                    answer: self.answer,
                    since,
                    source: context.status.clone(),
                };
                let context = Context {
                    sink,
                    status,
                    cursor: None,
                    stop: context.stop.clone(),
                };
                reconnect::run(relay, self.pauses, context)
            })
            .collect();
        shown.while_running(relays.collect::<()>()).await;
    }
}

/// A relay as people know it.
fn name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    format!("{host}{port}{}", url.path().trim_end_matches('/'))
}
