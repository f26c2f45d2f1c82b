//! The command line: what was typed, checked as far as one option can be checked for itself.
//!
//! * `serve` and `others` the commands, `shared` options that several of them have
//! * `alerts` and `cluster` parts of the former, `limits` what is told below its options
//! * `values` what options are made of

mod alerts;
mod cluster;
mod limits;
mod others;
mod serve;
mod shared;
mod values;

use std::{collections::HashSet, ffi::OsString};

use clap::{
    CommandFactory, FromArgMatches, Parser, Subcommand,
    error::{ContextKind, ErrorKind},
};
use model::Kind;

use crate::{log::Form, source::Spec};

pub(crate) use alerts::{AlertOptions, TagCount};
pub(crate) use cluster::Cluster;
pub(crate) use others::{Backup, Check, Count, Feed, HelpFiles, Status};
pub(crate) use serve::Serve;
pub(crate) use shared::{Log, Text, X};

/// What is trending now: counts hashtags as posts are written, and shows them on a live board.
///
/// Without a command tagtide serves: it reads posts from its sources, counts their hashtags, keeps
/// the counts across restarts and crashes, and shows them at http://127.0.0.1:3000. With no --source
/// it runs a built-in demo stream.
///
/// Try: tagtide, then open http://127.0.0.1:3000
#[derive(Debug, Parser)]
#[command(name = "tagtide", version = VERSION, args_conflicts_with_subcommands = true)]
#[command(disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

const VERSION: &str = if cfg!(debug_assertions) {
    concat!(env!("CARGO_PKG_VERSION"), " (debug build)")
} else {
    concat!(env!("CARGO_PKG_VERSION"), " (release build)")
};

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
pub(crate) enum Command {
    /// Read posts, count their hashtags and show them (the default)
    Serve(Serve),
    /// Print the top hashtags of files
    ///
    /// Counts are exact: every tag in every spelling is kept in memory, with 50 to 150 bytes and its
    /// text twice, on each thread that met it.
    Count(Count),
    /// Write posts as lines to whoever connects, as the tutorial's Twitter client does
    Feed(Feed),
    /// Verify every stored byte of a data directory and say what it holds, without changing it
    Check(Check),
    /// Copy a data directory to another one, also while tagtide runs on it
    ///
    /// The copy is both files as they were at one moment, with the place up to which each source was read.
    /// It is a data directory as any other: `tagtide check` looks at it, and to go on from it is to restore
    /// it. tagtide counts on meanwhile. One that is cut short is known as unfinished and made anew by the
    /// next backup to the same place.
    Backup(Backup),
    /// Ask a running tagtide how it does: health, sources, stores, memory
    ///
    /// Exit status 0: its results are current; 1: they are not, or it is not reached.
    Status(Status),
    /// Write the man pages and the shells' completions, for whoever makes a package
    #[command(hide = true)]
    HelpFiles(HelpFiles),
}

impl Command {
    /// What its log looks like.
    pub(crate) fn log_form(&self) -> Form {
        match self {
            Self::Serve(Serve { log, .. }) | Self::Feed(Feed { log, .. }) => log.form,
            _ => Form::default(),
        }
    }
}

/// What was typed, or how the program ends at once: help and version, or one line on what is wrong.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    let matches = Cli::command().try_get_matches_from(args)?;
    let cli = Cli::from_arg_matches(&matches)?;
    let command = cli.command.unwrap_or(Command::Serve(cli.serve));
    if let Command::Serve(serve) = &command {
        if !serve.public && !serve.listen.ip().is_loopback() {
            let message = format!(
                "--listen {} is no loopback address, such as 127.0.0.1:3000: with --public others are let in",
                serve.listen
            );
            return Err(Cli::command().error(ErrorKind::ValueValidation, message));
        }
        if let Err(message) = serve.cluster.fits(&serve.data) {
            return Err(Cli::command().error(ErrorKind::ValueValidation, message));
        }
        let mut identities = HashSet::new();
        let twice = |spec: &&Spec| !identities.insert(spec.identity());
        if let Some(spec) = serve.sources.iter().find(twice) {
            // Two would share one cursor, and count the same posts twice.
            let message = format!("--source {spec} is given twice: give it once");
            return Err(Cli::command().error(ErrorKind::ArgumentConflict, message));
        }
    }
    let (Command::Serve(Serve { sources, x, .. }) | Command::Feed(Feed { sources, x, .. })) =
        &command
    else {
        return Ok(command);
    };
    if x.is_given() && !sources.iter().any(|spec| spec.kind() == Kind::X) {
        let message = "--x-rule and --x-budget are for --source x: give that too";
        return Err(Cli::command().error(ErrorKind::MissingRequiredArgument, message));
    }
    Ok(command)
}

