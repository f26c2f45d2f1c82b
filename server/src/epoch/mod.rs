//! Posts combined into the open epoch, and its seal.
//!
//! Every writer of every source adds to an `Open` of its own, under a lock that only the close of an
//! epoch shares. The close takes them all at once, cursors included, and hands them to the sealer, which
//! makes them durable in one commit.
//!
//! **Invariants:** a cursor is never ahead of the counts: both leave an `Open` together and go into
//! one commit. A sealed epoch never changes. Epoch numbers only grow.

mod clock;
mod counters;
mod intake;
mod open;
mod room;
mod seal;

pub(crate) use clock::{end_of, epoch_of, now, tick};
pub(crate) use counters::Retractions;
pub(crate) use intake::Intake;
pub(crate) use seal::{Parts, Sealed, Sealer};
