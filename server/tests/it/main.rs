//! Tests of the real program.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod api;
mod backup;
mod blocked;
mod damage;
mod exactly_once;
#[path = "../fakes/mod.rs"]
mod fakes;
#[path = "../fakes/tests/mod.rs"]
mod fakes_are_faithful;
mod killed;
mod program;
mod random;
mod replay;
mod secured;
mod sources;
mod torture;
mod tutorial;
mod usage;
