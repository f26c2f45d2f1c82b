//! The last minutes in steps: what a tag's small picture is drawn of, and the pulse of all posts.
//!
//! A step is ten seconds, or an epoch where that is longer; an epoch is in the step that it begins in.
//! Steps are aligned to the beginning of time, and one that epochs can still fall into is not shown: so a
//! step that was shown changes only by retractions, and moves on when a new one is whole.
//!
//! Short epochs make many panes, and who leads mostly led before. So what was told of a tag is kept, as
//! long as nothing of it is taken back, and a new step is all that is looked up. What is told does not
//! depend on what is kept.

use std::collections::HashMap;

use model::Epoch;

use super::{
    Group, Pulse, Shape,
    panes::{Pane, Sum},
    windows::{FINE, pane_of},
};

const STEP_MS: u64 = 10_000;

/// So many are shown at most: fewer after the count began, and where epochs are so long that panes
/// are merged into coarser ones before.
const MOST_STEPS: u64 = 30;

/// The steps that are whole when an epoch has closed.
#[derive(Clone, Copy, Debug)]
struct Steps {
    shape: Shape,
    first: u64,
    end: u64,
}

/// What was told last of the tags that led then, of all slices, by slot.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Of the steps from this one on
    first: u64,
    /// and before this one.
    end: u64,
    counts: HashMap<u32, Vec<u64>>,
}

/// The same of the posts of all slices.
#[derive(Debug, Default)]
pub(super) struct ToldPosts {
    first: u64,
    end: u64,
    counts: Vec<u64>,
}

impl Steps {
    fn of(group: &Group) -> Self {
        let steps = Self {
            shape: group.shape,
            first: 0,
            end: 0,
        };
        let oldest = group.head.began.max(group.edges.now[FINE]);
        let end = steps.of_epoch(Epoch(group.head.as_of.0 + 1));
        let first = end
            .saturating_sub(MOST_STEPS)
            .max(steps.of_epoch(oldest))
            .min(end);
        Self {
            first,
            end,
            ..steps
        }
    }

    fn step_ms(&self) -> u64 {
        STEP_MS.max(self.shape.batch_ms)
    }

    fn of_epoch(&self, epoch: Epoch) -> u64 {
        pane_of(epoch, self.step_ms(), self.shape)
    }

    /// The first epoch of a step.
    fn begin(&self, step: u64) -> Epoch {
        let begin = step.saturating_mul(self.step_ms());
        Epoch(begin.div_ceil(self.shape.batch_ms))
    }

    fn number(&self) -> usize {
        (self.end - self.first) as usize
    }

    /// The panes of each step from `from` on, by its place among all.
    fn panes<'a>(
        &self,
        panes: &'a [Pane],
        from: u64,
    ) -> impl Iterator<Item = (usize, &'a [Pane])> + use<'a> {
        let steps = *self;
        let mut rest = &panes[panes.partition_point(|pane| pane.from < steps.begin(from))..];
        (from..steps.end).map(move |step| {
            let end = steps.begin(step + 1);
            let (own, later) = rest.split_at(rest.partition_point(|pane| pane.from < end));
            rest = later;
            ((step - steps.first) as usize, own)
        })
    }
}

impl Told {
    /// Mentions of the tag at this slot are no more, or the tag is not.
    pub(super) fn forget(&mut self, slot: u32) {
        self.counts.remove(&slot);
    }
}

