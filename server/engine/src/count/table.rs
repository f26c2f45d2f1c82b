//! The tags of a group: a row for each, found by its key, at a place that stays its own while it is
//! kept.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use model::Epoch;
use serde::{Deserialize, Serialize};

use super::{Spellings, people::People, rising::BANDS, samples::Samples, windows::SLIDING};
use crate::key::Key;

/// Mentions of a tag, in all slices or in one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    /// Since it was admitted.
    pub(super) all: u64,
    /// In each sliding window.
    pub(super) now: [u64; SLIDING],
    /// In the window before each.
    pub(super) before: [u64; SLIDING],
}

/// What is looked at for every tag in every epoch: kept together, apart from the rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) counts: Counts,
    /// What a pane holds of epochs before is not this tag's. The last of all epochs where there is no
    /// tag.
    pub(super) admitted: Epoch,
    /// Whether the tag's slices have counts of their own.
    pub(super) several: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tag {
    pub(super) key: Key,
    pub(super) spellings: Spellings,
    /// Whose mentions it has, in all slices; `None` where that is not known.
    pub(super) people: Option<Box<People>>,
    pub(super) parts: Parts,
    pub(super) samples: Option<Box<Samples>>,
    /// How much it may have been mentioned, at most, before it was admitted.
    pub(super) floor: u64,
    /// The same, in each sliding window as it was then.
    pub(super) lost: [u64; SLIDING],
}

/// A tag by slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Parts {
    /// All of it is in this slice.
    One(u16),
    /// By slice.
    Several(Vec<Part>),
}

/// A tag in one slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) slice: u16,
    #[serde(with = "all_time")]
    pub(super) counts: Counts,
    pub(super) people: Option<Box<People>>,
}

/// What is written down of counts: those in windows follow from the panes.
mod all_time {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Counts;

