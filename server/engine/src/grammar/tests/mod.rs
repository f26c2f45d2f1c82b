mod conformance;
mod reference;
mod slow;

use super::*;
use crate::tally::Tally;

fn mentions(grammar: Grammar, text: &str) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    Tally::<()>::new(grammar).post(text, None, |tag, ()| {
        found.push((tag.spelling.to_owned(), tag.occurrences));
    });
    found
}

/// As they are found, before anything is made of them.
fn tags(grammar: Grammar, text: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    grammar.scan(text, |tag| {
        found.push(String::from_utf8_lossy(&tag).into_owned());
    });
    found
}

fn spellings(grammar: Grammar, text: &str) -> Vec<String> {
    mentions(grammar, text)
        .into_iter()
        .map(|(spelling, _)| spelling)
        .collect()
}

#[test]
fn the_grammars_differ_where_they_are_known_to() {
    for (text, words, twitter, mastodon, bluesky) in [
        ("#Rust,", "#Rust,", "Rust", "Rust", "Rust"),
        ("(#x1a)", "(#x1a)", "x1a", "", ""),
        (
            "#double#rainbow",
            "#double#rainbow",
            "",
            "double",
            "double#rainbow",
        ),
        ("#with,comma", "#with,comma", "with", "with", "with,comma"),
        ("#🦋", "#🦋", "", "", "🦋"),
        ("##hash", "##hash", "hash", "", "#hash"),
        ("#16", "#16", "", "", ""),
        ("#_", "#_", "", "", ""),
        ("#1_6", "#1_6", "", "1_6", ""),
        ("＃ｔａｇ１", "", "ｔａｇ１", "ｔａｇ１", "ｔａｇ１"),
        ("https://a.b/#c", "https://a.b/#c", "", "", ""),
        ("日本語#タグ", "日本語#タグ", "", "", ""),
        ("#c++", "#c++", "c", "c", "c++"),
        ("#Ⓐ", "#Ⓐ", "", "Ⓐ", "Ⓐ"),
        ("#a\u{200D}b", "#a\u{200D}b", "a\u{200D}b", "a", "a"),
        (
            "#a\u{200C}b",
            "#a\u{200C}b",
            "a\u{200C}b",
            "a\u{200C}b",
            "a",
        ),
        (".#a", ".#a", "a", "", ""),
    ] {
        for (grammar, tag) in [
            (Grammar::Words, words),
            (Grammar::Twitter, twitter),
            (Grammar::Mastodon, mastodon),
            (Grammar::Bluesky, bluesky),
        ] {
            let expected = Vec::from_iter(Some(tag).filter(|tag| !tag.is_empty()));
            assert_eq!(
                tags(grammar, text.as_bytes()),
                expected,
                "{grammar}: {text}"
            );
        }
    }
}

#[test]
fn twitter_tags_in_unfriendly_surroundings() {
    for (text, expected) in [
        ("", vec![]),
        ("#", vec![]),
        ("＃", vec![]),
        ("# a", vec![]),
        ("&#39; &#x27;", vec![]),
        ("a#b", vec![]),
        ("1#b", vec![]),
        ("_#b", vec![]),
        (".#b", vec!["b"]),
        ("#\u{FE0F}a", vec![]),
        ("#\u{FE0F}\u{20E3}", vec![]),
        ("1\u{FE0F}\u{20E3}#b", vec![]),
        ("✌\u{FE0F}#b", vec!["b"]),
        // The selector belongs to the run of `a`.
        ("#a\u{FE0F}#b", vec![]),
        ("#a#b #c", vec!["c"]),
        ("#a##b", vec!["b"]),
        ("#http://example.com", vec![]),
        ("#a:b", vec!["a"]),
        ("#a\u{200D}b", vec!["a\u{200D}b"]),
        ("#a\n#b\t#c\u{3000}#d", vec!["a", "b", "c", "d"]),
        ("#٣", vec![]),
        ("#\u{301}", vec!["\u{301}"]),
    ] {
        assert_eq!(spellings(Grammar::Twitter, text), expected, "{text:?}");
    }
}

