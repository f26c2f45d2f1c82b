//! What the epochs brought, so that it can leave the windows again.

use model::Epoch;
use serde::{Deserialize, Serialize};

/// The mentions of some neighbouring epochs: the unit that leaves a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pane {
    /// The first epoch in it; no two panes of a group have the same.
    pub from: Epoch,
    pub(super) to: Epoch,
    /// By slot and slice, each once.
    pub(super) entries: Vec<Entry>,
    /// By slice, each once.
    pub(super) sums: Vec<(u16, Sum)>,
    /// Not written down as it is now.
    #[serde(skip)]
    pub(super) unsaved: bool,
    /// Written down at some time, with the same first epoch.
    #[serde(skip)]
    pub(super) stored: bool,
}

/// The mentions of one tag in one slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, u16, u64)", into = "(u32, u16, u64)")]
pub(super) struct Entry {
    pub(super) slot: u32,
    pub(super) slice: u16,
    // 48 bits of count: an entry takes twelve bytes, and there are many.
    high: u16,
    low: u32,
}

/// Posts, and mentions of all tags, also of those that are no longer kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sum {
    pub(super) posts: u64,
    pub(super) mentions: u64,
}

impl Entry {
    const MOST: u64 = (1 << 48) - 1;

    pub(super) fn new(slot: u32, slice: u16, count: u64) -> Self {
        let count = count.min(Self::MOST);
        Self {
            slot,
            slice,
            high: (count >> 32) as u16,
            low: count as u32,
        }
    }

    pub(super) fn count(self) -> u64 {
        u64::from(self.high) << 32 | u64::from(self.low)
    }

    pub(super) fn place(self) -> (u32, u16) {
        (self.slot, self.slice)
    }
}

impl From<(u32, u16, u64)> for Entry {
    fn from((slot, slice, count): (u32, u16, u64)) -> Self {
        Self::new(slot, slice, count)
    }
}

impl From<Entry> for (u32, u16, u64) {
    fn from(entry: Entry) -> Self {
        (entry.slot, entry.slice, entry.count())
    }
}

impl Sum {
    pub(super) fn add(&mut self, more: Self) {
        self.posts += more.posts;
        self.mentions += more.mentions;
    }

    pub(super) fn subtract(&mut self, less: Self) {
        self.posts = self.posts.saturating_sub(less.posts);
        self.mentions = self.mentions.saturating_sub(less.mentions);
    }
}

impl Pane {
    pub(super) fn new(epoch: Epoch) -> Self {
        Self {
            from: epoch,
            to: epoch,
            entries: Vec::new(),
            sums: Vec::new(),
            unsaved: true,
            stored: false,
        }
    }

    /// Brings entries that were pushed in any order into theirs.
    pub(super) fn settle(&mut self) {
        self.entries.sort_unstable_by_key(|entry| entry.place());
        self.entries.dedup_by(|entry, kept| {
            let same = entry.place() == kept.place();
            if same {
                *kept = Entry::new(kept.slot, kept.slice, kept.count() + entry.count());
            }
            same
        });
        self.sums.sort_unstable_by_key(|(slice, _)| *slice);
        self.sums.dedup_by(|(slice, sum), (kept, into)| {
            let same = slice == kept;
            if same {
                into.add(*sum);
            }
            same
        });
    }

    /// Takes in a later pane; to be settled afterwards.
    pub(super) fn take(&mut self, mut later: Self) {
        self.to = later.to;
        self.unsaved = true;
        self.entries.append(&mut later.entries);
        self.sums.append(&mut later.sums);
    }

    pub(super) fn entries_of(&self, slot: u32) -> &[Entry] {
        let begin = self.entries.partition_point(|entry| entry.slot < slot);
        let length = self.entries[begin..].partition_point(|entry| entry.slot == slot);
        &self.entries[begin..begin + length]
    }

    /// Takes back mentions; says how many there were to be taken.
    pub(super) fn retract(&mut self, slot: u32, slice: u16, count: u64) -> u64 {
        let place = (slot, slice);
        let Ok(at) = self
            .entries
            .binary_search_by_key(&place, |entry| entry.place())
        else {
            return 0;
        };
        let held = self.entries[at].count();
        let less = count.min(held);
        self.entries[at] = Entry::new(slot, slice, held - less);
        self.unsaved = true;
        less
    }

    pub(super) fn retract_sum(&mut self, slice: u16, less: Sum) {
        if let Ok(at) = self.sums.binary_search_by_key(&slice, |(slice, _)| *slice) {
            self.sums[at].1.subtract(less);
            self.unsaved = true;
        }
    }
}
