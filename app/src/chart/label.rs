//! Tags as labels: text from strangers in any script, made to fit and to keep to itself.
//!
//! A label stands between U+2068 and U+2069, so that a tag written from right to left orders its
//! own letters and nobody else's.

#[cfg(feature = "hydrate")]
mod browser;

#[cfg(feature = "hydrate")]
use browser::ends;
#[cfg(not(feature = "hydrate"))]
use unicode_segmentation::UnicodeSegmentation;

const ISOLATE: char = '\u{2068}';
const POP: char = '\u{2069}';

/// `tag` as a label not wider than `room`, cut between graphemes with `…` where it is longer.
pub fn fit(tag: &str, room: f64, width: &dyn Fn(&str) -> f64) -> String {
    let tag = shown(tag);
    let whole = isolated(&tag, "");
    if width(&whole) <= room {
        return whole;
    }
    let ends = ends(&tag);
    // A longer text is not narrower, so the last end that fits can be searched for.
    let fitting = ends.partition_point(|&end| {
        tag.get(..end)
            .is_some_and(|start| width(&isolated(start, "…")) <= room)
    });
    let end = fitting
        .checked_sub(1)
        .and_then(|last| ends.get(last))
        .copied()
        .unwrap_or(0);
    isolated(tag.get(..end).unwrap_or_default(), "…")
}

/// Where each grapheme of `text` ends.
#[cfg(not(feature = "hydrate"))]
fn ends(text: &str) -> Vec<usize> {
    let graphemes = text.grapheme_indices(true);
    graphemes
        .map(|(start, grapheme)| start + grapheme.len())
        .collect()
}

fn isolated(text: &str, end: &str) -> String {
    format!("{ISOLATE}{text}{end}{POP}")
}

/// A tag among other words, whose order it leaves alone.
pub(crate) fn shown(tag: &str) -> String {
    tag.chars().filter(|&letter| !steers(letter)).collect()
}

/// Letters that are not seen and change how their neighbours are: directions and controls.
fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every grapheme is one wide, the isolates nothing.
    fn graphemes(text: &str) -> f64 {
        let seen: String = text
            .chars()
            .filter(|letter| ![ISOLATE, POP].contains(letter))
            .collect();
        seen.graphemes(true).count() as f64
    }

    fn bare(label: &str) -> &str {
        label
            .strip_prefix(ISOLATE)
            .and_then(|label| label.strip_suffix(POP))
            .expect("a label is isolated")
    }

    #[test]
    fn what_fits_stays_whole() {
        assert_eq!(bare(&fit("#rust", 5.0, &graphemes)), "#rust");
    }

    #[test]
    fn what_does_not_is_cut_between_graphemes() {
        assert_eq!(bare(&fit("#rustlang", 5.0, &graphemes)), "#rus…");
        let family = "👩‍👩‍👧‍👦";
        let tag = format!("#{}", family.repeat(5));
        assert_eq!(
            bare(&fit(&tag, 4.0, &graphemes)),
            format!("#{family}{family}…")
        );
        assert_eq!(
            bare(&fit("#e\u{301}e\u{301}e\u{301}", 3.0, &graphemes)),
            "#e\u{301}…"
        );
    }

    #[test]
    fn no_room_at_all_still_says_that_something_is_there() {
        assert_eq!(bare(&fit("#rust", 0.0, &graphemes)), "…");
    }

    #[test]
    fn a_tag_cannot_turn_the_rest_of_the_picture_around() {
        assert_eq!(
            bare(&fit("#a\u{2069}\u{202e}b\u{7}", 9.0, &graphemes)),
            "#ab"
        );
    }

    proptest! {
        #[test]
        fn a_label_fits_and_is_the_start_of_its_tag(tag in ".{0,60}", room in 1_u32..40) {
            let label = fit(&tag, f64::from(room), &graphemes);
            prop_assert!(graphemes(&label) <= f64::from(room));
            let plain: String = tag.chars().filter(|&letter| !steers(letter)).collect();
            let shown = bare(&label);
            prop_assert!(shown == plain || plain.starts_with(shown.strip_suffix('…').unwrap_or("?")));
        }
    }
}
