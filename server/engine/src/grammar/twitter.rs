//! twitter-text's grammar (github.com/twitter/twitter-text, rule `validHashtag` and what its
//! `extractHashtags` does around it), whose `conformance/extract.yml` is its specification.
//!
//! A tag is a hash sign (`#` or `＃`) and the longest run of tag characters after it, where
//! * the run has at least one letter or mark,
//! * before the hash sign is the start of the text, an emoji's variation selector, or a character that is
//!   neither a tag character nor `&` (which leaves HTML's `&#39;` alone) nor part of the tag before,
//! * the run does not begin with what makes a keycap or an emoji of the hash sign,
//! * after the run is neither another hash sign nor `://`,
//! * and the hash sign is not inside a [URL](super::urls).
//!
//! Letters, marks and digits are those of the Unicode version that the `icu` crates carry, where
//! twitter-text has frozen tables of about Unicode 8 (which also hold some private-use characters; those
//! are no letters here).

use std::borrow::Cow;
use std::iter::Peekable;
use std::ops::Range;

use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointMapDataBorrowed};

use super::signs::{self, Sign, is_hash_sign};
use super::urls::Urls;

const CATEGORY: CodePointMapDataBorrowed<'static, GeneralCategory> =
    CodePointMapData::<GeneralCategory>::new();
const LETTER_OR_MARK: GeneralCategoryGroup =
    GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Mark);

/// Gives the tags of a text, without their hash signs, in order and as often as they occur. What is
/// malformed in the text is read as U+FFFD.
///
/// Most tags are ASCII, and these are told without decoding.
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
    let (before, tag) = (&word[..sign], word[sign..].strip_prefix(b"#")?);
    let begins = before
        .iter()
        .all(|b| b.is_ascii() && !matches!(b, b'/' | b'?'))
        && before
            .last()
            .is_none_or(|b| *b != b'&' && !is_ascii_inside(*b));
    let run = tag.iter().position(|b| !is_ascii_inside(*b));
    let (tag, after) = tag.split_at(run.unwrap_or(tag.len()));
    let ends = after.first().is_none_or(|b| b.is_ascii() && *b != b':')
        && after.iter().all(|b| !matches!(b, b'#' | 0xEF));
    (begins && ends && tag.iter().any(u8::is_ascii_alphabetic)).then_some(tag)
}

fn is_ascii_inside(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The tags of a text, without their hash signs, in order and as often as they occur.
pub(super) fn tags(text: &str) -> impl Iterator<Item = &str> {
    let mut urls = Urls::new(text).peekable();
    let mut taken = 0;
    Hashes {
        text,
        at: 0,
        matched: 0,
    }
    .filter_map(move |tag| {
        skip_urls(&mut urls, &mut taken, tag.sign);
        (tag.sign >= taken).then(|| {
            taken = tag.body.end;
            &text[tag.body]
        })
    })
}

/// Moves `taken`, the end of the last tag or URL that stands, past the URLs that start before `sign`. Of
/// two that overlap, the first stands: a URL that begins inside a tag hides nothing.
fn skip_urls(urls: &mut Peekable<Urls<'_>>, taken: &mut usize, sign: usize) {
    while let Some(url) = urls.next_if(|url| url.start < sign) {
        if url.start >= *taken {
            *taken = url.end;
        }
    }
}

/// Where a tag is, in bytes.
struct Hash {
    sign: usize,
    body: Range<usize>,
}

/// The tags of a text, also those in URLs.
struct Hashes<'a> {
    text: &'a str,
    /// Up to here the text has been read.
    at: usize,
    /// End of the last run that had all but the right end. What it took cannot be what stands before
    /// the next hash sign.
    matched: usize,
}

impl Iterator for Hashes<'_> {
    type Item = Hash;

    fn next(&mut self) -> Option<Hash> {
        loop {
            let sign = Sign::next(self.text, self.at)?;
            // Both signs are tag characters in no way, so the search goes on after the run.
            let (run, has_letter) = run(&self.text[sign.end..]);
            self.at = sign.end + run.len();
            let is_emoji = run.starts_with(['\u{FE0F}', '\u{20E3}']);
            if !has_letter || is_emoji || !self.may_start(sign.start) {
                continue;
            }
            self.matched = self.at;
            let after = &self.text[self.at..];
            if !after.starts_with(is_hash_sign) && !after.starts_with("://") {
                return Some(Hash {
                    sign: sign.start,
                    body: sign.end..self.at,
                });
            }
        }
    }
}

impl Hashes<'_> {
    fn may_start(&self, sign: usize) -> bool {
        match self.text[self.matched..sign].chars().next_back() {
            None => sign == 0,
            // Marks, and so tag characters, but here part of an emoji.
            Some('\u{FE0E}' | '\u{FE0F}') => true,
            Some('&') => false,
            Some(before) => kind(before) == Kind::Outside,
        }
    }
}

/// The tag characters that a text begins with, and whether there is a letter or mark among them.
fn run(text: &str) -> (&str, bool) {
    let mut has_letter = false;
    let end = text.find(|c| {
        let kind = kind(c);
        has_letter |= kind == Kind::Letter;
        kind == Kind::Outside
    });
    (&text[..end.unwrap_or(text.len())], has_letter)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A letter or mark, of which a tag needs one.
    Letter,
    /// A digit or a sign that words are written with: part of a tag, but none by itself.
    Inner,
    Outside,
}

fn kind(c: char) -> Kind {
    match c {
        'a'..='z' | 'A'..='Z' => Kind::Letter,
        '0'..='9' | '_' => Kind::Inner,
        '\0'..='\x7F' => Kind::Outside,
        // Middle dot; joiners; Cyrillic kavyka; Hebrew maqaf, geresh, gershayim; full-width tilde, wave
        // dash; kana sound marks, double hyphen, middle dot; ditto mark; Tibetan tsek, both forms.
        '\u{B7}' | '\u{200C}' | '\u{200D}' | '\u{A67E}' | '\u{5BE}' | '\u{5F3}' | '\u{5F4}'
        | '\u{FF5E}' | '\u{301C}' | '\u{309B}' | '\u{309C}' | '\u{30A0}' | '\u{30FB}'
        | '\u{3003}' | '\u{F0B}' | '\u{F0C}' => Kind::Inner,
        c => match CATEGORY.get(c) {
            GeneralCategory::DecimalNumber => Kind::Inner,
            category if LETTER_OR_MARK.contains(category) => Kind::Letter,
            _ => Kind::Outside,
        },
    }
}
