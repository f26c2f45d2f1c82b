use serde::{Deserialize, Serialize};

use crate::{Epoch, Kind, Lang, Notice, Source, Top};

/// What the page shows: the ranks and where they come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub top: Top,
    /// Length of an epoch in milliseconds: how often the board can change.
    pub batch_ms: u64,
    pub sources: Vec<Source>,
    /// How much comes in just now, whatever the view leaves out.
    pub pulse: Pulse,
    /// The languages that posts were in, most mentions first: what can be chosen from.
    pub languages: Vec<Lang>,
    /// The kinds of sources that posts came from, most mentions first.
    pub kinds: Vec<Kind>,
    /// Another program has posted a board to `/updateData`, so there is one to switch to.
    pub external: bool,
    /// What was received since has been waiting to be counted for too long.
    pub behind: bool,
    /// The newest alerts, newest first. Not there in boards of before there were any.
    #[serde(default)]
    pub alerts: Vec<Notice>,
}

/// How much comes in just now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pulse {
    /// Over about the last ten seconds, to a tenth.
    pub posts_per_second: f64,
    /// As `posts_per_second`, of mentions.
    pub mentions_per_second: f64,
    /// For how long what was received has been waiting to be counted, in milliseconds.
    pub lag_ms: u64,
    /// Posts in steps as of [`Row::recent`](crate::Row::recent).
    pub recent: Vec<u64>,
}

/// The answer to a poll.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
// Where addresses are shorter it is not so large.
#[cfg_attr(
    target_pointer_width = "64",
    expect(
        clippy::large_enum_variant,
        reason = "one is made a question, and none is kept"
    )
)]
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
