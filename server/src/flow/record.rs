//! What goes through the dataflow.

use engine::count::{Delta, Saved};
use serde::{Deserialize, Serialize};

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
