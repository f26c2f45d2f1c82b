//! One tag in depth.

use model::{Epoch, Kind, Lang};
use serde::{Deserialize, Serialize};

use super::{Leader, Named};

/// What a group knows of one of its tags, in one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    pub leader: Leader,
    /// The first epoch of its rise, where it has a score.
    pub rising_since: Option<Epoch>,
    /// Most first.
    pub languages: Vec<(Option<Lang>, u64)>,
    /// Most first.
    pub sources: Vec<(Kind, u64)>,
    /// Since the count began, most used first.
    pub spellings: Vec<(Box<str>, u64)>,
    /// Tags of the same posts with estimated counts, most first.
    pub together: Vec<(Named, u64)>,
    /// First epoch of each step, oldest first, and its mentions.
    pub series: Vec<(Epoch, u64)>,
    /// Newest first.
    pub links: Vec<(Box<str>, Kind, Epoch)>,
}
