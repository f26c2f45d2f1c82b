//! tagtide: what is trending now, from a stream of posts to a live board.
//!
//! `cli` what was typed, `command` what is done; `source` posts come in, `epoch` they are combined and
//! sealed into `store`, `flow` counts them, `results` the newest counts, `web` the board and the APIs,
//! `tutorial` the wires of the classic tutorial.

mod cli;
mod command;
mod epoch;
mod flow;
mod results;
mod source;
mod store;
mod tutorial;
mod web;

fn main() -> std::process::ExitCode {
    command::run()
}
