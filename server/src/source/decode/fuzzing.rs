//! What must hold of all that is read as an event.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::{NotAPost, decode, jetstream, link};
use crate::source::{Event, Post};

type Read<'a> = Result<Option<Event<'a>>, NotAPost>;

/// Any line.
pub(in crate::source) fn line(line: &[u8]) {
    let read = decode(line);
    let text = String::from_utf8_lossy(line);
    assert_eq!(
        told(&read),
        told(&decode(text.as_bytes())),
        "malformed text reads as U+FFFD"
    );
    match &read {
        Ok(None) if line.is_empty() => return,
        Ok(Some(Event::Text(_))) => {
            let told = read
                .as_ref()
                .ok()
                .and_then(Option::as_ref)
                .and_then(Event::post);
            assert_eq!(
                told.expect("a text is a post").text,
                text,
                "nothing is lost"
            );
            // What is well-formed and still no JSON has numbers or strings that JSON cannot hold.
            assert!(!is_object::<Value>(&text), "an object is no text");
        }
        _ => assert!(is_object::<IgnoredAny>(&text), "what is no object is text"),
    }
    holds(&read);
    if line.first() == Some(&b'{') && !matches!(read, Ok(Some(Event::Text(_)))) {
        let moved = [b"\t ", line].concat();
        assert_eq!(decode(&moved), read, "space before an object means nothing");
    }
}

/// What a network sends as JSON.
pub(in crate::source) fn message(bytes: &[u8]) {
    let read = super::message(bytes);
    holds(&read);
    assert!(!matches!(read, Ok(Some(Event::Text(_)))), "a text is none");
    let as_line = decode(bytes);
    match as_line {
        Ok(None) if bytes.is_empty() => {}
        Ok(Some(Event::Text(_))) => assert_eq!(read, Err(NotAPost::NoObject)),
        _ => assert_eq!(
            read, as_line,
            "a message that is an object is as good as a line"
        ),
    }
}

/// What a Jetstream sends.
pub(in crate::source) fn jetstream(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let frame = jetstream::frame(text);
    let Ok(read) = &frame else {
        return;
    };
    holds(&read.event);
    assert_eq!(
        read.event,
        super::message(bytes),
        "its event is the message's"
    );
    // The order of fields, escapes, and fields given twice mean nothing.
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        assert_eq!(jetstream::frame(&value.to_string()), frame);
    }
}

fn is_object<'a, T: serde::Deserialize<'a>>(text: &'a str) -> bool {
    text.trim_ascii_start().starts_with('{') && serde_json::from_str::<T>(text).is_ok()
}

/// What it says, whether as it was received or as a text.
fn told<'a>(read: &'a Read<'_>) -> Result<Option<Event<'a>>, NotAPost> {
    let event = read.clone()?;
    Ok(event.map(|event| match event.post() {
        Some(post) => Event::Post(post.into_owned().into_owned()),
        None => event,
    }))
}

/// What whoever counts events relies on.
pub(in crate::source) fn holds(read: &Read<'_>) {
    let Ok(Some(event)) = read else { return };
    assert_eq!(&event.clone().into_owned(), event);
    match event {
        Event::Text(_) => {}
        Event::Post(post) => post_holds(post),
        Event::Delete { id } => assert!(!id.is_empty()),
        Event::TakeDown { author } => assert!(!author.is_empty()),
    }
}

fn post_holds(post: &Post<'_>) {
    assert!(post.tags.iter().flatten().all(|tag| !tag.is_empty()));
    assert!(post.id.as_ref().is_none_or(|id| !id.is_empty()));
    assert!(post.author.as_ref().is_none_or(|author| !author.is_empty()));
    assert!(post.at.is_none_or(|at| at >= 0));
    if let Some(lang) = &post.lang {
        assert!(
            (2..=35).contains(&lang.len()) && lang.is_ascii(),
            "{lang:?}"
        );
    }
    if let Some(link) = &post.link {
        assert!(link.starts_with("https://") || link.starts_with("http://"));
        assert!(link.len() <= link::LONGEST, "{link:?}");
        let unseen = |c: char| c.is_control() || c.is_whitespace();
        assert!(!link.contains(unseen), "{link:?}");
    }
}
