//! Mastodon's grammar (github.com/mastodon/mastodon, `HASHTAG_RE` of `Tag::Naming`, and what
//! `Extractor` makes of it), which its `spec/models/tag_spec.rb` describes.
//!
//! A tag is a hash sign (`#` or `＃`) and the longest run of word characters and separators after it, but
//! for the separators that it ends with, where
//! * before the hash sign is the start of the text or white space,
//! * the run begins with a word character,
//! * it has a letter, or a separator that is neither its first nor its last character,
//! * and where `://` comes after it, `http` or `https` at its end is part of a URL and not of the tag. If
//!   what is left could be no tag by itself, it is none: Mastodon refuses such a post.
//!
//! Mastodon writes this as two alternatives for a backtracking matcher. Both come to the longest run, since
//! a run that has no separator inside is the same to both.
//!
//! The classes are those that Ruby has for Unicode: a letter is what has the property Alphabetic, which
//! some marks and some symbols have as well; word characters are also all other marks, decimal digits and
//! connecting punctuation; white space is what has the property White_Space.
//!
//! Which spellings are one tag is told as for other grammars: Mastodon itself also drops the accents of
//! Latin letters.
//!
//! **Invariant:** linear. A run is read once (and its name once more where a URL begins in it), and the
//! next hash sign is looked for behind it.

use icu_properties::props::{Alphabetic, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{
    CodePointMapData, CodePointMapDataBorrowed, CodePointSetData, CodePointSetDataBorrowed,
};

use super::signs::{self, Sign};

const CATEGORY: CodePointMapDataBorrowed<'static, GeneralCategory> =
    CodePointMapData::<GeneralCategory>::new();
const MARK_OR_SYMBOL: GeneralCategoryGroup =
    GeneralCategoryGroup::Mark.union(GeneralCategoryGroup::OtherSymbol);
const ALPHABETIC: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<Alphabetic>();

/// Gives the tags of a text, without their hash signs, in order and as often as they occur. What is
/// malformed in the text is neither part of a tag nor white space before one.
#[inline]
pub(super) fn scan<'a>(text: &'a [u8], mut each: impl FnMut(&'a str)) {
    signs::words(text, |word, sign| {
        if let Some(tag) = ascii_tag(word, sign) {
            return each(tag);
        }
        let mut begins = true;
        for part in word.utf8_chunks() {
            tags(part.valid(), begins).for_each(&mut each);
            begins = false;
        }
    });
}

/// The only tag of a word whose first hash sign is at `sign`, where it is quickly told that there is
/// just one and that it is ASCII.
fn ascii_tag(word: &[u8], sign: usize) -> Option<&str> {
    let tag = word.strip_prefix(b"#").filter(|_| sign == 0)?;
    let run = tag
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || *b == b'_'));
    let (tag, after) = tag.split_at(run.unwrap_or(tag.len()));
    let ends = after.first().is_none_or(|b| b.is_ascii() && *b != b':')
        && after.iter().all(|b| !matches!(b, b'#' | 0xEF));
    let stands = ends && tag.iter().any(u8::is_ascii_alphabetic);
    str::from_utf8(tag).ok().filter(|_| stands)
}

/// The tags of a text, without their hash signs, in order and as often as they occur. `begins`: whether
/// one may stand at its very start.
pub(super) fn tags(text: &str, begins: bool) -> impl Iterator<Item = &str> {
    let mut read = 0;
    std::iter::from_fn(move || {
        loop {
            let sign = Sign::next(text, read)?;
            read = sign.end;
            let may_start = match text[..sign.start].chars().next_back() {
                None => begins,
                Some(before) => before.is_whitespace(),
            };
            if !may_start {
                continue;
            }
            let run = Run::of(&text[sign.end..]);
            read += run.read;
            let name = &text[sign.end..][..run.name];
            let name = if text[sign.end + run.name..].starts_with("://") {
                before_scheme(name)
            } else {
                Some(name).filter(|_| run.stands)
            };
            if name.is_some() {
                return name;
            }
        }
    })
}

/// A name without the scheme of the URL that begins in it.
fn before_scheme(name: &str) -> Option<&str> {
    let before = name
        .strip_suffix("https")
        .or_else(|| name.strip_suffix("http"))
        .filter(|before| !before.is_empty())
        .unwrap_or(name);
    let run = Run::of(before);
    Some(before).filter(|before| run.stands && run.name == before.len())
}

/// The word characters and separators that a text begins with.
#[derive(Default)]
struct Run {
    /// Length in bytes.
    read: usize,
    /// Length without the separators at its end.
    name: usize,
    /// Whether the name is one.
    stands: bool,
}

impl Run {
    fn of(text: &str) -> Self {
        let mut run = Self::default();
        let mut parted = false;
        for (at, c) in text.char_indices() {
            let kind = Kind::of(c);
            if kind == Kind::Outside || at == 0 && kind == Kind::Separator {
                break;
            }
            run.read = at + c.len_utf8();
            if kind != Kind::Separator {
                run.name = run.read;
                run.stands |= parted || kind == Kind::Letter;
            }
            parted |= at > 0 && matches!(kind, Kind::Separator | Kind::Underscore);
        }
        run
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Of which a tag needs one, unless it has a separator inside.
    Letter,
    /// A mark, a digit or what connects words.
    Inner,
    /// Word character and separator in one.
    Underscore,
    /// Middle dots, and the joiner that keeps Persian letters apart.
    Separator,
    Outside,
}

impl Kind {
    fn of(c: char) -> Self {
        use GeneralCategory::{ConnectorPunctuation, DecimalNumber, LetterNumber};
        match c {
            'a'..='z' | 'A'..='Z' => Self::Letter,
            '0'..='9' => Self::Inner,
            '_' => Self::Underscore,
            '\0'..='\x7F' => Self::Outside,
            '\u{B7}' | '\u{30FB}' | '\u{200C}' => Self::Separator,
            c => match CATEGORY.get(c) {
                DecimalNumber | ConnectorPunctuation => Self::Inner,
                LetterNumber => Self::Letter,
                letter if GeneralCategoryGroup::Letter.contains(letter) => Self::Letter,
                // Nothing else than marks and symbols can be alphabetic, which is slower to ask for.
                other if MARK_OR_SYMBOL.contains(other) && ALPHABETIC.contains(c) => Self::Letter,
                mark if GeneralCategoryGroup::Mark.contains(mark) => Self::Inner,
                _ => Self::Outside,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Ruby derives its classes.
    #[test]
    fn kinds_are_the_classes_for_every_code_point() {
        use GeneralCategory::{ConnectorPunctuation, DecimalNumber};
        for c in '\0'..=char::MAX {
            let category = CATEGORY.get(c);
            let is_letter = ALPHABETIC.contains(c);
            let is_word = is_letter
                || GeneralCategoryGroup::Mark.contains(category)
                || matches!(category, DecimalNumber | ConnectorPunctuation);
            let is_separator = matches!(c, '_' | '\u{B7}' | '\u{30FB}' | '\u{200C}');
            let kind = Kind::of(c);
            let (letter, word, separator) = match kind {
                Kind::Letter => (true, true, false),
                Kind::Inner => (false, true, false),
                Kind::Underscore => (false, true, true),
                Kind::Separator => (false, false, true),
                Kind::Outside => (false, false, false),
            };
            assert_eq!(
                (letter, word, separator),
                (is_letter, is_word, is_separator),
                "U+{:04X}",
                u32::from(c)
            );
        }
    }
}
