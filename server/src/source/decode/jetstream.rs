//! An event of Bluesky's Jetstream: a commit, or what became of an account.
//!
//! Posts name their tags: in facets, which mark them in the text, and in `tags`. A facet that begins with
//! `$` marks a share price. Records of other collections and other kinds of events are no posts.

use std::{borrow::Cow, hash::Hasher, mem};

use serde::de::{MapAccess, SeqAccess};
use twox_hash::XxHash64;

use super::{
    NotAPost, language, link,
    loose::{self, Loose, Name, Names, Read, Value},
    object::{self, Object},
};
use crate::source::{Event, Post};

const POSTS: &str = "app.bsky.feed.post";

loose::object! {
    Commit<'a> {
        rev: Value<'a> = "rev",
        operation: Value<'a> = "operation",
        collection: Value<'a> = "collection",
        rkey: Value<'a> = "rkey",
        record: Record<'a> = "record",
    }
}

loose::object! {
    /// Of an identity's event.
    Numbered<'a> {
        seq: Value<'a> = "seq",
    }
}

loose::object! {
    Record<'a> {
        text: Value<'a> = "text",
        langs: Names<'a> = "langs",
        facets: Facets<'a> = "facets",
        tags: Names<'a> = "tags",
    }
}

/// The tags that a list of facets marks.
#[derive(Debug, Default)]
pub(super) struct Facets<'a>(Vec<Cow<'a, str>>);

impl<'de> Loose<'de> for Facets<'de> {
    fn list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        while list
            .next_element_seed(Read(&mut Facet(&mut self.0)))?
            .is_some()
        {}
        Ok(())
    }
}

struct Facet<'t, 'a>(&'t mut Vec<Cow<'a, str>>);

impl<'de> Loose<'de> for Facet<'_, 'de> {
    fn object<A: MapAccess<'de>>(&mut self, mut object: A) -> Result<(), A::Error> {
        while let Some(Name(key)) = object.next_key()? {
            if key == "features" {
                object.next_value_seed(Read(&mut Features(self.0)))?;
            } else {
                object.next_value::<serde::de::IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Features<'t, 'a>(&'t mut Vec<Cow<'a, str>>);

loose::object! {
    Feature<'a> {
        kind: Value<'a> = "$type",
        tag: Value<'a> = "tag",
    }
}

impl<'de> Loose<'de> for Features<'_, 'de> {
    fn list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        loop {
            let mut feature = Feature::default();
            if list.next_element_seed(Read(&mut feature))?.is_none() {
                return Ok(());
            }
            if feature.kind.is("app.bsky.richtext.facet#tag") {
                let tag = feature.tag.text();
                self.0.extend(tag.filter(|tag| !tag.starts_with('$')));
            }
        }
    }
}

pub(super) fn knows(object: &Object<'_>) -> bool {
    object.did.is_text() && object.kind.is_text()
}

/// An event with its place in the stream.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::source) struct Frame<'a> {
    /// When this Jetstream took it in: microseconds of the Unix epoch, growing from event to event.
    pub(in crate::source) time_us: u64,
    /// The same for this event from every Jetstream, and for hardly another.
    pub(in crate::source) identity: u64,
    pub(in crate::source) event: Result<Option<Event<'a>>, NotAPost>,
}

/// What a Jetstream sends.
pub(in crate::source) fn frame(text: &str) -> Result<Frame<'_>, NotAPost> {
    let object = object::read(text).map_err(|_| NotAPost::NoObject)?;
    let Value::Whole(time_us) = object.time_us else {
        return Err(NotAPost::UnknownObject);
    };
    if !knows(&object) {
        return Err(NotAPost::UnknownObject);
    }
    Ok(Frame {
        time_us,
        identity: identity(&object),
        event: event(object),
    })
}

/// By the account and what counts its changes: `rev` of its repository, or `seq` of the network.
fn identity(object: &Object<'_>) -> u64 {
    let commit = &object.commit;
    let mut hasher = XxHash64::with_seed(0);
    for value in [
        &object.did,
        &object.kind,
        &commit.rev,
        &commit.operation,
        &commit.collection,
        &commit.rkey,
        &object.account.seq,
        &object.account.status,
        &object.identity.seq,
    ] {
        if let Value::Text(text) = value {
            hasher.write(text.as_bytes());
        }
        if let Value::Whole(number) = value {
            hasher.write(&number.to_le_bytes());
        }
        // No byte of UTF-8: texts cannot run into each other.
        hasher.write(&[0xFF]);
    }
    hasher.finish()
}

