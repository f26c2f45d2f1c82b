use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use model::{Ranking, Slice, Window};
use serde::{Deserialize, Serialize};

use super::{Strand, group::place_of, standing::Standing, strand::Fold};
use crate::key::Key;

/// What some groups contribute to the results of an epoch: a part for each window, in the order of
/// [`Window::ALL`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    pub parts: Vec<Part>,
    pub pulse: Pulse,
    /// Mentions since the count began, by slice.
    pub slices: BTreeMap<Slice, u64>,
    /// Of each tag that leads now, whatever it leads: mentions in the last steps, oldest first.
    pub recent: BTreeMap<Key, Vec<u64>>,
    /// Of tags that are shown as one, of each its part: they take their rank where partials are merged.
    pub strands: Vec<Strand>,
    /// Of tags that are asked for by name, whatever they lead; in the order of neither.
    pub watched: Vec<(Window, Leader)>,
    /// Tags that are asked for by name, with what they are shown as.
    pub watched_as: Vec<(Key, Window, Key)>,
}

/// What came in just now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    /// How many epochs `posts` and `mentions` are of: the newest of about ten seconds.
    pub epochs: u64,
    pub posts: u64,
    pub mentions: u64,
    /// Posts in the last steps, oldest first.
    pub recent: Vec<u64>,
}

/// Of one window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    pub posts: u64,
    pub mentions: u64,
    /// Distinct tags.
    pub tags: u64,
    /// In the order of [`Ranking::ALL`].
    pub rankings: Vec<Leaders>,
}

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

impl Pulse {
    /// Of another part of the same epochs.
    pub(super) fn add(&mut self, other: &Self) {
        self.epochs = other.epochs.max(self.epochs);
        self.posts += other.posts;
        self.mentions += other.mentions;
        // Who has no groups knows no steps.
        let steps = other.recent.len().max(self.recent.len());
        self.recent.resize(steps, 0);
        for (posts, more) in self.recent.iter_mut().zip(&other.recent) {
            *posts += more;
        }
    }
}

impl Partial {
    /// The first tags of one window and ranking.
    pub fn first(&self, window: Window, ranking: Ranking) -> &[Leader] {
        let part = self.parts.get(place_of(window));
        let of = Ranking::ALL.iter().position(|other| *other == ranking);
        let leaders = part.and_then(|part| part.rankings.get(of?));
        leaders.map_or(&[], |leaders| &leaders.now)
    }

    /// The same without the rest.
    pub(super) fn leaders(self, window: Window, ranking: Ranking) -> Vec<Leader> {
        let part = self.parts.into_iter().nth(place_of(window));
        let of = Ranking::ALL.iter().position(|other| *other == ranking);
        let leaders = part.and_then(|part| part.rankings.into_iter().nth(of?));
        leaders.map_or_else(Vec::new, |leaders| leaders.now)
    }

    /// The parts of disjoint groups as one, with the best `k` of each window and ranking, and ten times
    /// as many of the past.
    pub fn merge(parts: impl IntoIterator<Item = Self>, k: usize) -> Self {
        let part = Part {
            rankings: vec![Leaders::default(); Ranking::ALL.len()],
            ..Part::default()
        };
        let mut whole = Self {
            parts: vec![part; Window::ALL.len()],
            ..Self::default()
        };
        let (mut strands, mut watched_as) = (Vec::new(), Vec::new());
        for partial in parts {
            whole.pulse.add(&partial.pulse);
            for (slice, mentions) in partial.slices {
                *whole.slices.entry(slice).or_default() += mentions;
            }
            whole.recent.extend(partial.recent);
            whole.watched.extend(partial.watched);
            strands.extend(partial.strands);
            watched_as.extend(partial.watched_as);
            for (into, part) in whole.parts.iter_mut().zip(partial.parts) {
                into.posts += part.posts;
                into.mentions += part.mentions;
                into.tags += part.tags;
                for (into, leaders) in into.rankings.iter_mut().zip(part.rankings) {
                    into.now.extend(leaders.now);
                    into.before.extend(leaders.before);
                }
            }
        }
        for fold in Fold::all(strands) {
            whole.enter(&fold, &watched_as);
        }
        for part in &mut whole.parts {
            for (ranking, leaders) in Ranking::ALL.into_iter().zip(&mut part.rankings) {
                best_by(&mut leaders.now, k, ranking, |leader| leader);
                best(&mut leaders.before, PAST * k, |a, b| {
                    order(a.weight, &a.key, b.weight, &b.key)
                });
            }
        }
        let parts = whole.parts.iter();
        let leaders = parts
            .flat_map(|part| &part.rankings)
            .flat_map(|all| &all.now);
        let keys: BTreeSet<&Key> = leaders.map(|leader| &leader.key).collect();
        whole.recent.retain(|key, _| keys.contains(key));
        whole
    }

    /// Takes in what is shown as one.
    fn enter(&mut self, fold: &Fold, watched_as: &[(Key, Window, Key)]) {
        for ((window, part), tags) in Window::ALL.into_iter().zip(&mut self.parts).zip(fold.tags) {
            part.tags -= tags.saturating_sub(1);
            for (ranking, leaders) in Ranking::ALL.into_iter().zip(&mut part.rankings) {
                leaders.now.extend(fold.ranked(window, ranking));
                let weight = fold.ranked_before(window, ranking);
                leaders.before.extend(weight.map(|weight| Before {
                    key: fold.key().clone(),
                    weight,
                }));
            }
        }
        for (key, window, target) in watched_as {
            if target == fold.key() {
                let key = key.clone();
                let leader = fold.leader(place_of(*window));
                self.watched.push((*window, Leader { key, ..leader }));
            }
        }
        self.recent.insert(fold.key().clone(), fold.recent.clone());
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
    best(all, k, |a, b| {
        let (a, b) = (leader(a), leader(b));
        order(a.weight(ranking), &a.key, b.weight(ranking), &b.key)
    });
}

pub(super) fn best<T>(all: &mut Vec<T>, k: usize, order: impl Fn(&T, &T) -> Ordering) {
    if all.len() > k {
        all.select_nth_unstable_by(k, &order);
        all.truncate(k);
    }
    all.sort_unstable_by(order);
}
