//! What is trending with what it had in the days before: the tags that rise most in a day.

use model::{Ranking, Window};

use super::{DAYS, Group, List, Listed, Usage, listed::Beside};
use crate::key::Key;

/// What a tag had on each of the last days, today first.
pub type UsageByDay = [Usage; DAYS];

pub type Trend = Listed<UsageByDay>;

pub type Trends = List<UsageByDay>;

impl Beside for UsageByDay {
    /// A day's rise is meant, as what is shown beside it is told by days.
    const WINDOW: Window = Window::OneDay;
    const RANKING: Ranking = Ranking::Rising;

    fn of(group: &Group, key: &Key) -> Option<Self> {
        group.usage_by_day(key)
    }

    /// People of a day that is over are no longer told apart: who mentioned both is counted twice.
    fn join(&mut self, other: Self) {
        for (day, more) in self.iter_mut().zip(other) {
            day.mentions += more.mentions;
            day.people += more.people;
        }
    }

    fn told_apart(&mut self, people_today: u64) {
        let [today, ..] = self;
        today.people = people_today.min(today.mentions);
    }
}
