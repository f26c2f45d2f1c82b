use std::collections::{BTreeMap, VecDeque};

use model::{Epoch, Slice, Window};
use serde::{Deserialize, Serialize};

use super::{
    Counted, Delta, Retracted, Shape, SliceDelta, Spellings,
    panes::{Entry, Pane, Sum},
    people::People,
    sketches::Sketches,
    table::{Parts, Table, Tag},
    windows::{COARSER, Edges, SLIDING, pane_of},
};
use crate::key::{GROUPS, Key};

/// Slices told apart; the languages of what comes past that are not.
const MOST_SLICES: usize = 4096;

/// Entries of panes that are kept for each tag that may be.
const ENTRIES_A_TAG: usize = 32;

/// The state of one key group.
#[derive(Debug)]
pub struct Group {
    pub(super) shape: Shape,
    pub(super) head: SavedGroup,
    pub(super) edges: Edges,
    pub(super) table: Table,
    /// Of each sliding window, by slice.
    pub(super) sums: Vec<[Sum; SLIDING]>,
    /// By time, the coarser the older.
    pub(super) panes: Vec<Pane>,
    pub(super) sketches: Sketches,
    slices: BTreeMap<Slice, u16>,
    /// Entries of all panes.
    entries: usize,
    /// Up to which pane of each coarser length there is nothing more to merge.
    coarsened: [u64; COARSER.len()],
    /// Which segments are not written down as they are now.
    unsaved: Vec<bool>,
    /// First epochs of panes that were written down and are no more.
    void: Vec<Epoch>,
}

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
    /// When tags were let go, and the most mentions that one of them had within a day; a later entry
    /// has a lower number.
    lost: VecDeque<(Epoch, u64)>,
    pub(super) people_k: u32,
    pub(super) samples_k: u32,
    /// Places for tags, so that a start can make room at once.
    slots: u32,
}

