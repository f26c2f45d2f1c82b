use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
};

use model::{Epoch, Slice, Window};

use super::{
    Counted, Day, Delta, SavedGroup, Shape, SliceDelta, Spellings,
    panes::{Entry, Pane, Sum},
    recent::{Told, ToldPosts},
    saved::SEGMENT,
    sketches::Sketches,
    table::{Parts, Table, Tag},
    windows::{COARSER, Edges, SLIDING},
};
use crate::key::{GROUPS, Key};

/// Slices told apart; the languages of what comes past that are not.
const MOST_SLICES: usize = 512;

/// The state of one key group.
#[derive(Debug)]
pub struct Group {
    pub(super) number: u8,
    pub(super) shape: Shape,
    pub(super) head: SavedGroup,
    pub(super) edges: Edges,
    pub(super) table: Table,
    /// Of each sliding window, by slice.
    pub(super) sums: Vec<[Sum; SLIDING]>,
    /// By time, the coarser the older.
    pub(super) panes: Vec<Pane>,
    /// Days that are over, the oldest first.
    pub(super) days: VecDeque<Day>,
    pub(super) sketches: Sketches,
    pub(super) slices: BTreeMap<Slice, u16>,
    /// Entries of all panes.
    pub(super) entries: usize,
    /// Up to which pane of each coarser length there is nothing more to merge.
    pub(super) coarsened: [u64; COARSER.len()],
    /// Which segments are not written down as they are now.
    pub(super) unsaved: Vec<bool>,
    /// First epochs of panes that were written down and are no more.
    pub(super) void: Vec<Epoch>,
    /// Days that were written down and are told of no more.
    pub(super) void_days: Vec<u64>,
    pub(super) told: RefCell<Told>,
    pub(super) told_posts: RefCell<ToldPosts>,
}

impl Group {
    /// The one of this number, with nothing counted yet.
    pub fn new(number: u8, shape: Shape) -> Self {
        let edges = Edges::default();
        let tags = usize::try_from(shape.max_tags).unwrap_or(usize::MAX) / usize::from(GROUPS);
        let sketches = Sketches::new(tags.max(1));
        Self {
            number,
            shape,
            head: SavedGroup {
                people_k: sketches.people_k(),
                samples_k: sketches.samples_k(),
                ..SavedGroup::default()
            },
            edges,
            table: Table::default(),
            sums: Vec::new(),
            panes: Vec::new(),
            days: VecDeque::new(),
            sketches,
            slices: BTreeMap::new(),
            entries: 0,
            coarsened: [0; COARSER.len()],
            unsaved: Vec::new(),
            void: Vec::new(),
            void_days: Vec::new(),
            told: RefCell::default(),
            told_posts: RefCell::default(),
        }
    }

    pub fn as_of(&self) -> Epoch {
        self.head.as_of
    }

    /// Counts an epoch in. One that is counted in already changes nothing, so a replay may begin
    /// before the state's own epoch.
    pub fn apply(&mut self, epoch: Epoch, delta: Delta) {
        if epoch <= self.head.as_of {
            return;
        }
        if self.head.as_of == Epoch(0) {
            self.head.began = epoch;
        } else {
            self.end_day(epoch);
        }
        self.head.as_of = epoch;
        self.add(epoch, delta.slices);
        for sample in delta.samples {
            if let Some(slot) = self.table.find(sample.key.as_str()) {
                self.touch(slot);
                let tag = self.table.tags[slot as usize].as_mut();
                self.sketches.sample(tag, sample, epoch);
            }
        }
        self.slide(epoch);
        for retracted in &delta.retracted {
            self.retract(retracted);
        }
        self.coarsen();
        self.trim(epoch);
    }

