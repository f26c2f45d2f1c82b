//! Bluesky's grammar (github.com/bluesky-social/atproto, `TAG_REGEX` of `packages/api`, and what its
//! `detectFacets` makes of it), which its `tests/rich-text-detection.test.ts` describes.
//!
//! A tag is a hash sign (`#` or `＃`) and all that comes after it up to white space or one of a few
//! characters that are not seen, but for the punctuation that it ends with, where
//! * before the hash sign is the start of the text or white space,
//! * there is something in it that is neither an ASCII digit nor punctuation,
//! * it does not begin with what makes an emoji of the hash sign,
//! * and it has no more than 64 characters as people see them.
//!
//! White space is what JavaScript takes for it. A further hash sign is part of the tag: that of `##a` is
//! `#a`. Cashtags, which Bluesky finds as well, are not hashtags.
//!
//! **Invariant:** linear. What comes after a hash sign is read once (and the tag once more where it may be
//! too long), and the next hash sign is looked for behind it.

use std::borrow::Cow;

use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointMapDataBorrowed};
use unicode_segmentation::UnicodeSegmentation;

use super::signs::{self, Sign};

const CATEGORY: CodePointMapDataBorrowed<'static, GeneralCategory> =
    CodePointMapData::<GeneralCategory>::new();

/// In grapheme clusters.
const MAX_LENGTH: usize = 64;

/// Gives the tags of a text, without their hash signs, in order and as often as they occur. What is
/// malformed in the text is read as U+FFFD.
#[inline]
pub(super) fn scan<'a>(text: &'a [u8], mut each: impl FnMut(Cow<'a, [u8]>)) {
    signs::words(text, |word, sign| {
        if let Some(tag) = ascii_tag(word, sign) {
            return each(Cow::Borrowed(tag));
        }
        match String::from_utf8_lossy(word) {
            Cow::Borrowed(word) => tags(word).for_each(|tag| each(Cow::Borrowed(tag.as_bytes()))),
            Cow::Owned(word) => tags(&word).for_each(|tag| each(Cow::Owned(tag.into()))),
        }
    });
}

/// The only tag of a word whose first hash sign is at `sign`, where it is quickly told that there is
/// just one and that it is ASCII.
fn ascii_tag(word: &[u8], sign: usize) -> Option<&[u8]> {
    const VERTICAL_TAB: u8 = 0x0B;
    let run = word.strip_prefix(b"#").filter(|_| sign == 0)?;
    let plain = run.iter().all(|b| b.is_ascii() && *b != VERTICAL_TAB);
    let end = run.iter().rposition(|b| !is_ascii_punctuation(*b))?;
    let tag = &run[..=end];
    let stands = run.iter().any(|b| is_ascii_tag_maker(*b));
    (plain && stands && tag.len() <= MAX_LENGTH).then_some(tag)
}

fn is_ascii_tag_maker(byte: u8) -> bool {
    !byte.is_ascii_digit() && !is_ascii_punctuation(byte)
}

/// What Unicode calls symbols is none.
fn is_ascii_punctuation(byte: u8) -> bool {
    byte.is_ascii_punctuation() && !b"$+<=>^`|~".contains(&byte)
}

/// The tags of a text, without their hash signs, in order and as often as they occur.
pub(super) fn tags(text: &str) -> impl Iterator<Item = &str> {
    let mut read = 0;
    std::iter::from_fn(move || {
        loop {
            let sign = Sign::next(text, read)?;
            read = sign.end;
            let before = text[..sign.start].chars().next_back();
            if !before.is_none_or(is_space) {
                continue;
            }
            let run = Run::of(&text[sign.end..]);
            read += run.read;
            let tag = &text[sign.end..][..run.tag];
            if run.stands && !tag.starts_with('\u{FE0F}') && fits(tag) {
                return Some(tag);
            }
        }
    })
}

fn fits(tag: &str) -> bool {
    tag.len() <= MAX_LENGTH || tag.graphemes(true).nth(MAX_LENGTH).is_none()
}

/// What a text begins with, up to what ends a tag.
#[derive(Default)]
struct Run {
    /// Length in bytes.
    read: usize,
    /// Length without the punctuation at its end.
    tag: usize,
    /// Whether there is something in it of which tags are made.
    stands: bool,
}

impl Run {
    fn of(text: &str) -> Self {
        let mut run = Self::default();
        for (at, c) in text.char_indices() {
            if ends_tag(c) {
                break;
            }
            run.read = at + c.len_utf8();
            if !is_punctuation(c) {
                run.tag = run.read;
                run.stands |= !c.is_ascii_digit();
            }
        }
        run
    }
}

fn is_punctuation(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => is_ascii_punctuation(byte),
        _ => GeneralCategoryGroup::Punctuation.contains(CATEGORY.get(c)),
    }
}

/// White space, a soft hyphen, a joiner that is not seen, or an emoji's prohibition sign.
fn ends_tag(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{2060}' | '\u{200B}'..='\u{200D}' | '\u{20E2}'
    ) || is_space(c)
}

/// JavaScript counts a byte order mark, and does not count NEXT LINE.
fn is_space(c: char) -> bool {
    c == '\u{FEFF}' || c != '\u{85}' && c.is_whitespace()
}