/// A group's state as rows, each of which can be written and read for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Saved {
    Group(SavedGroup),
    /// [`SEGMENT`] neighbouring places, by the number of the segment.
    Segment(u32, Segment),
    Pane(Pane),
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
    /// Nothing counted yet.
    pub fn new(shape: Shape) -> Self {
        let edges = Edges::default();
        let tags = usize::try_from(shape.max_tags).unwrap_or(usize::MAX) / usize::from(GROUPS);
        let sketches = Sketches::new(tags.max(1));
        Self {
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
            sketches,
            slices: BTreeMap::new(),
            entries: 0,
            coarsened: [0; COARSER.len()],
            unsaved: Vec::new(),
            void: Vec::new(),
        }
    }

    pub fn as_of(&self) -> Epoch {
        self.head.as_of
    }

    /// How many tags it may keep.
    fn most_tags(&self) -> usize {
        self.sketches.most_tags()
    }

    /// Counts an epoch in. One that is counted in already changes nothing, so a replay may begin
    /// before the state's own epoch.
    pub fn apply(&mut self, epoch: Epoch, delta: Delta) {
        if epoch <= self.head.as_of {
            return;
        }
        if self.head.as_of == Epoch(0) {
            self.head.began = epoch;
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
                    if !row.several {
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

    fn number_slices(&mut self) {
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
            floor: self.head.floor,
            lost: self.head.lost.front().map_or(0, |(_, most)| *most),
        };
        self.table.admit(tag, epoch)
    }

    fn touch(&mut self, slot: u32) {
        let segment = (slot / SEGMENT) as usize;
        if self.unsaved.len() <= segment {
            self.unsaved.resize(segment + 1, false);
        }
        self.unsaved[segment] = true;
    }

    /// Moves the windows on to where they are when `epoch` closes.
    fn slide(&mut self, epoch: Epoch) {
        let later = Edges::at(epoch, self.shape);
        for window in 0..SLIDING {
            let (old, new) = (self.edges.now[window], later.now[window]);
            self.leave(old, new, |counts, count| {
                counts.now[window] -= count;
                counts.before[window] += count;
            });
            for pane in between(&self.panes, old, new) {
                for (slice, sum) in &pane.sums {
                    self.sums[usize::from(*slice)][window].subtract(*sum);
                }
            }
            let (old, new) = (self.edges.before[window], later.before[window]);
            self.leave(old, new, |counts, count| counts.before[window] -= count);
        }
        self.edges = later;
    }

    /// Visits the counts of what lies between the edges.
    fn leave(&mut self, old: Epoch, new: Epoch, each: impl Fn(&mut super::table::Counts, u64)) {
        for pane in between(&self.panes, old, new) {
            for entry in &pane.entries {
                let row = &mut self.table.rows[entry.slot as usize];
                if row.admitted > pane.to {
                    continue;
                }
                each(&mut row.counts, entry.count());
                if row.several
                    && let Some(tag) = &mut self.table.tags[entry.slot as usize]
                    && let Some(part) = tag.parts.get_mut(entry.slice)
                {
                    each(&mut part.counts, entry.count());
                }
            }
        }
    }

    /// Takes deleted posts back out of wherever they are counted.
    fn retract(&mut self, retracted: &Retracted) {
        let epoch = retracted.epoch;
        let Some(&slice) = self.slices.get(&retracted.slice) else {
            return;
        };
        let place = self
            .panes
            .iter()
            .rposition(|pane| pane.from <= epoch && epoch <= pane.to);
        let mentions = retracted.mentions.iter();
        let sum = Sum {
            posts: retracted.posts,
            mentions: mentions.map(|mention| u64::from(mention.count)).sum(),
        };
        let number = usize::from(slice);
        self.head.slices[number].1.subtract(sum);
        if let Some(place) = place {
            self.panes[place].retract_sum(slice, sum);
            for window in 0..SLIDING {
                if epoch >= self.edges.now[window] {
                    self.sums[number][window].subtract(sum);
                }
            }
        }
        for mention in &retracted.mentions {
            let Some(slot) = self.table.find(mention.key.as_str()) else {
                continue;
            };
            if self.table.rows[slot as usize].admitted > epoch {
                continue;
            }
            let wanted = u64::from(mention.count);
            let in_panes = place.map(|place| self.panes[place].retract(slot, slice, wanted));
            self.touch(slot);
            let row = &mut self.table.rows[slot as usize];
            let Some(tag) = &mut self.table.tags[slot as usize] else {
                continue;
            };
            let taken = in_panes.unwrap_or(wanted).min(row.counts.all);
            let edges = &self.edges;
            let take = |counts: &mut super::table::Counts| {
                counts.all = counts.all.saturating_sub(taken);
                for window in 0..SLIDING {
                    let (now, before) = (&mut counts.now[window], &mut counts.before[window]);
                    if in_panes.is_none() {
                    } else if epoch >= edges.now[window] {
                        *now = now.saturating_sub(taken);
                    } else if epoch >= edges.before[window] {
                        *before = before.saturating_sub(taken);
                    }
                }
            };
            take(&mut row.counts);
            tag.spellings.subtract(&mention.spelling, taken);
            let part = tag.parts.get_mut(slice);
            let people = part.map(|part| {
                take(&mut part.counts);
                &mut part.people
            });
            for people in people.into_iter().chain([&mut tag.people]) {
                self.sketches.retract(people, mention.author, epoch);
            }
            if let Some(samples) = &mut tag.samples {
                self.sketches.forget(samples, mention.priority, epoch);
            }
            if row.counts.all == 0 {
                self.let_go(slot);
            }
        }
    }

    fn let_go(&mut self, slot: u32) {
        self.touch(slot);
        if let Some(tag) = self.table.remove(slot) {
            self.sketches.gone(&tag);
        }
    }

    /// Merges panes that have left a window into coarser ones, and drops those that are in none.
    fn coarsen(&mut self) {
        let oldest = self.edges.oldest();
        let mut changed = false;
        for (level, (window, pane_ms)) in COARSER.into_iter().enumerate() {
            let edge = self.edges.now[window];
            // The pane that the edge lies in is not whole yet.
            let whole = pane_of(edge, pane_ms, self.shape);
            if self.coarsened[level] == whole {
                continue;
            }
            self.coarsened[level] = whole;
            changed = true;
            let end = self.panes.partition_point(|pane| {
                pane.to < edge && pane_of(pane.to, pane_ms, self.shape) < whole
            });
            let mut merged: Vec<Pane> = Vec::with_capacity(self.panes.len());
            let same = |a: &Pane, b: &Pane| {
                let of = |epoch| pane_of(epoch, pane_ms, self.shape);
                of(a.to) == of(b.from)
            };
            let first = (0..end.saturating_sub(1))
                .rev()
                .take_while(|at| self.panes[*at].from >= self.edges.oldest())
                .filter(|at| same(&self.panes[*at], &self.panes[at + 1]))
                .last();
            let Some(first) = first else {
                continue;
            };
            let rest = self.panes.split_off(end);
            for mut pane in self.panes.drain(first..) {
                // While it is known yet whose they are.
                let (rows, to) = (&self.table.rows, pane.to);
                pane.entries
                    .retain(|entry| rows[entry.slot as usize].admitted <= to);
                match merged.last_mut() {
                    Some(last) if same(last, &pane) => {
                        if pane.stored {
                            self.void.push(pane.from);
                        }
                        last.take(pane);
                    }
                    last => {
                        last.into_iter().for_each(Pane::settle);
                        merged.push(pane);
                    }
                }
            }
            merged.last_mut().into_iter().for_each(Pane::settle);
            self.panes.append(&mut merged);
            self.panes.extend(rest);
        }
        let gone = self.panes.partition_point(|pane| pane.to < oldest);
        changed |= gone > 0;
        for pane in self.panes.drain(..gone) {
            if pane.stored {
                self.void.push(pane.from);
            }
        }
        if changed {
            self.entries = self.panes.iter().map(|pane| pane.entries.len()).sum();
        }
    }

    /// Keeps to the bounds.
    fn trim(&mut self, epoch: Epoch) {
        let day = self.edges.now[SLIDING - 1];
        while self.head.lost.pop_front_if(|(at, _)| *at < day).is_some() {}
        let most = self.most_tags();
        if self.table.len() > most {
            // Some more, so that it is not done in every epoch.
            self.let_go_least(self.table.len() - (most - most / 16), epoch);
        }
        let most_entries = most.saturating_mul(ENTRIES_A_TAG);
        if self.entries > most_entries {
            self.compact();
            while self.entries > most_entries && self.table.len() > 1 {
                self.let_go_least(self.table.len().div_ceil(8), epoch);
                self.compact();
            }
        }
        while self.sketches.are_full() {
            if self.sketches.coarsen() {
                for slot in 0..self.table.slots() {
                    if self.sketches.shrink(&mut self.table.tags[slot as usize]) {
                        self.touch(slot);
                    }
                }
            } else {
                self.let_go_least(self.table.len().div_ceil(8), epoch);
            }
        }
        self.head.people_k = self.sketches.people_k();
        self.head.samples_k = self.sketches.samples_k();
        self.head.slots = self.table.slots();
    }

    /// Lets the tags with the fewest mentions go; of equal ones those with the highest keys.
    fn let_go_least(&mut self, number: usize, epoch: Epoch) {
        if number == 0 {
            return;
        }
        let mut least: Vec<(u64, u32)> = (0..self.table.slots())
            .filter_map(|slot| {
                let tag = self.table.tag(slot)?;
                let row = &self.table.rows[slot as usize];
                Some((row.counts.all + tag.floor, slot))
            })
            .collect();
        let number = number.min(least.len());
        least.select_nth_unstable_by_key(number - 1, |(count, _)| *count);
        let most = least[number - 1].0;
        let mut equal: Vec<u32> = Vec::new();
        let mut going: Vec<u32> = Vec::with_capacity(number);
        for (count, slot) in least {
            match count.cmp(&most) {
                std::cmp::Ordering::Less => going.push(slot),
                std::cmp::Ordering::Equal => equal.push(slot),
                std::cmp::Ordering::Greater => {}
            }
        }
        let table = &self.table;
        equal.sort_unstable_by(|a, b| {
            let key = |slot| table.tag(slot).map(|tag| &tag.key);
            key(*b).cmp(&key(*a))
        });
        equal.truncate(number - going.len());
        going.extend(equal);
        let mut lost = 0;
        for slot in going {
            let within = self.table.rows[slot as usize].counts.now[SLIDING - 1];
            let error = self.error(slot, SLIDING - 1);
            lost = lost.max(within + error);
            self.let_go(slot);
        }
        self.head.floor = self.head.floor.max(most);
        if lost > 0 {
            while self
                .head
                .lost
                .pop_back_if(|(_, most)| *most <= lost)
                .is_some()
            {}
            self.head.lost.push_back((epoch, lost));
        }
    }

    /// Drops what panes hold of tags that are no longer kept.
    fn compact(&mut self) {
        for pane in &mut self.panes {
            let (rows, to, before) = (&self.table.rows, pane.to, pane.entries.len());
            pane.entries
                .retain(|entry| rows[entry.slot as usize].admitted <= to && entry.count() > 0);
            if pane.entries.len() < before {
                pane.entries.shrink_to_fit();
                pane.unsaved = true;
            }
        }
        self.entries = self.panes.iter().map(|pane| pane.entries.len()).sum();
    }

    /// How much the count of a tag in a window, by its place in [`Window::ALL`], is too high at most.
    pub(super) fn error(&self, slot: u32, window: usize) -> u64 {
        let Some(tag) = self.table.tag(slot) else {
            return 0;
        };
        match self.edges.now.get(window) {
            None => tag.floor,
            Some(edge) if self.table.rows[slot as usize].admitted >= *edge => tag.lost,
            Some(_) => 0,
        }
    }

    /// Where a window begins.
    pub(super) fn begin(&self, window: usize) -> Epoch {
        self.edges.now.get(window).copied().unwrap_or_default()
    }

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
        }
    }

    /// The last [`Group::changes`] are on their way to the disk.
    pub fn saved(&mut self) {
        self.unsaved.clear();
        self.void.clear();
        for pane in &mut self.panes {
            pane.unsaved = false;
            pane.stored = true;
        }
    }

    /// Takes one row of a stored state back in: first the group's own, then its segments, then its
    /// panes, before its next epoch.
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
        }
    }

    fn restore_pane(&mut self, mut pane: Pane) {
        pane.stored = true;
        for window in 0..SLIDING {
            let is_now = pane.from >= self.edges.now[window];
            if !is_now && pane.from < self.edges.before[window] {
                continue;
            }
            let add = |counts: &mut super::table::Counts, count| {
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

    /// Tags that are kept.
    pub fn tags(&self) -> usize {
        self.table.len()
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

    pub(super) fn people_of<'a>(
        &'a self,
        tag: &'a Tag,
        admits: Option<&dyn Fn(u16) -> bool>,
    ) -> Option<std::borrow::Cow<'a, People>> {
        use std::borrow::Cow;
        match (&tag.parts, admits) {
            (Parts::One(_), _) | (_, None) => tag.people.as_deref().map(Cow::Borrowed),
            (Parts::Several(parts), Some(admits)) => {
                let mut parts = parts.iter().filter(|part| admits(part.slice));
                let mut known = parts.by_ref().filter_map(|part| part.people.as_deref());
                let first = known.next()?;
                match known.next() {
                    None => Some(Cow::Borrowed(first)),
                    Some(second) => {
                        let all = [first, second].into_iter().chain(known);
                        Some(Cow::Owned(People::union(all)))
                    }
                }
            }
        }
    }
}

/// The panes from one edge on and before another.
fn between(panes: &[Pane], from: Epoch, to: Epoch) -> &[Pane] {
    if to <= from {
        return &[];
    }
    let begin = panes.partition_point(|pane| pane.from < from);
    let length = panes[begin..].partition_point(|pane| pane.from < to);
    &panes[begin..begin + length]
}

/// The place of a window in [`Window::ALL`].
pub(super) fn place_of(window: Window) -> usize {
    Window::ALL
        .iter()
        .position(|other| *other == window)
        .unwrap_or(SLIDING)
}
