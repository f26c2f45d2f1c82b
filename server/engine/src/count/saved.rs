//! A group's state as rows, and back.

use std::collections::VecDeque;

use model::{Epoch, Slice};
use serde::{Deserialize, Serialize};

use super::{
    Day, Group,
    panes::{Pane, Sum},
    table::{Counts, Table, Tag},
    windows::{Edges, SLIDING},
};

/// What a group has one of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedGroup {
    /// The last epoch that is counted in.
    pub as_of: Epoch,
    /// The first one.
    pub began: Epoch,
    /// By the number that the rest knows a slice by, with what was counted in it since the count began.
    pub(super) slices: Vec<(Slice, Sum)>,
    /// No tag that was let go had more mentions, since the count began.
    pub(super) floor: u64,
    /// For each sliding window: when tags were let go, and the most mentions that one of them had in
    /// it; a later entry has a lower number.
    pub(super) lost: [VecDeque<(Epoch, u64)>; SLIDING],
    pub(super) people_k: u32,
    pub(super) samples_k: u32,
    /// Places for tags, so that a start can make room at once.
    pub(super) slots: u32,
}

/// A group's state as rows, each of which can be written and read for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Saved {
    Group(SavedGroup),
    /// [`SEGMENT`] neighbouring places, by the number of the segment.
    Segment(u32, Segment),
    Pane(Pane),
    Day(Day),
}

/// The tags of some neighbouring places.
pub type Segment = Vec<Option<SavedTag>>;

/// How many places a segment has.
pub const SEGMENT: u32 = 32;

/// A tag as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedTag {
    tag: Tag,
    admitted: Epoch,
    count: u64,
}

/// What must be written so that the stored rows are the state again.
#[derive(Debug)]
pub struct Changes<'a> {
    pub group: &'a SavedGroup,
    pub segments: Vec<(u32, ChangedSegment<'a>)>,
    /// First epochs of stored panes that are no more.
    pub void_panes: &'a [Epoch],
    pub panes: Vec<&'a Pane>,
    /// Numbers of stored days that are told of no more.
    pub void_days: &'a [u64],
    pub days: Vec<&'a Day>,
}

/// Serialises as a [`Segment`].
#[derive(Clone, Copy, Debug)]
pub struct ChangedSegment<'a> {
    table: &'a Table,
    number: u32,
}

impl Serialize for ChangedSegment<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Tag<'a> {
            tag: &'a super::table::Tag,
            admitted: Epoch,
            count: u64,
        }
        let begin = self.number * SEGMENT;
        let end = (begin + SEGMENT).min(self.table.slots());
        to.collect_seq((begin..end).map(|slot| {
            let row = &self.table.rows[slot as usize];
            self.table.tag(slot).map(|tag| Tag {
                tag,
                admitted: row.admitted,
                count: row.counts.all,
            })
        }))
    }
}

impl Group {
    /// What has changed since the last [`Group::saved`].
    pub fn changes(&self) -> Changes<'_> {
        let segment = |(number, unsaved): (u32, &bool)| {
            let table = &self.table;
            unsaved.then_some((number, ChangedSegment { table, number }))
        };
        Changes {
            group: &self.head,
            segments: (0..).zip(&self.unsaved).filter_map(segment).collect(),
            void_panes: &self.void,
            panes: self.panes.iter().filter(|pane| pane.unsaved).collect(),
            void_days: &self.void_days,
            days: self.days.iter().filter(|day| day.unsaved).collect(),
        }
    }

    /// The last [`Group::changes`] are on their way to the disk.
    pub fn saved(&mut self) {
        self.unsaved.clear();
        self.void.clear();
        self.void_days.clear();
        self.days.iter_mut().for_each(|day| day.unsaved = false);
        for pane in &mut self.panes {
            pane.unsaved = false;
            pane.stored = true;
        }
    }

    /// Nothing of it is stored where it will be: the next [`Group::changes`] are all of it.
    pub fn forget_rows(&mut self) {
        let segments = self.table.slots().div_ceil(SEGMENT);
        self.unsaved = vec![true; segments as usize];
        self.void.clear();
        self.void_days.clear();
        self.days.iter_mut().for_each(|day| day.unsaved = true);
        for pane in &mut self.panes {
            pane.unsaved = true;
            pane.stored = false;
        }
    }

    /// Takes one row of a stored state back in: first the group's own, then its segments, then its
    /// panes and its days, before its next epoch.
    pub fn restore(&mut self, row: Saved) {
        match row {
            Saved::Group(head) => {
                self.edges = Edges::at(head.as_of, self.shape);
                self.sketches.resume(head.people_k, head.samples_k);
                self.table.reserve(head.slots);
                self.head = head;
                self.number_slices();
            }
            Saved::Segment(number, tags) => {
                for (slot, saved) in (number * SEGMENT..).zip(tags) {
                    let tag = saved.map(|saved| (saved.tag, saved.admitted, saved.count));
                    if let Some((tag, ..)) = &tag {
                        self.sketches.came(tag);
                    }
                    self.table.restore(slot, tag);
                }
            }
            Saved::Pane(pane) => self.restore_pane(pane),
            Saved::Day(day) => {
                let place = self.days.partition_point(|other| other.number < day.number);
                self.days.insert(place, day);
            }
        }
    }

    fn restore_pane(&mut self, mut pane: Pane) {
        pane.stored = true;
        for window in 0..SLIDING {
            let is_now = pane.from >= self.edges.now[window];
            if !is_now && pane.from < self.edges.before[window] {
                continue;
            }
            let add = |counts: &mut Counts, count| {
                if is_now {
                    counts.now[window] += count;
                } else {
                    counts.before[window] += count;
                }
            };
            for entry in &pane.entries {
                // A slot that no segment has is that of a tag that was let go.
                let Some(row) = self.table.rows.get_mut(entry.slot as usize) else {
                    continue;
                };
                if row.admitted > pane.to {
                    continue;
                }
                add(&mut row.counts, entry.count());
                if row.several
                    && let Some(tag) = &mut self.table.tags[entry.slot as usize]
                    && let Some(part) = tag.parts.get_mut(entry.slice)
                {
                    add(&mut part.counts, entry.count());
                }
            }
            if is_now {
                for (slice, sum) in &pane.sums {
                    if let Some(sums) = self.sums.get_mut(usize::from(*slice)) {
                        sums[window].add(*sum);
                    }
                }
            }
        }
        self.entries += pane.entries.len();
        let place = self.panes.partition_point(|other| other.from <= pane.from);
        self.panes.insert(place, pane);
    }
}
