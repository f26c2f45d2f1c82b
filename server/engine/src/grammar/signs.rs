//! Where a text has hash signs: `#`, and the full-width `＃`.
//!
//! Nothing of a tag, nor what it depends on, goes past ASCII white space in any grammar but
//! [`words`](super::words). So each word with a hash sign is read for itself, and no other is looked at.
//!
//! **Invariant:** linear. The words do not overlap.

use memchr::memchr2;

const FULL_WIDTH: [u8; 3] = [0xEF, 0xBC, 0x83];

pub(super) fn is_hash_sign(c: char) -> bool {
    matches!(c, '#' | '\u{FF03}')
}

/// Gives the words with a hash sign, and where each has its first.
///
/// They are parted by ASCII white space, but for the vertical tab. Since no byte of it is part of another
/// character, also malformed text is read as it would be whole.
#[inline]
pub(super) fn words<'a>(text: &'a [u8], mut each: impl FnMut(&'a [u8], usize)) {
    let mut read = 0;
    while let Some(sign) = next(text, read) {
        let before = text[read..sign].iter().rposition(u8::is_ascii_whitespace);
        let after = text[sign..].iter().position(u8::is_ascii_whitespace);
        let start = before.map_or(read, |at| read + at + 1);
        read = after.map_or(text.len(), |at| sign + at);
        each(&text[start..read], sign - start);
    }
}

/// Where the next hash sign is.
#[inline]
fn next(text: &[u8], from: usize) -> Option<usize> {
    let mut read = from;
    loop {
        let at = read + memchr2(b'#', FULL_WIDTH[0], &text[read..])?;
        if text[at] == b'#' || text[at..].starts_with(&FULL_WIDTH) {
            return Some(at);
        }
        read = at + 1;
    }
}

/// A hash sign in a text that is well-formed.
#[derive(Clone, Copy)]
pub(super) struct Sign {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Sign {
    pub(super) fn next(text: &str, from: usize) -> Option<Self> {
        let (at, sign) = text[from..].match_indices(is_hash_sign).next()?;
        let start = from + at;
        Some(Self {
            start,
            end: start + sign.len(),
        })
    }
}
