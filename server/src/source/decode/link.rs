//! Links to posts.

use std::borrow::Cow;

/// A longer link is none.
pub(super) const LONGEST: usize = 2048;

/// Where it is an address on the web, without anything that would not be seen in it.
pub(super) fn of(url: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let place = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let seen = |c: char| c.is_ascii_graphic() || (!c.is_ascii() && c.is_alphanumeric());
    let all_seen = place.bytes().all(|byte| byte.is_ascii_graphic()) || place.chars().all(seen);
    let is_link = !place.is_empty() && url.len() <= LONGEST && all_seen;
    is_link.then_some(url)
}

/// A link made of the id of a post.
pub(super) fn to<'a>(place: &str, id: &str) -> Option<Cow<'a, str>> {
    of(Cow::Owned([place, id].concat()))
}
