//! How much tags were used on each of the last days.
//!
//! A day is one of UTC, an epoch is of the day that it begins in, and no pane lies across midnight. So
//! what a tag has today is what the panes hold of it whenever it is asked for. When the first epoch of
//! a later day comes, the day before is rolled up: mentions and people are kept of the tags that it mentions
//! most, and of those that rise most at its end. Each group keeps as many of both as are shown of all, so
//! those of all are among them, and what is kept needs no other group.
//!
//! A day has the mentions of a tag since it was admitted, and never more than there were. Its people are
//! those that the window of that day has at its end. What is deleted later leaves the mentions of its day
//! while the panes hold it and the tag is kept; people of a day that is over are no longer told apart, and
//! only never more than its mentions.

use std::collections::BTreeMap;

use model::{Epoch, Filter, Ranking, Window};
use serde::{Deserialize, Serialize};

use super::{Group, Shape, standing::Standing as _, strand::Fold};
use crate::key::Key;

/// So many days are told of, the one that is not over among them.
pub const DAYS: usize = 7;

/// So many tags of each group are kept of a day by mentions, and by rise.
const MOST_TAGS: usize = 100;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What a tag had on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub mentions: u64,
    /// Distinct authors, as far as they are known.
    pub people: u64,
}

/// The leading tags of a day that is over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Days after the first one of 1970; no two of a group have the same.
    pub number: u64,
    pub(super) tags: BTreeMap<Key, Usage>,
    /// Not written down as it is now.
    #[serde(skip)]
    pub(super) unsaved: bool,
}

/// The number of the day that an epoch is of.
pub fn day_of(epoch: Epoch, batch_ms: u64) -> u64 {
    epoch.0.saturating_mul(batch_ms) / DAY_MS
}

/// The first epoch of a day.
fn begin_of(day: u64, shape: Shape) -> Epoch {
    Epoch(day.saturating_mul(DAY_MS).div_ceil(shape.batch_ms))
}

impl Fold {
    /// How many people mention any of it on the day that it stands at.
    pub(super) fn people_today(&self) -> u64 {
        let begin = begin_of(day_of(self.as_of, self.shape.batch_ms), self.shape);
        let people = self.people();
        people.map_or(0, |people| people.count(begin, self.people_k()))
    }
}

impl Group {
    fn day(&self, epoch: Epoch) -> u64 {
        day_of(epoch, self.shape.batch_ms)
    }

    /// To be called before the next epoch is counted in: if it is of a later day, the one that the
    /// state stands at is over.
    pub(super) fn end_day(&mut self, next: Epoch) {
        let (over, today) = (self.day(self.head.as_of), self.day(next));
        if over == today {
            return;
        }
        let tags = self.leading(over);
        if !tags.is_empty() {
            self.days.push_back(Day {
                number: over,
                tags,
                unsaved: true,
            });
        }
        let is_old = |day: &mut Day| day.number + DAYS as u64 <= today;
        while let Some(day) = self.days.pop_front_if(is_old) {
            self.void_days.push(day.number);
        }
    }

    /// The tags that lead the day that the state stands at; of equal ones those with the lowest keys.
    fn leading(&self, day: u64) -> BTreeMap<Key, Usage> {
        let begin = begin_of(day, self.shape);
        let mut mentions = vec![0; self.table.rows.len()];
        let first = self.panes.partition_point(|pane| pane.from < begin);
        for pane in &self.panes[first..] {
            for entry in &pane.entries {
                if self.table.rows[entry.slot as usize].admitted <= pane.to {
                    mentions[entry.slot as usize] += entry.count();
                }
            }
        }
        let mut most: Vec<(u64, &Key, u32)> = (0..)
            .zip(&mentions)
            .filter(|(_, mentions)| **mentions > 0)
            .filter_map(|(slot, mentions)| Some((*mentions, &self.table.tag(slot)?.key, slot)))
            .collect();
        if most.len() > MOST_TAGS {
            most.select_nth_unstable_by(MOST_TAGS, |a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
            most.truncate(MOST_TAGS);
        }
        let rising = self.partial(Filter::default(), MOST_TAGS);
        let rising = rising.leaders(Window::OneDay, Ranking::Rising).into_iter();
        let rising = rising.filter_map(|leader| self.table.find(leader.key.as_str()));
        let leading = most.into_iter().map(|(_, _, slot)| slot).chain(rising);
        let usage = |slot| {
            let key = self.table.tag(slot)?.key.clone();
            Some((key, self.usage(slot, begin, mentions[slot as usize])))
        };
        leading.filter_map(usage).collect()
    }

    /// What a tag that has so many mentions in the epochs from `begin` on has there.
    fn usage(&self, slot: u32, begin: Epoch, mentions: u64) -> Usage {
        let k = self.sketches.people_k() as usize;
        let people = self.table.tag(slot).and_then(|tag| tag.people.as_deref());
        let people = people.map_or(0, |people| people.count(begin, k));
        Usage {
            mentions,
            // An estimate may be more than there are mentions.
            people: people.min(mentions),
        }
    }

    /// What a tag had on each of the last days, today first; `None` for one that is not kept.
    pub fn usage_by_day(&self, key: &Key) -> Option<[Usage; DAYS]> {
        let slot = self.table.find(key.as_str())?;
        let today = self.day(self.head.as_of);
        let begin = begin_of(today, self.shape);
        let mut days = [Usage::default(); DAYS];
        let mentions = self.mentions(slot).filter(|pane| pane.from >= begin);
        days[0] = self.usage(slot, begin, mentions.map(|pane| pane.count).sum());
        for day in &self.days {
            if let Some(told) = days.get_mut((today - day.number) as usize)
                && let Some(usage) = day.tags.get(key)
            {
                *told = *usage;
            }
        }
        Some(days)
    }

    /// Mentions of an epoch that panes hold are no more.
    pub(super) fn retract_of_day(&mut self, key: &Key, epoch: Epoch, taken: u64) {
        let number = self.day(epoch);
        let day = self.days.iter_mut().find(|day| day.number == number);
        if let Some(day) = day
            && let Some(usage) = day.tags.get_mut(key)
        {
            usage.mentions = usage.mentions.saturating_sub(taken);
            usage.people = usage.people.min(usage.mentions);
            day.unsaved = true;
        }
    }
}
