//! A line of Twitter's API v1.1, as archives hold them: a tweet, `{"delete":{"status":…}}`, or a notice
//! that is no post.
//!
//! The tags are those of the whole text (`extended_tweet` where the text is cut), and of a retweet those
//! of the original, whose text the retweet may cut.

use std::borrow::Cow;

use super::{
    NotAPost, language, link_to,
    loose::{self, Names, Value},
    object::Object,
    time,
};
use crate::source::{Event, Post};

loose::object! {
    User<'a> {
        id: Value<'a> = "id",
        id_str: Value<'a> = "id_str",
    }
}

loose::object! {
    Entities<'a> {
        hashtags: Names<'a> = "hashtags",
    }
}

loose::object! {
    Extended<'a> {
        full_text: Value<'a> = "full_text",
        entities: Entities<'a> = "entities",
    }
}

loose::object! {
    Retweeted<'a> {
        text: Value<'a> = "text",
        full_text: Value<'a> = "full_text",
        entities: Entities<'a> = "entities",
        extended_tweet: Extended<'a> = "extended_tweet",
    }
}

loose::object! {
    Deletion<'a> {
        status: Deleted<'a> = "status",
    }
}

loose::object! {
    Deleted<'a> {
        id: Value<'a> = "id",
        id_str: Value<'a> = "id_str",
    }
}

pub(super) fn knows(object: &Object<'_>) -> bool {
    object.id_str.is_text()
        || (object.user.there || object.entities.there) && !object.id.is_text()
        || object.full_text.is_text()
        || object.notice.0
}

pub(super) fn event(object: Object<'_>) -> Result<Option<Event<'_>>, NotAPost> {
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
        lang: language(object.lang),
        author: object.user.id_str.name().or_else(|| object.user.id.name()),
        at: time::any(&object.timestamp_ms).or_else(created),
        link: id
            .as_deref()
            .and_then(|id| link_to("https://x.com/i/status/", id)),
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
    let whole = extended.full_text.text().or_else(|| full_text.text());
    let tags = extended.entities.hashtags.tags();
    (
        whole.or_else(|| text.text()),
        tags.or_else(|| entities.hashtags.tags()),
    )
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
    fn deletions_and_notices() {
        for line in [
            r#"{"delete":{"status":{"id":1234,"id_str":"1234","user_id":3,"user_id_str":"3"}}}"#,
            r#"{"delete":{"status":{"id":1234,"user_id":3},"timestamp_ms":"1519425277123"}}"#,
        ] {
            let delete = Event::Delete { id: "1234".into() };
            assert_eq!(decode(line.as_bytes()), Ok(Some(delete)));
        }
        for line in [
            r#"{"limit":{"track":1234,"timestamp_ms":"1477757470194"}}"#,
            r#"{"status_withheld":{"id":1,"user_id":2,"withheld_in_countries":["XY"]}}"#,
            r#"{"user_withheld":{"id":1}}"#,
            r#"{"scrub_geo":{"user_id":1}}"#,
            r#"{"disconnect":{"code":4,"stream_name":"","reason":""}}"#,
            r#"{"warning":{"code":"FALLING_BEHIND"}}"#,
        ] {
            assert_eq!(decode(line.as_bytes()), Ok(None), "{line}");
        }
    }
}
