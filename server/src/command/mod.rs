//! The commands, and how they end: 0 well, 2 wrong usage, 1 all else, 70 a fault of our own.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use tracing_subscriber::EnvFilter;

use crate::cli::{self, Command};

mod count;
mod feed;
mod serve;

/// The count has stopped by a fault of this program; a supervisor may start it anew.
const SOFTWARE: u8 = 70;

pub fn run() -> ExitCode {
    let command = match cli::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(error) if !error.use_stderr() => {
            // Help or version; a reader that is gone is no failure.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&cli::one_line(&error), 2),
    };
    log_to_stderr();
    let ended = match command {
        Command::Count(typed) => count::run(&typed),
        Command::Feed(typed) => on_tokio(feed::run(typed)),
        Command::Serve(typed) => on_tokio(serve::run(typed)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<crate::flow::FlowError>() => fail(&format!("{error:#}"), SOFTWARE),
        Err(error) => fail(&format!("{error:#}"), 1),
    }
}

fn on_tokio(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(command);
    // Nothing that still waits, such as a blocking read of standard input, holds up the end.
    runtime.shutdown_background();
    ended
}

#[expect(
    clippy::print_stderr,
    reason = "the one line that says why the program does not go on"
)]
fn fail(line: &str, status: u8) -> ExitCode {
    eprintln!("tagtide: {line}");
    ExitCode::from(status)
}

/// What happens, a line a fact, on standard error. `TAGTIDE_LOG` chooses how much, in the syntax of
/// tracing's filters.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("TAGTIDE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
}

/// Until the program is told to end.
async fn told_to_end() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
