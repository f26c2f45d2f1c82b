//! Hashtag grammars and the windowed count.
//!
//! **Invariant:** nothing in here reads a clock, a file, a socket or a random number. What is counted
//! for an epoch is a function of the epochs up to it.

pub mod count;
pub mod grammar;
pub mod key;
pub mod tally;
