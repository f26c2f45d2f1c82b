//! twitter-text's grammar.

pub(super) fn tags(text: &str) -> impl Iterator<Item = &str> {
    text.split('#').skip(1).filter_map(|after| {
        let end = after
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(after.len());
        let tag = after.get(..end)?;
        tag.contains(char::is_alphabetic).then_some(tag)
    })
}
