//! What a line says, or why it says nothing.

use serde::{Deserialize, Serialize};

use crate::source::Event;

/// A line that nothing can be counted in. Stored by its place in this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum NotAPost {
    #[error("a JSON object of no known form")]
    UnknownObject,
    #[error("no JSON object")]
    NoObject,
}

/// What a line says, as all forms give it.
pub(super) type Decoded<'a> = Result<Option<Event<'a>>, NotAPost>;
