//! `tagtide backup`: a copy of a data directory, from the program that runs on it, else from its files.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    thread,
};

use anyhow::Context as _;

use super::check;
use crate::{
    backup,
    cli::Backup,
    flow,
    store::{self, Copy, Log, Settings, State, StoreError},
};

pub(super) fn run(typed: &Backup) -> anyhow::Result<()> {
    let (data, to) = (&typed.data, &typed.to);
    // What is not there is said before anything is made.
    let asked = backup::ask(data)
        .with_context(|| format!("the tagtide on {} cannot be asked", data.display()))?;
    let unfinished = || format!("the backup {} is not finished: make it anew", to.display());
    let begin = || Copy::begin(to).with_context(|| format!("{} cannot be a backup", to.display()));
    let copy = match asked {
        Some(stream) => {
            let copy = begin()?;
            copy.receive(io::BufReader::new(stream))
                .with_context(unfinished)?;
            copy
        }
        None => {
            let (log, state) = store::open_untouched(data)?;
            let copy = begin()?;
            piped(&log, &state, &copy).with_context(unfinished)?;
            copy
        }
    };
    let (log, state) = copy.open().with_context(unfinished)?;
    flow::check(&log, &state).with_context(unfinished)?;
    let told = told(to, &log)?;
    drop((log, state));
    copy.finish().with_context(unfinished)?;
    // A reader that is gone is no failure.
    let _ = io::stdout().write_all(told.as_bytes());
    Ok(())
}

/// What one end sends the other takes, side by side.
fn piped(log: &Log, state: &State, copy: &Copy) -> Result<(), StoreError> {
    let (from, to) = io::pipe().map_err(StoreError::CutShort)?;
    thread::scope(|scope| {
        // What goes wrong there is told to this end.
        scope.spawn(move || store::send(log, state, to));
        copy.receive(io::BufReader::new(from))
    })
}

/// One line.
fn told(to: &Path, log: &Log) -> anyhow::Result<String> {
    let Settings { batch, .. } = log.settings()?;
    let last = log.last()?;
    let bytes: u64 = ["log.redb", "state.redb"]
        .into_iter()
        .filter_map(|name| fs::metadata(to.join(name)).ok())
        .map(|file| file.len())
        .sum();
    Ok(format!(
        "{}: as of epoch {} ({}), {:.1} MiB\n",
        to.display(),
        last.0,
        check::at(last, batch),
        bytes as f64 / f64::from(1 << 20),
    ))
}