impl ToldPosts {
    /// Posts are no more.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

impl Group {
    /// Mentions in each step, oldest first, of the tags at `slots`, which are in their order; of the
    /// slices that are admitted, by number (`None`: of all).
    pub(super) fn recent(&self, slots: &[u32], admits: Option<&[bool]>) -> Vec<Vec<u64>> {
        let steps = Steps::of(self);
        if admits.is_some() {
            return self.counted(slots, &steps, steps.first, admits);
        }
        let mut told = self.told.borrow_mut();
        if told.end < steps.first {
            told.counts.clear();
        }
        let is_known = |slot: &&u32| told.counts.contains_key(*slot);
        let (known, new): (Vec<u32>, Vec<u32>) = slots.iter().partition(is_known);
        let mut counts = HashMap::with_capacity(slots.len());
        // At most `steps.end`: epochs only go on.
        let (gone, had) = (steps.first.saturating_sub(told.first), told.end);
        for (slot, mut now) in known.iter().zip(self.counted(&known, &steps, had, None)) {
            let before = told.counts.remove(slot).unwrap_or_default();
            let still = before.into_iter().skip(gone as usize);
            now.iter_mut()
                .zip(still)
                .for_each(|(now, before)| *now += before);
            counts.insert(*slot, now);
        }
        let new_counts = self.counted(&new, &steps, steps.first, None);
        counts.extend(new.into_iter().zip(new_counts));
        let all = slots.iter().map(|slot| counts[slot].clone()).collect();
        *told = Told {
            first: steps.first,
            end: steps.end,
            counts,
        };
        all
    }

    /// The same, with nothing in steps before `from`.
    fn counted(
        &self,
        slots: &[u32],
        steps: &Steps,
        from: u64,
        admits: Option<&[bool]>,
    ) -> Vec<Vec<u64>> {
        let mut counts = vec![vec![0; steps.number()]; slots.len()];
        if slots.is_empty() {
            return counts;
        }
        let admitted = |slice: u16| admits.is_none_or(|admits| admits[usize::from(slice)]);
        for (place, panes) in steps.panes(&self.panes, from.max(steps.first)) {
            for pane in panes {
                let mut rest = &pane.entries[..];
                for (slot, counts) in slots.iter().zip(&mut counts) {
                    // Both are sorted: what was passed is not looked at again.
                    rest = &rest[rest.partition_point(|entry| entry.slot < *slot)..];
                    if rest.is_empty() {
                        break;
                    }
                    if self.table.rows[*slot as usize].admitted > pane.to {
                        continue;
                    }
                    let own = rest.iter().take_while(|entry| entry.slot == *slot);
                    counts[place] += own
                        .filter(|entry| admitted(entry.slice))
                        .map(|entry| entry.count())
                        .sum::<u64>();
                }
            }
        }
        counts
    }

    /// What all posts of the admitted slices have: in each step, and over the newest epochs.
    pub(super) fn pulse(&self, admits: Option<&[bool]>) -> Pulse {
        let steps = Steps::of(self);
        let next = self.head.as_of.0 + 1;
        let newest = next.saturating_sub(STEP_MS.div_ceil(self.shape.batch_ms));
        let newest = newest.max(self.head.began.0);
        let of = |pane: &Pane| {
            let mut whole = Sum::default();
            for (slice, sum) in &pane.sums {
                if admits.is_none_or(|admits| admits[usize::from(*slice)]) {
                    whole.add(*sum);
                }
            }
            whole
        };
        let mut last = Sum::default();
        let panes = self.panes.iter().rev();
        for pane in panes.take_while(|pane| pane.from.0 >= newest) {
            last.add(of(pane));
        }
        let posts = |from: u64| {
            let steps = steps.panes(&self.panes, from.max(steps.first));
            steps.map(|(_, panes)| panes.iter().map(|pane| of(pane).posts).sum::<u64>())
        };
        let recent = if admits.is_some() {
            posts(steps.first).collect()
        } else {
            let mut told = self.told_posts.borrow_mut();
            let gone = steps.first.saturating_sub(told.first) as usize;
            let still = told.counts.iter().skip(gone).copied();
            let counts: Vec<u64> = still.chain(posts(told.end)).collect();
            *told = ToldPosts {
                first: steps.first,
                end: steps.end,
                counts,
            };
            told.counts.clone()
        };
        Pulse {
            epochs: next - newest,
            posts: last.posts,
            mentions: last.mentions,
            recent,
        }
    }
}
