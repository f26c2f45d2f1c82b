//! What is trending with what it had in the days before: the tags that rise most in a day.

use model::{Filter, Ranking, Window};
use serde::{Deserialize, Serialize};

use super::{DAYS, Group, Hides, Leader, Partial, Usage, partial::best_by};

/// Whose rise is meant: a day's, as what is shown beside it is told by days.
const WINDOW: Window = Window::OneDay;

/// A tag that rises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    pub leader: Leader,
    /// Today first.
    pub days: [Usage; DAYS],
}

impl Trend {
    /// The `k` tags of some groups that rise most and are not `hidden`, best first, equal ones by key.
    pub fn of<'a>(
        groups: impl IntoIterator<Item = &'a Group>,
        hidden: &impl Hides,
        k: usize,
    ) -> Vec<Self> {
        let groups: Vec<&Group> = groups.into_iter().collect();
        let partial = Partial::of(groups.iter().copied(), Filter::default(), hidden, k);
        let trend = |leader: Leader| {
            let days = groups
                .iter()
                .find_map(|group| group.usage_by_day(&leader.key))?;
            Some(Self { leader, days })
        };
        let leaders = partial.leaders(WINDOW, Ranking::Rising);
        leaders.into_iter().filter_map(trend).collect()
    }

    /// Those of disjoint groups as one.
    pub fn merge(parts: impl IntoIterator<Item = Vec<Self>>, k: usize) -> Vec<Self> {
        let mut whole: Vec<Self> = parts.into_iter().flatten().collect();
        best_by(&mut whole, k, Ranking::Rising, |one| &one.leader);
        whole
    }
}
