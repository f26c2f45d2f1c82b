//! A status of Mastodon. It names its tags; a reblog is nobody's post.

use super::{NotAPost, language, link, object::Object, time};
use crate::source::{Event, Post};

pub(super) fn knows(object: &Object<'_>) -> bool {
    object.content.is_text() && object.account.there
}

pub(super) fn event(object: Object<'_>) -> Result<Option<Event<'_>>, NotAPost> {
    if object.reblog.0 {
        return Ok(None);
    }
    let tags = object.tags.tags();
    let text = match &tags {
        // HTML, in which tags are links.
        Some(_) => None,
        None => object.content.text(),
    };
    let account = object.account;
    Ok(Some(Event::Post(Post {
        text: text.unwrap_or_default(),
        tags,
        lang: language(object.language),
        author: account.acct.name().or_else(|| account.id.name()),
        at: object.created_at.text().and_then(|at| time::rfc3339(&at)),
        id: object.id.name(),
        link: object.url.text().and_then(link),
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
            author: Some("ann@m.example".into()),
            at: Some(1_705_314_900_000),
            id: Some("103254962155278888".into()),
            link: Some("https://m.example/@ann/1".into()),
        };
        let found = decode(STATUS.as_bytes());
        assert_eq!(found, Ok(Some(Event::Post(expected))));
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
