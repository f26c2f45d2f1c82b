//! The tutorial's grammar: what its Spark job counts.
//!
//! A line is split at the ASCII space, and every piece that contains `#` counts, just
//! as it stands: `#Rust`, `#rust`, `#rust,`, `C#` and `#` are five tags. Neither a full-width `＃` nor a
//! tab or a no-break space means anything. A line break within a post, which on the tutorial's wire would
//! have made two lines of it, splits as well.

use memchr::memchr;

/// Gives the words of a text that count, in order, each as often as it occurs.
///
/// No byte of another character, nor one that is part of none, is what splits here, so that the text may
/// be malformed.
#[inline]
pub(super) fn words<'a>(text: &'a [u8], mut each: impl FnMut(&'a [u8])) {
    let mut read = 0;
    while let Some(sign) = memchr(b'#', &text[read..]) {
        let sign = read + sign;
        let before = text[read..sign].iter().rposition(splits);
        let after = text[sign..].iter().position(splits);
        let start = before.map_or(read, |at| read + at + 1);
        read = after.map_or(text.len(), |at| sign + at);
        each(&text[start..read]);
    }
}

fn splits(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r')
}