#[test]
fn a_hash_sign_in_a_url_makes_no_tag() {
    for url in [
        "http://a.com/#x",
        "HTTPS://a.com:8080/b/#x",
        "http://localhost:3000/#x",
        "https://a.com/b_(c)/#x",
        "https://a.com/(#x)",
        "https://a.com/?q=(#x)#y",
        "ftp://a.com/#x",
        "https://例え.jp/#x",
        "https://a.com/é/ж/#x",
        "a.com/#x",
        "sub.a.co.uk/b,c/#x",
        "xn--a.xn--b/#x",
        "日本語a.com/#x",
    ] {
        assert_eq!(
            spellings(Grammar::Twitter, url),
            Vec::<String>::new(),
            "{url}"
        );
        assert_eq!(
            spellings(Grammar::Twitter, &format!("#a {url} #b")),
            ["a", "b"],
            "{url}"
        );
        assert_eq!(
            spellings(Grammar::Twitter, &format!("({url}) #b")),
            ["b"],
            "{url}"
        );
    }
    for (text, expected) in [
        ("a/#x", vec!["x"]),
        ("either/or.com/#x", vec!["x"]),
        ("1.5/#x", vec!["x"]),
        ("@a.com/#x", vec!["x"]),
        ("seen a.com?#x", vec!["x"]),
        ("a.com/b. #x", vec!["x"]),
        ("a.com/b!#x", vec![]),
        ("a.com/(b #x", vec!["x"]),
        ("https://a.com/日#x", vec![]),
        ("https://a.com/。#x", vec!["x"]),
        ("https://t.co/abc/#x", vec!["x"]),
        ("a_b.com/#x", vec!["x"]),
        ("a_ｂc.com/#x", vec!["x"]),
        ("例え.jp/#x", vec!["x"]),
        // What it takes is not part of the next.
        ("例え.jp/a、b.com/#x", vec![]),
        ("a.com.例え.jp/#x", vec![]),
        ("あa.com例え.jp/#x", vec![]),
        // A URL that begins inside a tag hides nothing.
        ("#日a.com/#x", vec!["日a", "x"]),
    ] {
        assert_eq!(spellings(Grammar::Twitter, text), expected, "{text}");
    }
}

#[test]
fn words_counts_each_occurrence_of_each_word_as_it_stands() {
    assert_eq!(
        mentions(Grammar::Words, "#a #b  #a C# #A\t#a x # #"),
        [("#a", 2), ("#b", 1), ("C#", 1), ("#A\t#a", 1), ("#", 2)]
            .map(|(word, n)| (word.to_owned(), n))
    );
    let long = "#".repeat(1000);
    assert_eq!(mentions(Grammar::Words, &long), [(long.clone(), 1)]);
}

#[test]
fn a_tag_counts_once_a_post_in_its_first_spelling() {
    for grammar in [Grammar::Twitter, Grammar::Mastodon, Grammar::Bluesky] {
        assert_eq!(
            mentions(grammar, "#Rust #rust #ＲＵＳＴ #Go"),
            [("Rust".to_owned(), 1), ("Go".to_owned(), 1)]
        );
    }
}

#[test]
fn tags_are_shown_with_a_hash_sign_and_words_as_they_are() {
    for grammar in [Grammar::Twitter, Grammar::Mastodon, Grammar::Bluesky] {
        assert_eq!(grammar.shown("Rust"), "#Rust");
    }
    assert_eq!(Grammar::Words.shown("(#Rust,"), "(#Rust,");
}

/// Data directories are bound to these names.
#[test]
fn names_are_read_back_and_others_refused_with_what_there_is() {
    for (grammar, name) in [
        (Grammar::Twitter, "twitter"),
        (Grammar::Mastodon, "mastodon"),
        (Grammar::Bluesky, "bluesky"),
        (Grammar::Words, "words"),
    ] {
        assert_eq!(grammar.to_string(), name);
        assert_eq!(name.parse(), Ok(grammar));
    }
    assert_eq!(Grammar::default(), Grammar::Twitter);
    assert_eq!(
        "Twiter".parse::<Grammar>().expect_err("none").to_string(),
        "no grammar is called \"Twiter\"; this version knows twitter, mastodon, bluesky, words"
    );
}
