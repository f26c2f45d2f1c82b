//! Posts combined into the open epoch, and its seal.
//!
//! Every writer of every source adds to an `Open` of its own, under a lock that only the close of an
//! epoch shares. The close takes them all at once, cursors included, and hands them to the sealer, which
//! makes them durable in one commit, together with what the epoch's deletions, edits and take-downs
//! retract from it and from earlier ones (`Remembered`). What is brought whole (`Delivery`) has an `Open` of
//! its own, which joins the epoch when it is complete.
//!
//! **Invariants:** a cursor is never ahead of the counts: both leave an `Open` together and go into
//! one commit; so are the posts of a delivery and its receipt. A sealed epoch never changes. Epoch numbers only grow.

mod author;
mod clock;
mod combine;
mod counters;
mod delivery;
mod intake;
mod mentioned;
mod noted;
mod open;
mod receipts;
mod remembered;
mod room;
mod samples;
mod seal;

use std::time::Duration;

use engine::grammar::Grammar;

use crate::store::{Log, StoreError};

pub(crate) use author::AuthorKey;
pub(crate) use clock::{end_of, epoch_of, now, tick};
pub(crate) use counters::Retractions;
pub(crate) use delivery::{Delivery, Keyed, NoRoom};
pub(crate) use intake::Intake;
pub(crate) use receipts::{ClaimError, Claimed, KeyState, Receipts};
#[cfg(any(test, fuzzing))]
pub(crate) use remembered::fuzzing;
pub(crate) use remembered::{Remembered, joined as joined_remembered};
pub(crate) use seal::{Parts, Sealed, Sealer};

/// The posts that can be retracted, as the log has them.
pub(crate) fn remembered(
    log: &Log,
    grammar: Grammar,
    batch: Duration,
) -> Result<Remembered, StoreError> {
    Remembered::load(grammar, remembered::Limits::new(batch), log)
}