pub(super) fn event(object: Object<'_>) -> Result<Option<Event<'_>>, NotAPost> {
    let did = object.did.name().ok_or(NotAPost::UnknownObject)?;
    if object.kind.is("account") {
        let gone = object.account.active == Value::Truth(false)
            && ["takendown", "deleted", "suspended"]
                .iter()
                .any(|status| object.account.status.is(status));
        return Ok(gone.then_some(Event::TakeDown { author: did }));
    }
    let mut commit = object.commit;
    if !object.kind.is("commit") || !commit.collection.is(POSTS) {
        return Ok(None);
    }
    let rkey = mem::take(&mut commit.rkey).name();
    let rkey = rkey.ok_or(NotAPost::UnknownObject)?;
    let id = Cow::Owned([&*did, "/", &*rkey].concat());
    if commit.operation.is("delete") {
        return Ok(Some(Event::Delete { id }));
    }
    let record = commit.record;
    if !record.there {
        return Err(NotAPost::UnknownObject);
    }
    let mut tags = Names(Some(record.facets.0)).tags().unwrap_or_default();
    tags.extend(record.tags.tags().unwrap_or_default());
    let at = match object.time_us {
        Value::Whole(micros) => i64::try_from(micros / 1000).ok(),
        _ => None,
    };
    let url = ["https://bsky.app/profile/", &*did, "/post/", &*rkey].concat();
    Ok(Some(Event::Post(Post {
        text: record.text.text().unwrap_or_default(),
        tags: Some(tags),
        lang: record
            .langs
            .first()
            .and_then(|lang| language(Value::Text(lang))),
        author: Some(did),
        at,
        id: Some(id),
        link: link(Cow::Owned(url)),
    })))
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;

    /// Events as the service sent them: of the conformance data of bluesky-social/jetstream (MIT or
    /// Apache-2.0), `internal/corpus/testdata/expected_v1.jsonl`.
    const CAPTURED: &str = include_str!("jetstream/captured.jsonl");

    fn commit(operation: &str, record: &str) -> String {
        format!(
            r#"{{"did":"did:plc:abc","time_us":1783175888172335,"kind":"commit","commit":{{"rev":"3mpt","operation":"{operation}","collection":"app.bsky.feed.post","rkey":"3mptb"{record}}}}}"#
        )
    }

    #[test]
    fn of_what_the_service_sent_there_is_one_post() {
        let events: Vec<_> = CAPTURED
            .lines()
            .map(|line| decode(line.as_bytes()).unwrap())
            .collect();
        assert_eq!(events.len(), 10);
        let events: Vec<_> = events.into_iter().flatten().collect();
        let expected = Post {
            text: "Try RSV for a good time !!".into(),
            tags: Some(vec![]),
            lang: Some("en".into()),
            author: Some("did:plc:q235v55g5unth4zjjdpacfdr".into()),
            at: Some(1_779_719_009_157),
            id: Some("did:plc:q235v55g5unth4zjjdpacfdr/3mmoojp4cd223".into()),
            link: Some(
                "https://bsky.app/profile/did:plc:q235v55g5unth4zjjdpacfdr/post/3mmoojp4cd223"
                    .into(),
            ),
        };
        assert_eq!(events, [Event::Post(expected)]);
    }

    #[test]
    fn tags_of_facets_and_beside_the_text() {
        let line = commit(
            "update",
            r##","record":{"$type":"app.bsky.feed.post","createdAt":"2026-07-04T14:38:07.323Z","facets":[{"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"IndieRebellion"},{"$type":"app.bsky.richtext.facet#link","uri":"https://x.example/#no","tag":"no"}],"index":{"byteEnd":140,"byteStart":125}},{"features":[{"tag":"$AAPL","$type":"app.bsky.richtext.facet#tag"},{"tag":"#last","$type":"app.bsky.richtext.facet#tag"}]}],"langs":["de","en"],"tags":["extra"],"text":"#text is not looked at"}"##,
        );
        let Some(Event::Post(post)) = decode(line.as_bytes()).unwrap() else {
            panic!("it is a post");
        };
        let tags = ["IndieRebellion", "last", "extra"];
        assert_eq!(post.tags.unwrap(), tags);
        assert_eq!(post.lang.as_deref(), Some("de"));
        assert_eq!(post.at, Some(1_783_175_888_172));
        assert_eq!(post.id.as_deref(), Some("did:plc:abc/3mptb"));
    }

    #[test]
    fn deletions_and_accounts_that_are_gone() {
        let line = commit("delete", "");
        let delete = Event::Delete {
            id: "did:plc:abc/3mptb".into(),
        };
        assert_eq!(decode(line.as_bytes()), Ok(Some(delete)));
        let account = |account: &str| {
            let line = format!(
                r#"{{"did":"did:plc:abc","time_us":1,"kind":"account","account":{{"did":"did:plc:abc","seq":3,{account}}}}}"#
            );
            decode(line.as_bytes()).unwrap().map(Event::into_owned)
        };
        let gone = Event::TakeDown {
            author: "did:plc:abc".into(),
        };
        for status in ["takendown", "deleted", "suspended"] {
            let found = account(&format!(r#""active":false,"status":"{status}""#));
            assert_eq!(found.as_ref(), Some(&gone));
        }
        assert_eq!(account(r#""active":true"#), None);
        let own_wish = account(r#""active":false,"status":"deactivated""#);
        assert_eq!(own_wish, None, "it may come back");
    }

    #[test]
    fn a_commit_that_lacks_its_record_is_refused() {
        let line = commit("create", "");
        assert_eq!(decode(line.as_bytes()), Err(NotAPost::UnknownObject));
    }
}
