//! The program `tagtide`.
//!
//! * `cli` what was typed, `command` what is done
//! * `source` where posts come from, and how lines become posts
//! * `epoch` posts combined into the open epoch, and its seal
//! * `store` the two files that survive the process
//! * `flow` the count as a timely dataflow, `moderation` the tags that it leaves out
//! * `alerts` what is told when a tag reaches a threshold
//! * `backup` a copy of the two files while they are written
//! * `results` what was counted, `live` the newest of it for whoever shows it; `kept` what takes its time, for
//!   the next one
//! * `log` what is told on standard error
//! * `client` how others are asked over HTTP, `retry` how long to wait before that is done again;
//!   `secret` what only this program and who it talks to may know, `random` numbers that look so; `durations`
//!   how long things took, `process` what the system knows of this process
//! * `web` the board and the APIs, `tutorial` the other wires of the classic tutorial
//! * `fuzzing` what must hold for any bytes; not in the program

mod alerts;
mod backup;
mod cli;
mod client;
mod command;
mod durations;
mod epoch;
mod flow;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod kept;
mod live;
mod log;
mod moderation;
mod process;
mod random;
mod results;
mod retry;
mod secret;
mod source;
mod store;
mod tutorial;
mod web;

pub use command::run;
