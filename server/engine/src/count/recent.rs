//! The last minutes in steps: what a tag's small picture is drawn of, and the pulse of all posts.
//!
//! A step is ten seconds, or an epoch where that is longer; an epoch is in the step that it begins in.
//! Steps are aligned to the beginning of time, and one that epochs can still fall into is not shown: so a
//! step that was shown changes only by retractions, and moves on when a new one is whole.

use model::Epoch;

use super::{
    Group, Pulse,
    panes::Sum,
    windows::{FINE, pane_of},
};

const STEP_MS: u64 = 10_000;

/// So many are shown at most: fewer after the count began, and where epochs are so long that panes
/// are merged into coarser ones before.
const MOST_STEPS: u64 = 30;

/// The steps that are whole when an epoch has closed.
struct Steps {
    step_ms: u64,
    first: u64,
    end: u64,
}

impl Steps {
    fn of(group: &Group) -> Self {
        let step_ms = STEP_MS.max(group.shape.batch_ms);
        let step = |epoch| pane_of(epoch, step_ms, group.shape);
        let oldest = group.head.began.max(group.edges.now[FINE]);
        let end = step(Epoch(group.head.as_of.0 + 1));
        let first = end.saturating_sub(MOST_STEPS).max(step(oldest)).min(end);
        Self {
            step_ms,
            first,
            end,
        }
    }
}

impl Group {
    /// Mentions in each step, oldest first, of the tags at `slots`, which are in their order; of the
    /// slices that are admitted, by number (`None`: of all).
    pub(super) fn recent(&self, slots: &[u32], admits: Option<&[bool]>) -> Vec<Vec<u64>> {
        let steps = Steps::of(self);
        let mut recent = vec![vec![0; (steps.end - steps.first) as usize]; slots.len()];
        let step = |epoch| pane_of(epoch, steps.step_ms, self.shape);
        let begin = self
            .panes
            .partition_point(|pane| step(pane.from) < steps.first);
        let within = self.panes[begin..].iter();
        for pane in within.take_while(|pane| step(pane.from) < steps.end) {
            let place = (step(pane.from) - steps.first) as usize;
            let mut rest = &pane.entries[..];
            for (slot, recent) in slots.iter().zip(&mut recent) {
                // Both are sorted: what was passed is not looked at again.
                rest = &rest[rest.partition_point(|entry| entry.slot < *slot)..];
                if rest.is_empty() {
                    break;
                }
                if self.table.rows[*slot as usize].admitted > pane.to {
                    continue;
                }
                let own = rest.iter().take_while(|entry| entry.slot == *slot);
                let admitted = |slice: u16| admits.is_none_or(|admits| admits[usize::from(slice)]);
                recent[place] += own
                    .filter(|entry| admitted(entry.slice))
                    .map(|entry| entry.count())
                    .sum::<u64>();
            }
        }
        recent
    }

    /// What all posts of the admitted slices have: in each step, and over the newest epochs.
    pub(super) fn pulse(&self, admits: Option<&[bool]>) -> Pulse {
        let steps = Steps::of(self);
        let step = |epoch| pane_of(epoch, steps.step_ms, self.shape);
        let next = self.head.as_of.0 + 1;
        let newest = next.saturating_sub(STEP_MS.div_ceil(self.shape.batch_ms));
        let newest = newest.max(self.head.began.0);
        let mut pulse = Pulse {
            epochs: next - newest,
            posts: 0,
            mentions: 0,
            recent: vec![0; (steps.end - steps.first) as usize],
        };
        let last = self.panes.iter().rev();
        for pane in last.take_while(|pane| pane.from.0 >= newest || step(pane.from) >= steps.first)
        {
            let mut whole = Sum::default();
            for (slice, sum) in &pane.sums {
                if admits.is_none_or(|admits| admits[usize::from(*slice)]) {
                    whole.add(*sum);
                }
            }
            if pane.from.0 >= newest {
                pulse.posts += whole.posts;
                pulse.mentions += whole.mentions;
            }
            if let Some(number) = step(pane.from).checked_sub(steps.first)
                && let Some(posts) = pulse.recent.get_mut(number as usize)
            {
                *posts += whole.posts;
            }
        }
        pulse
    }
}
