//! What Bluesky's own tests of hashtags say, `packages/api/tests/rich-text-detection.test.ts`, and what
//! follows from them.

use super::*;

fn found(text: &str) -> Vec<String> {
    tags(Grammar::Bluesky, text.as_bytes())
}

#[test]
fn tags_are_found_as_bluesky_tests() {
    let of_64 = "thisisa64characterstring_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let of_65 = "thisisa65characterstring_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
    let too_long = format!("body #{of_65}");
    let long = format!("body #{of_64}");
    let ended = format!("body #{of_64}!");
    for (text, expected) in [
        ("#a", vec!["a"]),
        ("#a #b", vec!["a", "b"]),
        ("#1", vec![]),
        ("#1a", vec!["1a"]),
        ("#tag", vec!["tag"]),
        ("body #tag", vec!["tag"]),
        ("#tag body", vec!["tag"]),
        ("body #tag body", vec!["tag"]),
        ("body #1", vec![]),
        ("body #1a", vec!["1a"]),
        ("body #a1", vec!["a1"]),
        ("#", vec![]),
        ("#?", vec![]),
        ("text #", vec![]),
        ("text # text", vec![]),
        (&long, vec![of_64]),
        (&too_long, vec![]),
        (&ended, vec![of_64]),
        ("its a #double#rainbow", vec!["double#rainbow"]),
        ("##hashash", vec!["#hashash"]),
        ("##", vec![]),
        ("some #n0n3s@n5e!", vec!["n0n3s@n5e"]),
        ("works #with,punctuation", vec!["with,punctuation"]),
        (
            "strips trailing #punctuation, #like. #this!",
            vec!["punctuation", "like", "this"],
        ),
        ("strips #multi_trailing___...", vec!["multi_trailing"]),
        (
            "works with #🦋 emoji, and #butter🦋fly",
            vec!["🦋", "butter🦋fly"],
        ),
        (
            "#same #same #but #diff",
            vec!["same", "same", "but", "diff"],
        ),
        ("this #\u{FE0F}\u{20E3}tag should not be a tag", vec![]),
        (
            "this ##\u{FE0F}\u{20E3}tag should be a tag",
            vec!["#\u{FE0F}\u{20E3}tag"],
        ),
        ("this #t\nag should be a tag", vec!["t"]),
        ("no match: #\u{200B}", vec![]),
        ("no match: #\u{200B}a", vec![]),
        ("match: #a\u{200B}b", vec!["a"]),
        ("match: #ab\u{200B}", vec!["ab"]),
        ("no match: #\u{20E2}tag", vec![]),
        ("match: #a\u{20E2}b", vec!["a"]),
        ("match: ＃tag", vec!["tag"]),
        (
            "match: ＃#\u{FE0F}\u{20E3}tag",
            vec!["#\u{FE0F}\u{20E3}tag"],
        ),
        ("no match: #1?", vec![]),
    ] {
        assert_eq!(found(text), expected, "{text:?}");
    }
}

#[test]
fn a_tag_is_made_of_more_than_digits_and_punctuation() {
    for (text, expected) in [
        ("#_", ""),
        ("#1_2", ""),
        ("#…", ""),
        ("#「」", ""),
        // Symbols are no punctuation, and only ASCII digits are digits.
        ("#+", "+"),
        ("#1+1", "1+1"),
        ("#$AAPL", "$AAPL"),
        ("#1€", "1€"),
        ("#~", "~"),
        ("#٣", "٣"),
        ("#²", "²"),
        ("#\u{301}", "\u{301}"),
        ("#\u{20E3}", "\u{20E3}"),
        ("#a\u{FE0F}", "a\u{FE0F}"),
        ("#!a!", "!a"),
        ("#a」。", "a"),
        ("#a!1!", "a!1"),
        ("#.a.b.", ".a.b"),
        ("#a\u{0}", "a\u{0}"),
        ("#a\u{200E}", "a\u{200E}"),
        ("#🏳\u{FE0F}\u{200D}🌈", "🏳\u{FE0F}"),
        ("#👍🏿", "👍🏿"),
        ("#🇩🇪", "🇩🇪"),
    ] {
        let expected = Vec::from_iter(Some(expected).filter(|tag| !tag.is_empty()));
        assert_eq!(found(text), expected, "{text:?}");
    }
}

#[test]
fn only_what_javascript_takes_for_white_space_comes_before_a_hash_sign() {
    for space in [
        "\t", "\n", "\u{B}", "\u{C}", "\r", " ", "\u{A0}", "\u{1680}", "\u{2000}", "\u{200A}",
        "\u{2028}", "\u{2029}", "\u{202F}", "\u{205F}", "\u{3000}", "\u{FEFF}",
    ] {
        let text = format!("#a{space}#b{space}＃c");
        assert_eq!(found(&text), ["a", "b", "c"], "{text:?}");
    }
    for other in [
        "a", "1", "_", "/", ")", "(", "\"", ".", "&", "é", "。", "\u{85}", "\u{200B}", "\u{200D}",
        "\u{2060}", "\u{AD}", "\u{180E}", "\u{0}", "👍", "\u{FE0F}",
    ] {
        assert_eq!(
            found(&format!("{other}#b")),
            Vec::<String>::new(),
            "{other:?}"
        );
        let text = format!("#a{other}#b");
        assert!(!found(&text).contains(&"b".to_owned()), "{text:?}");
    }
    assert_eq!(found("#a\u{85}#b"), ["a\u{85}#b"]);
}

#[test]
fn characters_are_counted_as_people_see_them() {
    for (c, name) in [
        ("a", "ASCII"),
        ("é", "two bytes"),
        ("e\u{301}", "a mark"),
        ("日", "three bytes"),
        ("🦋", "astral"),
        ("👍🏿", "a skin tone"),
        ("🇩🇪", "a flag"),
        ("각", "jamo"),
        ("क्ष", "a conjunct"),
    ] {
        let longest = format!("#{}", c.repeat(64));
        assert_eq!(found(&longest), [&longest[1..]], "{name}");
        assert_eq!(found(&format!("{longest}!!!")), [&longest[1..]], "{name}");
        let too_long = format!("{longest}{c}");
        assert_eq!(found(&too_long), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_cashtag_is_no_hashtag() {
    assert_eq!(found("$AAPL #a"), ["a"]);
}

#[test]
fn what_is_malformed_is_read_as_a_replacement_character() {
    let text = b"#a\xFFb \xFF#c #\xE6\x97\xA5\xE6 \xE3\x80#d #\xFF#e \xE3\x80\x80#f";
    assert_eq!(
        tags(Grammar::Bluesky, text),
        ["a\u{FFFD}b", "日\u{FFFD}", "\u{FFFD}#e", "f"]
    );
}

/// The key of a tag has no hash sign before it, as everywhere else.
#[test]
fn a_second_hash_sign_is_not_part_of_the_key() {
    assert_eq!(spellings(Grammar::Bluesky, "##Hash #hash"), ["Hash"]);
}
