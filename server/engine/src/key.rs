//! What makes two spellings the same tag.
//!
//! **Invariant:** a key, and the group it lives in, are part of what is stored and of what the processes
//! of a cluster agree on. Neither may change for a spelling without a migration of stored counts.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_normalizer::{ComposingNormalizer, ComposingNormalizerBorrowed};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash64;

/// The longest spelling, and the longest key of a folding grammar, in code points.
pub const MAX_CODE_POINTS: usize = 100;

/// How many key groups there are. It bounds how many workers can share the count, and is recorded in
/// every store: fixed for good.
pub const GROUPS: u8 = 64;

const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfkc();
const CASE: CaseMapperBorrowed<'static> = CaseMapper::new();

/// The identity of a tag: mentions with equal keys are mentions of one tag.
///
/// Ordered by its UTF-8 bytes, which is how ties of equal counts are ordered. Cloning shares the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(Arc<str>);

impl Key {
    /// The text itself as the key, for grammars that tell spellings apart, and for keys read back from
    /// where they were stored. All others: [`key_of`].
    pub fn verbatim(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The key's text, without a leading `#` (except [`Grammar::Words`](crate::grammar::Grammar), where
    /// it is the word).
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// The key of a tag spelled so: NFKC, then full case folding, then NFKC (a compatibility caseless match
/// as in the Unicode Standard, section 3.13), without hash signs and white space around it.
///
/// `None` when nothing is left, or when the spelling or its key is longer than [`MAX_CODE_POINTS`]: that
/// is not a tag. The key of a key is the key.
pub fn key_of(spelling: &str) -> Option<Key> {
    let bare = bare(spelling);
    if !fits(bare) {
        return None;
    }
    if bare.is_ascii() {
        return Some(ascii_key(bare));
    }
    let key = fold(bare);
    let key = self::bare(&key);
    fits(key).then(|| Key::verbatim(key))
}

/// The key group, below [`GROUPS`], that a key lives in: the same on every machine, for ever.
pub fn group_of(key: &Key) -> u8 {
    let mut hasher = XxHash64::with_seed(0);
    hasher.write(key.as_str().as_bytes());
    (hasher.finish() % u64::from(GROUPS)) as u8
}

/// A spelling without the hash signs before it and the white space around it.
///
/// All hash signs, not just one: with one left, the key of the key would be another key. U+FE5F is what
/// NFKC also makes a `#` of.
pub(crate) fn bare(spelling: &str) -> &str {
    spelling
        .trim_start_matches(|c: char| {
            matches!(c, '#' | '\u{FF03}' | '\u{FE5F}') || c.is_whitespace()
        })
        .trim_end()
}

fn fits(text: &str) -> bool {
    // The length in bytes answers at once for all but long texts in other than Latin letters.
    !text.is_empty()
        && (text.len() <= MAX_CODE_POINTS
            || text.len() <= 4 * MAX_CODE_POINTS && text.chars().count() <= MAX_CODE_POINTS)
}

fn ascii_key(bare: &str) -> Key {
    let mut lower = [0; MAX_CODE_POINTS];
    match lower.get_mut(..bare.len()) {
        Some(lower) if bare.bytes().any(|b| b.is_ascii_uppercase()) => {
            lower.copy_from_slice(bare.as_bytes());
            lower.make_ascii_lowercase();
            Key::verbatim(str::from_utf8(lower).unwrap_or(bare))
        }
        _ => Key::verbatim(bare),
    }
}

/// One round is a fixed point for every code point and for whatever they compose to (the tests go
/// through all of the former), so it is not repeated.
fn fold(text: &str) -> Cow<'_, str> {
    let normal = NFKC.normalize(text);
    let folded = CASE.fold_string(&normal);
    match NFKC.normalize(&folded) {
        Cow::Borrowed(same) if same == text => Cow::Borrowed(text),
        other => Cow::Owned(other.into_owned()),
    }
}
