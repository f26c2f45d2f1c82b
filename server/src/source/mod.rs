//! Where posts come from.
//!
//! One file or folder a kind of source ([`kinds`]), of which each is a [`protocol`] and turns what it reads
//! into [`Event`]s and gives them to a [`Sink`], together with the [`Cursor`] that stands behind the last of
//! them. `decode` is pure: bytes in, events out. Those that connect to a server of their network share how they try again ([`reconnect`]), and
//! [`http`] and [`websocket`].
//!
//! **Invariant:** nothing that a source sends can stop the program. A source ends by [`CancellationToken`]
//! within a second, also while it waits for its peer or for its sink.

use std::{borrow::Cow, future::Future};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

mod address;
mod bluesky;
mod body;
pub(crate) mod compression;
mod connection;
mod decode;
mod demo;
mod dollars;
#[cfg(test)]
#[path = "../../tests/fakes/mod.rs"]
mod fakes;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod http;
mod kinds;
mod lines;
mod listen;
mod mastodon;
mod nostr;
mod open;
mod options;
mod protocol;
mod reconnect;
#[cfg(test)]
mod recording;
mod spec;
mod sse;
mod status;
mod tcp;
mod websocket;
mod x;

pub(crate) use body::{BodyError, Taken, read as read_body};
pub(crate) use compression::Coding;
pub(crate) use decode::decode;
pub(crate) use dollars::Dollars;
pub(crate) use lines::Lines;
pub(crate) use listen::bind;
pub(crate) use open::{Opened, open};
pub(crate) use options::{Options, XOptions};
pub(crate) use spec::Spec;
pub(crate) use status::{Registry, Report, Status};

/// What a line or a message says, borrowed from it where that is possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// A post of which nothing but the text is known, as it was received: what is no UTF-8 in it stands
    /// for U+FFFD.
    Text(Cow<'a, [u8]>),
    /// A new post, or, where its id is known, the form it has now.
    Post(Post<'a>),
    /// The post with this id is deleted.
    Delete { id: Cow<'a, str> },
    /// The author's account is gone, and with it all posts of theirs.
    TakeDown { author: Cow<'a, str> },
}

/// A post as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Post<'a> {
    /// Never stored: tags are taken from it while the post is at hand.
    pub text: Cow<'a, str>,
    /// The tags that the source itself names, without `#`; `None` where only the text is known.
    pub tags: Option<Vec<Cow<'a, str>>>,
    /// Language (BCP 47), as the source says.
    pub lang: Option<Cow<'a, str>>,
    pub author: Option<Cow<'a, str>>,
    /// Whether its author is a program, as the source says.
    pub bot: bool,
    /// When it was written, as the source says: milliseconds since the Unix epoch.
    pub at: Option<i64>,
    /// The same for all forms of a post, and for no other post of sources of this kind.
    pub id: Option<Cow<'a, str>>,
    /// Where it can be read: an `http:` or `https:` URL of at most 2048 bytes.
    pub link: Option<Cow<'a, str>>,
}

fn own(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl<'a> Post<'a> {
    /// A post of which nothing but the text is known.
    pub(crate) fn of_text(text: Cow<'a, str>) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }

    /// The same post, no longer bound to the line that it was read from.
    pub(crate) fn into_owned(self) -> Post<'static> {
        Post {
            text: own(self.text),
            tags: self.tags.map(|tags| tags.into_iter().map(own).collect()),
            lang: self.lang.map(own),
            author: self.author.map(own),
            bot: self.bot,
            at: self.at,
            id: self.id.map(own),
            link: self.link.map(own),
        }
    }
}

impl<'a> Event<'a> {
    /// A post of which nothing but the text is known.
    pub(crate) fn of_text(text: Cow<'a, str>) -> Self {
        Self::Text(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }

    /// Whether it tells of a post.
    pub(crate) fn is_post(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Post(_))
    }

    /// Whether it tells of a post that a program wrote and says so.
    pub(crate) fn is_by_bot(&self) -> bool {
        matches!(self, Self::Post(Post { bot: true, .. }))
    }

    /// The post that it tells of, if it does.
    pub(crate) fn post(&self) -> Option<Cow<'_, Post<'a>>> {
        match self {
            Self::Text(text) => {
                let text = String::from_utf8_lossy(text).into_owned();
                Some(Cow::Owned(Post::of_text(text.into())))
            }
            Self::Post(post) => Some(Cow::Borrowed(post)),
            Self::Delete { .. } | Self::TakeDown { .. } => None,
        }
    }

    /// When its post was written, as the source says: milliseconds since the Unix epoch.
    pub(crate) fn at(&self) -> Option<i64> {
        match self {
            Self::Post(post) => post.at,
            _ => None,
        }
    }

    /// The same event, no longer bound to the line that it was read from.
    pub(crate) fn into_owned(self) -> Event<'static> {
        match self {
            Self::Text(text) => Event::Text(Cow::Owned(text.into_owned())),
            Self::Post(post) => Event::Post(post.into_owned()),
            Self::Delete { id } => Event::Delete { id: own(id) },
            Self::TakeDown { author } => Event::TakeDown {
                author: own(author),
            },
        }
    }
}

/// Where a source that can be read again goes on: its own notion of a position, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor(pub String);

/// The other side is gone: nothing more can be given to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the program is ending")]
pub(crate) struct Closed;

/// What takes the posts of a source.
///
/// A clone is a second writer of the same source, for sources that read from many at once.
pub(crate) trait Sink: Clone + Send + 'static {
    /// Takes a chunk of events and the cursor behind the last of them, which hold together: they
    /// become durable in one commit. Waits while there is no room. The sink counts the posts in
    /// the source's [`Status`].
    ///
    /// A source that is told to stop drops the future: what was dropped has taken nothing.
    fn accept(
        &mut self,
        events: &[Event<'_>],
        cursor: Option<Cursor>,
    ) -> impl Future<Output = Result<(), Closed>> + Send;

    /// A replay has come to posts of the time `at` (Unix milliseconds): what lies before is
    /// complete. Call it before the first post of a later epoch is given ([`Sink::epoch_of`] tells).
    /// A time before one that was come to already changes nothing. Waits while there is no room.
    fn advance(&mut self, at: i64) -> impl Future<Output = Result<(), Closed>> + Send;

    /// The epoch that the time `at` (Unix milliseconds) belongs to.
    fn epoch_of(&self, at: i64) -> u64;
}

/// All that a running source holds beside its own settings.
#[derive(Debug)]
pub(crate) struct Context<S> {
    pub sink: S,
    pub status: Status,
    /// Where the last run's sealed posts end; `None` at the very first start.
    pub cursor: Option<Cursor>,
    pub stop: CancellationToken,
}

impl<S> Context<S> {
    /// Where to go on, as the source wrote it; an error says why it cannot be read.
    fn place<P: std::str::FromStr<Err = String>>(&self) -> Result<Option<P>, String> {
        let stored = self.cursor.as_ref();
        stored.map(|Cursor(text)| text.parse()).transpose()
    }
}
