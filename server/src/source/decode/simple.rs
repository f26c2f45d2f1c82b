//! The simple object: `{"text":…,"lang":…,"author":…,"at":…,"tags":[…],"id":…,"url":…}`,
//! `{"delete":ID}` and `{"takedown":AUTHOR}`.
//!
//! `text` or `tags` makes it a post, the rest is optional. `at` is RFC 3339, or Unix seconds or
//! milliseconds. A post with an `id` that came before is that post's new form; `delete` takes it out of
//! the counts, `takedown` all posts of an author that have an `id`. Other fields are ignored.

use super::{
    decoded::{Decoded, NotAPost},
    language, link,
    object::Object,
    time,
};
use crate::source::{Event, Post};

pub(super) fn event(object: Object<'_>) -> Decoded<'_> {
    let (text, tags) = (object.text.text(), object.tags.tags());
    if text.is_none() && tags.is_none() {
        if let Some(id) = object.delete.id() {
            return Ok(Some(Event::Delete { id }));
        }
        let author = object.takedown.name().ok_or(NotAPost::UnknownObject)?;
        return Ok(Some(Event::TakeDown { author }));
    }
    Ok(Some(Event::Post(Post {
        text: text.unwrap_or_default(),
        tags,
        lang: language::of(object.lang),
        author: object.author.name(),
        bot: false,
        at: time::any(&object.at),
        id: object.id.name(),
        link: object.url.text().and_then(link::of),
    })))
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;

    fn event(line: &str) -> Event<'_> {
        decode(line.as_bytes()).unwrap().unwrap()
    }

    fn post(line: &str) -> Post<'_> {
        match event(line) {
            Event::Post(post) => post,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_field_is_read() {
        let line = r##"{"text":"hi #a","lang":"pt-BR","author":"ann","at":"2024-01-15T10:35:00.500Z","tags":["#a","b","＃c","#",""],"id":"x7","url":"https://example.org/7","more":{"x":[1]}}"##;
        let expected = Post {
            text: "hi #a".into(),
            tags: Some(vec!["a".into(), "b".into(), "c".into()]),
            lang: Some("pt-BR".into()),
            author: Some("ann".into()),
            bot: false,
            at: Some(1_705_314_900_500),
            id: Some("x7".into()),
            link: Some("https://example.org/7".into()),
        };
        assert_eq!(post(line), expected);
    }

    #[test]
    fn ids_and_authors_may_be_numbers() {
        let found = post(r#"{"text":"","id":18446744073709551615,"author":7}"#);
        assert_eq!(found.id.as_deref(), Some("18446744073709551615"));
        assert_eq!(found.author.as_deref(), Some("7"));
        assert_eq!(post(r#"{"text":"","id":"","author":-1}"#).id, None);
    }

    #[test]
    fn deletions_and_take_downs() {
        let delete = |id: &'static str| Event::Delete { id: id.into() };
        assert_eq!(event(r#"{"delete":"x7"}"#), delete("x7"));
        assert_eq!(event(r#"{"delete":7}"#), delete("7"));
        let take_down = Event::TakeDown {
            author: "ann".into(),
        };
        assert_eq!(event(r#"{"takedown":"ann"}"#), take_down);
        assert_eq!(post(r#"{"text":"a","delete":"x"}"#).text, "a");
    }

    #[test]
    fn a_link_is_a_web_address() {
        for url in ["http://a.example", "https://a.example/ä?b#c"] {
            let line = format!(r#"{{"text":"","url":"{url}"}}"#);
            assert_eq!(post(&line).link.as_deref(), Some(url));
        }
        let long = format!("https://a.example/{}", "a".repeat(2048));
        for none in [
            "javascript:alert(1)",
            "https://",
            "https://a b",
            "ftp://a.example",
            "//a.example",
            "https://a.example/\\n",
            "https://a.example/\\u202e",
            "",
            &long,
        ] {
            let line = format!(r#"{{"text":"","url":"{none}"}}"#);
            assert_eq!(post(&line).link, None, "{none}");
        }
    }

    #[test]
    fn tags_alone_make_a_post() {
        let found = post(r#"{"tags":["a"]}"#);
        assert_eq!(
            (found.text.as_ref(), found.tags),
            ("", Some(vec!["a".into()]))
        );
        assert_eq!(post(r#"{"tags":[]}"#).tags, Some(vec![]));
    }

    #[test]
    fn a_field_of_the_wrong_type_is_as_good_as_none() {
        let line = r#"{"text":"a","lang":5,"author":["x"],"at":{"x":1},"tags":true,"user":[{}],"data":3,"url":[]}"#;
        assert_eq!(post(line), Post::of_text("a".into()));
        let line =
            r#"{"text":"a","lang":"x y","author":"","at":"soon","tags":[1,{"a":2},"b",null,[]]}"#;
        let found = post(line);
        assert_eq!(found.tags, Some(vec!["b".into()]));
        assert_eq!((found.lang, found.author, found.at), (None, None, None));
    }

    #[test]
    fn of_a_field_given_twice_the_last_one_holds() {
        assert_eq!(post(r#"{"text":"a","text":"b"}"#).text, "b");
        let found = post(r#"{"text":"a","tags":["b"],"tags":null}"#);
        assert_eq!(found.tags, None);
    }

    #[test]
    fn escapes_are_resolved_in_values_and_in_names() {
        let found = post(r##"{"\u0074ext":"\ud83e\udd8b \"x\"\n","tags":["#\u00e9"]}"##);
        assert_eq!(found.text, "🦋 \"x\"\n");
        assert_eq!(found.tags, Some(vec!["é".into()]));
    }

    #[test]
    fn half_a_character_is_the_replacement_character() {
        let found = post(r##"{"text":"\ud83e #a\udd8b","tags":["#\ud83e\udd8b"]}"##);
        assert_eq!(found.text, "\u{FFFD} #a\u{FFFD}");
        assert_eq!(found.tags, Some(vec!["🦋".into()]));
        // Not JSON for another reason.
        let line = r##"{"text":"\ud83e #a" #b"##;
        assert_eq!(event(line), Event::of_text(line.into()));
    }

    #[test]
    fn times_in_every_form() {
        let at = |at: &str| post(&format!(r#"{{"text":"","at":{at}}}"#)).at;
        let expected = Some(1_705_314_900_000);
        for same in [
            "1705314900",
            "1705314900000",
            "1705314900.0",
            "1.7053149e9",
            r#""1705314900""#,
            r#""2024-01-15T10:35:00Z""#,
            r#""2024-01-15T12:05:00+01:30""#,
            r#""2024-01-15 10:35:00+00:00""#,
        ] {
            assert_eq!(at(same), expected, "{same}");
        }
        assert_eq!(at("1705314900.25"), Some(1_705_314_900_250));
        for none in [
            "-1",
            "1e300",
            "null",
            r#""""#,
            r#""1969-12-31T23:59:59Z""#,
            r#""NaN""#,
        ] {
            assert_eq!(at(none), None, "{none}");
        }
    }
}
