//! Which stores make a whole: the parts of the shape that was begun last, wherever they are now.
//!
//! Any number of processes may follow any other. The stores of those that are gone are taken over by one
//! that stays (`--adopt`), or given up (`--accept-loss`); those of processes that are added are new. A change is
//! begun as [`Membership`](crate::store::Membership) says: before, the parts of the earlier shape must be here, afterwards those of
//! the later one, and at no moment is there a third case.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use super::{holdings::Holdings, refusal::Refusal};
use crate::store::Lost;

/// What the stores that are here are to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Present {
    /// The number of the shape that was begun last; 0 where there is none, or a process was always alone.
    pub(super) shape: u64,
    /// How many parts it has; 0: all stores are new.
    pub(super) processes: u64,
    /// What its stores have in common; 0 before they have met.
    pub(super) mark: u128,
    /// Its parts, by the processes that bring them. New stores have none.
    pub(super) parts: BTreeMap<u64, BTreeSet<u64>>,
    /// The parts that are given up now.
    pub(super) given_up: Vec<u64>,
    /// What was given up before.
    pub(super) lost: Vec<Lost>,
}

impl Present {
    /// Refuses what is no whole, each store by its name.
    pub(super) fn of(all: &[Holdings]) -> Result<Self, Refusal> {
        let mark = mark_of_most(all)?;
        let newest = |one: &&Holdings| (one.membership.held.shape, Reverse(one.process));
        let of_it = counted(all).filter(|one| one.membership.mark == mark);
        let newest = of_it.max_by_key(newest);
        let membership = newest.map(|one| one.membership.clone()).unwrap_or_default();
        let shape = membership.held.shape;
        let mut present = Self {
            shape,
            processes: membership.held.processes,
            mark: membership.mark,
            parts: BTreeMap::new(),
            given_up: Vec::new(),
            lost: membership.lost,
        };
        // What was recorded for a shape that was never begun is void.
        present.lost.retain(|lost| lost.before <= shape);
        let mut brought_by = BTreeMap::new();
        for one in all {
            let parts = one.membership.parts_of(shape);
            let is_new = parts.as_ref().is_some_and(BTreeSet::is_empty);
            if !is_new && one.membership.mark != present.mark {
                return Err(Refusal::OtherCluster(one.process));
            }
            let parts = parts.ok_or_else(|| present.left_behind(one))?;
            for part in &parts {
                if let Some(other) = brought_by.insert(*part, one.process) {
                    return Err(Refusal::Twice {
                        part: *part,
                        by: (other, one.process),
                    });
                }
            }
            present.parts.insert(one.process, parts);
        }
        let given_up: BTreeSet<u64> = all.iter().flat_map(|one| one.given_up.clone()).collect();
        for part in &given_up {
            // After the restart of one that was told so, it is done.
            let is_done = |lost: &Lost| lost.before == shape && lost.part == *part;
            let is_missing = *part < present.processes && !brought_by.contains_key(part);
            if !is_missing && !present.lost.iter().any(is_done) {
                return Err(Refusal::NotLost(*part));
            }
        }
        for part in (0..present.processes).filter(|part| !brought_by.contains_key(part)) {
            if !given_up.contains(&part) {
                return Err(Refusal::StoreMissing(part));
            }
            present.given_up.push(part);
        }
        Ok(present)
    }

    /// Whether the processes are those of the shape, each with its own part.
    pub(super) fn is_as_begun(&self, all: &[Holdings]) -> bool {
        let own = |(process, parts): (&u64, &BTreeSet<u64>)| parts.iter().eq([process]);
        let as_many = |one: &Holdings| one.processes == self.processes;
        self.given_up.is_empty() && self.parts.iter().all(own) && all.iter().all(as_many)
    }

    /// Whether all stores know that it is begun.
    pub(super) fn is_known(&self, all: &[Holdings]) -> bool {
        all.iter()
            .all(|one| one.membership.held.shape == self.shape && one.membership.next.is_none())
    }

    /// Whether a process brings nothing.
    pub(super) fn is_new(&self, process: u64) -> bool {
        self.parts.get(&process).is_none_or(BTreeSet::is_empty)
    }

    fn left_behind(&self, one: &Holdings) -> Refusal {
        let held = &one.membership.held;
        let part = held.parts.first().copied().unwrap_or_default();
        let is_it = |lost: &Lost| lost.part == part && lost.processes == held.processes;
        Refusal::LeftBehind {
            process: one.process,
            store: (part, held.processes),
            given_up: self.lost.iter().any(is_it),
        }
    }
}

fn counted(all: &[Holdings]) -> impl Iterator<Item = &Holdings> {
    let counted = |one: &&Holdings| !one.membership.held.parts.is_empty();
    all.iter().filter(counted)
}

/// What most of the stores have in common that have counted in a cluster; 0 where none has. Which is the
/// strange one of two nobody can tell.
fn mark_of_most(all: &[Holdings]) -> Result<u128, Refusal> {
    let mut of_mark = BTreeMap::<u128, Vec<u64>>::new();
    for one in counted(all).filter(|one| one.membership.mark != 0) {
        of_mark
            .entry(one.membership.mark)
            .or_default()
            .push(one.process);
    }
    let most = of_mark.values().map(Vec::len).max().unwrap_or_default();
    of_mark.retain(|_, processes| processes.len() == most);
    let mut firsts: Vec<_> = of_mark.values().map(|processes| processes[0]).collect();
    firsts.sort_unstable();
    match firsts[..] {
        [one, other, ..] => Err(Refusal::TwoClusters(one, other)),
        _ => Ok(of_mark.into_keys().next().unwrap_or_default()),
    }
}
