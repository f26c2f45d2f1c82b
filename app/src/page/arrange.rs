//! What a reader does to the rows of a board: some muted, some picked by a few letters, and none
//! moved away from under the pointer. The picture and the table both show what comes of it.

use leptos::prelude::*;
use model::Row;

#[cfg(feature = "hydrate")]
const STORED: &str = "tagtide.muted";

#[derive(Clone, Copy, Debug)]
pub struct Arranged {
    /// Tags that this reader does not want to see, as they were spelled then.
    pub muted: RwSignal<Vec<String>>,
    /// Rows are shown whose tag has this in it.
    pub letters: RwSignal<String>,
    /// The pointer or the focus is among the rows: they stay where they are.
    pub held: RwSignal<bool>,
    /// The tag whose bar is pointed at.
    pub pointed: RwSignal<Option<String>>,
}

impl Arranged {
    pub fn new() -> Self {
        Self {
            muted: RwSignal::default(),
            letters: RwSignal::default(),
            held: RwSignal::new(false),
            pointed: RwSignal::new(None),
        }
    }

    /// Those of `rows` that are not muted.
    pub fn unmuted(self, rows: &[Row]) -> Vec<Row> {
        self.muted.with(|muted| unmuted(rows, muted))
    }

    /// Those of `rows` that are to be shown, where `before` is what was shown last.
    pub fn rows(self, before: &[Row], rows: &[Row]) -> Vec<Row> {
        let picked = self.letters.with(|letters| picked(rows, letters));
        // Let go of, rows go where they belong at once; held, only with the next counts.
        if self.held.get() {
            in_place(before, picked)
        } else {
            picked
        }
    }

    pub fn is_muted(self, tag: &str) -> bool {
        self.muted
            .with(|muted| muted.iter().any(|other| same(other, tag)))
    }

    /// Mutes what the reader's browser remembers as muted.
    #[cfg(feature = "hydrate")]
    pub(super) fn remember(self) {
        if let Some(known) = super::stored::read(STORED) {
            self.muted.set(known.lines().map(str::to_owned).collect());
        }
    }

    pub fn mute(self, tag: &str) {
        let known = self
            .muted
            .with_untracked(|muted| muted.iter().any(|other| same(other, tag)));
        if !known {
            self.change(|muted| muted.push(tag.to_owned()));
        }
    }

    pub fn unmute(self, tag: &str) {
        self.change(|muted| muted.retain(|other| !same(other, tag)));
    }

    fn change(self, change: impl FnOnce(&mut Vec<String>)) {
        self.muted.update(change);
        // No tag has a line end in it.
        #[cfg(feature = "hydrate")]
        super::stored::write(STORED, &self.muted.get_untracked().join("\n"));
    }
}

impl Default for Arranged {
    fn default() -> Self {
        Self::new()
    }
}

/// Upper and lower case are one.
fn folded(text: &str) -> String {
    #[cfg(not(feature = "hydrate"))]
    return text.to_lowercase();
    // The browser's own: the tables are some kilobytes.
    #[cfg(feature = "hydrate")]
    return js_sys::JsString::from(text).to_lower_case().into();
}

fn same(a: &str, b: &str) -> bool {
    a == b || folded(a) == folded(b)
}

fn unmuted(rows: &[Row], muted: &[String]) -> Vec<Row> {
    if muted.is_empty() {
        return rows.to_vec();
    }
    let muted: Vec<String> = muted.iter().map(|tag| folded(tag)).collect();
    let rows = rows.iter();
    rows.filter(|row| !muted.contains(&folded(&row.tag)))
        .cloned()
        .collect()
}

fn picked(rows: &[Row], letters: &str) -> Vec<Row> {
    let letters = folded(letters.trim());
    let rows = rows.iter();
    rows.filter(|row| letters.is_empty() || folded(&row.tag).contains(&letters))
        .cloned()
        .collect()
}

/// `rows` where each tag that is in `before` keeps its place. What is new takes the places of what
/// is gone, from above.
fn in_place(before: &[Row], mut rows: Vec<Row>) -> Vec<Row> {
    let mut places: Vec<Option<Row>> = before
        .iter()
        .map(|old| {
            let found = rows.iter().position(|row| row.tag == old.tag)?;
            Some(rows.remove(found))
        })
        .collect();
    let mut new = rows.into_iter();
    for place in places.iter_mut().filter(|place| place.is_none()) {
        *place = new.next();
    }
    places.into_iter().flatten().chain(new).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(tags: &[&str]) -> Vec<Row> {
        let ranked = (1..).zip(tags);
        ranked
            .map(|(rank, tag)| Row::counted(rank, (*tag).to_owned(), 100 - u64::from(rank), 100))
            .collect()
    }

    fn tags(rows: &[Row]) -> Vec<&str> {
        rows.iter().map(|row| row.tag.as_str()).collect()
    }

    #[test]
    fn a_muted_tag_is_gone_however_it_is_spelled() {
        let rows = rows(&["#Rust", "#wasm", "#ÉTÉ"]);
        let muted = ["#rUST", "#été"].map(str::to_owned);
        assert_eq!(tags(&unmuted(&rows, &muted)), ["#wasm"]);
    }

    #[test]
    fn a_few_letters_pick_the_tags_that_have_them() {
        let rows = rows(&["#Rust", "#wasm", "#trust"]);
        assert_eq!(tags(&picked(&rows, " RUS ")), ["#Rust", "#trust"]);
        assert_eq!(picked(&rows, ""), rows);
        assert!(picked(&rows, "x").is_empty());
    }

    #[test]
    fn held_rows_keep_their_place_and_have_their_new_numbers() {
        let before = rows(&["#a", "#b", "#c", "#d"]);
        let now = in_place(&before, rows(&["#d", "#new", "#a", "#c"]));
        assert_eq!(tags(&now), ["#a", "#new", "#c", "#d"]);
        assert_eq!(now[3].rank, 1);
        let fewer = in_place(&before, rows(&["#c", "#a"]));
        assert_eq!(tags(&fewer), ["#a", "#c"]);
        let more = in_place(&before, rows(&["#e", "#a", "#b", "#c", "#d", "#f"]));
        assert_eq!(tags(&more), ["#a", "#b", "#c", "#d", "#e", "#f"]);
    }

    proptest! {
        #[test]
        fn holding_changes_nothing_but_the_order(
            before in prop::collection::hash_set(0_u32..20, 0..12),
            now in prop::collection::hash_set(0_u32..20, 0..12),
        ) {
            let made = |numbers: &std::collections::HashSet<u32>| -> Vec<Row> {
                let tags: Vec<String> = numbers.iter().map(|n| format!("#{n}")).collect();
                rows(&tags.iter().map(String::as_str).collect::<Vec<_>>())
            };
            let (before, now) = (made(&before), made(&now));
            let mut held = in_place(&before, now.clone());
            let stays = |place: usize| {
                let tag = &before[place].tag;
                held.get(place).is_some_and(|row| row.tag == *tag)
                    || !now.iter().any(|row| row.tag == *tag)
                    || now.len() < before.len()
            };
            prop_assert!((0..before.len()).all(stays));
            held.sort_by_key(|row| row.rank);
            prop_assert_eq!(held, now);
        }
    }
}
