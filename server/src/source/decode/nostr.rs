//! A message of a Nostr relay (NIP-01), and the events in it.
//!
//! Posts are notes (kind 1), threads (11), pictures (20), videos (21, 22) and comments (1111). Articles and
//! listings are none: each edit of one is an event of its own. Reposts, reactions and chats are none either.
//! A post names its tags in `t` (NIP-24); where it names none, they are looked for in its text. Deletions
//! (kind 5, NIP-09) take back posts of the same author, and who asks all relays to forget them (kind 62,
//! NIP-62) takes back all of theirs.
//!
//! **Invariants:** an event's id is the hash of what it says: a relay can leave events out, but make up no
//! others under their ids. That its author wrote it is for the relay to check: signatures are not verified.
//! A post's id begins with its author, so that nobody deletes the posts of others.

use std::{borrow::Cow, fmt, io};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};
use sha2::{Digest, Sha256};

use super::{
    language, link,
    loose::{Names, Value},
};
use crate::source::{Event, Post};

const DELETION: u16 = 5;
const VANISH: u16 = 62;
const POSTS: [u16; 6] = [1, 11, 20, 21, 22, 1111];

/// All that is to be asked for.
pub(in crate::source) const KINDS: [u16; 8] = [1, DELETION, 11, 20, 21, 22, VANISH, 1111];

/// A larger message is none: relays take events of at most some hundred kilobytes.
const LARGEST: usize = 1 << 20;

/// The end of the year 9999; no later time can be written in RFC 3339.
const LAST: u64 = 253_402_300_799;

/// A gateway that shows an event of any relay to whoever has no client.
const GATEWAY: &str = "https://njump.me/";

/// A message that is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::source) enum Malformed {
    #[error("a message over 1 MiB")]
    TooLarge,
    #[error("no message of a relay")]
    NoMessage,
    #[error("an event with an id, author or signature of the wrong form")]
    Names,
    #[error("an event of no possible time")]
    Time,
    #[error("an event whose id is not the hash of what it says")]
    Id,
}

/// What a relay says.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::source) enum Message<'a> {
    Event {
        subscription: Cow<'a, str>,
        told: Told<'a>,
    },
    /// What it had stored is over; what comes now has just come to it.
    EndOfStored { subscription: Cow<'a, str> },
    /// It has ended the subscription, or does not begin it.
    Closed {
        subscription: Cow<'a, str>,
        why: Cow<'a, str>,
    },
    /// For people.
    Notice(Cow<'a, str>),
    /// It would take a login.
    Login,
    /// Of no concern here.
    Other,
}

/// What an event tells.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::source) struct Told<'a> {
    /// Seconds of the Unix epoch, by its author's clock.
    pub(in crate::source) created_at: u64,
    /// From when on nobody is to see it any more (NIP-40).
    pub(in crate::source) expires: Option<u64>,
    /// A post, or what it takes back.
    pub(in crate::source) events: Vec<Event<'a>>,
}

pub(in crate::source) fn message(text: &str) -> Result<Message<'_>, Malformed> {
    if text.len() > LARGEST {
        return Err(Malformed::TooLarge);
    }
    let said = serde_json::from_str(text).map_err(|_| Malformed::NoMessage)?;
    Ok(match said {
        Said::Event(Text(subscription), event) => Message::Event {
            subscription,
            told: told(event)?,
        },
        Said::EndOfStored(Text(subscription)) => Message::EndOfStored { subscription },
        Said::Closed(Text(subscription), Text(why)) => Message::Closed { subscription, why },
        Said::Notice(Text(said)) => Message::Notice(said),
        Said::Login => Message::Login,
        Said::Other => Message::Other,
    })
}

/// Borrowed unless it has escapes.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Signed<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    pubkey: Cow<'a, str>,
    created_at: u64,
    kind: u16,
    #[serde(borrow)]
    tags: Vec<Vec<Text<'a>>>,
    #[serde(borrow)]
    content: Cow<'a, str>,
    #[serde(borrow)]
    sig: Cow<'a, str>,
}

