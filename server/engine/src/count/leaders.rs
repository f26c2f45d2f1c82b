//! The first tags of a ranking, and their order.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
};

use model::Ranking;
use serde::{Deserialize, Serialize};

use crate::key::Key;

/// The first tags of one ranking.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Leaders {
    /// Best first, equal ones by key.
    pub now: Vec<Leader>,
    /// As it was one window ago, best first, equal ones by key.
    pub before: Vec<Before>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leader {
    pub key: Key,
    pub spelling: Box<str>,
    pub count: u64,
    /// How much `count` may be too high.
    pub error: u64,
    pub people: Option<u64>,
    pub score: Option<f64>,
}

/// A tag's place in a ranking of the past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Before {
    pub key: Key,
    /// What it is ordered by.
    pub weight: f64,
}

impl Leader {
    /// What `ranking` orders it by.
    pub fn weight(&self, ranking: Ranking) -> f64 {
        match ranking {
            Ranking::Count => self.count as f64,
            Ranking::People => self.people.unwrap_or(0) as f64,
            Ranking::Rising => self.score.unwrap_or(0.0),
        }
    }
}

impl Leaders {
    /// Ranks that each of the first tags has gained; `None` where it had none among the first of the
    /// past.
    pub fn changes(&self) -> Vec<Option<i32>> {
        let past = (1_i32..).zip(&self.before);
        let past: HashMap<&Key, i32> = past.map(|(rank, before)| (&before.key, rank)).collect();
        let change = |(rank, leader): (i32, &Leader)| Some(past.get(&leader.key)? - rank);
        (1..).zip(&self.now).map(change).collect()
    }
}

/// Of the past so many times more tags are ranked: who leads now may have come from far behind.
pub(super) const PAST: usize = 10;

/// Higher first, equal ones by key.
pub(super) fn order(a: f64, a_key: &Key, b: f64, b_key: &Key) -> Ordering {
    b.total_cmp(&a).then_with(|| a_key.cmp(b_key))
}

/// The `k` first by a ranking of what has a leader in it.
pub(super) fn best_by<T>(
    all: &mut Vec<T>,
    k: usize,
    ranking: Ranking,
    leader: impl Fn(&T) -> &Leader,
) {
    best(all, k, |a, b| by_rank(leader(a), leader(b), ranking));
}

pub(super) fn by_rank(a: &Leader, b: &Leader, ranking: Ranking) -> Ordering {
    order(a.weight(ranking), &a.key, b.weight(ranking), &b.key)
}

/// Of several of the same tag only the first by an order.
pub(super) fn first_of_each<T>(
    all: &mut Vec<T>,
    key: impl Fn(&T) -> &Key,
    order: impl Fn(&T, &T) -> Ordering,
) {
    all.sort_unstable_by(order);
    let mut known = HashSet::new();
    all.retain(|one| known.insert(key(one).clone()));
}

pub(super) fn best<T>(all: &mut Vec<T>, k: usize, order: impl Fn(&T, &T) -> Ordering) {
    if all.len() > k {
        all.select_nth_unstable_by(k, &order);
        all.truncate(k);
    }
    all.sort_unstable_by(order);
}
