//! What keeps a group within its bounds: the least mentioned tags make room.
//!
//! What a tag may have been mentioned before it was admitted, at most, is known from what was let go:
//! since the count began no more than `floor`, in a window no more than the highest of its `lost`. It is
//! the error of its counts (Space-Saving: Metwally, Agrawal, El Abbadi 2005, done for many tags at a time).

use model::Epoch;

use super::{Group, windows::SLIDING};

/// Entries of panes that are kept for each tag that may be.
const ENTRIES_A_TAG: usize = 32;

impl Group {
    /// Keeps to the bounds.
    pub(super) fn trim(&mut self, epoch: Epoch) {
        for (lost, edge) in self.head.lost.iter_mut().zip(self.edges.now) {
            while lost.pop_front_if(|(at, _)| *at < edge).is_some() {}
        }
        let most = self.sketches.most_tags();
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
        while self.sketches.has_many_parts() && self.table.len() > 1 {
            self.let_go_least(self.table.len().div_ceil(8), epoch);
        }
        while self.sketches.coarsen() {
            for slot in 0..self.table.slots() {
                if self.sketches.shrink(&mut self.table.tags[slot as usize]) {
                    self.touch(slot);
                }
            }
        }
        while self.sketches.has_many_samples() {
            self.thin();
        }
        self.sketches.refine();
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
        let mut most_lost = [0; SLIDING];
        for slot in going {
            for (window, lost) in most_lost.iter_mut().enumerate() {
                let within = self.table.rows[slot as usize].counts.now[window];
                *lost = (within + self.error(slot, window)).max(*lost);
            }
            self.let_go(slot);
        }
        self.head.floor = self.head.floor.max(most);
        for (lost, most) in self.head.lost.iter_mut().zip(most_lost) {
            if most > 0 {
                while lost.pop_back_if(|(_, less)| *less <= most).is_some() {}
                lost.push_back((epoch, most));
            }
        }
    }

    pub(super) fn let_go(&mut self, slot: u32) {
        self.touch(slot);
        self.told.get_mut().forget(slot);
        if let Some(tag) = self.table.remove(slot) {
            self.sketches.gone(&tag);
        }
    }

    /// Forgets the sampled posts of half of the tags that have any: of those with the fewest mentions.
    fn thin(&mut self) {
        let mut sampled: Vec<(u64, u32)> = (0..self.table.slots())
            .filter_map(|slot| {
                let has = self.table.tag(slot)?.samples.is_some();
                has.then(|| (self.table.rows[slot as usize].counts.all, slot))
            })
            .collect();
        let table = &self.table;
        let key = |slot| table.tag(slot).map(|tag| &tag.key);
        sampled.sort_unstable_by(|(a, a_slot), (b, b_slot)| {
            a.cmp(b).then_with(|| key(*b_slot).cmp(&key(*a_slot)))
        });
        sampled.truncate(sampled.len().div_ceil(2));
        for (_, slot) in sampled {
            self.touch(slot);
            if let Some(tag) = &mut self.table.tags[slot as usize] {
                self.sketches.drop_samples(tag);
            }
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

    /// How many mentions a tag that is not kept has in a window, by its place in [`Window::ALL`], at most.
    pub(super) fn missed(&self, window: usize) -> u64 {
        match self.head.lost.get(window) {
            None => self.head.floor,
            Some(lost) => lost.front().map_or(0, |(_, most)| *most),
        }
    }

    /// How much the count of a tag in a window, by its place in [`Window::ALL`], is too high at most.
    pub(super) fn error(&self, slot: u32, window: usize) -> u64 {
        let Some(tag) = self.table.tag(slot) else {
            return 0;
        };
        match self.edges.now.get(window) {
            None => tag.floor,
            Some(edge) if self.table.rows[slot as usize].admitted >= *edge => tag.lost[window],
            Some(_) => 0,
        }
    }
}
