//! The simple object: `{"text":…,"lang":…,"author":…,"at":…,"tags":[…]}`.
//!
//! `text` or `tags` makes it a post, the rest is optional. `at` is RFC 3339, or Unix seconds or
//! milliseconds. Other fields are ignored; of a field given twice the last one holds.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use super::loose::Value;
use crate::source::Post;

/// `None` where the object has neither text nor tags, an error where the line is no JSON object.
pub(super) fn read(line: &str) -> serde_json::Result<Option<Post<'_>>> {
    let mut json = serde_json::Deserializer::from_str(line);
    let fields = json.deserialize_map(FieldsVisitor)?;
    json.end()?;
    let text = fields.text.text();
    let tags = fields
        .tags
        .texts()
        .map(|tags| tags.into_iter().filter_map(name).collect());
    if text.is_none() && tags.is_none() {
        return Ok(None);
    }
    Ok(Some(Post {
        text: text.unwrap_or_default(),
        tags,
        lang: fields.lang.text().filter(|lang| is_language(lang)),
        author: fields.author.text().filter(|author| !author.is_empty()),
        at: time(&fields.at),
    }))
}

#[derive(Default)]
struct Fields<'a> {
    text: Value<'a>,
    lang: Value<'a>,
    author: Value<'a>,
    at: Value<'a>,
    tags: Value<'a>,
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<Value<'_>>()? {
            let field = match key.text().as_deref() {
                Some("text") => &mut fields.text,
                Some("lang") => &mut fields.lang,
                Some("author") => &mut fields.author,
                Some("at") => &mut fields.at,
                Some("tags") => &mut fields.tags,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *field = map.next_value()?;
        }
        Ok(fields)
    }
}

/// A tag without the `#` it may be written with.
fn name(tag: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let tag = match tag {
        Cow::Borrowed(tag) => Cow::Borrowed(tag.strip_prefix(['#', '＃']).unwrap_or(tag)),
        Cow::Owned(tag) => match tag.strip_prefix(['#', '＃']) {
            Some(rest) => Cow::Owned(rest.to_owned()),
            None => Cow::Owned(tag),
        },
    };
    (!tag.is_empty()).then_some(tag)
}

/// Whether it has the form of a language tag (BCP 47). Counts are kept for each language, so
/// that not every text may be one.
fn is_language(lang: &str) -> bool {
    (2..=35).contains(&lang.len())
        && lang
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && lang.as_bytes()[..2].iter().all(u8::is_ascii_alphabetic)
}

/// The end of the year 9999 in milliseconds; no later time can be written in RFC 3339.
const LAST: f64 = 253_402_300_799_999.0;
/// Seconds up to the year 5138; milliseconds from March 1973 on.
const MILLISECONDS_FROM: f64 = 1e11;

/// Milliseconds since the Unix epoch; a time before it is none.
fn time(at: &Value<'_>) -> Option<i64> {
    let number = match at {
        Value::Number(number) => *number,
        Value::Text(text) => match text.parse::<jiff::Timestamp>() {
            Ok(time) => return Some(time.as_millisecond()).filter(|at| *at >= 0),
            Err(_) => text.parse().ok()?,
        },
        _ => return None,
    };
    let millis = if number < MILLISECONDS_FROM {
        number * 1000.0
    } else {
        number
    };
    (0.0..=LAST).contains(&millis).then_some(millis as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(line: &str) -> Post<'_> {
        read(line).unwrap().unwrap()
    }

    #[test]
    fn every_field_is_read() {
        let line = r##"{"text":"hi #a","lang":"pt-BR","author":"ann","at":"2024-01-15T10:35:00.500Z","tags":["#a","b","＃c","#",""],"id":7,"more":{"x":[1]}}"##;
        let expected = Post {
            text: "hi #a".into(),
            tags: Some(vec!["a".into(), "b".into(), "c".into()]),
            lang: Some("pt-BR".into()),
            author: Some("ann".into()),
            at: Some(1_705_314_900_500),
        };
        assert_eq!(post(line), expected);
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
        let line = r#"{"text":"a","lang":5,"author":["x"],"at":{"x":1},"tags":true}"#;
        assert_eq!(post(line), Post::of_text("a".into()));
        let line =
            r#"{"text":"a","lang":"x y","author":"","at":"soon","tags":[1,{"a":2},"b",null]}"#;
        let found = post(line);
        assert_eq!(found.tags, Some(vec!["b".into()]));
        assert_eq!((found.lang, found.author, found.at), (None, None, None));
    }

    #[test]
    fn of_a_field_given_twice_the_last_one_holds() {
        assert_eq!(post(r#"{"text":"a","text":"b"}"#).text, "b");
    }

    #[test]
    fn escapes_are_resolved_in_values_and_in_names() {
        let found = post(r##"{"\u0074ext":"\ud83e\udd8b \"x\"\n","tags":["#\u00e9"]}"##);
        assert_eq!(found.text, "🦋 \"x\"\n");
        assert_eq!(found.tags, Some(vec!["é".into()]));
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
