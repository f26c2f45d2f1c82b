//! Hashtag grammars, the windowed count, and what of it is worth an alert.
//!
//! **Invariant:** nothing in here reads a clock, a file or a socket, and the seeds of hash tables show in
//! no result. What is counted for an epoch is a function of the epochs up to it.

pub mod alerts;
pub mod count;
pub mod grammar;
pub mod key;
pub mod tally;
