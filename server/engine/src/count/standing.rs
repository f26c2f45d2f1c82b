//! What ranks are decided by: of one tag as a filter shows it, or of several that are shown as one.

use std::borrow::Cow;

use super::{
    Group, Leader,
    people::People,
    rising::{BANDS, LEAST_PEOPLE, Past},
    table::{Counts, Parts, Tag},
    windows::{Edges, SLIDING},
};
use crate::key::Key;

/// The pasts of the sliding windows and of those before them.
pub(super) type Pasts = [(Past, Past); SLIDING];

pub(super) trait Standing {
    fn key(&self) -> &Key;

    fn spelling(&self) -> &str;

    /// How many more mentions there may be in a window than are counted.
    fn error(&self, window: usize) -> u64;

    fn counts(&self) -> &Counts;

    /// Whose mentions they are.
    fn people(&self) -> Option<Cow<'_, People>>;

    /// How many of them are told apart exactly.
    fn people_k(&self) -> usize;

    fn edges(&self) -> &Edges;

    fn pasts(&self) -> &Pasts;

    /// Distinct authors in a window; `None` where none is known.
    fn people_in(&self, window: usize) -> Option<u64> {
        let people = self.people()?;
        let begin = self.edges().now.get(window).copied().unwrap_or_default();
        let number = people.count(begin, self.people_k());
        // An estimate may be more than there are mentions, but no tag has more people than those.
        let number = number.min(self.counts().within(window));
        (number > 0).then_some(number)
    }

    /// The rise in a window, if it is one; people are asked last, as that takes longest.
    fn score(
        &self,
        window: usize,
        bands: &[u64; BANDS],
        least: impl Fn(f64) -> bool,
    ) -> Option<f64> {
        let (past, _) = self.pasts().get(window)?;
        let score = past.score(self.counts().now[window], bands)?;
        let enough = || {
            let people = self.people_in(window);
            people.is_none_or(|people| people >= LEAST_PEOPLE)
        };
        (least(score) && enough()).then_some(score)
    }

    /// The same of the window before it. Of people only the latest mention is known: it takes those who
    /// have mentioned it since that window began.
    fn score_before(
        &self,
        window: usize,
        bands: &[u64; BANDS],
        least: impl Fn(f64) -> bool,
    ) -> Option<f64> {
        let (_, past) = self.pasts().get(window)?;
        let score = past.score(self.counts().before[window], bands)?;
        let enough = || {
            let begin = self.edges().before[window];
            let people = self.people();
            // None is as in a window: of its mentions no author is known.
            let number = people.map_or(0, |people| people.count(begin, self.people_k()));
            number == 0 || number >= LEAST_PEOPLE
        };
        (least(score) && enough()).then_some(score)
    }

    fn leader(&self, window: usize) -> Leader {
        let error = self.error(window);
        Leader {
            key: self.key().clone(),
            spelling: self.spelling().into(),
            count: self.counts().within(window) + error,
            error,
            people: self.people_in(window),
            score: self.score(window, &self.counts().bands(), |_| true),
        }
    }
}

/// One tag.
pub(super) struct Look<'a> {
    pub(super) group: &'a Group,
    pub(super) slot: u32,
    pub(super) tag: &'a Tag,
    counts: Counts,
    pasts: &'a Pasts,
    admits: Option<&'a [bool]>,
}

impl<'a> Look<'a> {
    /// `None` for a tag that the filter lets nothing through of: `admits` are the slices that it admits, by
    /// number.
    pub(super) fn at(
        group: &'a Group,
        pasts: &'a Pasts,
        slot: u32,
        admits: Option<&'a [bool]>,
    ) -> Option<Self> {
        let row = &group.table.rows[slot as usize];
        if row.is_free() {
            return None;
        }
        let tag = group.table.tag(slot)?;
        let counts = match (admits, &tag.parts) {
            (None, _) => row.counts,
            (Some(admits), Parts::One(slice)) => {
                if !admits[usize::from(*slice)] {
                    return None;
                }
                row.counts
            }
            (Some(admits), Parts::Several(parts)) => {
                let parts = parts.iter().filter(|part| admits[usize::from(part.slice)]);
                parts.fold(Counts::default(), |sum, part| sum.sum(&part.counts))
            }
        };
        Some(Self {
            group,
            slot,
            tag,
            counts,
            pasts,
            admits,
        })
    }
}

impl Standing for Look<'_> {
    fn key(&self) -> &Key {
        &self.tag.key
    }

    fn spelling(&self) -> &str {
        let most_used = self.tag.spellings.most_used();
        most_used.unwrap_or(self.tag.key.as_str())
    }

    fn error(&self, window: usize) -> u64 {
        self.group.error(self.slot, window)
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }

    fn people(&self) -> Option<Cow<'_, People>> {
        let (Parts::Several(parts), Some(admits)) = (&self.tag.parts, self.admits) else {
            return self.tag.people.as_deref().map(Cow::Borrowed);
        };
        let admitted = parts.iter().filter(|part| admits[usize::from(part.slice)]);
        People::of_all(admitted.filter_map(|part| part.people.as_deref()))
    }

    fn people_k(&self) -> usize {
        self.group.sketches.people_k() as usize
    }

    fn edges(&self) -> &Edges {
        &self.group.edges
    }

    fn pasts(&self) -> &Pasts {
        self.pasts
    }
}
