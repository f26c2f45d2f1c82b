//! Deleted posts leave wherever they are counted.

use model::Slice;

use super::{Group, Retracted, panes::Sum, table::Counts, windows::SLIDING};

impl Group {
    /// Takes deleted posts back out of wherever they are counted.
    pub(super) fn retract(&mut self, retracted: &Retracted) {
        let epoch = retracted.epoch;
        let without = Slice {
            lang: None,
            ..retracted.slice
        };
        // As it was counted: past the bound on slices, without its language.
        let known = self.slices.get(&retracted.slice);
        let Some(&slice) = known.or_else(|| self.slices.get(&without)) else {
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
        self.told_posts.get_mut().forget();
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
            if let Some(taken) = in_panes {
                self.retract_of_day(&mention.key, epoch, taken);
            }
            self.touch(slot);
            self.told.get_mut().forget(slot);
            let row = &mut self.table.rows[slot as usize];
            let Some(tag) = &mut self.table.tags[slot as usize] else {
                continue;
            };
            let taken = in_panes.unwrap_or(wanted).min(row.counts.all);
            let edges = &self.edges;
            let take = |counts: &mut Counts| {
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
}
