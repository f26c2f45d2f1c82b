//! What operators have done, and which tags they block by it.

use serde::{Deserialize, Serialize};

/// So many are kept, the newest.
pub(crate) const LAST_ACTIONS: u64 = 1000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Action {
    /// Milliseconds since the Unix epoch.
    pub(crate) at: u64,
    pub(crate) deed: Deed,
}

/// Its bytes begin with its place here: new ones come last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Deed {
    Block {
        key: String,
        /// As boards would show it.
        tag: String,
    },
    Unblock {
        key: String,
        tag: String,
    },
}

/// A tag that operators block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlockedTag {
    pub(crate) tag: String,
    /// Since when.
    pub(crate) at: u64,
}

/// The forms that either was ever stored in.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StoredAction<T> {
    First(T),
}

impl<T> StoredAction<T> {
    pub(super) fn value(self) -> T {
        match self {
            Self::First(value) => value,
        }
    }
}
