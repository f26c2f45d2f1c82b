use serde::{Deserialize, Serialize};

use crate::{Epoch, Kind, Lang, Window};

/// One tag in depth, in one window: the answer of `/api/v1/tags/NAME`. Of a tag that operators show as another one, all
/// of it is what that has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
pub struct TagDetail {
    /// The most used spelling with a leading `#`, or the one that operators show.
    pub tag: String,
    /// What makes two spellings the same tag.
    pub key: String,
    pub window: Window,
    pub epoch: Epoch,
    /// When the epoch closed, in UTC (RFC 3339).
    #[cfg_attr(feature = "describe", schema(format = DateTime))]
    pub at: String,
    /// Mentions in the window.
    pub count: u64,
    /// How much `count` may be too high; 0 is exact.
    pub error: u64,
    /// Distinct authors; null where they are not known.
    pub people: Option<u64>,
    /// How far the tag is above its own past; null without a window, and below the least count.
    pub score: Option<f64>,
    /// When it began to be above its own past as it still is, in UTC (RFC 3339); null where it is
    /// not.
    #[cfg_attr(feature = "describe", schema(format = DateTime))]
    pub rising_since: Option<String>,
    /// Most first.
    pub languages: Vec<LangCount>,
    /// Most first.
    pub sources: Vec<SourceCount>,
    /// Since the count began, most used first; at most eight are told apart.
    pub spellings: Vec<TagCount>,
    /// Tags of the same posts, most first: estimated from a uniform sample of the window's posts that
    /// name several tags.
    pub together: Vec<TagCount>,
    /// Mentions over time, oldest first; the steps are as fine as what is kept of their age.
    pub series: Vec<Step>,
    /// The newest posts of a sample of those that can be linked to.
    pub posts: Vec<Link>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
pub struct LangCount {
    /// null where the language is not known.
    pub lang: Option<Lang>,
    pub count: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
pub struct SourceCount {
    pub source: Kind,
    pub count: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
pub struct TagCount {
    /// With a leading `#`.
    pub tag: String,
    pub count: u64,
}

/// Mentions from one time on, up to the next step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
pub struct Step {
    /// When it begins, in UTC (RFC 3339).
    #[cfg_attr(feature = "describe", schema(format = DateTime))]
    pub at: String,
    pub count: u64,
}

/// A post, where it can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
pub struct Link {
    pub url: String,
    pub source: Kind,
    /// When it was counted, in UTC (RFC 3339).
    #[cfg_attr(feature = "describe", schema(format = DateTime))]
    pub at: String,
}

/// The answer to a page that polls for a tag.
#[allow(
    clippy::large_enum_variant,
    reason = "one is made for an answer and taken apart at once"
)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TagAnswer {
    /// The counts are those of the epoch that the asker holds.
    Unchanged {
        /// What was received since has been waiting to be counted for too long.
        behind: bool,
    },
    /// The counts are not ready yet: the server is starting.
    Starting,
    /// The tag was never mentioned, or is forgotten.
    NeverSeen,
    /// Whoever runs the server does not show it.
    Blocked,
    Tag(TagDetail),
}
