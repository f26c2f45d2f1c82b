//! The fields of all forms of an object, read in one pass over the line: which form it is, its fields
//! tell afterwards, in whatever order they come.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Error as _, MapAccess};

use super::{
    decoded::Decoded,
    loose::{self, Loose, Names, Present, Read, Value},
    surrogates,
};
use crate::source::Event;

pub(super) mod account;
pub(super) mod jetstream;
pub(super) mod tweet;
pub(super) mod x;

use account::Account;

loose::object! {
    Object<'a> {
        // Of the simple object; other forms have some of them too.
        text: Value<'a> = "text",
        lang: Value<'a> = "lang",
        author: Value<'a> = "author",
        at: Value<'a> = "at",
        tags: Names<'a> = "tags",
        id: Value<'a> = "id",
        url: Value<'a> = "url",
        delete: Deletion<'a> = "delete",
        takedown: Value<'a> = "takedown",
        // X API v2.
        data: x::Tweet<'a> = "data",
        includes: x::Includes<'a> = "includes",
        errors: Present = "errors",
        // Twitter API v1.1.
        id_str: Value<'a> = "id_str",
        full_text: Value<'a> = "full_text",
        timestamp_ms: Value<'a> = "timestamp_ms",
        user: tweet::User<'a> = "user",
        entities: tweet::Entities<'a> = "entities",
        extended_tweet: tweet::Extended<'a> = "extended_tweet",
        retweeted_status: tweet::Retweeted<'a> = "retweeted_status",
        notice: Present = "limit" | "scrub_geo" | "status_withheld" | "user_withheld" | "disconnect"
            | "warning",
        // Jetstream.
        did: Value<'a> = "did",
        time_us: Value<'a> = "time_us",
        kind: Value<'a> = "kind",
        commit: jetstream::Commit<'a> = "commit",
        identity: jetstream::Numbered<'a> = "identity",
        // Mastodon, and with a field more than one form has.
        content: Value<'a> = "content",
        created_at: Value<'a> = "created_at",
        language: Value<'a> = "language",
        account: Account<'a> = "account",
        edited_at: Value<'a> = "edited_at",
        visibility: Value<'a> = "visibility",
        uri: Value<'a> = "uri",
        reblog: Present = "reblog",
        // Mastodon's and Jetstream's envelopes.
        stream: Present = "stream",
        event: Value<'a> = "event",
        payload: Payload<'a> = "payload",
    }
}

impl Object<'_> {
    /// Says at its top what makes the simple object a post.
    pub(super) fn says_something(&self) -> bool {
        self.text.is_text() || self.tags.0.is_some()
    }
}

/// What is in an envelope: Mastodon's is JSON in a text, or an id.
#[derive(Debug, Default)]
pub(super) struct Payload<'a> {
    pub(super) value: Value<'a>,
    pub(super) message: Option<Box<jetstream::Message<'a>>>,
}

impl<'de> Loose<'de> for Payload<'de> {
    fn text(&mut self, text: Cow<'de, str>) {
        self.value = Value::Text(text);
    }

    fn whole(&mut self, number: u64) {
        self.value = Value::Whole(number);
    }

    fn object<A: MapAccess<'de>>(&mut self, object: A) -> Result<(), A::Error> {
        self.message.insert(Box::default()).object(object)
    }
}

/// The id of a deleted post: itself, or in Twitter's `{"status":{"id_str":…}}`.
#[derive(Debug, Default)]
pub(super) struct Deletion<'a> {
    id: Value<'a>,
    notice: tweet::Deletion<'a>,
}

impl<'a> Deletion<'a> {
    pub(super) fn id(self) -> Option<Cow<'a, str>> {
        let status = self.notice.status;
        let of_status = || status.id_str.name().or_else(|| status.id.name());
        self.id.name().or_else(of_status)
    }
}

impl<'de> Loose<'de> for Deletion<'de> {
    fn text(&mut self, text: Cow<'de, str>) {
        self.id = Value::Text(text);
    }

    fn whole(&mut self, number: u64) {
        self.id = Value::Whole(number);
    }

    fn object<A: MapAccess<'de>>(&mut self, object: A) -> Result<(), A::Error> {
        self.notice.object(object)
    }
}

/// What it says as `form` reads it; `None` where it is no JSON object.
pub(super) fn read<'a>(line: &'a str, form: fn(Object<'_>) -> Decoded<'_>) -> Option<Decoded<'a>> {
    if let Ok(object) = strictly(line) {
        return Some(form(object));
    }
    let whole = surrogates::replaced(line)?;
    let object = strictly(&whole).ok()?;
    Some(form(object).map(|event| event.map(Event::into_owned)))
}

/// An error where the line is no JSON object, or has half a character in it.
pub(super) fn strictly(line: &str) -> serde_json::Result<Object<'_>> {
    let mut object = Object::default();
    let mut json = serde_json::Deserializer::from_str(line);
    Read(&mut object).deserialize(&mut json)?;
    json.end()?;
    if !object.there {
        return Err(serde_json::Error::custom("no object"));
    }
    Ok(object)
}
