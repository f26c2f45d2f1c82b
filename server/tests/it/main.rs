//! Tests of the real program.

mod api;
mod program;
mod tutorial;