    fn add(&mut self, epoch: Epoch, mut slices: Vec<SliceDelta>) {
        let mut pane = Pane::new(epoch);
        slices.sort_unstable_by_key(|delta| delta.slice);
        for SliceDelta {
            slice,
            posts,
            counts,
        } in slices
        {
            let slice = self.slice(slice);
            let mut sum = Sum { posts, mentions: 0 };
            let mut placed: Vec<(u32, Counted)> = Vec::with_capacity(counts.len());
            for counted in counts {
                placed.push((self.slot(&counted.key, slice, epoch), counted));
            }
            // The order decides which spelling survives a flood of them: it must not depend on the way
            // the entries came.
            placed.sort_unstable_by(|(slot, counted), (other_slot, other)| {
                let spelling = || counted.spelling.cmp(&other.spelling);
                slot.cmp(other_slot).then_with(spelling)
            });
            for (slot, counted) in placed {
                sum.mentions += counted.count;
                self.touch(slot);
                let row = &mut self.table.rows[slot as usize];
                if let Some(tag) = &mut self.table.tags[slot as usize] {
                    tag.spellings.add(&counted.spelling, counted.count);
                    let (sketches, authors) = (&mut self.sketches, &counted.authors);
                    if tag.lacks(slice) {
                        sketches.gone(tag);
                        tag.part(slice, row);
                        sketches.came(tag);
                    }
                    if let Some(part) = tag.part(slice, row) {
                        part.counts.add(counted.count);
                        sketches.add(&mut part.people, authors, epoch);
                    }
                    sketches.add(&mut tag.people, authors, epoch);
                }
                row.counts.add(counted.count);
                pane.entries.push(Entry::new(slot, slice, counted.count));
            }
            self.head.slices[usize::from(slice)].1.add(sum);
            self.sums[usize::from(slice)]
                .iter_mut()
                .for_each(|now| now.add(sum));
            pane.sums.push((slice, sum));
        }
        if !pane.sums.is_empty() {
            pane.settle();
            self.entries += pane.entries.len();
            self.panes.push(pane);
        }
    }

    /// The number of a slice.
    fn slice(&mut self, slice: Slice) -> u16 {
        if let Some(number) = self.slices.get(&slice) {
            return *number;
        }
        let full = self.slices.len() >= MOST_SLICES;
        let slice = if full {
            Slice {
                lang: None,
                ..slice
            }
        } else {
            slice
        };
        if let Some(number) = self.slices.get(&slice) {
            return *number;
        }
        self.head.slices.push((slice, Sum::default()));
        self.number_slices();
        (self.head.slices.len() - 1) as u16
    }

    pub(super) fn number_slices(&mut self) {
        let numbered = self.head.slices.iter().map(|(slice, _)| *slice);
        self.slices = numbered.zip(0..).collect();
        self.sums
            .resize(self.head.slices.len(), [Sum::default(); SLIDING]);
    }

    /// Where the tag is, which is taken in if it is new.
    fn slot(&mut self, key: &Key, slice: u16, epoch: Epoch) -> u32 {
        if let Some(slot) = self.table.find(key.as_str()) {
            return slot;
        }
        let tag = Tag {
            key: key.clone(),
            spellings: Spellings::default(),
            people: None,
            parts: Parts::One(slice),
            samples: None,
            floor: self.missed(SLIDING),
            lost: std::array::from_fn(|window| self.missed(window)),
        };
        self.table.admit(tag, epoch)
    }

    pub(super) fn touch(&mut self, slot: u32) {
        let segment = (slot / SEGMENT) as usize;
        if self.unsaved.len() <= segment {
            self.unsaved.resize(segment + 1, false);
        }
        self.unsaved[segment] = true;
    }

    /// Where a window begins.
    pub(super) fn begin(&self, window: usize) -> Epoch {
        self.edges.now.get(window).copied().unwrap_or_default()
    }

    /// Tags that are kept.
    pub fn tags(&self) -> usize {
        self.table.len()
    }

    pub fn panes(&self) -> usize {
        self.panes.len()
    }

    /// Tags in panes, of one slice each: what grows with the mentions of the last two days.
    pub fn entries(&self) -> usize {
        self.entries
    }

    pub(super) fn slice_of(&self, number: u16) -> Option<Slice> {
        let (slice, _) = self.head.slices.get(usize::from(number))?;
        Some(*slice)
    }

    /// What all posts of some slices have, in a window by its place in [`Window::ALL`].
    pub(super) fn sum(&self, window: usize, admits: impl Fn(u16) -> bool) -> Sum {
        let mut whole = Sum::default();
        for (number, (_, all)) in (0..).zip(&self.head.slices) {
            if admits(number) {
                let sums = &self.sums[usize::from(number)];
                whole.add(*sums.get(window).unwrap_or(all));
            }
        }
        whole
    }
}

/// The place of a window in [`Window::ALL`].
pub(super) fn place_of(window: Window) -> usize {
    Window::ALL
        .iter()
        .position(|other| *other == window)
        .unwrap_or(SLIDING)
}
