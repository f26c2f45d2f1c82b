//! Which part of a cluster's counts a data directory holds.
//!
//! A cluster has a *shape*: as many parts as there are processes, each in the data directory of one. When it
//! is started as another number of processes, or with other directories, the next shape begins, with
//! the next number. A directory says which parts of the shape that was begun last are in it: one, some
//! when it has taken others over, none when it is new.
//!
//! **Invariants:** a shape is begun when one directory says so, and that only when all have recorded that
//! it is to come. Until then the parts of the one before make the whole. What belongs to a part is in one
//! directory: one that was taken over is never opened as itself again.

use std::collections::BTreeSet;

use model::Epoch;
use redb::{ReadableDatabase, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::{Log, StoreError, file, log::SETTINGS};

/// The setting that it is kept as; a directory without it is new, or of a process that is alone.
const MEMBERSHIP: &str = "cluster";

/// What a data directory is to a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Membership {
    /// The same in every directory of a cluster, and in no other; 0 before they have met.
    pub(crate) mark: u128,
    /// What is in it of the shape that it knows to be begun.
    pub(crate) held: Held,
    /// The shape that is to come, and which of its parts this will be.
    pub(crate) next: Option<Place>,
    /// What was given up.
    pub(crate) lost: Vec<Lost>,
    /// The directories that it has taken over, by the first part that was in each of them.
    pub(crate) adopted: Vec<Place>,
    /// It was taken over by the directory that held this part of the same shape.
    pub(crate) given_to: Option<u64>,
}

/// Some parts of a shape.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    /// Its number; 0 is that of a process that has always been alone.
    pub(crate) shape: u64,
    /// How many parts it has.
    pub(crate) processes: u64,
    pub(crate) parts: BTreeSet<u64>,
}

/// A part of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) shape: u64,
    pub(crate) processes: u64,
    pub(crate) index: u64,
}

/// A part that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lost {
    /// The shape that began without it.
    pub(crate) before: u64,
    /// Which part of how many it was.
    pub(crate) part: u64,
    pub(crate) processes: u64,
    /// Its tags begin anew after this epoch.
    pub(crate) after: Epoch,
}

impl Membership {
    /// Of a process that has always been alone.
    pub(crate) fn alone() -> Self {
        let held = Held {
            shape: 0,
            processes: 1,
            parts: BTreeSet::from([0]),
        };
        Self {
            held,
            ..Self::default()
        }
    }

    /// The parts of a shape that are in it, if that is the one begun last. `None`: it is of an earlier one.
    pub(crate) fn parts_of(&self, shape: u64) -> Option<BTreeSet<u64>> {
        if self.held.shape == shape || self.held.parts.is_empty() && self.next.is_none() {
            return Some(self.held.parts.clone());
        }
        match self.next {
            // It has not heard any more that the shape was begun.
            Some(next) if next.shape == shape => Some(BTreeSet::from([next.index])),
            _ if self.held.parts.is_empty() => Some(BTreeSet::new()),
            _ => None,
        }
    }
}

impl Log {
    pub(crate) fn membership(&self) -> Result<Membership, StoreError> {
        let table = self.database().begin_read()?.open_table(SETTINGS)?;
        match table.get(MEMBERSHIP)? {
            Some(text) => serde_json::from_str(text.value())
                .map_err(|_| StoreError::Damaged("the place in a cluster is none")),
            None if self.last()? == Epoch(0) => Ok(Membership::default()),
            None => Ok(Membership::alone()),
        }
    }

    pub(crate) fn set_membership(&self, membership: &Membership) -> Result<(), StoreError> {
        let write = file::begin_write(self.database())?;
        record(&write, membership)?;
        write.commit()?;
        Ok(())
    }
}

pub(super) fn record(write: &WriteTransaction, membership: &Membership) -> Result<(), StoreError> {
    let text = serde_json::to_string(membership);
    let text = text.map_err(|_| StoreError::Damaged("the place in a cluster cannot be written"))?;
    write
        .open_table(SETTINGS)?
        .insert(MEMBERSHIP, text.as_str())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written() {
        let log = Log::in_memory();
        let place = Place {
            shape: 4,
            processes: 3,
            index: 2,
        };
        let membership = Membership {
            mark: u128::MAX - 5,
            held: Held {
                shape: 3,
                processes: 2,
                parts: BTreeSet::from([0, 1]),
            },
            next: Some(place),
            lost: vec![Lost {
                before: 4,
                part: 2,
                processes: 3,
                after: Epoch(7),
            }],
            adopted: vec![place],
            given_to: Some(1),
        };
        log.set_membership(&membership).unwrap();
        assert_eq!(log.membership().unwrap(), membership);
    }

    #[test]
    fn one_that_has_not_heard_of_the_begin_holds_the_part_that_was_to_come() {
        let mut membership = Membership::alone();
        let parts = |membership: &Membership, shape| membership.parts_of(shape);
        assert_eq!(parts(&membership, 0), Some(BTreeSet::from([0])));
        assert_eq!(parts(&membership, 1), None);
        membership.next = Some(Place {
            shape: 1,
            processes: 2,
            index: 1,
        });
        assert_eq!(parts(&membership, 0), Some(BTreeSet::from([0])));
        assert_eq!(parts(&membership, 1), Some(BTreeSet::from([1])));
        assert_eq!(parts(&membership, 2), None);
        membership.held = Held::default();
        assert_eq!(parts(&membership, 2), Some(BTreeSet::new()), "it is new");
    }
}
