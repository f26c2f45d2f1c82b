//! What Mastodon's own specifications of hashtags say, `spec/models/tag_spec.rb` and
//! `spec/lib/extractor_spec.rb`, and what follows from them.

use super::*;

fn found(text: &str) -> Vec<String> {
    tags(Grammar::Mastodon, text.as_bytes())
}

#[test]
fn tags_are_found_as_mastodon_specifies() {
    for (text, expected) in [
        // What is in an address is none.
        ("see https://medium.com/@alice/some-article#.abcdef123", ""),
        (
            "https://en.wikipedia.org/wiki/Ghostbusters_(song)#Lawsuit",
            "",
        ),
        ("https://gcc.gnu.org/bugzilla/show_bug.cgi?id=111895#c4", ""),
        ("https://example.org/testé#foo", ""),
        (
            "https://en.wikipedia.org/wiki/Ghostbusters_(song)?foo=#Lawsuit",
            "",
        ),
        (
            "https://en.wikipedia.org/wiki/Oracle_America,_Inc.#Decision",
            "",
        ),
        // White space of any kind comes before one.
        ("test\u{A0}#foo", "foo"),
        ("toß #ruby", "ruby"),
        // Width of letters and of the sign.
        ("this is #ａｅｓｔｈｅｔｉｃ", "ａｅｓｔｈｅｔｉｃ"),
        ("this is ＃ｆｏｏ", "ｆｏｏ"),
        // Digits need company.
        ("hello #3d", "3d"),
        ("hello #l33ts35k", "l33ts35k"),
        ("hello #world2016", "world2016"),
        ("hello #0123456", ""),
        // Underscores may stand anywhere, other separators only inside.
        ("hello #_test", "_test"),
        ("hello #test_", "test_"),
        ("hello #one_two_three", "one_two_three"),
        ("hello #one·two·three", "one·two·three"),
        ("testing #ぼっち・ざ・ろっく", "ぼっち・ざ・ろっく"),
        ("just add #نرم\u{200C}افزار and", "نرم\u{200C}افزار"),
        ("hello #·one·two·three", ""),
        ("hello #one·two·three·", "one·two·three"),
        ("Hello #rubyOnRails", "rubyOnRails"),
        // Where an address begins in it.
        ("a text without a hash sign", ""),
        ("#hashtag://", "hashtag"),
        ("#hashtaghttp://", "hashtag"),
        ("#hashtaghttps://", "hashtag"),
    ] {
        let expected = Vec::from_iter(Some(expected).filter(|tag| !tag.is_empty()));
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn a_tag_has_a_letter_or_a_separator_inside() {
    for (text, expected) in [
        ("#", ""),
        ("#1", ""),
        ("#_", ""),
        ("#__", ""),
        // Mastodon takes an underscore for a separator as well.
        ("#___", "___"),
        ("#1_", ""),
        ("#_1", ""),
        ("#1_2", "1_2"),
        ("#1·2", "1·2"),
        ("#1·", ""),
        ("#1··2·", "1··2"),
        ("#1·a", "1·a"),
        ("#1\u{200C}2", "1\u{200C}2"),
        ("#a·", "a"),
        ("#a・・・", "a"),
        ("#\u{200C}a", ""),
        // Marks: some are alphabetic.
        ("#\u{301}", ""),
        ("#1\u{301}", ""),
        ("#e\u{301}", "e\u{301}"),
        ("#\u{903}", "\u{903}"),
        // Numbers that are letters, symbols that are, and such that are not.
        ("#Ⅷ", "Ⅷ"),
        ("#Ⓐ", "Ⓐ"),
        ("#①", ""),
        ("#٣", ""),
        ("#٣a", "٣a"),
        // Connecting punctuation.
        ("#a‿b", "a‿b"),
        ("#1‿2", ""),
        ("#a＿", "a＿"),
        // What ends it.
        ("#a-b", "a"),
        ("#a🦋", "a"),
        ("#a\u{200D}b", "a"),
        ("#a\u{AD}b", "a"),
        ("#a#b", "a"),
        ("#a･b", "a"),
        ("#\u{FE0F}a", "\u{FE0F}a"),
        ("#\u{FE0F}\u{20E3}", ""),
        ("#𠀡𐐀", "𠀡𐐀"),
    ] {
        let expected = Vec::from_iter(Some(expected).filter(|tag| !tag.is_empty()));
        assert_eq!(found(text), expected, "{text:?}");
    }
}

#[test]
fn only_white_space_comes_before_a_hash_sign() {
    for space in [
        "\t", "\n", "\u{B}", "\u{C}", "\r", " ", "\u{85}", "\u{A0}", "\u{1680}", "\u{2000}",
        "\u{200A}", "\u{2028}", "\u{2029}", "\u{202F}", "\u{205F}", "\u{3000}",
    ] {
        let text = format!("#a{space}#b{space}＃c");
        assert_eq!(found(&text), ["a", "b", "c"], "{text:?}");
    }
    for other in [
        "a", "1", "_", "/", ")", "(", "\"", ".", "&", "é", "。", "「", "\u{200B}", "\u{2060}",
        "\u{FEFF}", "\u{180E}", "\u{0}", "\u{1F}", "👍", "\u{FE0F}", "#",
    ] {
        assert_eq!(
            found(&format!("{other}#b")),
            Vec::<String>::new(),
            "{other:?}"
        );
    }
}

#[test]
fn of_an_address_that_begins_in_a_tag_the_scheme_is_no_part_of_it() {
    for (text, expected) in [
        // Nothing is left, so the scheme stays.
        ("#http://a", "http"),
        ("#https://a", "https"),
        ("#ahttpshttp://b", "ahttps"),
        ("#aHTTP://b", "aHTTP"),
        ("#http:/a", "http"),
        ("#http", "http"),
        // Nothing that could be a tag is left.
        ("#1http://a", ""),
        ("#_http://a", ""),
        ("#a·http://a", ""),
        ("#1·2http://a", "1·2"),
        ("#·http://a", ""),
        ("#a·://", "a"),
    ] {
        let expected = Vec::from_iter(Some(expected).filter(|tag| !tag.is_empty()));
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn what_is_malformed_ends_a_tag_and_begins_none() {
    let text = b"#a\xFFb \xFF#c #\xE6\x97\xA5\xE6 \xE3\x80#d #\xFF#e \xE3\x80\x80#f";
    assert_eq!(tags(Grammar::Mastodon, text), ["a", "日", "f"]);
}
