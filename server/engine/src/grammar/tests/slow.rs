//! The rules as the networks write them: each a search from the left that tries all that its pattern
//! allows, in the order in which a backtracking matcher does.

use icu_properties::props::{Alphabetic, GeneralCategory as Category};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_segmentation::UnicodeSegmentation;

fn category(c: char) -> Category {
    CodePointMapData::<Category>::new().get(c)
}

fn is_hash_sign(c: char) -> bool {
    "#＃".contains(c)
}

/// How many of these characters a text has at `at`.
fn run(text: &[char], at: usize, is_inside: impl Fn(char) -> bool) -> usize {
    let rest = &text[at.min(text.len())..];
    rest.iter().take_while(|c| is_inside(**c)).count()
}

/// Each match begins with the character before the hash sign. Good for texts without URLs.
pub(super) fn twitter(text: &str) -> Vec<String> {
    let text: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((start, end)) = (from..text.len()).find_map(|at| twitter_match(&text, at)) {
        let after: String = text[end..].iter().take(3).collect();
        if !after.starts_with(is_hash_sign) && after != "://" {
            found.push(text[start..end].iter().collect());
        }
        from = end;
    }
    found
}

fn twitter_match(text: &[char], at: usize) -> Option<(usize, usize)> {
    let before = text[at];
    let boundary =
        matches!(before, '\u{FE0E}' | '\u{FE0F}') || !twitter_inside(before) && before != '&';
    let tag = |start: usize| {
        let sign = text.get(start - 1)?;
        let end = start + run(text, start, twitter_inside);
        let body = &text[start..end];
        let valid = is_hash_sign(*sign)
            && !matches!(body.first(), Some('\u{FE0F}' | '\u{20E3}'))
            && body.iter().any(|c| twitter_letter(*c));
        valid.then_some((start, end))
    };
    let at_start = if at == 0 { tag(1) } else { None };
    at_start.or_else(|| if boundary { tag(at + 2) } else { None })
}

fn twitter_letter(c: char) -> bool {
    use Category::*;
    let letters = [
        UppercaseLetter,
        LowercaseLetter,
        TitlecaseLetter,
        ModifierLetter,
        OtherLetter,
    ];
    letters.contains(&category(c)) || is_mark(c)
}

fn is_mark(c: char) -> bool {
    use Category::*;
    [NonspacingMark, SpacingMark, EnclosingMark].contains(&category(c))
}

fn twitter_inside(c: char) -> bool {
    twitter_letter(c)
        || category(c) == Category::DecimalNumber
        || "_\u{200C}\u{200D}\u{A67E}\u{5BE}\u{5F3}\u{5F4}～〜゛゜゠・〃་༌·".contains(c)
}

pub(super) fn mastodon(text: &str) -> Vec<String> {
    let text: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((start, end)) = (from..text.len()).find_map(|at| mastodon_match(&text, at)) {
        from = end;
        let mut tag: String = text[start..end].iter().collect();
        let after: String = text[end..].iter().take(3).collect();
        if after == "://" {
            for scheme in ["https", "http"] {
                if tag.len() > scheme.len() && tag.ends_with(scheme) {
                    tag.truncate(tag.len() - scheme.len());
                    break;
                }
            }
        }
        let whole: Vec<char> = tag.chars().collect();
        if mastodon_name(&whole, 0) == Some(whole.len()) {
            found.push(tag);
        }
    }
    found
}

fn mastodon_match(text: &[char], at: usize) -> Option<(usize, usize)> {
    let may_start = at == 0 || text[at - 1].is_whitespace();
    let end = (may_start && is_hash_sign(text[at])).then(|| mastodon_name(text, at + 1));
    Some((at + 1, end??))
}

/// Where the name ends that is at `at`: one with separators, else one without.
fn mastodon_name(text: &[char], at: usize) -> Option<usize> {
    let is = |at: usize, is: fn(char) -> bool| text.get(at).is_some_and(|c| is(*c));
    let inside = |c| mastodon_word(c) || mastodon_separator(c);
    if is(at, mastodon_word) {
        for first in (0..=run(text, at + 1, inside)).rev() {
            let middle = at + 1 + first;
            if !is(middle, mastodon_letter) && !is(middle, mastodon_separator) {
                continue;
            }
            for second in (0..=run(text, middle + 1, inside)).rev() {
                let last = middle + 1 + second;
                if is(last, mastodon_word) {
                    return Some(last + 1);
                }
            }
        }
    }
    let letter = (0..=run(text, at, mastodon_word))
        .rev()
        .map(|first| at + first)
        .find(|letter| is(*letter, mastodon_letter))?;
    Some(letter + 1 + run(text, letter + 1, mastodon_word))
}

fn mastodon_letter(c: char) -> bool {
    CodePointSetData::new::<Alphabetic>().contains(c)
}

fn mastodon_word(c: char) -> bool {
    use Category::*;
    mastodon_letter(c) || is_mark(c) || [DecimalNumber, ConnectorPunctuation].contains(&category(c))
}

fn mastodon_separator(c: char) -> bool {
    "_·・\u{200C}".contains(c)
}

/// Each match begins with the white space before the hash sign.
pub(super) fn bluesky(text: &str) -> Vec<String> {
    let text: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((start, end)) = (from..text.len()).find_map(|at| bluesky_match(&text, at)) {
        from = end;
        let tag: String = text[start..end].iter().collect();
        let tag = tag.trim_end_matches(bluesky_punctuation);
        if !tag.is_empty() && tag.graphemes(true).count() <= 64 {
            found.push(tag.to_owned());
        }
    }
    found
}

fn bluesky_match(text: &[char], at: usize) -> Option<(usize, usize)> {
    let is_sign = |at: usize| text.get(at).is_some_and(|c| is_hash_sign(*c));
    let start = if at == 0 && is_sign(0) {
        1
    } else if bluesky_space(text[at]) && is_sign(at + 1) {
        at + 2
    } else {
        return None;
    };
    Some((start, bluesky_name(text, start).unwrap_or(start)))
}

fn bluesky_name(text: &[char], at: usize) -> Option<usize> {
    if text.get(at) == Some(&'\u{FE0F}') {
        return None;
    }
    let inside = |c| !bluesky_space(c) && !bluesky_unseen(c);
    let maker = |c: char| inside(c) && !c.is_ascii_digit() && !bluesky_punctuation(c);
    for first in (0..=run(text, at, inside)).rev() {
        let makers = run(text, at + first, maker);
        if makers > 0 {
            let rest = at + first + makers;
            return Some(rest + run(text, rest, inside));
        }
    }
    None
}

fn bluesky_space(c: char) -> bool {
    "\t\n\u{B}\u{C}\r \u{A0}\u{1680}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}\u{FEFF}".contains(c)
        || ('\u{2000}'..='\u{200A}').contains(&c)
}

fn bluesky_unseen(c: char) -> bool {
    "\u{AD}\u{2060}\u{200A}\u{200B}\u{200C}\u{200D}\u{20E2}".contains(c)
}

fn bluesky_punctuation(c: char) -> bool {
    use Category::*;
    [
        ConnectorPunctuation,
        DashPunctuation,
        OpenPunctuation,
        ClosePunctuation,
        InitialPunctuation,
        FinalPunctuation,
        OtherPunctuation,
    ]
    .contains(&category(c))
}
