//! Any text → its tags, by each grammar.

use std::borrow::Cow;

use engine::{
    grammar::Grammar,
    key::{GROUPS, Key, MAX_CODE_POINTS, group_of, key_of},
    tally::{MAX_WORD, Tally},
};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    spelling: String,
    key: Key,
    occurrences: u32,
}

fn tags(grammar: Grammar, text: &[u8]) -> Vec<Tag> {
    let mut found = Vec::new();
    Tally::<()>::new(grammar).text(text, |tag, ()| found.push(Tag::of(&tag)));
    found
}

fn tags_of_post(grammar: Grammar, text: &str, named: Option<&[Cow<'_, str>]>) -> Vec<Tag> {
    let mut found = Vec::new();
    Tally::<()>::new(grammar).post(text, named, |tag, ()| found.push(Tag::of(&tag)));
    found
}

impl Tag {
    fn of(tag: &engine::tally::Tag<'_>) -> Self {
        Self {
            spelling: tag.spelling.to_owned(),
            key: tag.key.clone(),
            occurrences: tag.occurrences,
        }
    }
}

pub(super) fn check(grammar: Grammar, bytes: &[u8]) {
    let found = tags(grammar, bytes);
    let text = String::from_utf8_lossy(bytes);
    for tag in &found {
        holds(grammar, &text, tag);
    }
    for (n, tag) in found.iter().enumerate() {
        let others = &found[n + 1..];
        assert!(
            others.iter().all(|other| other.key != tag.key),
            "{tag:?} is there twice"
        );
    }
    assert_eq!(
        tags_of_post(grammar, &text, None),
        found,
        "malformed text reads as U+FFFD"
    );

    let mut twice = tags(grammar, &[bytes, b" ", bytes].concat());
    if grammar.tells_spellings_apart() {
        twice.iter_mut().for_each(|tag| tag.occurrences /= 2);
    }
    assert_eq!(twice, found, "what is said twice has the same tags");

    let named: Vec<_> = found
        .iter()
        .map(|tag| tag.spelling.as_str().into())
        .collect();
    let named = tags_of_post(grammar, "#not #looked #at", Some(&named));
    if !grammar.tells_spellings_apart() {
        assert_eq!(named, found, "named by the source or found in the text");
    }
}

/// What holds for each tag.
fn holds(grammar: Grammar, text: &str, tag: &Tag) {
    let Tag {
        spelling,
        key,
        occurrences,
    } = tag;
    assert!(text.contains(spelling.as_str()), "{tag:?}");
    assert!(group_of(key) < GROUPS);
    if grammar.tells_spellings_apart() {
        assert!(*occurrences > 0 && spelling.len() <= MAX_WORD, "{tag:?}");
        assert!(!spelling.contains([' ', '\n', '\r']), "{tag:?}");
        assert!(
            spelling.contains('#') || spelling.len() > MAX_WORD - 4,
            "{tag:?}"
        );
        assert_eq!(key.as_str(), spelling);
    } else {
        assert_eq!(*occurrences, 1);
        assert!(
            (1..=MAX_CODE_POINTS).contains(&spelling.chars().count()),
            "{tag:?}"
        );
        // U+0085 is none to JavaScript, after which Bluesky's rule is made.
        let space = |c: char| c.is_whitespace() && (grammar, c) != (Grammar::Bluesky, '\u{85}');
        assert!(!spelling.contains(space), "{tag:?}");
        let signs = ['#', '＃'];
        assert!(!spelling.starts_with(signs), "{tag:?}");
        assert!(
            grammar == Grammar::Bluesky || !spelling.contains(signs),
            "{tag:?}"
        );
        assert_eq!(key_of(spelling).as_ref(), Some(key));
    }
}
