//! Standard error: the log, and the few lines that are told also where the log is silent.
//!
//! **Invariant:** that nobody reads it any more, as after Ctrl-C in `tagtide 2>&1 | tee log`, stops
//! nothing: posts are still sealed, and the exit status tells the truth.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
};

use tracing_subscriber::EnvFilter;

/// Writes what can be written.
struct Lenient(io::Stderr);

impl Write for Lenient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What happens, a line a fact. `TAGTIDE_LOG` chooses how much, in the syntax of tracing's filters.
pub(super) fn start_log() {
    let filter = EnvFilter::try_from_env("TAGTIDE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Lenient(io::stderr()))
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .log_internal_errors(false)
        .init();
}

pub(super) fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}
