//! Tests of the real program.

mod api;
mod exactly_once;
mod program;
mod random;
mod sources;
mod tutorial;
mod usage;
