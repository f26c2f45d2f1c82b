//! The first tags of one ranking in one window, each with something else that is known of it.

use std::collections::BTreeMap;

use model::{Filter, Ranking, Window};
use serde::{Deserialize, Serialize};

use super::{
    Group, Hides, Leader, Partial, Strand,
    leaders::{best_by, by_rank, first_of_each},
    strand::{Fold, is_of},
};
use crate::key::Key;

/// What stands beside a tag.
pub trait Beside: Clone {
    /// Which tags it stands beside.
    const WINDOW: Window;
    const RANKING: Ranking;

    /// What a group knows of a tag; `None` where the tag is not kept.
    fn of(group: &Group, key: &Key) -> Option<Self>;

    /// Adds what is known of another tag that is shown as the same.
    fn join(&mut self, other: Self);

    /// All are added, and so many people mention any of them today.
    fn told_apart(&mut self, people_today: u64);
}

/// A tag and what stands beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listed<B> {
    pub leader: Leader,
    pub beside: B,
}

/// What some groups contribute to such a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct List<B> {
    listed: Vec<Listed<B>>,
    /// Of tags that are shown as one, and by what they are shown as.
    strands: Vec<Strand>,
    beside: BTreeMap<Key, B>,
}

impl<B> Default for List<B> {
    fn default() -> Self {
        Self {
            listed: Vec::new(),
            strands: Vec::new(),
            beside: BTreeMap::new(),
        }
    }
}

impl<B: Beside> List<B> {
    /// The `k` first tags of some groups that are not `hidden`, best first, equal ones by key.
    pub fn of<'a>(
        groups: impl IntoIterator<Item = &'a Group>,
        hidden: &impl Hides,
        k: usize,
    ) -> Self {
        let groups: Vec<&Group> = groups.into_iter().collect();
        let find = |key: &Key| groups.iter().find_map(|group| B::of(group, key));
        let mut partial = Partial::of(groups.iter().copied(), Filter::default(), hidden, k);
        let mut of_sets = BTreeMap::new();
        for set in hidden.shown_sets() {
            for found in set.members.iter().filter_map(find) {
                join(&mut of_sets, set.target.clone(), found);
            }
        }
        let strands = std::mem::take(&mut partial.strands);
        let leaders = partial.leaders(B::WINDOW, B::RANKING).into_iter();
        let listed = leaders.filter_map(|leader| {
            let beside = find(&leader.key)?;
            Some(Listed { leader, beside })
        });
        Self {
            listed: listed.collect(),
            strands,
            beside: of_sets,
        }
    }

    /// The lists of disjoint groups as one.
    pub fn merge(parts: impl IntoIterator<Item = Self>, k: usize) -> Vec<Listed<B>> {
        let (mut whole, mut strands, mut of_sets) = (Vec::new(), Vec::new(), BTreeMap::new());
        for part in parts {
            whole.extend(part.listed);
            strands.extend(part.strands);
            for (target, beside) in part.beside {
                join(&mut of_sets, target, beside);
            }
        }
        let folds = Fold::all(strands);
        let is_twice = whole.iter().any(|one| is_of(&folds, &one.leader.key));
        let shown_as_one = folds.iter().filter_map(|fold| {
            let leader = fold.ranked(B::WINDOW, B::RANKING)?;
            let mut beside = of_sets.remove(&leader.key)?;
            beside.told_apart(fold.people_today());
            Some(Listed { leader, beside })
        });
        whole.extend(shown_as_one);
        if is_twice {
            let order = |a: &Listed<B>, b: &Listed<B>| by_rank(&a.leader, &b.leader, B::RANKING);
            first_of_each(&mut whole, |one| &one.leader.key, order);
        }
        best_by(&mut whole, k, B::RANKING, |one| &one.leader);
        whole
    }
}

fn join<B: Beside>(of_sets: &mut BTreeMap<Key, B>, target: Key, more: B) {
    match of_sets.get_mut(&target) {
        Some(known) => known.join(more),
        None => drop(of_sets.insert(target, more)),
    }
}
