//! What an epoch brings.

use model::{Epoch, Slice};
use serde::{Deserialize, Serialize};

use crate::key::Key;

/// What one epoch adds, by key group, each group once.
pub type Deltas = Vec<(u8, Delta)>;

/// What one epoch adds to one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// By slice, each slice once.
    pub slices: Vec<SliceDelta>,
    /// A uniform sample of the epoch's posts that have several tags or can be linked to.
    pub samples: Vec<Sample>,
    /// What posts of this epoch or of earlier ones no longer mention.
    pub retracted: Vec<Retracted>,
}

/// What the posts of one slice add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceDelta {
    pub slice: Slice,
    /// Posts, tagged or not. They belong to no key; whoever makes deltas gives them to the first group.
    pub posts: u64,
    /// Each spelling of a key once.
    pub counts: Vec<Counted>,
}

/// A spelling of a tag and how often an epoch mentions it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Counted {
    pub key: Key,
    pub spelling: Box<str>,
    pub count: u64,
    /// Whose posts mention it, as far as that is known, and in how many posts of theirs.
    pub authors: Vec<(Author, u32)>,
}

/// An author, as a keyed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Author(pub u32);

/// A post that mentions `key`, drawn at random.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sample {
    pub key: Key,
    /// Uniformly distributed, the same for all keys of the post: the lowest make a uniform sample.
    pub priority: u32,
    pub slice: Slice,
    /// Of the epoch's posts all that have a lower priority were drawn; [`u32::MAX`]: all posts.
    pub below: u32,
    /// Some of its other tags.
    pub others: Vec<Named>,
    /// Where it can be read.
    pub link: Option<Box<str>>,
}

/// A tag by its key and as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Named {
    pub key: Key,
    pub spelling: Box<str>,
}

/// Posts of one slice that were counted in one epoch and are deleted since.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Retracted {
    pub epoch: Epoch,
    pub slice: Slice,
    /// How many posts; in the first group only.
    pub posts: u64,
    pub mentions: Vec<RetractedMention>,
}

/// A mention that was counted and is no longer one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RetractedMention {
    pub key: Key,
    pub spelling: Box<str>,
    pub count: u32,
    pub author: Option<Author>,
    /// The [`Sample::priority`] that its post had or would have had.
    pub priority: u32,
}
