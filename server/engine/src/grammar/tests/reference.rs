//! The grammars against [slow forms](super::slow) of themselves, and against large and hostile texts.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::key::{GROUPS, group_of, key_of};

/// Joins pieces among which what matters to a grammar is frequent.
fn texts(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(pieces).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "[\\p{L}\\p{M}\\p{Nd}]{1,3}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

const AROUND_TAGS: &[&str] = &[
    "#", "#", "#", "#", "＃", "a", "B", "é", "日", "1", "٣", "_", "·", "・", "\u{200D}",
    "\u{FE0E}", "\u{FE0F}", "\u{20E3}", "\u{301}", "&", " ", " ", "\n", ".", ",", ":", "://", "☃",
    "👍🏿", "𠀡", "〃", "-",
];

/// What the networks look at that accept a tag only after white space.
const AROUND_SPACES: &[&str] = &[
    " #",
    " #",
    "\n＃",
    "\u{A0}#",
    "\u{3000}＃",
    "\u{85}#",
    "\u{B}#",
    "\u{FEFF}#",
    "#",
    "a",
    "日",
    "1",
    "٣",
    "_",
    "·",
    "・",
    "\u{200C}",
    "\u{200D}",
    "\u{200B}",
    "\u{AD}",
    "\u{20E2}",
    "\u{FE0F}",
    "\u{301}",
    "\u{903}",
    "Ⓐ",
    "①",
    "‿",
    "+",
    ".",
    "」",
    "🦋",
    "http",
    "https",
    "://",
    "://",
    "ninetyninecharacters",
    "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}",
];

const AROUND_URLS: &[&str] = &[
    "#",
    "#x",
    "#日",
    "/",
    "/",
    "?",
    ".",
    ".com",
    "http://",
    "https://t.co/",
    "a.com",
    "example.org/",
    "foo",
    "(",
    ")",
    "-",
    "_",
    "é",
    "日",
    "ж",
    ":80",
    ":",
    "=",
    "&",
    "@",
    "$",
    " ",
    " ",
    "!",
    "…",
    "[",
    "]",
    "'",
    "%20",
    "xn--",
    "\u{FEFF}",
];

/// Texts with all that any of the grammars looks at, damaged in some places.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => prop::sample::select(AROUND_TAGS).prop_map(|text| text.as_bytes().to_vec()),
        6 => prop::sample::select(AROUND_SPACES).prop_map(|text| text.as_bytes().to_vec()),
        6 => prop::sample::select(AROUND_URLS).prop_map(|text| text.as_bytes().to_vec()),
        1 => Just(b"\t".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
        1 => prop::sample::select("＃日é🦋\u{FE0F}".as_bytes()).prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn once_each(tags: Vec<String>) -> Vec<String> {
    let mut keys = Vec::new();
    let mut once = Vec::new();
    for tag in tags {
        if let Some(key) = key_of(&tag)
            && !keys.contains(&key)
        {
            keys.push(key);
            once.push(tag);
        }
    }
    once
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn twitter_is_the_rule_it_is_made_after(text in texts(AROUND_TAGS)) {
        // A `/` or `?` by itself could make a URL.
        let text: String = text.split("://").map(|part| part.replace(['/', '?'], " ")).collect::<Vec<_>>().join("://");
        prop_assert_eq!(spellings(Grammar::Twitter, &text), once_each(slow::twitter(&text)));
    }

    #[test]
    fn mastodon_is_the_rule_it_is_made_after(text in texts(AROUND_SPACES)) {
        prop_assert_eq!(tags(Grammar::Mastodon, text.as_bytes()), slow::mastodon(&text));
    }

    #[test]
    fn bluesky_is_the_rule_it_is_made_after(text in texts(AROUND_SPACES)) {
        prop_assert_eq!(tags(Grammar::Bluesky, text.as_bytes()), slow::bluesky(&text));
    }

    #[test]
    fn urls_only_ever_hide_tags(text in texts(AROUND_URLS)) {
        let all = slow::twitter(&text);
        let mut tally = Tally::<()>::new(Grammar::Twitter);
        tally.post(&text, None, |_, ()| {});
        for (key, spelling, ()) in tally.into_entries() {
            prop_assert!(all.iter().any(|tag| **tag == *spelling));
            prop_assert_eq!(key_of(&spelling), Some(key.clone()));
            prop_assert!(group_of(&key) < GROUPS);
        }
    }

    #[test]
    fn nothing_after_a_path_begins_is_a_tag(
        scheme in "(https?://)?", host in "[a-z]{1,9}(\\.[a-z]{2,5}){1,3}(:[0-9]{1,5})?",
        path in "[a-z0-9/#=+_-]{0,12}", query in "(\\?[a-z0-9/#=&;_-]{1,12})?",
    ) {
        prop_assume!(scheme.is_empty() || host != "t.co");
        prop_assert_eq!(spellings(Grammar::Twitter, &format!("{scheme}{host}/{path}{query}")), Vec::<String>::new());
    }

    /// The words of a text are read each for itself, and malformed text is read as it would be whole.
    #[test]
    fn what_is_read_of_a_text_is_what_is_in_it(text in bytes()) {
        let whole = String::from_utf8_lossy(&text);
        let all = |tags: &mut dyn Iterator<Item = &str>| tags.map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(tags(Grammar::Twitter, &text), all(&mut twitter::tags(&whole)));
        prop_assert_eq!(tags(Grammar::Mastodon, &text), all(&mut mastodon::tags(&whole, true)));
        prop_assert_eq!(tags(Grammar::Bluesky, &text), all(&mut bluesky::tags(&whole)));
    }

    /// Nothing is made of a tag but a part of what was read.
    #[test]
    fn a_tag_of_a_text_that_is_well_formed_is_a_part_of_it(text in texts(AROUND_SPACES)) {
        for grammar in Grammar::ALL {
            grammar.scan(text.as_bytes(), |tag| {
                assert!(matches!(tag, Cow::Borrowed(tag) if str::from_utf8(tag).is_ok()));
            });
        }
    }

    #[test]
    fn words_is_its_definition(text in texts(AROUND_TAGS)) {
        let mut counts: HashMap<&str, u32> = HashMap::new();
        for word in text.split([' ', '\n', '\r']).filter(|word| word.contains('#')) {
            *counts.entry(word).or_default() += 1;
        }
        let found = mentions(Grammar::Words, &text);
        prop_assert_eq!(found.len(), counts.len());
        for (word, count) in &found {
            prop_assert_eq!(counts.get(word.as_str()), Some(count));
        }
    }
}

/// Half a megabyte of what would cost most: the square of it would take hours.
#[test]
fn large_texts_take_no_longer_than_their_length() {
    for piece in [
        "#",
        "##a",
        "#a#",
        "#a",
        "a#",
        "#1",
        "&#a",
        "/",
        "a/",
        "://",
        "a://a",
        "http://",
        "a.com",
        "a.com/",
        "a.com/(",
        "?",
        "a.com?",
        "a.com/?",
        "(",
        "a.com/((a",
        "a.",
        "-",
        ":1",
        "日",
        "a.b/(c.d",
        "@a.bc",
        "#\u{FE0F}",
        "１",
        ".com/#a://",
        "\u{3000}#",
        "\u{3000}＃a",
        "\u{A0}#a.",
        "\u{3000}#1·",
        "\u{3000}#ahttps://",
        "·",
        "1·",
        "_",
        ".",
        "\u{301}",
        "क्",
        "🇩🇪",
        "👩\u{FE0F}",
        "\u{FEFF}#\u{AD}",
    ] {
        let text = piece.repeat(500_000 / piece.len());
        for grammar in Grammar::ALL {
            mentions(grammar, &text);
            mentions(grammar, &format!("#{text}"));
        }
    }
}

#[test]
fn a_post_of_many_tags_has_each_once() {
    let text: String = (0..50_000).map(|n| format!("#a{} ", n % 20_000)).collect();
    let found = mentions(Grammar::Twitter, &text);
    assert_eq!(found.len(), 20_000);
    assert!(
        found
            .iter()
            .enumerate()
            .all(|(n, (tag, count))| *tag == format!("a{n}") && *count == 1)
    );
    let found = mentions(Grammar::Words, &text);
    assert_eq!(found.len(), 20_000);
    assert!(
        found
            .iter()
            .enumerate()
            .all(|(n, (_, count))| *count == if n < 10_000 { 3 } else { 2 })
    );
}