/// A message as it is written: a list that begins with its kind.
enum Said<'a> {
    Event(Text<'a>, Signed<'a>),
    EndOfStored(Text<'a>),
    Closed(Text<'a>, Text<'a>),
    Notice(Text<'a>),
    Login,
    Other,
}

impl<'de> Deserialize<'de> for Said<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(List)
    }
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = Said<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Said<'de>, A::Error> {
        let Text(kind) = next(&mut list)?;
        let said = match &*kind {
            "EVENT" => Said::Event(next(&mut list)?, next(&mut list)?),
            "EOSE" => Said::EndOfStored(next(&mut list)?),
            "CLOSED" => {
                let subscription = next(&mut list)?;
                // Not all give a reason.
                Said::Closed(subscription, list.next_element()?.unwrap_or_default())
            }
            "NOTICE" => Said::Notice(next(&mut list)?),
            "AUTH" => Said::Login,
            _ => Said::Other,
        };
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(said)
    }
}

fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(list: &mut A) -> Result<T, A::Error> {
    let next = list.next_element()?;
    next.ok_or_else(|| A::Error::custom("the list is too short"))
}

fn told(event: Signed<'_>) -> Result<Told<'_>, Malformed> {
    if !is_hex(&event.id, 64) || !is_hex(&event.pubkey, 64) || !is_hex(&event.sig, 128) {
        return Err(Malformed::Names);
    }
    if event.created_at > LAST {
        return Err(Malformed::Time);
    }
    if !is_id_of(&event) {
        return Err(Malformed::Id);
    }
    let expires = event.values("expiration");
    let expires = expires.map(|(at, _)| at).find_map(|at| at.parse().ok());
    Ok(Told {
        created_at: event.created_at,
        expires,
        events: match event.kind {
            DELETION => deleted(&event),
            VANISH => vanished(event),
            kind if POSTS.contains(&kind) => vec![Event::Post(post(event))],
            _ => vec![],
        },
    })
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// By NIP-01 only seven characters are escaped, and a control character stands for itself; what clients
/// are made with escapes them all, as JSON has it. Either is a hash of what the event says.
fn is_id_of(event: &Signed<'_>) -> bool {
    hash(event, CompactFormatter).is_some_and(|hash| hash == *event.id)
        || (event.has_control_characters()
            && hash(event, Verbatim).is_some_and(|hash| hash == *event.id))
}

fn hash(event: &Signed<'_>, format: impl Formatter) -> Option<String> {
    let Signed {
        pubkey,
        created_at,
        kind,
        tags,
        content,
        ..
    } = event;
    let mut bytes = Vec::with_capacity(content.len() + 256);
    let mut to = serde_json::Serializer::with_formatter(&mut bytes, format);
    let all = (0, pubkey, created_at, kind, tags, content);
    all.serialize(&mut to).ok()?;
    Some(format!("{:x}", Sha256::digest(&bytes)))
}

struct Verbatim;

impl Formatter for Verbatim {
    fn write_char_escape<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        match escape {
            CharEscape::AsciiControl(byte) => writer.write_all(&[byte]),
            other => CompactFormatter.write_char_escape(writer, other),
        }
    }
}

impl<'a> Signed<'a> {
    /// The values of the tags of this name, each with what stands behind it.
    fn values(&self, name: &str) -> impl Iterator<Item = (&Cow<'a, str>, &[Text<'a>])> {
        self.tags.iter().filter_map(move |tag| match &tag[..] {
            [Text(own), Text(value), rest @ ..] if own == name => Some((value, rest)),
            _ => None,
        })
    }

    fn has_control_characters(&self) -> bool {
        let mut texts = self.tags.iter().flatten().map(|Text(text)| text);
        let has = |text: &Cow<'_, str>| text.bytes().any(|byte| byte < b' ');
        has(&self.content) || texts.any(has)
    }
}