/// All that can be typed, for what is written about it.
pub(crate) fn definition() -> clap::Command {
    Cli::command()
}

/// A usage error in one line: what is wrong, and how to mend it.
pub(crate) fn one_line(error: &clap::Error) -> String {
    let rendered = error.render().to_string();
    let mut lines = rendered
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("wrong usage");
    let mut text = first.trim_start_matches("error: ").to_owned();
    if let Some(value) = error.get(ContextKind::InvalidValue)
        && may_hold_a_secret(error)
    {
        text = text.replacen(&format!(" '{value}'"), "", 1);
    }
    if error.kind() == ErrorKind::MissingRequiredArgument {
        text = format!("{text} {}", lines.next().unwrap_or_default());
    }
    if let Some(near) = error.get(ContextKind::SuggestedArg) {
        text = format!("{text}; did you mean {near}?");
    }
    format!("{text} (see tagtide --help)")
}

/// Addresses of others may have a token in them, and what ends the program is kept in journals.
fn may_hold_a_secret(error: &clap::Error) -> bool {
    let of = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    let of = of.unwrap_or_default();
    ["--alert-url", "--post-to"]
        .iter()
        .any(|option| of.starts_with(option))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn typed(words: &str) -> Result<Command, clap::Error> {
        parse(words.split(' ').map(OsString::from))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_serves() {
        let Ok(Command::Serve(serve)) = typed("tagtide --batch 500ms --print") else {
            panic!()
        };
        assert_eq!(serve.batch, Duration::from_millis(500));
        assert!(serve.print);
        assert!(matches!(
            typed("tagtide serve --batch 1s"),
            Ok(Command::Serve(_))
        ));
    }

    #[test]
    fn a_wrong_address_of_others_is_not_repeated() {
        for words in [
            "tagtide --alert-url hooks.example/T00/hidden",
            "tagtide --alert-url ftp://hooks.example/hidden",
            "tagtide --post-to hooks.example/hidden",
        ] {
            let said = one_line(&typed(words).expect_err("it is no web address"));
            assert!(!said.contains("hidden"), "{said}");
            assert!(said.contains(words.split(' ').nth(1).unwrap()), "{said}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_one_line() {
        for words in [
            "tagtide --batch 10ms",
            "tagtide --btach 2s",
            "tagtide --source nonsense",
            "tagtide --listen 0.0.0.0:80",
            "tagtide --listen here",
            "tagtide --grammar klingon",
            "tagtide --workers 0",
            "tagtide --post-to ftp://x/",
            "tagtide nonsense",
            "tagtide --x-rule #rust",
            "tagtide --source x --x-budget free",
            "tagtide feed --source mastodon:",
            "tagtide status ftp://127.0.0.1/",
            "tagtide --log-format xml",
            "tagtide --cluster a:1,b:2",
            "tagtide --cluster a:1,b:2 --index 2 --secret-file x",
            "tagtide --cluster a,b --index 0 --secret-file x",
            "tagtide --index 0",
            "tagtide --alert-rise 0",
            "tagtide --alert-rise NaN",
            "tagtide --alert-tag rust",
            "tagtide --alert-tag rust=0",
            "tagtide --alert-tag rust=5/2m",
            "tagtide --alert-tag =5",
            "tagtide --alert-url ftp://x/",
        ] {
            let Err(error) = typed(words) else {
                panic!("{words} is taken")
            };
            assert_eq!(error.exit_code(), 2, "{words}");
            let line = one_line(&error);
            assert!(!line.contains('\n') && line.len() < 300, "{line}");
        }
    }
}
