//! Languages as posts name them.

use std::borrow::Cow;

use super::loose::Value;

/// Where it has the form of a language tag (BCP 47). Counts are kept for each language, so that not
/// every text may be one.
pub(super) fn of(lang: Value<'_>) -> Option<Cow<'_, str>> {
    lang.text().filter(|lang| {
        (2..=35).contains(&lang.len())
            && lang
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && lang.as_bytes()[..2].iter().all(u8::is_ascii_alphabetic)
    })
}
