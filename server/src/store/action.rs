//! What operators have done, and which tags they block and approve by it.

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
    Approve {
        key: String,
        tag: String,
    },
    /// From then on a tag is shown only once it is approved.
    Review {
        /// As many were approved by it, for they were shown.
        approved: u64,
    },
    EndReview,
}

/// A tag that operators block, or have approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JudgedTag {
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
