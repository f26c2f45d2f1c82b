//! What survives the process: two redb files in the data directory, and their versioned bytes.
//!
//! `log.redb` ([`Log`]) holds the sealed epochs and the cursor of every source, `state.redb`
//! ([`State`]) the count as it was some epochs ago. The state is a function of the log; it exists so
//! that the log can be short.
//!
//! **Invariants:** a commit is durable when the call returns. An entry leaves the log only when the
//! state that holds it is durable. Bytes of an unknown format are refused, never guessed at. This is
//! the only place that names redb.

mod error;
mod file;
mod format;
mod log;
mod state;

pub(crate) use error::{OpenError, StoreError};
pub(crate) use log::{Log, Settings};
pub(crate) use state::State;

/// Opens both files of a data directory, which is made if it is not there.
pub(crate) fn open(
    directory: &std::path::Path,
    settings: &Settings,
) -> Result<(Log, State), OpenError> {
    std::fs::create_dir_all(directory)
        .map_err(|error| OpenError::Directory { path: directory.to_owned(), error })?;
    // The log first: it is what two processes on one directory meet at.
    let log = Log::open(directory, settings)?;
    let state = State::open(directory)?;
    Ok((log, state))
}
