//! The windowed count of one key group, and the merge of what groups lead with.
//!
//! A [`Group`] is the state of one key group: what a worker keeps, stores and hands on. It is given a
//! [`Delta`] an epoch and answers with its best tags as a [`Partial`]. A key lives in one group, so the
//! best of the parts' best are the best of all ([`Partial::merge`]).
//!
//! **Invariant:** equal epochs in equal order give equal results, byte for byte, however groups are
//! spread over workers, whatever the order of the entries in a delta, and wherever between two epochs
//! the state went through [`Saved`] rows and back.

mod group;
mod partial;
mod ranked;
mod spellings;

pub use group::{Changes, Group, Pane, Saved, SavedGroup};
pub use partial::{Leader, Part, Partial};
pub use spellings::Spellings;

use serde::{Deserialize, Serialize};

use crate::key::Key;

/// What one epoch adds to one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// Posts, tagged or not. They belong to no key; whoever makes deltas gives them to one group.
    pub posts: u64,
    pub counts: Vec<Counted>,
}

/// A spelling of a tag and how often an epoch mentions it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Counted {
    pub key: Key,
    pub spelling: Box<str>,
    pub count: u64,
}
