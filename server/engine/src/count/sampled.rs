//! The tags that are mentioned most, each with a post that mentions it: what a tag can be judged by.

use std::cmp::Reverse;

use model::{Epoch, Ranking, Window};
use serde::{Deserialize, Serialize};

use super::{Group, List, Listed, group::place_of, listed::Beside};
use crate::key::Key;

/// Where the newest sampled post of a tag can be read, and of when it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewestLink(Option<(Reverse<Epoch>, Box<str>)>);

pub type Sampled = Listed<NewestLink>;

pub type SampledTags = List<NewestLink>;

impl NewestLink {
    pub fn url(&self) -> Option<&str> {
        let (_, url) = self.0.as_ref()?;
        Some(url)
    }
}

impl Beside for NewestLink {
    /// What just came up is meant.
    const WINDOW: Window = Window::FiveMinutes;
    const RANKING: Ranking = Ranking::Count;

    fn of(group: &Group, key: &Key) -> Option<Self> {
        let tag = group.table.tag(group.table.find(key.as_str())?)?;
        let begin = group.begin(place_of(Self::WINDOW));
        let links = tag.samples.as_deref().map(|samples| samples.links(begin));
        let links = links.into_iter().flatten();
        let newest = links.min_by_key(|(url, _, at)| (Reverse(*at), url.clone()));
        Some(Self(newest.map(|(url, _, at)| (Reverse(at), url))))
    }

    fn join(&mut self, other: Self) {
        let both = [self.0.take(), other.0];
        self.0 = both.into_iter().flatten().min();
    }

    fn told_apart(&mut self, _people_today: u64) {}
}
