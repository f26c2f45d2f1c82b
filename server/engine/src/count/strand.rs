//! Tags that are shown as one: what each of them has, and all of it together.
//!
//! They are kept apart, wherever their groups are, so that they can be shown apart again. Of each a [`Strand`] is
//! given, and where results come together those of a set are made one. Mentions, bounds of error and last
//! minutes are sums, people are told apart, and the rise is that of the sums, as if the tags had been one from
//! the beginning; only that a post with two of them is two mentions, of one person.

use std::{borrow::Cow, collections::BTreeMap};

use model::{Epoch, Ranking, Window};
use serde::{Deserialize, Serialize};

use super::{
    Group, Leader, Set, Shape,
    group::place_of,
    people::People,
    rising::Past,
    standing::{Look, Pasts, Standing},
    table::Counts,
    windows::Edges,
};
use crate::key::Key;

/// What one tag has of what is shown as one, of the posts that a filter admits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strand {
    /// What it is shown as, and how that is spelled.
    target: Key,
    spelling: Box<str>,
    counts: Counts,
    /// How many more mentions there may be in each window.
    errors: [u64; Window::ALL.len()],
    people: Option<People>,
    people_k: u32,
    /// Mentions in the last steps, oldest first.
    recent: Vec<u64>,
    as_of: Epoch,
    began: Epoch,
    shape: Shape,
}

/// All of what is shown as one.
pub(super) struct Fold {
    target: Key,
    spelling: Box<str>,
    counts: Counts,
    errors: [u64; Window::ALL.len()],
    people: Option<People>,
    people_k: usize,
    pub(super) recent: Vec<u64>,
    /// How many tags have mentions in each window.
    pub(super) tags: [u64; Window::ALL.len()],
    pub(super) as_of: Epoch,
    pub(super) shape: Shape,
    edges: Edges,
    pasts: Pasts,
}

impl Strand {
    /// As a part of `set`, or by itself, with its last minutes.
    pub(super) fn of(look: &Look<'_>, set: Option<&Set>, recent: Vec<u64>) -> Self {
        let head = &look.group.head;
        let (target, spelling) = match set {
            Some(set) => (&set.target, &*set.spelling),
            None => (look.key(), look.spelling()),
        };
        Self {
            target: target.clone(),
            spelling: spelling.into(),
            counts: *look.counts(),
            errors: std::array::from_fn(|window| look.error(window)),
            people: look.people().map(Cow::into_owned),
            people_k: look.people_k() as u32,
            recent,
            as_of: head.as_of,
            began: head.began,
            shape: look.group.shape,
        }
    }

    /// Of a tag of `set` of which a group has nothing to tell, since it is not kept or no post of it is
    /// admitted: only how many mentions there may be all the same, if there may be any.
    pub(super) fn unseen(group: &Group, slot: Option<u32>, set: &Set) -> Option<Self> {
        let error = |window| match slot {
            Some(slot) => group.error(slot, window),
            None => group.missed(window),
        };
        let errors: [u64; Window::ALL.len()] = std::array::from_fn(error);
        let strand = || Self {
            target: set.target.clone(),
            spelling: set.spelling.clone(),
            counts: Counts::default(),
            errors,
            people: None,
            people_k: group.sketches.people_k(),
            recent: Vec::new(),
            as_of: group.head.as_of,
            began: group.head.began,
            shape: group.shape,
        };
        errors.iter().any(|error| *error > 0).then(strand)
    }
}

impl Fold {
    /// In the order of what they are shown as.
    pub(super) fn all(strands: Vec<Strand>) -> Vec<Self> {
        let mut by_target: BTreeMap<Key, Vec<Strand>> = BTreeMap::new();
        for strand in strands {
            by_target
                .entry(strand.target.clone())
                .or_default()
                .push(strand);
        }
        by_target.into_values().filter_map(Self::of).collect()
    }

    /// What is shown as one, if anything of it is kept.
    pub(super) fn of(strands: Vec<Strand>) -> Option<Self> {
        let first = strands.first()?;
        let all = || strands.iter();
        let with_people = all().filter(|strand| strand.people.is_some());
        let people = People::of_all(all().filter_map(|strand| strand.people.as_ref()));
        let as_of = all().map(|strand| strand.as_of).max().unwrap_or_default();
        let began = all().map(|strand| strand.began).min().unwrap_or_default();
        let edges = Edges::at(as_of, first.shape);
        let within = |strand: &Strand, window| strand.counts.within(window) > 0;
        let counts = all().fold(Counts::default(), |sum, strand| sum.sum(&strand.counts));
        (counts.all > 0).then(|| Self {
            target: first.target.clone(),
            spelling: first.spelling.clone(),
            counts,
            errors: std::array::from_fn(|window| all().map(|strand| strand.errors[window]).sum()),
            people: people.map(Cow::into_owned),
            people_k: with_people.map(|strand| strand.people_k).min().unwrap_or(0) as usize,
            recent: sums(all().map(|strand| &strand.recent[..])),
            tags: std::array::from_fn(|window| {
                all().filter(|strand| within(strand, window)).count() as u64
            }),
            as_of,
            shape: first.shape,
            pasts: Past::of_all(as_of, began, &edges),
            edges,
        })
    }
}

impl Fold {
    /// In a window, if it has a place in a ranking.
    pub(super) fn ranked(&self, window: Window, ranking: Ranking) -> Option<Leader> {
        let window = place_of(window);
        let leader = self.leader(window);
        let is_in = match ranking {
            Ranking::Count => self.counts.within(window) > 0,
            Ranking::People => leader.people.is_some(),
            Ranking::Rising => leader.score.is_some(),
        };
        is_in.then_some(leader)
    }

    /// What it was ordered by one window ago, if it had a place then.
    pub(super) fn ranked_before(&self, window: Window, ranking: Ranking) -> Option<f64> {
        let window = place_of(window);
        let count = *self.counts.before.get(window)?;
        match ranking {
            Ranking::Count => (count > 0).then_some(count as f64),
            Ranking::People => None,
            Ranking::Rising => self.score_before(window, &self.counts.bands(), |_| true),
        }
    }
}

impl Standing for Fold {
    fn key(&self) -> &Key {
        &self.target
    }

    fn spelling(&self) -> &str {
        &self.spelling
    }

    fn error(&self, window: usize) -> u64 {
        self.errors[window]
    }

    fn counts(&self) -> &Counts {
        &self.counts
    }

    fn people(&self) -> Option<Cow<'_, People>> {
        self.people.as_ref().map(Cow::Borrowed)
    }

    fn people_k(&self) -> usize {
        self.people_k
    }

    fn edges(&self) -> &Edges {
        &self.edges
    }

    fn pasts(&self) -> &Pasts {
        &self.pasts
    }
}

/// Whether one of some, in the order of what they are shown as, is shown as this tag.
pub(super) fn is_of(folds: &[Fold], key: &Key) -> bool {
    let found = folds.binary_search_by(|fold| fold.target.cmp(key));
    found.is_ok()
}

/// Of numbers of steps that end with the same one.
pub(super) fn sums<'a>(all: impl Iterator<Item = &'a [u64]> + Clone) -> Vec<u64> {
    let mut sums = vec![0; all.clone().map(<[u64]>::len).max().unwrap_or(0)];
    for numbers in all {
        let places = sums.iter_mut().rev();
        places
            .zip(numbers.iter().rev())
            .for_each(|(sum, number)| *sum += number);
    }
    sums
}
