//! What goes through the dataflow, and how an epoch of the log becomes it.

use engine::{
    count::{Counted, Delta, Saved},
    key::{GROUPS, group_of},
};
use serde::{Deserialize, Serialize};

use crate::store::EpochCounts;

/// What the count takes in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Record {
    /// The epoch exists. One for each worker, so that all know all epochs, also those that bring
    /// nothing to their groups.
    Epoch { worker: u64 },
    /// What the epoch adds to a group.
    Delta { group: u8, delta: Delta },
    /// A row of a group's stored state.
    Saved { group: u8, row: Saved },
}

impl Record {
    /// The exchange takes this modulo the number of workers.
    pub(super) fn route(&self) -> u64 {
        match self {
            Self::Epoch { worker } => *worker,
            Self::Delta { group, .. } | Self::Saved { group, .. } => u64::from(*group),
        }
    }
}

/// Which worker keeps a group.
pub(super) fn owner(group: u8, workers: usize) -> usize {
    usize::from(group) % workers
}

/// An epoch by group; posts, which have no key, go to the first.
pub(super) fn deltas(counts: EpochCounts) -> impl Iterator<Item = Record> {
    let mut deltas: Vec<Delta> = (0..GROUPS).map(|_| Delta::default()).collect();
    for slice in counts.slices {
        deltas[0].posts += slice.posts;
        for entry in slice.counts {
            let group = usize::from(group_of(&entry.key));
            let counted = Counted {
                key: entry.key,
                spelling: entry.spelling,
                count: entry.count,
            };
            deltas[group].counts.push(counted);
        }
    }
    let not_empty = |(_, delta): &(u8, Delta)| delta.posts > 0 || !delta.counts.is_empty();
    let record = |(group, delta)| Record::Delta { group, delta };
    (0..GROUPS).zip(deltas).filter(not_empty).map(record)
}
