use serde::{Deserialize, Serialize};

use crate::{Epoch, Source, Top};

/// What the page shows: the ranks and where they come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub top: Top,
    /// Length of an epoch in milliseconds: how often the board can change.
    pub batch_ms: u64,
    pub sources: Vec<Source>,
    /// Another program has posted a board to `/updateData`, so there is one to switch to.
    pub external: bool,
    /// What was received since has been waiting to be counted for too long.
    pub behind: bool,
}

/// The answer to a poll.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The counts are those of the epoch that the asker holds.
    Unchanged(Unchanged),
    /// The counts are not ready yet: the server is starting.
    Starting,
    Board(Board),
}

/// What may be news while the counts are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unchanged {
    pub epoch: Epoch,
    /// As in [`Board`].
    pub external: bool,
    /// As in [`Board`].
    pub behind: bool,
    /// Where their states are not those that the asker holds.
    pub sources: Option<Vec<Source>>,
}
