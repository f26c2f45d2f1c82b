//! A line of the X API v2: `{"data":{…},"includes":{…}}`, or `{"errors":[…]}`, which is no post.
//!
//! The id is that of the post's first form (`edit_history_tweet_ids`), so that an edit takes its place.
//! The tags are those of the whole text (`note_tweet` where it is a long one), and of a repost those of
//! the original, where that is included.

use std::borrow::Cow;

use super::{
    decoded::{Decoded, NotAPost},
    language, link,
    loose::Value,
    object::{
        Object,
        tweet::Entities,
        x::{Note, Tweet},
    },
    time,
};
use crate::source::{Event, Post};

pub(super) fn knows(object: &Object<'_>) -> bool {
    (object.data.there || object.errors.0) && !object.says_something()
}

pub(super) fn event(object: Object<'_>) -> Decoded<'_> {
    let Tweet {
        id,
        author_id,
        created_at,
        lang,
        history,
        ..
    } = object.data;
    let references = object.data.references.0;
    let reposted = references
        .into_iter()
        .find(|other| other.kind.is("retweeted"));
    let original = reposted.and_then(|reposted| {
        let mut included = object.includes.tweets.0.into_iter();
        included.find(|tweet| tweet.id.is_text() && tweet.id == reposted.id)
    });
    let (mut text, mut tags) = content(
        object.data.text,
        object.data.entities,
        object.data.note_tweet,
    );
    if let Some(original) = original {
        (text, tags) = content(original.text, original.entities, original.note_tweet);
    }
    if text.is_none() && tags.is_none() {
        return match object.errors.0 {
            true => Ok(None),
            false => Err(NotAPost::UnknownObject),
        };
    }
    let id = id.name();
    Ok(Some(Event::Post(Post {
        text: text.unwrap_or_default(),
        tags,
        lang: language::of(lang),
        author: author_id.name(),
        bot: false,
        at: created_at.text().and_then(|at| time::rfc3339(&at)),
        link: id
            .as_deref()
            .and_then(|id| link::to("https://x.com/i/status/", id)),
        id: history.first().or(id),
    })))
}

type Content<'a> = (Option<Cow<'a, str>>, Option<Vec<Cow<'a, str>>>);

fn content<'a>(text: Value<'a>, entities: Entities<'a>, note: Note<'a>) -> Content<'a> {
    let long = note.text.text();
    if long.is_some() {
        return (long, note.entities.hashtags.tags());
    }
    (text.text(), entities.hashtags.tags())
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
    fn a_post() {
        let line = r#"{"data":{"id":"17","text":"Hello #TwitterDev","author_id":"5","created_at":"2024-01-15T10:35:00.000Z","lang":"en","edit_history_tweet_ids":["17"],"entities":{"hashtags":[{"start":6,"end":17,"tag":"TwitterDev"}],"cashtags":[{"start":1,"end":2,"tag":"X"}]}},"includes":{"users":[{"id":"5","username":"ann"}]},"matching_rules":[{"id":"1","tag":"rule"}]}"#;
        let expected = Post {
            text: "Hello #TwitterDev".into(),
            tags: Some(vec!["TwitterDev".into()]),
            lang: Some("en".into()),
            author: Some("5".into()),
            bot: false,
            at: Some(1_705_314_900_000),
            id: Some("17".into()),
            link: Some("https://x.com/i/status/17".into()),
        };
        assert_eq!(post(line), expected);
    }

    #[test]
    fn without_entities_there_is_the_text() {
        let found = post(r#"{"data":{"id":"1","text":"a #b","edit_history_tweet_ids":["1"]}}"#);
        assert_eq!((found.text.as_ref(), found.tags), ("a #b", None));
    }

    #[test]
    fn an_edit_has_the_id_of_the_first_form_and_its_own_link() {
        let found =
            post(r#"{"data":{"id":"3","text":"a","edit_history_tweet_ids":["1","2","3"]}}"#);
        assert_eq!(found.id.as_deref(), Some("1"));
        assert_eq!(found.link.as_deref(), Some("https://x.com/i/status/3"));
    }

    /// Otherwise all such posts would be one.
    #[test]
    fn a_history_that_names_nothing_leaves_the_post_its_own_id() {
        for history in [r#"[""]"#, "[]", "[7]", "null"] {
            let line =
                format!(r#"{{"data":{{"id":"3","text":"a","edit_history_tweet_ids":{history}}}}}"#);
            assert_eq!(post(&line).id.as_deref(), Some("3"), "{history}");
        }
    }

    #[test]
    fn a_long_post_has_the_tags_of_the_whole() {
        let found = post(
            r#"{"data":{"id":"1","text":"cut","entities":{"hashtags":[{"tag":"a"}]},"note_tweet":{"text":"whole","entities":{"hashtags":[{"tag":"a"},{"tag":"b"}]}}}}"#,
        );
        assert_eq!(found.text, "whole");
        assert_eq!(found.tags, Some(vec!["a".into(), "b".into()]));
    }

    #[test]
    fn a_repost_has_the_tags_of_an_included_original() {
        let repost = r#"{"id":"2","text":"RT @x: cut #h…","author_id":"5","entities":{"hashtags":[{"tag":"h"}]},"referenced_tweets":[{"type":"quoted","id":"8"},{"type":"retweeted","id":"9"}]}"#;
        let line = format!(
            r#"{{"includes":{{"tweets":[{{"id":"8","text":"no"}},{{"id":"9","text":"cut #half","entities":{{"hashtags":[{{"tag":"half"}}]}}}}]}},"data":{repost}}}"#
        );
        let found = post(&line);
        assert_eq!(found.tags, Some(vec!["half".into()]));
        assert_eq!(
            (found.id, found.author),
            (Some("2".into()), Some("5".into()))
        );
        let line = format!(r#"{{"data":{repost}}}"#);
        assert_eq!(post(&line).tags, Some(vec!["h".into()]));
    }

    #[test]
    fn errors_beside_a_post_are_none_of_it() {
        let line = r#"{"data":{"id":"2","text":"RT @x: a","author_id":"5","entities":{"hashtags":[{"tag":"a"}]},"referenced_tweets":[{"type":"retweeted","id":"9"}]},"includes":{"users":[{"id":"5"}]},"errors":[{"value":"9","detail":"Could not find tweet with referenced_tweets.id: [9].","title":"Not Found Error","resource_type":"tweet","parameter":"referenced_tweets.id","resource_id":"9","type":"https://api.x.com/2/problems/resource-not-found"}]}"#;
        let found = post(line);
        assert_eq!(found.tags, Some(vec!["a".into()]));
        assert_eq!(found.author.as_deref(), Some("5"));
    }

    #[test]
    fn a_reply_or_a_quote_has_its_own_tags() {
        for kind in ["replied_to", "quoted"] {
            let line = format!(
                r#"{{"data":{{"id":"2","text":"own","entities":{{"hashtags":[{{"tag":"own"}}]}},"referenced_tweets":[{{"type":"{kind}","id":"9"}}]}},"includes":{{"tweets":[{{"id":"9","text":"other","entities":{{"hashtags":[{{"tag":"other"}}]}}}}]}}}}"#
            );
            assert_eq!(post(&line).tags, Some(vec!["own".into()]));
        }
    }

    #[test]
    fn a_repost_of_a_long_post_has_the_tags_of_the_whole() {
        let line = r#"{"data":{"id":"2","text":"RT @x: c…","referenced_tweets":[{"type":"retweeted","id":"9"}]},"includes":{"tweets":[{"id":"9","text":"cut","note_tweet":{"text":"whole","entities":{"hashtags":[{"tag":"z"}]}}}]}}"#;
        assert_eq!(post(line).tags, Some(vec!["z".into()]));
    }

    #[test]
    fn errors_are_no_post_and_other_data_is_refused() {
        for line in [
            r#"{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect","detail":"This stream has been disconnected upstream for operational reasons.","type":"https://api.x.com/2/problems/operational-disconnect"}]}"#,
            r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#,
        ] {
            assert_eq!(decode(line.as_bytes()), Ok(None));
        }
        let line = br#"{"data":{"labels":["a"],"values":[1]}}"#;
        assert_eq!(decode(line), Err(NotAPost::UnknownObject));
    }
}