    pub(super) fn serialize<S: Serializer>(counts: &Counts, to: S) -> Result<S::Ok, S::Error> {
        counts.all.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Counts, D::Error> {
        Ok(Counts {
            all: u64::deserialize(from)?,
            ..Counts::default()
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Table {
    index: HashTable<u32>,
    hasher: RandomState,
    pub(super) rows: Vec<Row>,
    pub(super) tags: Vec<Option<Tag>>,
    free: Vec<u32>,
}

impl Counts {
    /// New mentions, which are in every window.
    pub(super) fn add(&mut self, count: u64) {
        self.all += count;
        self.now.iter_mut().for_each(|now| *now += count);
    }

    /// In a window by its place in [`model::Window::ALL`].
    pub(super) fn within(&self, window: usize) -> u64 {
        self.now.get(window).copied().unwrap_or(self.all)
    }

    pub(super) fn sum(mut self, other: &Self) -> Self {
        self.all += other.all;
        for window in 0..SLIDING {
            self.now[window] += other.now[window];
            self.before[window] += other.before[window];
        }
        self
    }

    /// See [`super::rising`].
    pub(super) fn bands(&self) -> [u64; BANDS] {
        let mut bands = [0; BANDS];
        for window in 0..SLIDING {
            let younger = self.now[window] + self.before[window];
            bands[2 * window] = self.before[window];
            bands[2 * window + 1] = self.within(window + 1).saturating_sub(younger);
        }
        bands
    }
}

impl Row {
    const FREE: Self = Self {
        counts: Counts {
            all: 0,
            now: [0; SLIDING],
            before: [0; SLIDING],
        },
        admitted: Epoch(u64::MAX),
        several: false,
    };

    pub(super) fn is_free(&self) -> bool {
        self.admitted == Self::FREE.admitted
    }
}

impl Parts {
    /// The counts of a slice, where they are not those of the whole tag.
    pub(super) fn get_mut(&mut self, slice: u16) -> Option<&mut Part> {
        match self {
            Self::One(_) => None,
            Self::Several(parts) => {
                let at = parts.binary_search_by_key(&slice, |part| part.slice);
                at.ok().map(|at| &mut parts[at])
            }
        }
    }
}

impl Tag {
    /// Whether it was never mentioned in the slice.
    pub(super) fn lacks(&self, slice: u16) -> bool {
        match &self.parts {
            Parts::One(only) => *only != slice,
            Parts::Several(parts) => parts
                .binary_search_by_key(&slice, |part| part.slice)
                .is_err(),
        }
    }

    /// The part of a slice that is now to be counted in; `None` while there is but one slice. `row` is
    /// the tag's own, with its counts before.
    pub(super) fn part(&mut self, slice: u16, row: &mut Row) -> Option<&mut Part> {
        if let Parts::One(only) = self.parts {
            if only == slice {
                return None;
            }
            self.parts = Parts::Several(vec![Part {
                slice: only,
                counts: row.counts,
                people: self.people.clone(),
            }]);
            row.several = true;
        }
        let Parts::Several(parts) = &mut self.parts else {
            return None;
        };
        let at = match parts.binary_search_by_key(&slice, |part| part.slice) {
            Ok(at) => at,
            Err(at) => {
                let part = Part {
                    slice,
                    counts: Counts::default(),
                    people: None,
                };
                parts.insert(at, part);
                at
            }
        };
        Some(&mut parts[at])
    }

    /// How many authors are kept, in all slices.
    pub(super) fn kept_people(&self) -> usize {
        let kept = |people: &Option<Box<People>>| people.as_ref().map_or(0, |people| people.len());
        let parts = match &self.parts {
            Parts::One(_) => 0,
            Parts::Several(parts) => parts.iter().map(|part| kept(&part.people)).sum(),
        };
        kept(&self.people) + parts
    }

    /// How many slices have counts of their own.
    pub(super) fn kept_parts(&self) -> usize {
        match &self.parts {
            Parts::One(_) => 0,
            Parts::Several(parts) => parts.len(),
        }
    }

    pub(super) fn kept_samples(&self) -> usize {
        self.samples.as_ref().map_or(0, |samples| samples.len())
    }
}

impl Table {
    pub(super) fn find(&self, key: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        let is = |slot: &u32| self.tag(*slot).is_some_and(|tag| tag.key.as_str() == key);
        self.index.find(hash, is).copied()
    }

    pub(super) fn tag(&self, slot: u32) -> Option<&Tag> {
        self.tags[slot as usize].as_ref()
    }

    /// Takes a tag in that is not there yet.
    pub(super) fn admit(&mut self, tag: Tag, admitted: Epoch) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.rows.push(Row::FREE);
            self.tags.push(None);
            (self.rows.len() - 1) as u32
        });
        self.put(slot, tag, admitted);
        slot
    }

    /// Puts a tag where it was before.
    pub(super) fn restore(&mut self, slot: u32, tag: Option<(Tag, Epoch, u64)>) {
        while self.rows.len() <= slot as usize {
            self.rows.push(Row::FREE);
            self.tags.push(None);
        }
        match tag {
            Some((tag, admitted, all)) => {
                self.put(slot, tag, admitted);
                self.rows[slot as usize].counts.all = all;
            }
            None => self.free.push(slot),
        }
    }

    fn put(&mut self, slot: u32, tag: Tag, admitted: Epoch) {
        let place = self.hasher.hash_one(tag.key.as_str());
        self.rows[slot as usize] = Row {
            admitted,
            several: matches!(tag.parts, Parts::Several(_)),
            ..Row::FREE
        };
        self.tags[slot as usize] = Some(tag);
        let Self {
            index,
            hasher,
            tags,
            ..
        } = self;
        index.insert_unique(place, slot, |slot| hash(hasher, tags, *slot));
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<Tag> {
        let tag = self.tags[slot as usize].take()?;
        let hash = self.hasher.hash_one(tag.key.as_str());
        if let Ok(found) = self.index.find_entry(hash, |other| *other == slot) {
            found.remove();
        }
        self.rows[slot as usize] = Row::FREE;
        self.free.push(slot);
        Some(tag)
    }

    /// Makes room for places that are about to be put back.
    pub(super) fn reserve(&mut self, slots: u32) {
        let slots = slots as usize;
        self.rows.reserve(slots);
        self.tags.reserve(slots);
        let Self {
            index,
            hasher,
            tags,
            ..
        } = self;
        index.reserve(slots, |slot| hash(hasher, tags, *slot));
    }

    /// How many tags there are.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// Places, with and without a tag.
    pub(super) fn slots(&self) -> u32 {
        self.rows.len() as u32
    }
}

fn hash(hasher: &RandomState, tags: &[Option<Tag>], slot: u32) -> u64 {
    let key = tags[slot as usize].as_ref().map(|tag| tag.key.as_str());
    hasher.hash_one(key.unwrap_or_default())
}
