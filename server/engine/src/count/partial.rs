use std::cmp::Ordering;

use model::Window;
use serde::{Deserialize, Serialize};

use crate::key::Key;

/// What some groups contribute to the results of an epoch: a part for each window, in the order of
/// [`Window::ALL`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    pub parts: Vec<Part>,
}

/// Of one window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub posts: u64,
    pub mentions: u64,
    /// Distinct tags.
    pub tags: u64,
    /// Highest count first, equal counts by key.
    pub leaders: Vec<Leader>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leader {
    pub key: Key,
    pub spelling: Box<str>,
    pub count: u64,
}

impl Leader {
    fn order(&self, other: &Self) -> Ordering {
        other
            .count
            .cmp(&self.count)
            .then_with(|| self.key.cmp(&other.key))
    }
}

impl Partial {
    /// The parts of disjoint groups as one, with the best `k` of each window.
    pub fn merge(parts: impl IntoIterator<Item = Self>, k: usize) -> Self {
        let mut whole = Self {
            parts: vec![Part::default(); Window::ALL.len()],
        };
        for partial in parts {
            for (into, part) in whole.parts.iter_mut().zip(partial.parts) {
                into.posts += part.posts;
                into.mentions += part.mentions;
                into.tags += part.tags;
                into.leaders.extend(part.leaders);
            }
        }
        for part in &mut whole.parts {
            if part.leaders.len() > k {
                part.leaders.select_nth_unstable_by(k, Leader::order);
                part.leaders.truncate(k);
            }
            part.leaders.sort_unstable_by(Leader::order);
        }
        whole
    }
}
