//! The grammars against slow forms of themselves, and against large and hostile texts.

use std::collections::HashMap;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory as Category;
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
        6 => prop::sample::select(AROUND_URLS).prop_map(|text| text.as_bytes().to_vec()),
        1 => Just(b"\t".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
        1 => prop::sample::select("＃日é🦋\u{FE0F}".as_bytes()).prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// The rule as twitter-text writes it, a search from the left in which each match begins with the
/// character before the hash sign. Good for texts without URLs.
fn slow(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((start, end)) = (from..chars.len()).find_map(|at| slow_match(&chars, at)) {
        let after: String = chars[end..].iter().take(3).collect();
        if !after.starts_with(['#', '＃']) && after != "://" {
            found.push(chars[start..end].iter().collect());
        }
        from = end;
    }
    found
}

fn slow_match(chars: &[char], at: usize) -> Option<(usize, usize)> {
    let before = chars[at];
    let boundary =
        matches!(before, '\u{FE0E}' | '\u{FE0F}') || !slow_inside(before) && before != '&';
    let tag = |start: usize| {
        let sign = chars.get(start - 1)?;
        let body: String = chars[start..]
            .iter()
            .take_while(|c| slow_inside(**c))
            .collect();
        let valid = matches!(sign, '#' | '＃')
            && !body.starts_with(['\u{FE0F}', '\u{20E3}'])
            && body.chars().any(slow_letter);
        valid.then(|| (start, start + body.chars().count()))
    };
    let at_start = if at == 0 { tag(1) } else { None };
    at_start.or_else(|| if boundary { tag(at + 2) } else { None })
}

fn slow_letter(c: char) -> bool {
    use Category::*;
    let letters = [
        UppercaseLetter,
        LowercaseLetter,
        TitlecaseLetter,
        ModifierLetter,
        OtherLetter,
    ];
    let marks = [NonspacingMark, SpacingMark, EnclosingMark];
    let category = CodePointMapData::<Category>::new().get(c);
    letters.contains(&category) || marks.contains(&category)
}

fn slow_inside(c: char) -> bool {
    slow_letter(c)
        || CodePointMapData::<Category>::new().get(c) == Category::DecimalNumber
        || "_\u{200C}\u{200D}\u{A67E}\u{5BE}\u{5F3}\u{5F4}～〜゛゜゠・〃་༌·".contains(c)
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
        prop_assert_eq!(spellings(Grammar::Twitter, &text), once_each(slow(&text)));
    }

    #[test]
    fn urls_only_ever_hide_tags(text in texts(AROUND_URLS)) {
        let all = slow(&text);
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
        let mut found = Vec::new();
        twitter::scan(&text, |tag| found.push(String::from_utf8(tag.into_owned()).expect("a text")));
        let text = String::from_utf8_lossy(&text);
        prop_assert_eq!(found, twitter::tags(&text).map(str::to_owned).collect::<Vec<_>>());
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
    ] {
        let text = piece.repeat(500_000 / piece.len());
        for grammar in Grammar::ALL {
            mentions(grammar, &text);
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
