//! A line of Twitter's API v1.1, as archives hold them: a tweet, `{"delete":{"status":…}}`, or a notice
//! that is no post.
//!
//! The tags are those of the whole text (`extended_tweet` where the text is cut), and of a retweet those
//! of the original, whose text the retweet may cut.

use std::borrow::Cow;

use super::{
    decoded::{Decoded, NotAPost},
    language, link,
    loose::Value,
    object::{
        Object,
        tweet::{Entities, Extended},
    },
    time,
};
use crate::source::{Event, Post};

pub(super) fn knows(object: &Object<'_>) -> bool {
    object.id_str.is_text()
        || (object.user.there || object.entities.there) && !object.id.is_text()
        || object.full_text.is_text()
        || object.notice.0 && !object.says_something()
}

pub(super) fn event(object: Object<'_>) -> Decoded<'_> {
    let original = object.retweeted_status;
    let own = content(
        object.text,
        object.full_text,
        object.entities,
        object.extended_tweet,
    );
    let of_original = content(
        original.text,
        original.full_text,
        original.entities,
        original.extended_tweet,
    );
    let (text, tags) = if of_original.1.is_some() || of_original.0.is_some() {
        of_original
    } else {
        own
    };
    if text.is_none() && tags.is_none() {
        return match object.notice.0 {
            true => Ok(None),
            false => Err(NotAPost::UnknownObject),
        };
    }
    let id = object.id_str.name().or_else(|| object.id.name());
    let created = || object.created_at.text().and_then(|at| time::of_tweet(&at));
    Ok(Some(Event::Post(Post {
        text: text.unwrap_or_default(),
        tags,
        lang: language::of(object.lang),
        author: object.user.id_str.name().or_else(|| object.user.id.name()),
        bot: false,
        at: time::any(&object.timestamp_ms).or_else(created),
        link: id
            .as_deref()
            .and_then(|id| link::to("https://x.com/i/status/", id)),
        id,
    })))
}

type Content<'a> = (Option<Cow<'a, str>>, Option<Vec<Cow<'a, str>>>);

/// Text and tags of the whole tweet.
fn content<'a>(
    text: Value<'a>,
    full_text: Value<'a>,
    entities: Entities<'a>,
    extended: Extended<'a>,
) -> Content<'a> {
    let whole = extended.full_text.text();
    if whole.is_some() {
        return (whole, extended.entities.hashtags.tags());
    }
    let text = full_text.text().or_else(|| text.text());
    (text, entities.hashtags.tags())
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;

    fn post(line: &str) -> Post<'_> {
        match decode(line.as_bytes()).unwrap().unwrap() {
            Event::Post(post) => post,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_tweet() {
        let line = r##"{"created_at":"Fri Feb 23 22:34:37 +0000 2018","id":967164537,"id_str":"967164537","text":"#Rust and #日本","truncated":false,"entities":{"hashtags":[{"text":"Rust","indices":[0,5]},{"text":"日本","indices":[10,13]}],"urls":[]},"user":{"id":12,"id_str":"12","screen_name":"ann","lang":"de"},"lang":"en","timestamp_ms":"1519425277123"}"##;
        let expected = Post {
            text: "#Rust and #日本".into(),
            tags: Some(vec!["Rust".into(), "日本".into()]),
            lang: Some("en".into()),
            author: Some("12".into()),
            bot: false,
            at: Some(1_519_425_277_123),
            id: Some("967164537".into()),
            link: Some("https://x.com/i/status/967164537".into()),
        };
        assert_eq!(post(line), expected);
        let line = line.replace(r#","timestamp_ms":"1519425277123""#, "");
        assert_eq!(post(&line).at, Some(1_519_425_277_000));
    }

    #[test]
    fn a_cut_tweet_has_the_tags_of_the_whole() {
        let line = r#"{"id_str":"1","text":"cut…","truncated":true,"entities":{"hashtags":[]},"extended_tweet":{"full_text":"whole #a","entities":{"hashtags":[{"text":"a"}]}}}"#;
        let found = post(line);
        assert_eq!(found.text, "whole #a");
        assert_eq!(found.tags, Some(vec!["a".into()]));
    }

    #[test]
    fn a_retweet_has_the_tags_of_the_original() {
        let line = r#"{"id_str":"2","text":"RT @x: cut #ha…","entities":{"hashtags":[{"text":"ha"}]},"user":{"id_str":"5"},"retweeted_status":{"id_str":"1","text":"cut #half","entities":{"hashtags":[{"text":"half"}]},"user":{"id_str":"6"},"extended_tweet":{"full_text":"cut #half #b","entities":{"hashtags":[{"text":"half"},{"text":"b"}]}}}}"#;
        let found = post(line);
        assert_eq!(found.tags, Some(vec!["half".into(), "b".into()]));
        assert_eq!(
            (found.id, found.author),
            (Some("2".into()), Some("5".into()))
        );
    }

    #[test]
    fn of_a_whole_text_without_entities_the_cut_ones_do_not_count() {
        let line = r##"{"id_str":"1","text":"cut #ha…","truncated":true,"entities":{"hashtags":[{"text":"ha"}]},"extended_tweet":{"full_text":"cut #half"}}"##;
        let found = post(line);
        assert_eq!((found.text.as_ref(), found.tags), ("cut #half", None));
    }

    #[test]
    fn a_full_text_has_its_entities_beside_it() {
        let line = r##"{"id_str":"1","full_text":"all of it #a","display_text_range":[0,12],"entities":{"hashtags":[{"text":"a","indices":[10,12]}]},"user":{"id":7}}"##;
        let found = post(line);
        assert_eq!(found.text, "all of it #a");
        assert_eq!(found.tags, Some(vec!["a".into()]));
        let line = format!(
            r#"{{"id_str":"2","full_text":"RT @x: cut…","entities":{{"hashtags":[]}},"retweeted_status":{line}}}"#
        );
        assert_eq!(post(&line).tags, Some(vec!["a".into()]));
    }

    #[test]
    fn what_is_quoted_is_not_counted() {
        let quoted = r#"{"id_str":"1","text":"quoted","entities":{"hashtags":[{"text":"no"}]}}"#;
        let line = format!(
            r#"{{"id_str":"2","text":"see #a","entities":{{"hashtags":[{{"text":"a"}}]}},"is_quote_status":true,"quoted_status_id_str":"1","quoted_status":{quoted}}}"#
        );
        assert_eq!(post(&line).tags, Some(vec!["a".into()]));
        let original = line.replace(r#""id_str":"2""#, r#""id_str":"3""#);
        let line = format!(
            r#"{{"id_str":"4","text":"RT @x: see","entities":{{"hashtags":[]}},"quoted_status":{quoted},"retweeted_status":{original}}}"#
        );
        assert_eq!(post(&line).tags, Some(vec!["a".into()]));
    }

    #[test]
    fn half_a_character_spoils_no_tweet() {
        let line = r##"{"id_str":"1","text":"cut #a \ud83e","entities":{"hashtags":[{"text":"a"},{"text":"b\ud83e\udd8b"}]},"user":{"id_str":"5","description":"#no \udd8b"}}"##;
        let found = post(line);
        assert_eq!(found.text, "cut #a \u{FFFD}");
        assert_eq!(found.tags, Some(vec!["a".into(), "b🦋".into()]));
        assert_eq!(found.author.as_deref(), Some("5"));
    }

    #[test]
    fn a_word_of_a_notice_makes_none_of_a_post() {
        for line in [
            r#"{"text":"a","limit":3,"author":"ann","tags":["b"]}"#,
            r#"{"tags":["b"],"warning":"hot","author":"ann"}"#,
        ] {
            let found = post(line);
            assert_eq!(found.author.as_deref(), Some("ann"));
            assert_eq!(found.tags, Some(vec!["b".into()]));
        }
    }

    #[test]
    fn deletions_and_notices() {
        for line in [
            r#"{"delete":{"status":{"id":1234,"id_str":"1234","user_id":3,"user_id_str":"3"}}}"#,
            r#"{"delete":{"status":{"id":1234,"user_id":3},"timestamp_ms":"1519425277123"}}"#,
            r#"{"delete":{"timestamp_ms":"1519425277123","status":{"user_id_str":"3","id_str":"1234"}}}"#,
        ] {
            let delete = Event::Delete { id: "1234".into() };
            assert_eq!(decode(line.as_bytes()), Ok(Some(delete)));
        }
        for line in [
            r#"{"limit":{"track":1234,"timestamp_ms":"1477757470194"}}"#,
            r#"{"status_withheld":{"id":1,"user_id":2,"withheld_in_countries":["XY"]}}"#,
            r#"{"user_withheld":{"id":1,"withheld_in_countries":["XY"]}}"#,
            r#"{"scrub_geo":{"user_id":1,"user_id_str":"1","up_to_status_id":2,"up_to_status_id_str":"2"}}"#,
            r#"{"disconnect":{"code":4,"stream_name":"","reason":""}}"#,
            r#"{"warning":{"code":"FALLING_BEHIND","message":"no","percent_full":60}}"#,
        ] {
            assert_eq!(decode(line.as_bytes()), Ok(None), "{line}");
        }
    }
}
