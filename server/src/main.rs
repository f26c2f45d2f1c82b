//! tagtide: what is trending now, from a stream of posts to a live board.

mod cli;
mod command;
mod epoch;
mod flow;
mod results;
mod source;
mod store;
mod web;

fn main() -> std::process::ExitCode {
    command::run(cli::parse())
}
