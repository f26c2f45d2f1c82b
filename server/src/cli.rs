//! The command line: what was typed, checked as far as one option can be checked for itself.

use std::{
    collections::HashSet,
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use clap::{
    ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand,
    builder::BoolishValueParser,
    error::{ContextKind, ErrorKind},
};
use engine::grammar::Grammar;
use model::{Kind, Window};

use crate::{
    flow::Hosts,
    log::Form,
    source::{self, Dollars, Spec, XOptions},
    web::Network,
};

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

/// Bounds of what is held in memory, told to whoever runs it.
const LIMITS: &str = "\
Limits of reading:
  a line                    1 MiB; the rest is cut
  writers of a listen:      1024; up to 512 KiB are read at once
  open and unsealed epochs  256 MiB by estimate; then sources wait
  epochs before their seal  64, also the most in one commit
  languages                 256 an epoch and writer; posts in more count without one
  authors                   4096 a spelling and epoch
  posts sampled             512 an epoch and writer, with 10 tags each
  posts remembered          1,000,000 with id and tags, 48 hours, 256 MiB; the oldest leave first
  a word of --grammar words 1024 bytes; the rest is cut
  a message of a WebSocket  4 MiB; a larger one ends the connection
  bluesky: events had       131,072, of the last minute, so that none counts twice
  mastodon: a gap           100 pages of 40; meanwhile 16,384 live events or 16 MiB are held
  nostr: relays             32 a source; 65,536 notes had, so that none counts twice
  an archive in an archive  4 deep

Limits of posts over HTTP (POST /api/v1/posts):
  a body                    16 MiB as sent, 64 MiB unpacked, in 60 s; a zstd window of 8 MiB
  requests                  256 read or waiting for their seal, 128 MiB as sent; 4 are unpacked at once
  lines told of as rejected 100 a request; the rest is counted
  keys (Idempotency-Key)    500,000, for 24 hours; with more a new key is refused

Limits of the count, for all tags together, in parts of --max-tags:
  tags                      1; the least mentioned make room
  mentions in panes         32; then the least mentioned tags make room
  authors                   8; then estimates of people get coarser, down to 16 authors of each tag
  posts sampled             1/16; then what is told of a tag gets coarser, and of the rarest nothing
  counts of a tag by slice  8; then the least mentioned tags make room
  slices                    512 of source and language a group; more count without a language
  days that are over        6, each with 200 tags of every one of 64 groups: those that led it
  epochs under way          8; the others wait on disk

Limits of a cluster:
  processes                 64
  connections               64 that have not said who they are, for 5 s each
  a machine that is gone    is known to be after 10 s

Limits of alerts:
  --alert-tag, --alert-url  1000, 16
  alerts                    1000 are kept; an older one that was not delivered has failed
  a delivery                15 s a try, tried again after 1 s to 10 min, for 24 hours; nothing of an answer's body is read
  rules that have fired     4096 tags; then one that is low, else the oldest, may be told again
  on the board              3, for 10 minutes

Limits of answering:
  connections               1024, of one client 128; with more the one that is idle for the longest is closed
  a request                 64 KiB of head in 30 s, 1 MiB of body and 10 s in all (posts: above)
  an answer                 one of which nothing is taken for 30 s ends the connection
  units of a client         --rate-limit a second, and those of 20 s at once; 131,072 clients are told apart
  streams of events         256, of one client 64; one that takes nothing for 10 s is dropped
  questions to the count    256 waiting; 64 filtered boards are kept an epoch
  answers                   256 views and forms are kept, of boards of the page for 0.2 s; others are made anew
  pictures                  one is drawn at a time; 64 are kept
  --block                   16 MiB
  /admin                    10,000 tags blocked, 100,000 approved, of those that wait the first 50,
                            the last 1000 actions; 16 sessions of 12 hours each;
                            5 attempts to sign in a minute, of everybody together
  lines of the log          20 of a kind at once, then one each 10 s; the rest is counted
  backups                   one at a time, others wait; one not read for 60 s is let go";

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
    /// runs, or hidden until they are approved, at /admin: that page is there when TAGTIDE_ADMIN_TOKEN, or the file that
    /// TAGTIDE_ADMIN_TOKEN_FILE names, holds the token to sign in with.
    #[arg(
        long,
        env = "TAGTIDE_BLOCK",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub(crate) block: Option<PathBuf>,

    /// Post the all-time top ten after each epoch to this dashboard of the tutorial (…/updateData)
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

/// When somebody is told, and who; in `--help` only, as `-h` is a screen.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "Alerts (signed by the secret in TAGTIDE_ALERT_SECRET or TAGTIDE_ALERT_SECRET_FILE)"
)]
pub(crate) struct AlertOptions {
    /// Tell of tags that rise so much
    ///
    /// Such as 8. It is the score in 5 minutes of /api/v1/top?by=rising, which takes 5 mentions by 3 people; the
    /// 100 that rise most are looked at. A rise is told once: again only after the tag was below half of it for
    /// 5 minutes without a break.
    #[arg(
        long = "alert-rise",
        env = "TAGTIDE_ALERT_RISE",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "SCORE",
        value_parser = score
    )]
    pub(crate) rise: Option<f64>,

    /// Tell of this tag; repeat it
    ///
    /// When it has so many mentions in a window (5m if none is given), such as rust=100 or rust=5000/24h. It is
    /// told again only after the tag was below half of it for the length of the window; of the window all it is
    /// told once for good.
    #[arg(
        long = "alert-tag",
        env = "TAGTIDE_ALERT_TAG",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "TAG=COUNT[/WINDOW]",
        value_delimiter = '\n'
    )]
    pub(crate) tags: Vec<TagCount>,

    /// Tell whom, by a POST; repeat it
    ///
    /// As the Standard Webhooks have it (standardwebhooks.com), signed with a secret whsec_…. Without one the board
    /// and /api/v1/alerts tell of them.
    #[arg(
        long = "alert-url",
        env = "TAGTIDE_ALERT_URL",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "URL",
        value_delimiter = '\n',
        value_parser = crate::alerts::url
    )]
    pub(crate) urls: Vec<reqwest::Url>,

    /// Where others find this board, for the links in what is posted [default: http:// and --listen]
    #[arg(
        long = "alert-site",
        env = "TAGTIDE_ALERT_SITE",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "URL",
        value_parser = crate::alerts::site
    )]
    pub(crate) site: Option<reqwest::Url>,
}

