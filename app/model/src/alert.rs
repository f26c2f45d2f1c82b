//! Tags that have reached a threshold.

use serde::{Deserialize, Serialize};

use crate::{Epoch, Window};

/// What a threshold is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AlertKind {
    /// Of how far any tag is above its own past.
    Rise,
    /// Of the mentions of one tag.
    Count,
}

/// A tag that has reached a threshold, as it was then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
pub struct Alert {
    /// The same wherever and however often it is told.
    pub id: String,
    pub kind: AlertKind,
    /// The most used spelling with a leading `#`, or the one that operators show.
    pub tag: String,
    pub window: Window,
    /// Mentions in the window.
    pub count: u64,
    /// Distinct authors; null where they are not known.
    pub people: Option<u64>,
    /// How far the tag is above its own past; null without a window, and below the least count.
    pub score: Option<f64>,
    /// What `score`, or `count`, has reached.
    pub threshold: f64,
    pub epoch: Epoch,
    /// When the epoch closed, in UTC (RFC 3339).
    #[cfg_attr(feature = "describe", schema(format = DateTime))]
    pub at: String,
}

/// The same in a few words, for the board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub tag: String,
    pub window: Window,
    /// What stands behind the tag.
    pub told: String,
    pub epoch: Epoch,
    /// As in [`Alert`].
    pub at: String,
}
