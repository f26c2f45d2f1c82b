//! The tutorial's grammar: what its Spark job counts.
//!
//! A line is split at the ASCII space, and every piece that contains `#` counts, just
//! as it stands: `#Rust`, `#rust`, `#rust,`, `C#` and `#` are five tags. Neither a full-width `＃` nor a
//! tab or a no-break space means anything. A line break within a post, which on the tutorial's wire would
//! have made two lines of it, splits as well.

/// The words of a text that count, in order, each as often as it occurs.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', '\n', '\r'])
        .filter(|word| word.contains('#'))
}
