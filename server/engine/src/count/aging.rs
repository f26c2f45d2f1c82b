//! What happens to an epoch as it ages: it leaves one window after the other, and its pane is merged
//! with its neighbours.

use model::Epoch;

use super::{
    Group,
    panes::Pane,
    table::Counts,
    windows::{COARSER, Edges, SLIDING, pane_of},
};

impl Group {
    /// Moves the windows on to where they are when `epoch` closes.
    pub(super) fn slide(&mut self, epoch: Epoch) {
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
    fn leave(&mut self, old: Epoch, new: Epoch, each: impl Fn(&mut Counts, u64)) {
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

    /// Merges panes that have left a window into coarser ones, and drops those that are in none.
    pub(super) fn coarsen(&mut self) {
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
