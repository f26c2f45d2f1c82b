//! What is remembered of posts that were brought under a key, so that a repeat counts once and is
//! answered the same.

use model::Epoch;
use serde::{Deserialize, Serialize};

use crate::source::Taken;

/// The key of a delivery, as a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct DeliveryKey(pub(crate) u128);

/// What whoever brought the posts was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    /// The digest of all that was brought.
    pub(crate) digest: [u8; 32],
    /// All its posts are in this one.
    pub(crate) epoch: Epoch,
    pub(crate) taken: Taken,
}

/// The forms that a receipt was ever stored in.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stored<R> {
    First(R),
}

impl<R> Stored<R> {
    pub(super) fn receipt(self) -> R {
        match self {
            Self::First(receipt) => receipt,
        }
    }
}

/// What a seal does to the receipts.
#[derive(Debug, Default)]
pub(crate) struct SealedReceipts {
    /// When they are sealed: milliseconds since the Unix epoch. Never before those of earlier seals.
    pub(crate) at: u64,
    pub(crate) fresh: Vec<(DeliveryKey, Receipt)>,
    /// Those sealed up to this time leave.
    pub(crate) expired: u64,
}
