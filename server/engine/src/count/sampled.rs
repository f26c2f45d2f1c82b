//! The tags that are mentioned most, each with a post that mentions it: what a tag can be judged by.

use model::{Filter, Ranking, Window};
use serde::{Deserialize, Serialize};

use super::{Group, Hides, Leader, Partial, group::place_of, partial::best_by};
use crate::key::Key;

/// What just came up is meant.
const WINDOW: Window = Window::FiveMinutes;

/// A tag with where the newest sampled post of it can be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    pub leader: Leader,
    pub link: Option<Box<str>>,
}

impl Sampled {
    /// The `k` most mentioned tags of some groups that are not `hidden`, best first, equal ones by key.
    pub fn of<'a>(
        groups: impl IntoIterator<Item = &'a Group>,
        hidden: &impl Hides,
        k: usize,
    ) -> Vec<Self> {
        let groups: Vec<&Group> = groups.into_iter().collect();
        let partial = Partial::of(groups.iter().copied(), Filter::default(), hidden, k);
        let sampled = |leader: Leader| Self {
            link: groups.iter().find_map(|group| group.link(&leader.key)),
            leader,
        };
        let leaders = partial.leaders(WINDOW, Ranking::Count);
        leaders.into_iter().map(sampled).collect()
    }

    /// Those of disjoint groups as one.
    pub fn merge(parts: impl IntoIterator<Item = Vec<Self>>, k: usize) -> Vec<Self> {
        let mut whole: Vec<Self> = parts.into_iter().flatten().collect();
        best_by(&mut whole, k, Ranking::Count, |one| &one.leader);
        whole
    }
}

impl Group {
    /// Where the newest sampled post of a tag that is kept here can be read.
    fn link(&self, key: &Key) -> Option<Box<str>> {
        let tag = self.table.tag(self.table.find(key.as_str())?)?;
        let links = tag.samples.as_deref()?.links(self.begin(place_of(WINDOW)));
        links.into_iter().next().map(|(link, ..)| link)
    }
}
