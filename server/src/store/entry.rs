//! The content of a log entry: what a closed epoch counted.

use engine::key::Key;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EpochCounts {
    /// By source and language.
    pub(crate) slices: Vec<Slice>,
}

/// The posts of one source in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slice {
    /// The kind of source, such as `tcp`.
    pub(crate) source: Box<str>,
    /// Primary language subtag (BCP 47), empty where unknown.
    pub(crate) lang: Box<str>,
    pub(crate) posts: u64,
    /// By key and spelling.
    pub(crate) counts: Vec<SliceCount>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SliceCount {
    pub(crate) key: Key,
    pub(crate) spelling: Box<str>,
    pub(crate) count: u64,
}
