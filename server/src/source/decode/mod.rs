//! A line → an [`Event`]: pure, and each line is recognised for itself.
//!
//! One file a form that a line can have. A line that is a JSON object is read once, into the fields of
//! all forms ([`object`], as loosely as strangers write: [`loose`]); the first form that knows it says what it
//! means, by [`language`], [`link`] and [`time`] as all of them do. An object that no form knows
//! is not a post, so that its keys are not counted as if people had written them. Everything else is
//! text, also what only begins like an object. Half a character in an object ([`surrogates`]) is no reason
//! to take it for one.
//!
//! **Invariant:** a line that does not begin with `{` is not looked at any further.

use std::borrow::Cow;

use super::Event;
use decoded::Decoded;
use object::{Object, read};

mod decoded;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;
pub(super) mod jetstream;
mod language;
mod link;
mod loose;
mod mastodon;
pub(super) mod nostr;
mod object;
mod simple;
mod surrogates;
mod time;
mod tweet;
mod x;

pub(crate) use decoded::NotAPost;

/// What a line says; `None` for an empty one, which says nothing, and for a known kind of message that
/// concerns no post.
#[inline]
pub(crate) fn decode(line: &[u8]) -> Decoded<'_> {
    if line.is_empty() {
        return Ok(None);
    }
    if !may_be_object(line) {
        return Ok(Some(Event::Text(Cow::Borrowed(line))));
    }
    match String::from_utf8_lossy(line) {
        Cow::Borrowed(text) => decode_object(text),
        Cow::Owned(text) => Ok(decode_object(&text)?.map(Event::into_owned)),
    }
}

/// What a message of a network says that sends nothing but JSON objects: text of another kind is no post.
pub(super) fn message(bytes: &[u8]) -> Decoded<'_> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => read(text, event).unwrap_or(Err(NotAPost::NoObject)),
        Cow::Owned(text) => {
            let decoded = read(&text, event).unwrap_or(Err(NotAPost::NoObject));
            Ok(decoded?.map(Event::into_owned))
        }
    }
}

#[inline]
fn may_be_object(line: &[u8]) -> bool {
    match line.first() {
        Some(b'{') => true,
        Some(first) if first.is_ascii_whitespace() => line.trim_ascii_start().starts_with(b"{"),
        _ => false,
    }
}

fn decode_object(line: &str) -> Decoded<'_> {
    // Not JSON after all.
    let text = || Ok(Some(Event::of_text(Cow::Borrowed(line))));
    read(line, event).unwrap_or_else(text)
}

fn event(object: Object<'_>) -> Decoded<'_> {
    if jetstream::knows(&object) {
        jetstream::event(object)
    } else if mastodon::knows_frame(&object) {
        mastodon::frame(object)
    } else if x::knows(&object) {
        x::event(object)
    } else if mastodon::knows(&object) {
        mastodon::event(object)
    } else if tweet::knows(&object) {
        tweet::event(object)
    } else {
        simple::event(object)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::Post;

    fn post(line: &[u8]) -> Post<'_> {
        match decode(line).unwrap().unwrap() {
            Event::Post(post) => post,
            other => panic!("{other:?}"),
        }
    }

    fn text(line: &[u8]) -> String {
        let event = decode(line).unwrap().unwrap();
        assert!(matches!(event, Event::Text(_)), "only a text: {event:?}");
        event.post().unwrap().text.clone().into_owned()
    }

    #[test]
    fn what_is_no_object_is_text() {
        for line in [
            "hello #world",
            "{#x",
            "{\"text\":\"#a\"",
            "{\"text\":\"#a\"} #b",
            "[{\"text\":\"#a\"}]",
            "\"#a\"",
            "b'Hello #x \\xf0'",
            " ",
        ] {
            assert_eq!(text(line.as_bytes()), line);
        }
    }

    #[test]
    fn space_before_an_object_means_nothing() {
        assert_eq!(post(b" \t{\"text\":\"a\"}").text, "a");
    }

    #[test]
    fn an_empty_line_says_nothing() {
        assert_eq!(decode(b""), Ok(None));
    }

    #[test]
    fn an_object_of_no_known_form_is_not_a_post() {
        for line in [
            "{}",
            r##"{"title":"#a"}"##,
            r#"{"text":null}"#,
            r#"{"text":5,"tags":"a"}"#,
            r#"{"delete":{"status":7}}"#,
            r#"{"takedown":""}"#,
            r#"{"did":"","kind":"commit"}"#,
        ] {
            assert_eq!(
                decode(line.as_bytes()),
                Err(NotAPost::UnknownObject),
                "{line}"
            );
        }
    }

    #[test]
    fn a_message_that_is_no_object_is_none_whatever_else_it_is() {
        for other in ["", "5", "\"a\"", "null", r##"[{"text":"#a"}]"##, "{", "a"] {
            let read = message(other.as_bytes());
            assert_eq!(read, Err(NotAPost::NoObject), "{other}");
        }
    }

    #[test]
    fn malformed_utf8_becomes_the_replacement_character() {
        assert_eq!(text(b"a\xFFb"), "a\u{FFFD}b");
        assert_eq!(post(b"{\"text\":\"a\xFFb\"}").text, "a\u{FFFD}b");
    }

    #[test]
    fn text_is_borrowed() {
        let plain = decode(b"plain").unwrap();
        assert!(matches!(plain, Some(Event::Text(Cow::Borrowed(_)))));
        let post = post(br#"{"text":"plain","lang":"en","tags":["plain"]}"#);
        assert!(matches!(post.text, Cow::Borrowed(_)));
        let mut tags = post.tags.iter().flatten();
        assert!(tags.all(|tag| matches!(tag, Cow::Borrowed(_))));
        assert!(!matches!(post.lang, Some(Cow::Owned(_))));
    }

    #[test]
    fn depth_exhausts_no_stack() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let unknown = format!("{{\"deep\":{deep},\"text\":\"a\"}}");
        assert_eq!(post(unknown.as_bytes()).text, "a");
        let tags = format!("{{\"tags\":{deep}}}");
        assert_eq!(post(tags.as_bytes()).tags, Some(vec![]));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(line in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(&line);
        }

        #[test]
        fn no_object_is_too_strange(value in r#"\{("(text|at|tags|lang|author|data|delete|did|kind|commit|user|entities|account|content|event|payload|limit|bot)":[\[\]0-9.e"a#{},:-]{0,12},?){0,4}\}"#) {
            let _ = decode(value.as_bytes());
        }

        #[test]
        fn any_text_comes_out_of_json_as_it_went_in(text in any::<String>()) {
            let line = serde_json::json!({ "text": text }).to_string();
            prop_assert_eq!(post(line.as_bytes()).text, text);
        }
    }
}