/// `TAG=COUNT[/WINDOW]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagCount {
    pub(crate) tag: String,
    pub(crate) count: u64,
    pub(crate) window: Window,
}

impl FromStr for TagCount {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str =
            "TAG=COUNT or TAG=COUNT/WINDOW is needed, such as rust=100 or rust=5000/24h";
        let (tag, rest) = text.rsplit_once('=').ok_or(FORM)?;
        let (count, window) = match rest.split_once('/') {
            Some((count, window)) => (count, window.parse().map_err(|_| FORM)?),
            None => (rest, Window::default()),
        };
        match count.parse() {
            Ok(count @ 1..) if !tag.is_empty() => Ok(Self {
                tag: tag.to_owned(),
                count,
                window,
            }),
            _ => Err(FORM),
        }
    }
}

/// Of a process that counts together with others.
#[derive(Debug, Args)]
pub(crate) struct Cluster {
    /// Count together with other processes: where each is, HOST:PORT,… or a file with one a line
    ///
    /// The same on each of them. Each reads its own --source, counts its share of the tags and shows the
    /// whole board; while one is away results stand still. They trust each other, and what they send is not
    /// encrypted: the addresses are of a network of theirs alone.
    #[arg(
        long = "cluster",
        env = "TAGTIDE_CLUSTER",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "HOSTS",
        requires_all = ["index", "secret_file"]
    )]
    pub(crate) hosts: Option<Hosts>,

    /// Which of the processes of --cluster this one is; the first is 0
    ///
    /// Another number of processes may go on with the same data directories: new ones begin with an empty
    /// --data, what those held that are gone is taken over by --adopt.
    #[arg(
        long,
        env = "TAGTIDE_INDEX",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "I",
        requires = "hosts"
    )]
    pub(crate) index: Option<usize>,

    /// A file with what only the processes of --cluster know, at least 16 bytes
    ///
    /// Such as `openssl rand -hex 32` makes.
    #[arg(
        long = "secret-file",
        env = "TAGTIDE_SECRET_FILE",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "FILE",
        requires = "hosts"
    )]
    pub(crate) secret_file: Option<PathBuf>,

    /// The data directory of a process that is gone, to be taken over into this one's --data; repeat it
    ///
    /// For one process of the cluster, or the only one that is left. What was counted there and sealed there goes on
    /// here, and so do its sources where they are given here. Needed once: afterwards the directory can
    /// be deleted.
    #[arg(
        long,
        env = "TAGTIDE_ADOPT",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "DIR",
        value_delimiter = ','
    )]
    pub(crate) adopt: Vec<PathBuf>,

    /// Go on without the data directory of process I, which is lost for good; repeat it
    ///
    /// It costs what only that directory held: the counts of its share of the tags, which begin anew; posts
    /// that were sealed there since the last checkpoint; and how far its sources were read. Refused where the
    /// directory is there; given to one process, all go on. Needed once: left in, it would give up the next
    /// one as well.
    #[arg(
        long = "accept-loss",
        env = "TAGTIDE_ACCEPT_LOSS",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "I",
        value_delimiter = ','
    )]
    pub(crate) accept_loss: Vec<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Text {
    /// What counts as a hashtag where a source gives text only: twitter, mastodon, bluesky, or words
    ///
    /// twitter   as X finds them: after anything but a letter or digit
    /// mastodon  as Mastodon does: after white space, of letters, digits and '_'
    /// bluesky   as Bluesky does: after white space, up to the next, emoji as well
    /// words     as the tutorial: each word at a space that holds a '#', as it is written
    ///
    /// Upper and lower case are one tag, which counts once a post; in words they are two, and
    /// each counts as often as it is written; a word over 1024 bytes is cut.
    #[arg(
        long,
        env = "TAGTIDE_GRAMMAR",
        hide_env_values = true,
        value_name = "NAME",
        default_value_t,
        verbatim_doc_comment
    )]
    pub(crate) grammar: Grammar,
}

