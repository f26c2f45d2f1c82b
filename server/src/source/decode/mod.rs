//! A line → a [`Post`]: pure, and each line is recognised for itself.
//!
//! One file a form that a line can have. A line that is a JSON object goes to the first form that
//! knows it; an object that no form knows is not a post, so that its keys are not counted as if people
//! had written them. Everything else is text, also what only begins like an object.
//!
//! **Invariant:** a line that does not begin with `{` costs no JSON parsing.

use std::borrow::Cow;

use super::Post;

mod loose;
mod simple;

/// A line that nothing can be counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAPost {
    #[error("a JSON object without `text` or `tags`")]
    NeitherTextNorTags,
}

/// What a line says; `None` for an empty one, which says nothing.
pub(crate) fn decode(line: &[u8]) -> Result<Option<Post<'_>>, NotAPost> {
    if line.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(line);
    if !text.trim_ascii_start().starts_with('{') {
        return Ok(Some(Post::of_text(text)));
    }
    let object = match &text {
        Cow::Borrowed(text) => simple::read(text),
        Cow::Owned(text) => simple::read(text).map(|found| found.map(Post::into_owned)),
    };
    match object {
        Ok(Some(post)) => Ok(Some(post)),
        Ok(None) => Err(NotAPost::NeitherTextNorTags),
        // Not JSON after all.
        Err(_) => Ok(Some(Post::of_text(text))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(line: &[u8]) -> String {
        let post = decode(line).unwrap().unwrap();
        assert_eq!(post, Post::of_text(post.text.clone()), "only a text");
        post.text.into_owned()
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
        let post = decode(b" \t{\"text\":\"a\"}").unwrap().unwrap();
        assert_eq!(post.text, "a");
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
        ] {
            assert_eq!(
                decode(line.as_bytes()),
                Err(NotAPost::NeitherTextNorTags),
                "{line}"
            );
        }
    }

    #[test]
    fn malformed_utf8_becomes_the_replacement_character() {
        assert_eq!(text(b"a\xFFb"), "a\u{FFFD}b");
        let post = decode(b"{\"text\":\"a\xFFb\"}").unwrap().unwrap();
        assert_eq!(post.text, "a\u{FFFD}b");
    }

    #[test]
    fn text_is_borrowed() {
        for line in ["plain", r#"{"text":"plain","lang":"en","tags":["plain"]}"#] {
            let post = decode(line.as_bytes()).unwrap().unwrap();
            assert!(matches!(post.text, Cow::Borrowed(_)));
            let mut tags = post.tags.iter().flatten();
            assert!(tags.all(|tag| matches!(tag, Cow::Borrowed(_))));
            assert!(!matches!(post.lang, Some(Cow::Owned(_))));
        }
    }

    #[test]
    fn depth_exhausts_no_stack() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let unknown = format!("{{\"deep\":{deep},\"text\":\"a\"}}");
        assert_eq!(decode(unknown.as_bytes()).unwrap().unwrap().text, "a");
        text(format!("{{\"tags\":{deep}}}").as_bytes());
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(line in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(&line);
        }

        #[test]
        fn no_object_is_too_strange(value in r#"\{("(text|at|tags|lang|author)":[\[\]0-9.e"a#{},:-]{0,12},?){0,4}\}"#) {
            let _ = decode(value.as_bytes());
        }

        #[test]
        fn any_text_comes_out_of_json_as_it_went_in(text in any::<String>()) {
            let line = serde_json::json!({ "text": text }).to_string();
            prop_assert_eq!(decode(line.as_bytes()).unwrap().unwrap().text, text);
        }
    }
}
