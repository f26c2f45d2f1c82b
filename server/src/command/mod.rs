//! The commands, and how they end: 0 well, 2 wrong usage, 1 all else, 70 a fault of our own.

use std::{io, process::ExitCode};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    alerts::Unusable,
    blocked::Unreadable,
    cli::{self, Command},
    flow::FlowError,
    log::{self, say},
    web::NeedsToken,
};

mod backup;
mod check;
mod count;
mod feed;
mod help_files;
mod serve;
mod status;

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
    if let Err(error) = log::start(command.log_form()) {
        return fail(&error.to_string(), 2);
    }
    let ended = match command {
        Command::Backup(typed) => backup::run(&typed),
        Command::Check(typed) => check::run(&typed),
        Command::Count(typed) => count::run(&typed),
        Command::Feed(typed) => on_tokio(feed::run(typed)),
        Command::HelpFiles(typed) => help_files::run(&typed),
        Command::Serve(typed) => on_tokio(serve::run(typed)),
        Command::Status(typed) => on_tokio(status::run(typed)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&in_full(&error), status(&error)),
    }
}

fn status(error: &anyhow::Error) -> u8 {
    if error.is::<Unreadable>() || error.is::<NeedsToken>() || error.is::<Unusable>() {
        return 2;
    }
    match error.downcast_ref() {
        Some(FlowError::Worker(_)) => SOFTWARE,
        _ => 1,
    }
}

/// An error and what it came from, each said once.
fn in_full(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
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

fn fail(line: &str, status: u8) -> ExitCode {
    log::fail(format_args!("tagtide: {line}"));
    ExitCode::from(status)
}

/// The two ways in which a program is told to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From here on they no longer end the process by themselves.
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn told_to_end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
