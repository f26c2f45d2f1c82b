//! Which process of a cluster this is.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::flow::Hosts;

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
    /// Process 0 decides which alerts fire and sends them.
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

impl Cluster {
    pub(super) fn fits(&self, data: &Path) -> Result<(), String> {
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
        Ok(())
    }
}
