//! `tagtide serve`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{ArgAction, Args, builder::BoolishValueParser};

use super::{
    AlertOptions, Cluster, Log, Text, X,
    limits::LIMITS,
    values::{address, batch, web},
};
use crate::{source::Spec, web::Network};

#[derive(Debug, Args)]
#[command(after_long_help = LIMITS)]
pub(crate) struct Serve {
    /// Where the board and the APIs are; loopback, but for --public
    ///
    /// Port 0 is one that is free.
    #[arg(
        long,
        env = "TAGTIDE_LISTEN",
        hide_env_values = true,
        value_name = "ADDR",
        default_value = "127.0.0.1:3000"
    )]
    #[arg(value_parser = address)]
    pub(crate) listen: SocketAddr,

    /// Let others than this machine in
    ///
    /// Needed for a --listen that is no loopback address. Then all that is posted needs a token, which
    /// TAGTIDE_INGEST_TOKEN or the file that TAGTIDE_INGEST_TOKEN_FILE names holds: Authorization: Bearer
    /// TOKEN. Without --public posts need it where it is set. Reading needs none.
    #[arg(long, env = "TAGTIDE_PUBLIC", hide_env_values = true, action = ArgAction::SetTrue)]
    #[arg(value_parser = BoolishValueParser::new())]
    pub(crate) public: bool,

    #[command(flatten)]
    pub(crate) visitors: Visitors,

    /// The directory that holds the counts; it is made if missing
    ///
    /// One process at a time. It is bound to the --batch and the --grammar it was begun with.
    #[arg(
        long,
        env = "TAGTIDE_DATA",
        hide_env_values = true,
        value_name = "DIR",
        default_value = "./tagtide-data"
    )]
    pub(crate) data: PathBuf,

    /// Where posts come from; repeat it for several
    ///
    /// demo[:rate=N,seed=N]  made-up posts, N a second; the same seed makes the same posts.
    /// tcp:HOST:PORT  connects and reads lines, as Spark's socketTextStream; reconnects.
    /// listen:ADDR:PORT  takes lines from any number of writers.
    /// file:PATH[,speed=max|realtime|Nx]  reads a file, or - for standard input, once; a restart goes
    /// on where the counts end. gzip, zstd, bzip2 and tar are recognised.
    /// x, x:sample  X, by its API v2: the filtered or the sampled stream; see its options below.
    /// bluesky[:URL,…]  Bluesky, by a public Jetstream or those given; a restart loses nothing.
    /// mastodon:HOST  the public stream of a Mastodon server; its token: TAGTIDE_MASTODON_TOKEN, or
    /// TAGTIDE_MASTODON_TOKEN_FILE; a restart fills the gap.
    /// nostr:URL,…  notes of Nostr relays, each counted once; a restart fills the gap.
    ///
    /// A line is a post: text, or a JSON object of X v2, of Twitter v1.1, of Jetstream, of Mastodon, or
    /// {"text":…,"lang":…,"author":…,"at":…,"tags":[…],"id":…,"url":…}. A post with a known id takes its
    /// place; {"delete":ID} and {"takedown":AUTHOR} take posts with an id out of the counts again.
    #[arg(
        long = "source",
        env = "TAGTIDE_SOURCE",
        hide_env_values = true,
        value_name = "SPEC",
        default_value = "demo"
    )]
    pub(crate) sources: Vec<Spec>,

    /// The length of an epoch, 100ms to 60s: how often counts are sealed and the board changes
    #[arg(
        long,
        env = "TAGTIDE_BATCH",
        hide_env_values = true,
        value_name = "DURATION",
        default_value = "2s"
    )]
    #[arg(value_parser = batch)]
    pub(crate) batch: Duration,

    #[command(flatten)]
    pub(crate) text: Text,

    /// Threads of the count [default: the number of cores, at most 8]
    #[arg(
        long,
        env = "TAGTIDE_WORKERS",
        hide_env_values = true,
        value_name = "N"
    )]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) workers: Option<u16>,

    /// How many tags are kept at most
    ///
    /// In memory and on disk. A million of them take about 1 GB of memory. Past it the rarest make room, all-time counts become estimates, and how much each may be too
    /// high is shown with it. It may be another with every start.
    #[arg(
        long,
        env = "TAGTIDE_MAX_TAGS",
        hide_env_values = true,
        value_name = "N",
        default_value_t = 2_000_000
    )]
    #[arg(value_parser = clap::value_parser!(u64).range(1024..))]
    pub(crate) max_tags: u64,

    /// Hashtags that are never shown: a file of them
    ///
    /// One a line, with or without '#', in any spelling that is the same tag. They take no rank, and the next one moves up; what is counted
    /// of all tags has them in it. The file is read again when it changes. More can be blocked while it
    /// runs, shown as one, or hidden until they are approved, at /admin: that page is there when TAGTIDE_ADMIN_TOKEN, or
    /// the file that TAGTIDE_ADMIN_TOKEN_FILE names, holds the token to sign in with.
    #[arg(
        long,
        env = "TAGTIDE_BLOCK",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub(crate) block: Option<PathBuf>,

    /// Post the all-time top ten after each epoch to this dashboard of the tutorial (…/updateData)
    ///
    /// Where it asks for a token, as tagtide does with --public, TAGTIDE_POST_TO_TOKEN or the file that
    /// TAGTIDE_POST_TO_TOKEN_FILE names holds it: Authorization: Bearer TOKEN.
    #[arg(long, env = "TAGTIDE_POST_TO", hide_env_values = true, value_name = "URL", value_parser = web)]
    pub(crate) post_to: Option<reqwest::Url>,

    /// Print the top ten each epoch, as the tutorial's job
    ///
    /// Those of all time, as the tables of its Spark job.
    #[arg(long, env = "TAGTIDE_PRINT", hide_env_values = true, action = ArgAction::SetTrue)]
    #[arg(value_parser = BoolishValueParser::new())]
    pub(crate) print: bool,

    #[command(flatten)]
    pub(crate) cluster: Cluster,

    #[command(flatten)]
    pub(crate) log: Log,

    // Both last, since their headings hold for all that follows.
    #[command(flatten)]
    pub(crate) alerts: AlertOptions,

    #[command(flatten)]
    pub(crate) x: X,
}

/// Who asks, and how much one may; in `--help` only, as `-h` is a screen.
#[derive(Debug, Args)]
pub(crate) struct Visitors {
    /// Whose word is taken for whom it asks: the proxy in front; repeat it
    ///
    /// Such as 127.0.0.1 or 10.0.0.0/8. A client is then the right-most address of X-Forwarded-For (where that is missing, of Forwarded)
    /// that is no such proxy, and links begin as X-Forwarded-Proto and X-Forwarded-Host say. Without it these
    /// headers are ignored.
    #[arg(
        long = "trusted-proxy",
        env = "TAGTIDE_TRUSTED_PROXY",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "CIDR",
        value_delimiter = ','
    )]
    pub(crate) proxies: Vec<Network>,

    /// How many units a second one client may ask for; 0 is no limit
    ///
    /// A client is an IPv4 address or the /64 of an IPv6 one; this machine is not limited. A poll of a page and most
    /// answers cost 1; a page, a tag, posts 3; a picture, a stream 10; files of the page and what a supervisor
    /// asks nothing. What is not used is saved up for 20 seconds. Who asks more is answered 429, with
    /// Retry-After.
    #[arg(
        long = "rate-limit",
        env = "TAGTIDE_RATE_LIMIT",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "N",
        default_value_t = 300,
        value_parser = clap::value_parser!(u32).range(..=1_000_000)
    )]
    pub(crate) rate: u32,
}
