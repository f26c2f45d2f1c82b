//! What was counted when an epoch closed, as people are shown it. It never changes.

use std::collections::BTreeSet;

use engine::{
    alerts::Seen,
    count::{DAYS, Usage},
    key::Key,
};
use model::{Epoch, Kind, Lang, Pulse, Ranking, Top, Window};

/// How many rows a top holds at most.
pub(crate) const MAX_ROWS: usize = 100;

/// How many tags that wait to be approved are told of.
pub(crate) const MAX_PENDING: usize = 50;

/// What was counted when one epoch closed, of the posts that a filter admits.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) epoch: Epoch,
    /// One of each window and ranking, in the order of [`Window::ALL`] and then [`Ranking::ALL`], with
    /// up to [`MAX_ROWS`] rows.
    tops: Vec<Top>,
    pub(crate) whole: Whole,
    pub(crate) watched: Watched,
}

/// What alerts are decided by, of everything.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// Those that rise, best first, up to [`MAX_ROWS`].
    pub(crate) rising: Vec<Seen>,
    /// The tags that are watched by name, where they have mentions.
    pub(crate) tags: Vec<Seen>,
}

/// What is the same for every window and ranking.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    /// How long it took to count is not known to it.
    pub(crate) pulse: Pulse,
    /// Those that have mentions, most first.
    pub(crate) languages: Vec<Lang>,
    pub(crate) kinds: Vec<Kind>,
}

/// The tags that rise most in a day, of everything.
#[derive(Debug)]
pub(crate) struct Trends {
    pub(crate) epoch: Epoch,
    /// The day of the epoch, in days after the first one of 1970.
    pub(crate) today: u64,
    /// Best first, up to [`MAX_ROWS`].
    pub(crate) tags: Vec<Trending>,
}

/// A tag of them.
#[derive(Debug)]
pub(crate) struct Trending {
    /// As boards show it.
    pub(crate) tag: String,
    pub(crate) key: String,
    /// Today first.
    pub(crate) days: [Usage; DAYS],
}

/// The most mentioned tags that wait to be approved, of everything.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) epoch: Epoch,
    /// Best first, up to [`MAX_PENDING`].
    pub(crate) tags: Vec<Pending>,
}

/// A tag of them, as it is in the last five minutes.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) key: Key,
    /// As boards would show it.
    pub(crate) tag: String,
    pub(crate) count: u64,
    pub(crate) people: Option<u64>,
    /// Where a post that mentions it can be read.
    pub(crate) link: Option<String>,
}

impl Results {
    /// `tops` holds one of each window and ranking, in the order of both.
    pub(crate) fn new(epoch: Epoch, tops: Vec<Top>, whole: Whole) -> Self {
        debug_assert_eq!(tops.len(), Window::ALL.len() * Ranking::ALL.len());
        Self {
            epoch,
            tops,
            whole,
            watched: Watched::default(),
        }
    }

    pub(crate) fn top(&self, window: Window, by: Ranking) -> &Top {
        let found = self
            .tops
            .iter()
            .find(|top| top.window == window && top.by == by);
        found.unwrap_or(&self.tops[0])
    }

    /// The tags of all tops, as they show them.
    pub(crate) fn tags(&self) -> BTreeSet<&str> {
        let rows = self.tops.iter().flat_map(|top| &top.rows);
        rows.map(|row| row.tag.as_str()).collect()
    }
}
