//! Tests of the real program.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod api;
mod exactly_once;
mod program;
mod random;
mod replay;
mod sources;
mod tutorial;
mod usage;
