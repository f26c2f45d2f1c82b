//! Plain data that the server and the page share: what a board is and how one is asked for.
//!
//! The field names are those of the public JSON of `/api/v1/top`; a name given here is not changed.

mod alert;
mod board;
mod slice;
mod source;
mod tag;
mod top;
mod view;

pub use alert::{Alert, AlertKind, Notice};
pub use board::{Answer, Board, Pulse, Unchanged};
pub use slice::{Filter, Kind, Lang, Slice};
pub use source::{Source, SourceState, Spend, states};
pub use tag::{LangCount, Link, SourceCount, Step, TagAnswer, TagCount, TagDetail};
pub use top::{Epoch, Row, Top};
pub use view::{Origin, Ranking, UnknownName, View, Window};
