//! The commands but `serve`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{ArgAction, Args, builder::BoolishValueParser};

use super::{
    Log, Text, X,
    values::{address, loopback, server},
};
use crate::source::Spec;

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Where it is: HOST:PORT or a web address [default: what TAGTIDE_LISTEN says, or 127.0.0.1:3000]
    #[arg(value_name = "URL", value_parser = server)]
    pub(crate) url: Option<reqwest::Url>,

    #[arg(
        long,
        env = "TAGTIDE_LISTEN",
        hide = true,
        default_value = "127.0.0.1:3000",
        value_parser = address
    )]
    pub(crate) listen: SocketAddr,

    /// Print what /api/v1/status answers
    #[arg(long, env = "TAGTIDE_JSON", hide_env_values = true, action = ArgAction::SetTrue)]
    #[arg(value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Count {
    /// Files of posts, a line each; '-' or none: standard input. gzip, zstd and bzip2 are recognised
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Print the rows as JSON
    #[arg(long, env = "TAGTIDE_JSON", hide_env_values = true, action = ArgAction::SetTrue)]
    #[arg(value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,

    /// How many tags
    #[arg(
        short,
        long = "top",
        env = "TAGTIDE_TOP",
        hide_env_values = true,
        value_name = "N",
        default_value_t = 10
    )]
    pub(crate) k: usize,

    /// Threads that count [default: the number of cores]
    #[arg(
        long,
        env = "TAGTIDE_THREADS",
        hide_env_values = true,
        value_name = "N"
    )]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    #[command(flatten)]
    pub(crate) text: Text,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The directory that holds the counts; no tagtide may be running on it
    #[arg(
        long,
        env = "TAGTIDE_DATA",
        hide_env_values = true,
        value_name = "DIR",
        default_value = "./tagtide-data"
    )]
    pub(crate) data: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The directory that holds the counts
    #[arg(
        long,
        env = "TAGTIDE_DATA",
        hide_env_values = true,
        value_name = "DIR",
        default_value = "./tagtide-data"
    )]
    pub(crate) data: PathBuf,

    /// Where the copy goes: a directory that is not there yet, or is empty
    #[arg(value_name = "DEST")]
    pub(crate) to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct HelpFiles {
    /// The directory for them; it is made if missing
    #[arg(value_name = "DIR")]
    pub(crate) to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Feed {
    /// Where readers connect; a loopback address
    #[arg(
        long,
        env = "TAGTIDE_LISTEN",
        hide_env_values = true,
        value_name = "ADDR",
        default_value = "127.0.0.1:9009"
    )]
    #[arg(value_parser = loopback)]
    pub(crate) listen: SocketAddr,

    /// Where posts come from, as of `tagtide serve`; begins when the first reader connects
    #[arg(
        long = "source",
        env = "TAGTIDE_SOURCE",
        hide_env_values = true,
        value_name = "SPEC",
        default_value = "demo"
    )]
    pub(crate) sources: Vec<Spec>,

    #[command(flatten)]
    pub(crate) log: Log,

    #[command(flatten)]
    pub(crate) x: X,
}
