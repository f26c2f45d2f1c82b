//! An event of Bluesky's Jetstream: a commit, or what became of an account.
//!
//! It comes in two forms: `{"did":…,"time_us":…,"kind":"commit","commit":{…}}`, and that of the service's
//! second version, `{"$type":"message","payload":{"$type":"…#commit","did":…,"time":…,…}}`.
//!
//! Posts name their tags: in facets, which mark them in the text, and in `tags`. A tag that begins with `$`
//! is a share price. Records of other collections and other kinds of events are no posts.

use std::borrow::Cow;

use super::{
    decoded::{Decoded, NotAPost},
    language, link,
    loose::{Names, Value},
    object::{
        Object,
        account::Account,
        jetstream::{Commit, Message},
    },
    time,
};
use crate::source::{Event, Post};

mod frame;

pub(in crate::source) use frame::frame;

const POSTS: &str = "app.bsky.feed.post";
/// What the types of the second form's events begin with.
const MESSAGE: &str = "network.bsky.jetstream.subscribeEvents#";

pub(super) fn knows(object: &Object<'_>) -> bool {
    object.did.is_text() && object.kind.is_text()
        || matches!(&object.payload.message, Some(message) if message.event().is_some())
}

impl Message<'_> {
    /// The kind of event, where it is one.
    fn event(&self) -> Option<&str> {
        match &self.kind {
            Value::Text(kind) => kind.strip_prefix(MESSAGE),
            _ => None,
        }
    }
}

pub(super) fn event(object: Object<'_>) -> Decoded<'_> {
    let message = object.payload.message;
    if let Some(message) = message.filter(|message| message.event().is_some()) {
        return of_message(*message);
    }
    let did = account_of(object.did)?;
    let at = match object.time_us {
        Value::Whole(micros) => i64::try_from(micros / 1000).ok(),
        _ => None,
    };
    match object.kind {
        kind if kind.is("account") => Ok(account(did, &object.account)),
        kind if kind.is("commit") => commit(did, at, object.commit),
        _ => Ok(None),
    }
}

fn of_message(message: Message<'_>) -> Decoded<'_> {
    match message.event() {
        Some("account") => Ok(account(account_of(message.did)?, &message.account)),
        Some("commit") => {
            let at = message.time.text().and_then(|at| time::rfc3339(&at));
            let change = Commit {
                there: true,
                operation: message.operation,
                collection: message.collection,
                rkey: message.rkey,
                record: message.record,
                ..Commit::default()
            };
            commit(account_of(message.did)?, at, change)
        }
        _ => Ok(None),
    }
}

fn account_of(did: Value<'_>) -> Result<Cow<'_, str>, NotAPost> {
    did.name().ok_or(NotAPost::UnknownObject)
}

fn account<'a>(author: Cow<'a, str>, account: &Account<'_>) -> Option<Event<'a>> {
    // An account that its owner has put away may come back.
    let gone = account.active == Value::Truth(false)
        && ["takendown", "deleted", "suspended"]
            .iter()
            .any(|status| account.status.is(status));
    gone.then_some(Event::TakeDown { author })
}

fn commit<'a>(did: Cow<'a, str>, at: Option<i64>, commit: Commit<'a>) -> Decoded<'a> {
    if !commit.collection.is(POSTS) {
        return Ok(None);
    }
    let rkey = commit.rkey.name().ok_or(NotAPost::UnknownObject)?;
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
    tags.retain(|tag| !tag.starts_with('$'));
    let url = ["https://bsky.app/profile/", &*did, "/post/", &*rkey].concat();
    Ok(Some(Event::Post(Post {
        text: record.text.text().unwrap_or_default(),
        tags: Some(tags),
        lang: record
            .langs
            .first()
            .and_then(|lang| language::of(Value::Text(lang))),
        author: Some(did),
        bot: false,
        at,
        id: Some(id),
        link: link::of(Cow::Owned(url)),
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
            bot: false,
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
            r##","record":{"$type":"app.bsky.feed.post","createdAt":"2026-07-04T14:38:07.323Z","facets":[{"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"IndieRebellion"},{"$type":"app.bsky.richtext.facet#link","uri":"https://x.example/#no","tag":"no"}],"index":{"byteEnd":140,"byteStart":125}},{"features":[{"tag":"$AAPL","$type":"app.bsky.richtext.facet#tag"},{"tag":"#last","$type":"app.bsky.richtext.facet#tag"}]}],"langs":["de","en"],"tags":["extra","$EXTRA"],"text":"#text is not looked at"}"##,
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
    fn of_features_that_are_given_twice_the_last_hold() {
        let tag =
            |tag: &str| format!(r#"[{{"$type":"app.bsky.richtext.facet#tag","tag":"{tag}"}}]"#);
        let facet = format!(r#"{{"features":{},"features":{}}}"#, tag("b"), tag("c"));
        let first = format!(r#"{{"features":{}}}"#, tag("a"));
        let line = commit(
            "create",
            &format!(r#","record":{{"facets":[{first},{facet}]}}"#),
        );
        let Some(Event::Post(post)) = decode(line.as_bytes()).unwrap() else {
            panic!("it is a post");
        };
        assert_eq!(post.tags.unwrap(), ["a", "c"]);
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
    fn the_second_form_says_the_same() {
        let message = |kind: &str, fields: &str| {
            format!(
                r##"{{"$type":"message","payload":{{"$type":"network.bsky.jetstream.subscribeEvents#{kind}","seq":12345,"did":"did:plc:abc","time":"2026-07-04T14:38:08.172335Z"{fields}}}}}"##
            )
        };
        let record = r##""record":{"$type":"app.bsky.feed.post","text":"x","langs":["de"],"facets":[{"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"a"}]}],"tags":["b","$C"]}"##;
        let fields = |operation: &str, collection: &str, record: &str| {
            format!(
                r#","rev":"3mpt","operation":"{operation}","collection":"{collection}","rkey":"3mptb","cid":"bafy"{record}"#
            )
        };
        let both = [
            (
                message("commit", &fields("create", POSTS, &format!(",{record}"))),
                commit("create", &format!(",{record}")),
            ),
            (
                message("commit", &fields("delete", POSTS, "")),
                commit("delete", ""),
            ),
            (
                message("account", r#","account":{"active":false,"status":"deleted","did":"did:plc:abc","seq":3}"#),
                r#"{"did":"did:plc:abc","time_us":1,"kind":"account","account":{"active":false,"status":"deleted"}}"#.to_owned(),
            ),
        ];
        for (second, first) in &both {
            let found = decode(second.as_bytes()).unwrap();
            assert!(found.is_some());
            assert_eq!(found, decode(first.as_bytes()).unwrap());
        }
        for ignored in [
            message("commit", &fields("create", "app.bsky.feed.like", r#","record":{}"#)),
            message("identity", r#","identity":{"handle":"a.example"}"#),
            message("sync", r#","sync":{"rev":"3mpt"}"#),
            r##"{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#info","name":"OutdatedCursor"}}"##.to_owned(),
        ] {
            assert_eq!(decode(ignored.as_bytes()), Ok(None), "{ignored}");
        }
        let lacking = message("commit", &fields("create", POSTS, ""));
        assert_eq!(decode(lacking.as_bytes()), Err(NotAPost::UnknownObject));
    }

    #[test]
    fn a_commit_that_lacks_its_record_is_refused() {
        let line = commit("create", "");
        assert_eq!(decode(line.as_bytes()), Err(NotAPost::UnknownObject));
    }
}
