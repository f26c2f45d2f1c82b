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

/// One round is a fixed point, so it is not repeated: NFKC leaves nothing that decomposes further, full
/// folding gives letters that are folded, and what NFKC composes of these folds to what it is composed of.
fn fold(text: &str) -> Cow<'_, str> {
    let normal = NFKC.normalize(text);
    let folded = CASE.fold_string(&normal);
    match NFKC.normalize(&folded) {
        Cow::Borrowed(same) if same == text => Cow::Borrowed(text),
        other => Cow::Owned(other.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use icu_properties::CodePointSetData;
    use icu_properties::props::{ChangesWhenNfkcCasefolded, DefaultIgnorableCodePoint};
    use proptest::prelude::*;

    use super::*;

    fn key(spelling: &str) -> Option<String> {
        key_of(spelling).map(|key| key.to_string())
    }

    #[test]
    fn spellings_of_one_tag_have_one_key() {
        for (spelling, expected) in [
            ("rust", "rust"),
            ("#Rust", "rust"),
            ("＃ＲＵＳＴ２", "rust2"),
            (" ##Rust ", "rust"),
            ("\u{FE5F}x", "x"),
            ("Café", "café"),
            ("Cafe\u{301}", "café"),
            ("STRASSE", "strasse"),
            ("straße", "strasse"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("İn", "i\u{307}n"),
            ("ın", "ın"),
            ("ﬁx", "fix"),
            ("日本語", "日本語"),
        ] {
            assert_eq!(key(spelling).as_deref(), Some(expected), "{spelling}");
        }
    }

    #[test]
    fn nothing_and_what_is_too_long_is_no_tag() {
        for nothing in ["", "#", " ", "＃# ", "\u{A0}"] {
            assert_eq!(key_of(nothing), None, "{nothing:?}");
        }
        for c in ["a", "é", "語", "𠀡"] {
            assert!(key_of(&c.repeat(MAX_CODE_POINTS)).is_some());
            assert!(key_of(&format!("#{}", c.repeat(MAX_CODE_POINTS))).is_some());
            assert_eq!(key_of(&c.repeat(MAX_CODE_POINTS + 1)), None);
        }
        // One code point that compatibility makes eighteen of.
        assert!(key_of(&"\u{FDFA}".repeat(5)).is_some());
        assert_eq!(key_of(&"\u{FDFA}".repeat(6)), None);
    }

    /// What is stored, and how processes share the keys, depends on these very numbers.
    #[test]
    fn groups_never_change() {
        for (text, group) in GROUPS_OF {
            assert_eq!(group_of(&Key::verbatim(text)), group, "{text}");
        }
    }

    const GROUPS_OF: [(&str, u8); 8] = [
        ("", 25),
        ("a", 27),
        ("rust", 12),
        ("#Rust,", 7),
        ("café", 42),
        ("日本語", 33),
        ("𠀡", 42),
        ("a longer key, of more than thirty-two bytes", 42),
    ];

    /// All code points but those of planes that have no characters, or only private ones.
    fn code_points() -> impl Iterator<Item = char> {
        ('\0'..='\u{3FFFF}').chain('\u{E0000}'..='\u{E0FFF}')
    }

    #[test]
    fn the_key_of_a_key_is_the_key_for_every_code_point() {
        for c in code_points() {
            if let Some(key) = key_of(c.encode_utf8(&mut [0; 4])) {
                assert_eq!(
                    key_of(key.as_str()).as_ref(),
                    Some(&key),
                    "U+{:04X}",
                    u32::from(c)
                );
            }
        }
    }

    /// The crates that normalise, fold and classify carry their own tables: of one version of Unicode?
    #[test]
    fn the_unicode_tables_agree() {
        let changes = CodePointSetData::new::<ChangesWhenNfkcCasefolded>();
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        for c in code_points().filter(|c| !ignorable.contains(*c)) {
            let text = c.to_string();
            assert_eq!(
                fold(&text) != text,
                changes.contains(c),
                "U+{:04X}",
                u32::from(c)
            );
        }
    }

    proptest! {
        #[test]
        fn the_key_of_a_key_is_the_key(text in "\\PC{0,40}|[\\p{L}\\p{M}#＃ ]{0,110}|[\\p{Lu}\\p{Lt}\\p{M}]{0,30}") {
            if let Some(key) = key_of(&text) {
                prop_assert!(key.as_str().chars().count() <= MAX_CODE_POINTS);
                prop_assert!(group_of(&key) < GROUPS);
                prop_assert_eq!(key_of(key.as_str()), Some(key));
            }
        }

        #[test]
        fn the_short_way_for_ascii_is_the_long_way(text in "[ -~]{0,110}") {
            let long = fold(bare(&text)).into_owned();
            prop_assert_eq!(key_of(&text).map(|key| key.to_string()), fits(&long).then_some(long));
        }

        #[test]
        fn keys_are_ordered_and_found_by_their_text(a in ".{0,8}", b in ".{0,8}") {
            prop_assert_eq!(Key::verbatim(&a).cmp(&Key::verbatim(&b)), a.as_bytes().cmp(b.as_bytes()));
            let set = std::collections::HashSet::from([Key::verbatim(&a)]);
            prop_assert!(set.contains(a.as_str()));
        }
    }
}