#[derive(Debug, Args)]
pub(crate) struct Log {
    /// What the log on standard error looks like: text, or json: an object a line
    ///
    /// TAGTIDE_LOG chooses how much there is: error (needs a person), warn (works, look at it), info (the
    /// default), debug, or more in the syntax of tracing's filters. Of lines of a kind 20 may come at
    /// once, then one each 10 s; how many were left out is told.
    #[arg(
        long = "log-format",
        env = "TAGTIDE_LOG_FORMAT",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "FORM",
        default_value_t
    )]
    form: Form,
}

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

/// Of the source `x`. Its token is no option: other users of the machine could read it.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "Options of --source x (its token: TAGTIDE_X_TOKEN or TAGTIDE_X_TOKEN_FILE)"
)]
pub(crate) struct X {
    /// Which posts X shall send; repeat it for several. X's rules are made to be just these
    ///
    /// Such as '#rust OR #rustlang' or 'storm has:hashtags lang:en'. Without one the rules that X has are left as they are.
    #[arg(
        long = "x-rule",
        env = "TAGTIDE_X_RULE",
        hide_env_values = true,
        value_name = "RULE",
        value_delimiter = '\n'
    )]
    rules: Vec<String>,

    /// Stop reading before this data directory has cost more than so many US dollars
    ///
    /// X charges each post that it delivers, $0.005. Without a budget there is no end to it.
    #[arg(
        long = "x-budget",
        env = "TAGTIDE_X_BUDGET",
        hide_env_values = true,
        value_name = "USD"
    )]
    budget: Option<Dollars>,

    /// Where the API is, where that is not https://api.x.com: a gateway, a test
    #[arg(
        long = "x-url",
        env = "TAGTIDE_X_URL",
        hide_env_values = true,
        hide_short_help = true,
        value_name = "URL"
    )]
    url: Option<reqwest::Url>,
}

impl Cluster {
    fn fits(&self, data: &Path, alerts: &AlertOptions) -> Result<(), String> {
        let mut known = HashSet::from([data]);
        if let Some(twice) = self.adopt.iter().find(|directory| !known.insert(directory)) {
            let twice = twice.display();
            return Err(format!(
                "--adopt {twice} is --data, or given twice: leave it out"
            ));
        }
        let (Some(hosts), Some(index)) = (&self.hosts, self.index) else {
            return Ok(());
        };
        if index >= hosts.len() {
            let last = hosts.len() - 1;
            return Err(format!(
                "--index {index} is none of --cluster: it has 0 to {last}"
            ));
        }
        if alerts.rise.is_some() || !alerts.tags.is_empty() {
            // Each process would send them, and know of the tags that are counted there only.
            return Err(
                "--alert-tag and --alert-rise are for one process so far: leave out --cluster"
                    .into(),
            );
        }
        Ok(())
    }
}

impl X {
    fn is_given(&self) -> bool {
        !self.rules.is_empty() || self.budget.is_some()
    }
}

impl From<X> for source::Options {
    fn from(X { rules, budget, url }: X) -> Self {
        let x = XOptions { rules, budget, url };
        Self { x }
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
        if let Err(message) = serve.cluster.fits(&serve.data, &serve.alerts) {
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

fn address(text: &str) -> Result<SocketAddr, String> {
    text.replacen("localhost:", "127.0.0.1:", 1)
        .parse()
        .map_err(|_| "an address and a port are needed, such as 127.0.0.1:3000".to_owned())
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address = address(text)?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(
            "only loopback addresses are served, such as 127.0.0.1:3000; put a proxy in front"
                .into(),
        )
    }
}

fn batch(text: &str) -> Result<Duration, String> {
    let batch = humantime::parse_duration(text).map_err(|error| format!("{error}"))?;
    let whole = batch.subsec_nanos().is_multiple_of(1_000_000);
    if whole && (Duration::from_millis(100)..=Duration::from_secs(60)).contains(&batch) {
        Ok(batch)
    } else {
        Err("it must be from 100ms to 60s, in whole milliseconds".into())
    }
}

fn score(text: &str) -> Result<f64, String> {
    let score = text
        .parse()
        .ok()
        .filter(|score: &f64| score.is_finite() && *score > 0.0);
    score.ok_or_else(|| "a number above 0 is needed, such as 8".to_owned())
}

fn server(text: &str) -> Result<reqwest::Url, String> {
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url = reqwest::Url::parse(&full).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| "HOST:PORT or a web address is needed, such as 127.0.0.1:3000".to_owned())
}

fn web(text: &str) -> Result<reqwest::Url, String> {
    let url = reqwest::Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err("a web address is needed, such as http://127.0.0.1:5001/updateData".into()),
    }
}

#[cfg(test)]
mod tests {
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
            "tagtide --cluster a:1,b:2 --index 0 --secret-file x --alert-tag rust=5",
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
