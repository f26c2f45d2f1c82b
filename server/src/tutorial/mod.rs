//! The wires of the tutorial that tagtide can stand in for, other than its two HTTP addresses (these
//! are in `web::tutorial`).
//!
//! * [`literal`] reads the Python literals that a Spark job posts
//! * [`repr`] writes them, as Python's `str` would
//! * [`poster`] is the Spark job's side of `/updateData` (`--post-to`)
//! * [`table`] is what the Spark job prints (`--print`)

pub(crate) mod literal;
mod poster;
mod repr;
mod table;

pub(crate) use poster::run as post;
pub(crate) use table::to_stdout as print;
