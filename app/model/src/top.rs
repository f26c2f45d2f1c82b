use serde::{Deserialize, Serialize};

use crate::{Ranking, Window};

/// The number of an epoch: the Unix time in batch lengths, or one more than the epoch before it
/// where the clock did not move on.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// The tags that lead one window, as they were when one epoch closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
pub struct Top {
    pub window: Window,
    pub by: Ranking,
    pub epoch: Epoch,
    /// When the epoch closed, in UTC (RFC 3339, whole seconds or milliseconds).
    #[cfg_attr(feature = "describe", schema(format = DateTime))]
    pub at: String,
    /// Posts in the window, with and without tags.
    pub posts: u64,
    /// Mentions in the window: a tag counts once a post.
    pub mentions: u64,
    /// Distinct tags in the window.
    pub tags: u64,
    /// Best first; equal counts by tag key.
    pub rows: Vec<Row>,
}

/// One of the tags that lead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
pub struct Row {
    /// From 1.
    #[cfg_attr(feature = "describe", schema(minimum = 1))]
    pub rank: u32,
    /// The most used spelling with a leading `#`, or the one that operators show.
    pub tag: String,
    /// Mentions in the window.
    pub count: u64,
    /// How much `count` may be too high; 0 is exact.
    pub error: u64,
    /// Distinct authors; null where they are not known.
    pub people: Option<u64>,
    /// How far the tag is above its own past; null where that is not computed.
    pub score: Option<f64>,
    /// `count` as a part of all mentions in the window, 0 to 1.
    #[cfg_attr(feature = "describe", schema(minimum = 0, maximum = 1))]
    pub share: f64,
    /// Ranks gained against one window ago; null for a tag that was not ranked then, and where
    /// the past is not kept.
    pub change: Option<i32>,
    /// Mentions in the last minutes, whatever the window is, oldest first: up to 30 steps of ten
    /// seconds, or of an epoch where that is longer. The step that is not over yet is none of them.
    #[cfg_attr(feature = "describe", schema(max_items = 30))]
    pub recent: Vec<u64>,
}

impl Row {
    /// A tag of which only the exact count is known, as a part of all `mentions`.
    pub fn counted(rank: u32, tag: String, count: u64, mentions: u64) -> Self {
        Self {
            rank,
            tag,
            count,
            error: 0,
            people: None,
            score: None,
            share: count as f64 / mentions.max(1) as f64,
            change: None,
            recent: Vec::new(),
        }
    }
}
