//! What goes through the dataflow, and at which times.

use std::{iter::StepBy, ops::Range};

use engine::{
    count::{Delta, Detail, Partial, Sampled, SampledTags, Share, Trend, Trends},
    key::{GROUPS, Key},
};
use model::{Epoch, Filter, Window};
use serde::{Deserialize, Serialize};

use super::telling::Told;
use crate::{
    epoch::KeyState,
    store::{DeliveryKey, Row},
};

/// How many bits of a time number the rounds behind an epoch: years of them, for the last epoch may stay
/// the last. The others number epochs of 100 ms beyond the year 2180.
const ROUND_BITS: u32 = 28;

/// How many times there are behind an epoch before the next one's.
pub(super) const ROUNDS: u64 = 1 << ROUND_BITS;

/// The time of an epoch. The times behind it are those of rounds of questions that are answered from
/// the state as it is then.
pub(super) fn time_of(epoch: Epoch) -> u64 {
    epoch.0 << ROUND_BITS
}

pub(super) fn epoch_of(time: u64) -> Epoch {
    Epoch(time >> ROUND_BITS)
}

/// What the count takes in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Record {
    /// The epoch exists. One for each worker, so that all know all epochs, also those that bring
    /// nothing to their groups.
    Epoch {
        worker: u64,
        /// The process that has come to it.
        from: u64,
        /// Its results are wanted.
        shown: bool,
    },
    /// What the epoch adds to a group.
    Delta { group: u8, delta: Delta },
    /// A row of a group's stored state.
    Stored(Row),
    /// To each worker that can contribute to the answer.
    Question { worker: u64, question: Question },
    /// To the first worker of each process: nobody delivers under the key any more on process `from`.
    Closed {
        worker: u64,
        from: u64,
        key: DeliveryKey,
    },
    /// To the first worker of another process.
    Told { worker: u64, told: Box<Told> },
}

/// What somebody wants to know beside what all are told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Question {
    /// The worker that gives the answer to whoever asked.
    pub(super) asker: u64,
    /// Unique at this worker.
    pub(super) id: u64,
    pub(super) ask: Ask,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Ask {
    /// The tops of the posts that a filter admits.
    Tops(Filter),
    /// One tag in depth.
    Tag(Key, Window),
    /// What is trending, with its last days.
    Trends,
    /// The most mentioned tags that wait to be approved.
    Pending,
    /// What is known of the key of a delivery, which the asker wants to make.
    Key(DeliveryKey),
}

/// The results of an epoch (`of` is `None`), or an answer: what a worker contributes to it, or all of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Piece<T> {
    pub(super) of: Option<Question>,
    pub(super) part: T,
}

/// What a worker contributes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Part {
    Tops(Partial),
    Tag(Vec<Share>),
    Trends(Trends),
    Pending(SampledTags),
    Key(KeyState),
}

/// All of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Merged {
    Tops(Partial),
    Tag(Option<Box<Detail>>),
    Trends(Vec<Trend>),
    Pending(Vec<Sampled>),
    Key(KeyState),
}

impl Record {
    /// The number of the worker that takes it.
    pub(super) fn route(&self, crew: Crew) -> u64 {
        match self {
            Self::Epoch { worker, .. }
            | Self::Question { worker, .. }
            | Self::Closed { worker, .. }
            | Self::Told { worker, .. } => *worker,
            Self::Delta { group, .. } => crew.owner(*group) as u64,
            Self::Stored(row) => crew.owner(row.group) as u64,
        }
    }
}

impl Ask {
    /// Who of all workers can contribute to the answer.
    pub(super) fn workers(&self, crew: Crew) -> StepBy<Range<u64>> {
        match self {
            // A tag may be shown as one with tags of other groups.
            Self::Tops(_) | Self::Tag(..) | Self::Trends | Self::Pending => {
                (0..crew.all() as u64).step_by(1)
            }
            Self::Key(_) => (0..crew.all() as u64).step_by(crew.workers),
        }
    }
}

/// All workers of all processes. They have numbers: first those of process 0, then those of process 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crew {
    pub(super) processes: usize,
    /// Of each process.
    pub(super) workers: usize,
}

impl Crew {
    pub(super) fn all(self) -> usize {
        self.processes * self.workers
    }

    /// The process that a worker is of.
    pub(super) fn process_of(self, worker: u64) -> u64 {
        worker / self.workers as u64
    }

    /// The first worker of a process.
    pub(super) fn first_of(self, process: usize) -> u64 {
        (process * self.workers) as u64
    }

    /// Which worker keeps a group. In which process it is does not depend on how many workers each has: the
    /// rows of a group are in the store of that process and in no other.
    pub(super) fn owner(self, group: u8) -> usize {
        let group = usize::from(group);
        let process = group % self.processes;
        process * self.workers + (group / self.processes) % self.workers
    }

    /// The groups that a worker keeps.
    pub(super) fn owned(self, worker: usize) -> impl Iterator<Item = u8> {
        (0..GROUPS).filter(move |group| self.owner(*group) == worker)
    }
}