fn id_of(author: &str, event: &str) -> Cow<'static, str> {
    Cow::Owned([author, "/", event].concat())
}

fn deleted<'a>(event: &Signed<'a>) -> Vec<Event<'a>> {
    let ids = event.values("e").filter(|(id, _)| is_hex(id, 64));
    ids.map(|(id, _)| Event::Delete {
        id: id_of(&event.pubkey, id),
    })
    .collect()
}

/// Who asks some relays only is still to be read in the others.
fn vanished(event: Signed<'_>) -> Vec<Event<'_>> {
    let everywhere = event.values("relay").any(|(url, _)| url == "ALL_RELAYS");
    let author = event.pubkey;
    everywhere
        .then_some(Event::TakeDown { author })
        .into_iter()
        .collect()
}

fn post(event: Signed<'_>) -> Post<'_> {
    let tags = event.values("t").map(|(tag, _)| tag.clone()).collect();
    let tags = Names(Some(tags)).tags();
    let lang = event
        .values("l")
        .filter(|(_, rest)| matches!(rest, [Text(of), ..] if of == "ISO-639-1"))
        .find_map(|(code, _)| language::of(Value::Text(code.clone())));
    Post {
        tags: tags.filter(|tags| !tags.is_empty()),
        lang,
        at: i64::try_from(event.created_at * 1000).ok(),
        id: Some(id_of(&event.pubkey, &event.id)),
        link: link::to(GATEWAY, &event.id),
        text: event.content,
        author: Some(event.pubkey),
        bot: false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const AUTHOR: &str = "a48380f4cfcc1ad5378294fcac36439770f9c878dd880ffa94bb74ea54a6f243";

    /// Of NIP-13, which is in the public domain.
    const MINED: &str = r#"["EVENT","s",{"id":"000006d8c378af1779d2feebc7603a125d99eca0ccf1085959b307f64e5dd358","pubkey":"a48380f4cfcc1ad5378294fcac36439770f9c878dd880ffa94bb74ea54a6f243","created_at":1651794653,"kind":1,"tags":[["nonce","776797","20"]],"content":"It's just me mining my own business","sig":"284622fc0a3f4f1303455d5175f7ba962a3300d136085b9566801bc2e0699de0c7e31e44c81fb40ad9049173742e904713c3594a1da0fc5d2382a25c11aba977"}]"#;

    fn sha256(text: &str) -> String {
        format!("{:x}", Sha256::digest(text))
    }

    fn event(kind: u32, tags: Value, content: &str) -> Value {
        let said = json!([0, AUTHOR, 1_651_794_653, kind, tags, content]);
        json!({
            "id": sha256(&said.to_string()),
            "pubkey": AUTHOR,
            "created_at": 1_651_794_653,
            "kind": kind,
            "tags": tags,
            "content": content,
            "sig": "0f".repeat(64),
        })
    }

    fn sent(event: &Value) -> String {
        json!(["EVENT", "s", event]).to_string()
    }

    fn told(text: &str) -> Result<Told<'_>, Malformed> {
        match message(text)? {
            Message::Event { subscription, told } => {
                assert_eq!(subscription, "s");
                Ok(told)
            }
            other => panic!("{other:?}"),
        }
    }

    fn post(event: &Value) -> Post<'static> {
        let text = sent(event);
        let mut told = told(&text).unwrap();
        match told.events.pop() {
            Some(Event::Post(post)) if told.events.is_empty() => post.into_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_note() {
        let id = "000006d8c378af1779d2feebc7603a125d99eca0ccf1085959b307f64e5dd358";
        let expected = Post {
            text: "It's just me mining my own business".into(),
            tags: None,
            lang: None,
            author: Some(AUTHOR.into()),
            at: Some(1_651_794_653_000),
            id: Some(format!("{AUTHOR}/{id}").into()),
            link: Some(format!("https://njump.me/{id}").into()),
            bot: false,
        };
        let expected = Told {
            created_at: 1_651_794_653,
            expires: None,
            events: vec![Event::Post(expected)],
        };
        assert_eq!(told(MINED), Ok(expected));
    }

    #[test]
    fn the_tags_are_those_it_names_and_else_those_of_its_text() {
        let tags = |tags: Value| post(&event(1, tags, "#text")).tags;
        let named = json!([
            ["e", "x"],
            ["t", "rust"],
            ["t", "#日本", "x"],
            ["t"],
            [],
            ["T", "no"]
        ]);
        assert_eq!(tags(named), Some(vec!["rust".into(), "日本".into()]));
        assert_eq!(tags(json!([["t", "#"], ["t", ""]])), None);
        assert_eq!(tags(json!([])), None);
    }

    #[test]
    fn the_language_is_what_its_author_labels_it_with() {
        let lang = |tags: Value| post(&event(1, tags, "")).lang;
        let labels = json!([
            ["L", "ISO-639-1"],
            ["l", "x", "ugc"],
            ["l", "de", "ISO-639-1"]
        ]);
        assert_eq!(lang(labels), Some("de".into()));
        assert_eq!(lang(json!([["l", "de"], ["l", "?", "ISO-639-1"]])), None);
    }

    #[test]
    fn posts_of_other_kinds_and_what_is_none() {
        for kind in (0..2_000).chain(30_000..30_100) {
            let text = sent(&event(u32::from(kind), json!([]), ""));
            let is_post = !told(&text).unwrap().events.is_empty();
            assert_eq!(is_post, POSTS.contains(&kind), "{kind}");
            assert!(!is_post || KINDS.contains(&kind));
        }
    }

    #[test]
    fn a_deletion_names_posts_of_its_own_author() {
        let [one, two] = ["1", "2"].map(sha256);
        let tags = json!([
            ["e", one],
            ["e", "short"],
            ["a", "30023:x:y"],
            ["e", two, "wss://a"]
        ]);
        let text = sent(&event(5, tags, "why"));
        let ids = [one, two].map(|id| format!("{AUTHOR}/{id}"));
        let deletions = ids.map(|id| Event::Delete { id: id.into() });
        assert_eq!(told(&text).unwrap().events, deletions);
    }

    #[test]
    fn who_vanishes_from_all_relays_takes_all_back() {
        let events = |relay: &str| {
            let text = sent(&event(62, json!([["relay", relay]]), ""));
            let events = told(&text).unwrap().events;
            events
                .into_iter()
                .map(Event::into_owned)
                .collect::<Vec<_>>()
        };
        let gone = Event::TakeDown {
            author: AUTHOR.into(),
        };
        assert_eq!(events("ALL_RELAYS"), [gone]);
        assert_eq!(events("wss://a.example"), []);
    }

    #[test]
    fn it_says_when_nobody_is_to_see_it_any_more() {
        let tags = json!([["expiration", "soon"], ["expiration", "1600000000"]]);
        let text = sent(&event(1, tags, ""));
        assert_eq!(told(&text).unwrap().expires, Some(1_600_000_000));
    }

    #[test]
    fn malformed_events_are_refused() {
        let good = event(1, json!([["t", "a"]]), "b");
        assert!(told(&sent(&good)).is_ok());
        for (field, value, why) in [
            ("id", json!("0f".repeat(32)), Malformed::Id),
            ("id", json!(sha256("").to_uppercase()), Malformed::Names),
            ("id", json!(7), Malformed::NoMessage),
            ("pubkey", json!("0f".repeat(32)), Malformed::Id),
            ("pubkey", json!("npub1"), Malformed::Names),
            ("sig", json!("0f".repeat(63)), Malformed::Names),
            ("sig", json!("xy".repeat(64)), Malformed::Names),
            ("sig", json!(null), Malformed::NoMessage),
            ("created_at", json!(1_651_794_654), Malformed::Id),
            ("created_at", json!(1_651_794_653.5), Malformed::NoMessage),
            ("created_at", json!(-1), Malformed::NoMessage),
            ("created_at", json!("1651794653"), Malformed::NoMessage),
            ("created_at", json!(253_402_300_800_u64), Malformed::Time),
            ("created_at", json!(u64::MAX), Malformed::Time),
            ("kind", json!(2), Malformed::Id),
            ("kind", json!(65_536), Malformed::NoMessage),
            ("tags", json!([]), Malformed::Id),
            ("tags", json!(["t", "a"]), Malformed::NoMessage),
            ("tags", json!([["t", null]]), Malformed::NoMessage),
            ("content", json!("c"), Malformed::Id),
            ("content", json!({}), Malformed::NoMessage),
        ] {
            let mut bad = good.clone();
            bad[field] = value;
            assert_eq!(told(&sent(&bad)), Err(why), "{bad}");
            bad.as_object_mut().unwrap().remove(field);
            assert_eq!(told(&sent(&bad)), Err(Malformed::NoMessage), "{bad}");
        }
    }

    #[test]
    fn an_id_may_be_made_with_control_characters_escaped_or_as_they_are() {
        let content = "\u{1} \u{1f} \u{8}\u{c}\n\r\t \"\\ \u{7f} / \u{2028} é";
        assert_eq!(
            post(&event(1, json!([["t", "\u{2}"]]), content)).text,
            content
        );
        let mut verbatim = event(1, json!([]), content);
        let said = format!(
            "[0,\"{AUTHOR}\",1651794653,1,[],\"\u{1} \u{1f} \\b\\f\\n\\r\\t \\\"\\\\ \u{7f} / \u{2028} é\"]"
        );
        verbatim["id"] = json!(sha256(&said));
        assert_eq!(post(&verbatim).text, content);
    }

    #[test]
    fn what_a_relay_says_beside_events() {
        for (text, expected) in [
            (
                r#"["EOSE","s"]"#,
                Message::EndOfStored {
                    subscription: "s".into(),
                },
            ),
            (
                r#" ["CLOSED","s","error: \u0022x\u0022","more"] "#,
                Message::Closed {
                    subscription: "s".into(),
                    why: "error: \"x\"".into(),
                },
            ),
            (
                r#"["CLOSED","s"]"#,
                Message::Closed {
                    subscription: "s".into(),
                    why: "".into(),
                },
            ),
            (
                r#"["NOTICE","slow down"]"#,
                Message::Notice("slow down".into()),
            ),
            (r#"["AUTH","challenge"]"#, Message::Login),
            (r#"["OK","x",true,""]"#, Message::Other),
            (r#"["COUNT","s",{"count":7}]"#, Message::Other),
        ] {
            assert_eq!(message(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        for text in [
            "",
            "[]",
            "{}",
            "7",
            "EVENT",
            "[7]",
            r#"["EOSE"]"#,
            r#"["EOSE",7]"#,
            r#"["EVENT","s"]"#,
            r#"["EVENT","s",[]]"#,
            r#"["EVENT",{}]"#,
            r#"["NOTICE","x"] more"#,
            r#"["NOTICE","x""#,
            &deep,
        ] {
            assert_eq!(message(text), Err(Malformed::NoMessage), "{text:.20}");
        }
        let large = format!(r#"["NOTICE","{}"]"#, "x".repeat(LARGEST));
        assert_eq!(message(&large), Err(Malformed::TooLarge));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in ".{0,60}") {
            let _ = message(&text);
        }

        #[test]
        fn no_message_is_too_strange(
            text in r#"\["(EVENT|EOSE|CLOSED|NOTICE|AUTH|OK)"(,[\[\]{}0-9.e"a#:-]{0,12}){0,4}\]"#,
        ) {
            let _ = message(&text);
        }

        #[test]
        fn any_event_comes_out_as_it_went_in(
            content: String,
            tags in prop::collection::vec(prop::collection::vec(any::<String>(), 0..3), 0..3),
        ) {
            let event = event(1, json!(tags), &content);
            prop_assert_eq!(post(&event).text, content);
        }
    }
}
