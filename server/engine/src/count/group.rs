use std::collections::{BTreeSet, HashMap, VecDeque};

use model::{Epoch, Filter, Window};
use serde::{Deserialize, Serialize};

use super::{Delta, Detail, Leader, Leaders, Part, Partial, Shape, Spellings, ranked::Ranked};
use crate::key::Key;

/// The state of one key group.
#[derive(Debug)]
pub struct Group {
    /// The last epoch that is counted in.
    as_of: Epoch,
    posts: u64,
    totals: Ranked,
    spellings: HashMap<Key, Spellings>,
    recent: Recent,
    unsaved: Unsaved,
}

/// The sliding window: what its panes hold, summed up.
#[derive(Debug)]
struct Recent {
    /// How many epochs it is long.
    epochs: u64,
    panes: VecDeque<Pane>,
    counts: Ranked,
    posts: u64,
}

/// What has changed since the state was last written down.
#[derive(Debug, Default)]
struct Unsaved {
    /// Ordered, so that rows are written in the order of the table they go to.
    keys: BTreeSet<Key>,
    /// Panes of later epochs are not written yet.
    panes_after: Epoch,
}

/// What one epoch added: the unit that leaves a window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pane {
    pub epoch: Epoch,
    pub posts: u64,
    /// By key.
    pub counts: Vec<(Key, u64)>,
}

/// A group's state as rows, each of which can be written and read for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Saved {
    Group(SavedGroup),
    Tag {
        key: Key,
        count: u64,
        spellings: Spellings,
    },
    Pane(Pane),
}

/// What a group has one of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedGroup {
    /// The last epoch that is counted in.
    pub as_of: Epoch,
    /// Posts since the count began.
    pub posts: u64,
}

/// What must be written so that the stored rows are the state again.
#[derive(Debug)]
pub struct Changes<'a> {
    pub group: SavedGroup,
    pub tags: Vec<(&'a Key, u64, &'a Spellings)>,
    pub panes: Vec<&'a Pane>,
    /// Stored panes of epochs before this one are void.
    pub panes_from: Epoch,
}

impl Group {
    /// Nothing counted yet. `window_epochs` is the length of [`Window::FiveMinutes`] in epochs, at
    /// least one.
    pub fn new(shape: Shape) -> Self {
        let window_epochs = 300_000 / shape.batch_ms;
        Self {
            as_of: Epoch(0),
            posts: 0,
            totals: Ranked::default(),
            spellings: HashMap::new(),
            recent: Recent {
                epochs: window_epochs.max(1),
                panes: VecDeque::new(),
                counts: Ranked::default(),
                posts: 0,
            },
            unsaved: Unsaved::default(),
        }
    }

    pub fn as_of(&self) -> Epoch {
        self.as_of
    }

    /// Counts an epoch in. One that is counted in already changes nothing, so a replay may begin
    /// before the state's own epoch.
    pub fn apply(&mut self, epoch: Epoch, mut delta: Delta) {
        if epoch <= self.as_of {
            return;
        }
        self.as_of = epoch;
        delta.slices.sort_unstable_by_key(|part| part.slice);
        let mut pane = Pane {
            epoch,
            posts: 0,
            counts: Vec::new(),
        };
        for mut part in delta.slices {
            self.posts += part.posts;
            pane.posts += part.posts;
            part.counts.sort_unstable();
            for counted in part.counts {
                self.totals.add(&counted.key, counted.count);
                self.spellings
                    .entry(counted.key.clone())
                    .or_default()
                    .add(&counted.spelling, counted.count);
                self.unsaved.keys.insert(counted.key.clone());
                pane.counts.push((counted.key, counted.count));
            }
        }
        self.recent.push(pane);
        self.recent.expire(epoch);
    }

    /// The best `k` tags of each window and ranking, of the posts that the filter admits.
    pub fn partial(&self, _filter: Filter, k: usize) -> Partial {
        let part = |window| match window {
            Window::All => self.part(self.posts, &self.totals, k),
            _ => self.part(self.recent.posts, &self.recent.counts, k),
        };
        Partial {
            parts: Window::ALL.into_iter().map(part).collect(),
        }
    }

    /// What is known of one tag; `None` for one never seen.
    pub fn detail(&self, _key: &str, _window: Window) -> Option<Detail> {
        None
    }

    fn part(&self, posts: u64, counts: &Ranked, k: usize) -> Part {
        let leader = |(key, count): (&Key, u64)| {
            let spelling = self.spellings.get(key).and_then(Spellings::most_used);
            Leader {
                key: key.clone(),
                spelling: spelling.unwrap_or(key.as_str()).into(),
                count,
                error: 0,
                people: None,
                score: None,
            }
        };
        let leaders = Leaders {
            now: counts.best(k).map(leader).collect(),
            before: Vec::new(),
        };
        Part {
            posts,
            mentions: counts.sum(),
            tags: counts.len(),
            rankings: vec![leaders, Leaders::default(), Leaders::default()],
        }
    }

    /// What has changed since the last [`Group::saved`].
    pub fn changes(&self) -> Changes<'_> {
        let tag = |key| Some((key, self.totals.get(key), self.spellings.get(key)?));
        Changes {
            group: SavedGroup {
                as_of: self.as_of,
                posts: self.posts,
            },
            tags: self.unsaved.keys.iter().filter_map(tag).collect(),
            panes: self
                .recent
                .panes
                .iter()
                .filter(|pane| pane.epoch > self.unsaved.panes_after)
                .collect(),
            panes_from: self.recent.oldest(self.as_of),
        }
    }

    /// The last [`Group::changes`] are durable.
    pub fn saved(&mut self) {
        self.unsaved = Unsaved {
            keys: BTreeSet::new(),
            panes_after: self.as_of,
        };
    }

    /// Takes one row of a stored state back in. The rows of a state may come in any order, to a group
    /// that has counted nothing, before its next epoch.
    pub fn restore(&mut self, row: Saved) {
        match row {
            Saved::Group(group) => {
                self.as_of = group.as_of;
                self.posts = group.posts;
                self.unsaved.panes_after = group.as_of;
                self.recent.expire(group.as_of);
            }
            Saved::Tag {
                key,
                count,
                spellings,
            } => {
                self.totals.add(&key, count);
                self.spellings.insert(key, spellings);
            }
            Saved::Pane(pane) => {
                self.recent.push(pane);
                self.recent.expire(self.as_of);
            }
        }
    }
}

impl Recent {
    /// The oldest epoch that the window holds when `newest` is its newest one.
    fn oldest(&self, newest: Epoch) -> Epoch {
        Epoch((newest.0 + 1).saturating_sub(self.epochs))
    }

    fn push(&mut self, pane: Pane) {
        self.posts += pane.posts;
        for (key, count) in &pane.counts {
            self.counts.add(key, *count);
        }
        if pane.posts > 0 || !pane.counts.is_empty() {
            let place = self
                .panes
                .partition_point(|other| other.epoch <= pane.epoch);
            self.panes.insert(place, pane);
        }
    }

    fn expire(&mut self, newest: Epoch) {
        let oldest = self.oldest(newest);
        while let Some(pane) = self.panes.pop_front_if(|pane| pane.epoch < oldest) {
            self.posts -= pane.posts;
            for (key, count) in &pane.counts {
                self.counts.subtract(key, *count);
            }
        }
    }
}
