//! The windowed count of one key group, and the merge of what groups lead with.
//!
//! A [`Group`] is the state of one key group: what a worker keeps, stores and hands on. It is given a
//! [`Delta`] an epoch and answers with its best tags as a [`Partial`]. A key lives in one group, so the
//! best of the parts' best are the best of all ([`Partial::merge`]).
//!
//! * `group` the state and what an epoch adds to it; `table` its tags, `panes` its epochs
//! * `windows` where windows begin, `aging` how epochs leave them, `retraction` how deleted posts do
//! * `bounds` what makes room, `sketches` samples within their bound: `people`, `samples`
//! * `top` makes a `partial`, with its `leaders`; `standing` is what decides: people, and how far a tag is above
//!   its past (`rising`)
//! * `detail` one tag in depth, `recent` its last minutes
//! * `hides` which tags take no rank, `sets` which take one together: `strand` what each adds to it
//! * `listed` the best with something beside them: `trends` what they had on the last `days`, `sampled` a post
//! * `saved` the state as rows
//!
//! **Invariant:** equal epochs in equal order give equal results, byte for byte, however groups are
//! spread over workers, whatever the order of the entries in a delta, and wherever between two epochs
//! the state went through [`Saved`] rows and back.

mod aging;
mod bounds;
mod days;
mod delta;
mod detail;
mod group;
mod hides;
mod leaders;
mod listed;
mod panes;
mod partial;
mod people;
mod recent;
mod retraction;
mod rising;
mod sampled;
mod samples;
mod saved;
mod sets;
mod sketches;
mod skyband;
mod spellings;
mod standing;
mod strand;
mod table;
mod top;
mod trends;
mod windows;

use serde::{Deserialize, Serialize};

pub use days::{DAYS, Day, Usage, day_of};
pub use delta::{
    Author, Counted, Delta, Deltas, Named, Retracted, RetractedMention, Sample, SliceDelta,
};
pub use detail::{Detail, Share};
pub use group::Group;
pub use hides::Hides;
pub use leaders::{Before, Leader, Leaders};
pub use listed::{Beside, List, Listed};
pub use panes::Pane;
pub use partial::{Part, Partial, Pulse};
pub use sampled::{NewestLink, Sampled, SampledTags};
pub use saved::{ChangedSegment, Changes, SEGMENT, Saved, SavedGroup, SavedTag, Segment};
pub use sets::{Set, Sets, ShownAs};
pub use spellings::Spellings;
pub use strand::Strand;
pub use trends::{Trend, Trends, UsageByDay};

/// What a count is laid out for; the same for all groups, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Length of an epoch in milliseconds, at least 1.
    pub batch_ms: u64,
    /// Bound on the tags of all groups together. Each group has an equal part of it, so that what is
    /// counted does not depend on how groups are spread.
    pub max_tags: u64,
}
