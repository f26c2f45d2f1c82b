use serde::{Deserialize, Serialize};

use crate::{Epoch, Top};

/// What the page shows: the ranks and where they come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub top: Top,
    /// Length of an epoch in milliseconds: how often the board can change.
    pub batch_ms: u64,
    pub sources: Vec<Source>,
    /// Another program has posted a board to `/updateData`, so there is one to switch to.
    pub external: bool,
}

/// A source of posts, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// As it was given on the command line, without secrets.
    pub name: String,
    pub state: SourceState,
    /// One plain sentence: what is wrong or waited for.
    pub detail: Option<String>,
    /// Posts read since the program started.
    pub posts: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    Connecting,
    Live,
    Waiting,
    Ended,
    Failed,
}

/// The answer to a poll.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Nothing has changed since the epoch that the asker holds.
    Unchanged(Epoch),
    /// The counts are not ready yet: the server is starting.
    Starting,
    Board(Board),
}
