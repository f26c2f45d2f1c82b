//! What leads in some groups, and in all of them.

use std::collections::{BTreeMap, BTreeSet};

use model::{Ranking, Slice, Window};
use serde::{Deserialize, Serialize};

use super::{
    Before, Leader, Leaders, Strand,
    group::place_of,
    leaders::{PAST, best, best_by, by_rank, first_of_each, order},
    standing::Standing,
    strand::{Fold, is_of},
};
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
        let folds = Fold::all(strands);
        let is_twice = whole.has_any_of(&folds);
        for fold in folds {
            whole.enter(&fold, &watched_as);
        }
        let before = |a: &Before, b: &Before| order(a.weight, &a.key, b.weight, &b.key);
        for part in &mut whole.parts {
            for (ranking, leaders) in Ranking::ALL.into_iter().zip(&mut part.rankings) {
                if is_twice {
                    let order = |a: &Leader, b: &Leader| by_rank(a, b, ranking);
                    first_of_each(&mut leaders.now, |leader| &leader.key, order);
                    first_of_each(&mut leaders.before, |before| &before.key, before);
                }
                best_by(&mut leaders.now, k, ranking, |leader| leader);
                best(&mut leaders.before, PAST * k, before);
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

    /// Whether anything is told of by itself that is shown as one, by whoever goes by other rules.
    fn has_any_of(&self, folds: &[Fold]) -> bool {
        let mut rankings = self.parts.iter().flat_map(|part| &part.rankings);
        rankings.any(|leaders| {
            let now = leaders.now.iter().map(|leader| &leader.key);
            let before = leaders.before.iter().map(|before| &before.key);
            now.chain(before).any(|key| is_of(folds, key))
        })
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
