//! A status of Mastodon, or a message of its streaming API,
//! `{"stream":["public"],"event":"update","payload":"…"}`, whose payload is a status as JSON in a text, or
//! the id of a deleted one. Messages of other events concern no post.
//!
//! A status names its tags. A reblog is nobody's post, and what is not for everybody is counted for nobody.
//! The author is the address of their page: it is the same on every instance, while `acct` is without a
//! host on their own.

use std::mem;

use super::{
    decoded::{Decoded, NotAPost},
    language, link,
    loose::Value,
    object::{Object, read},
    time,
};
use crate::source::{Event, Post};

pub(super) fn knows(object: &Object<'_>) -> bool {
    object.content.is_text() && object.account.there
}

pub(super) fn knows_frame(object: &Object<'_>) -> bool {
    let is_frame = object.stream.0 || object.payload.value != Value::Other;
    object.event.is_text() && is_frame && !object.says_something()
}

pub(super) fn frame(object: Object<'_>) -> Decoded<'_> {
    let payload = object.payload.value;
    if object.event.is("delete") {
        let id = payload.name().ok_or(NotAPost::UnknownObject)?;
        return Ok(Some(Event::Delete { id }));
    }
    let form = match object.event {
        event if event.is("update") => status,
        event if event.is("status.update") => edited,
        _ => return Ok(None),
    };
    let json = payload.text().ok_or(NotAPost::UnknownObject)?;
    let event = read(&json, form).unwrap_or(Err(NotAPost::UnknownObject))?;
    Ok(event.map(Event::into_owned))
}

fn status(object: Object<'_>) -> Decoded<'_> {
    if !knows(&object) {
        return Err(NotAPost::UnknownObject);
    }
    event(object)
}

/// The form that it has now is as old as its edit.
fn edited(mut object: Object<'_>) -> Decoded<'_> {
    if object.edited_at.is_text() {
        mem::swap(&mut object.created_at, &mut object.edited_at);
    }
    status(object)
}

pub(super) fn event(object: Object<'_>) -> Decoded<'_> {
    let secret = object.visibility.is("private") || object.visibility.is("direct");
    if object.reblog.0 || secret {
        return Ok(None);
    }
    let tags = object.tags.tags();
    let text = match &tags {
        // HTML, in which tags are links.
        Some(_) => None,
        None => object.content.text(),
    };
    let account = object.account;
    let page = account.url.name().or_else(|| account.uri.name());
    let name = || account.acct.name().or_else(|| account.id.name());
    Ok(Some(Event::Post(Post {
        text: text.unwrap_or_default(),
        tags,
        lang: language::of(object.language),
        author: page.or_else(name),
        bot: account.bot == Value::Truth(true),
        at: object.created_at.text().and_then(|at| time::rfc3339(&at)),
        id: object.id.name(),
        link: object
            .url
            .text()
            .or_else(|| object.uri.text())
            .and_then(link::of),
    })))
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;

    const STATUS: &str = r##"{"id":"103254962155278888","created_at":"2024-01-15T10:35:00.000Z","in_reply_to_id":null,"sensitive":false,"visibility":"public","language":"en","uri":"https://m.example/users/ann/statuses/1","url":"https://m.example/@ann/1","content":"<p>a <a href=\"https://m.example/tags/music\" class=\"mention hashtag\" rel=\"tag\">#<span>Music</span></a></p>","reblog":null,"account":{"id":"14715","username":"ann","acct":"ann@m.example","bot":false,"url":"https://m.example/@ann"},"media_attachments":[],"mentions":[],"tags":[{"name":"Music","url":"https://m.example/tags/music"},{"url":"x","name":"日本"}],"card":null,"poll":null}"##;

    #[test]
    fn a_status() {
        let expected = Post {
            text: "".into(),
            tags: Some(vec!["Music".into(), "日本".into()]),
            lang: Some("en".into()),
            author: Some("https://m.example/@ann".into()),
            bot: false,
            at: Some(1_705_314_900_000),
            id: Some("103254962155278888".into()),
            link: Some("https://m.example/@ann/1".into()),
        };
        let found = decode(STATUS.as_bytes());
        assert_eq!(found, Ok(Some(Event::Post(expected))));
    }

    fn decoded(line: &str) -> Event<'_> {
        decode(line.as_bytes()).unwrap().unwrap()
    }

    fn post(line: &str) -> Post<'_> {
        match decoded(line) {
            Event::Post(post) => post,
            other => panic!("{other:?}"),
        }
    }

    /// A message of the streaming API.
    fn frame(event: &str, payload: &str) -> String {
        serde_json::json!({ "stream": ["public"], "event": event, "payload": payload }).to_string()
    }

    #[test]
    fn an_author_is_the_same_on_every_instance() {
        let at_home = STATUS.replace(r#""acct":"ann@m.example""#, r#""acct":"ann""#);
        assert_eq!(post(&at_home).author, post(STATUS).author);
        let elsewhere = at_home.replace("https://m.example/@ann", "https://n.example/@ann");
        assert_ne!(post(&elsewhere).author, post(&at_home).author);
        for (account, author) in [
            (r#"{"id":"7","acct":"ann"}"#, "ann"),
            (
                r#"{"id":"7","acct":"ann","url":null,"uri":"https://m.example/users/ann"}"#,
                "https://m.example/users/ann",
            ),
            (r#"{"id":"7"}"#, "7"),
        ] {
            let line = format!(r#"{{"id":"1","content":"","account":{account}}}"#);
            assert_eq!(post(&line).author.as_deref(), Some(author));
        }
    }

    #[test]
    fn a_program_is_marked() {
        assert!(!post(STATUS).bot);
        assert!(post(&STATUS.replace(r#""bot":false"#, r#""bot":true"#)).bot);
        assert!(!post(&STATUS.replace(r#""bot":false"#, r#""bot":"yes""#)).bot);
    }

    #[test]
    fn messages_of_the_stream() {
        assert_eq!(decoded(&frame("update", STATUS)), decoded(STATUS));
        let delete = Event::Delete {
            id: "103254962155278888".into(),
        };
        assert_eq!(decoded(&frame("delete", "103254962155278888")), delete);
        let line = r#"{"event":"delete","payload":103254962155278888}"#;
        assert_eq!(decoded(line), delete);
        for event in [
            "notification",
            "filters_changed",
            "announcement",
            "announcement.reaction",
            "announcement.delete",
            "conversation",
            "notifications_merged",
        ] {
            assert_eq!(decode(frame(event, STATUS).as_bytes()), Ok(None), "{event}");
        }
        let without = br#"{"stream":["user"],"event":"filters_changed"}"#;
        assert_eq!(decode(without), Ok(None));
        let reblog = STATUS.replace(r#""reblog":null"#, &format!(r#""reblog":{STATUS}"#));
        assert_eq!(decode(frame("update", &reblog).as_bytes()), Ok(None));
    }

    #[test]
    fn an_edit_is_the_same_post_as_old_as_the_edit() {
        let edited = STATUS.replace("#<span>Music</span>", "").replace(
            r#""in_reply_to_id":null"#,
            r#""edited_at":"2024-01-15T10:35:07.000Z""#,
        );
        let line = frame("status.update", &edited);
        let found = post(&line);
        assert_eq!(found.id, post(STATUS).id);
        assert_eq!(found.at, Some(1_705_314_907_000));
        // Where it is known but for its form now, it is as old as it is.
        assert_eq!(post(&edited).at, Some(1_705_314_900_000));
        assert_eq!(post(&frame("status.update", STATUS)).at, post(STATUS).at);
    }

    #[test]
    fn a_message_without_its_payload_is_refused() {
        for line in [
            r#"{"stream":["public"],"event":"update"}"#.to_owned(),
            r#"{"stream":["public"],"event":"delete","payload":""}"#.to_owned(),
            frame("update", "#no JSON"),
            frame("update", r#"{"text":"a"}"#),
            frame("update", &frame("update", STATUS)),
            frame("delete", ""),
        ] {
            let found = decode(line.as_bytes());
            assert_eq!(found, Err(NotAPost::UnknownObject), "{line}");
        }
    }

    #[test]
    fn words_of_a_message_make_none_of_a_post() {
        let found = post(r#"{"text":"a","event":"delete","payload":"7","stream":[]}"#);
        assert_eq!(found.text, "a");
    }

    #[test]
    fn half_a_character_spoils_no_status() {
        let status = STATUS.replace("日本", r"日本\udd8b");
        for line in [frame("update", &status), status] {
            let tags = post(&line).tags.unwrap();
            assert_eq!(tags, ["Music", "日本\u{FFFD}"]);
        }
    }

    #[test]
    fn what_is_not_for_everybody_is_not_counted() {
        for visibility in ["private", "direct"] {
            let line = STATUS.replace(r#""public""#, &format!(r#""{visibility}""#));
            assert_eq!(decode(line.as_bytes()), Ok(None));
        }
        let line = STATUS.replace(r#""public""#, r#""unlisted""#);
        assert_eq!(post(&line).tags, post(STATUS).tags);
    }

    #[test]
    fn without_a_page_of_its_own_there_is_its_address() {
        let line = STATUS.replace(r#""url":"https://m.example/@ann/1""#, r#""url":null"#);
        let link = "https://m.example/users/ann/statuses/1";
        assert_eq!(post(&line).link.as_deref(), Some(link));
    }

    #[test]
    fn a_reblog_is_no_post() {
        let line = STATUS.replace(r#""reblog":null"#, &format!(r#""reblog":{STATUS}"#));
        assert_eq!(decode(line.as_bytes()), Ok(None));
    }

    #[test]
    fn where_no_tags_are_named_there_is_the_content() {
        let line = r#"{"id":"1","content":"a \u0023b","account":{"id":"7"}}"#;
        let Ok(Some(Event::Post(post))) = decode(line.as_bytes()) else {
            panic!("it is a post");
        };
        assert_eq!((post.text.as_ref(), post.tags), ("a #b", None));
        assert_eq!(post.author.as_deref(), Some("7"));
    }
}
