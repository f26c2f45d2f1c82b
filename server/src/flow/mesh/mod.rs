//! The processes of a cluster, connected: one socket between any two of them.
//!
//! ```text
//! hosts, secret ─▶ dial those before ─┐
//!                                     ├─▶ a socket to each ─▶ link ─▶ timely
//!        accept ─▶ greet ─▶ door ─────┘
//! ```
//!
//! A process connects to those before it in the list of hosts and is connected to by those behind it.
//! [`handshake`] is what both say, as bytes; [`dial`] and [`door`] say it over sockets, and [`link`] is what
//! the dataflow reads and writes. [`Mesh::connect`] gives the sockets of one generation, whose number
//! process 0 makes. While one is waited for, the others knock at each other, so that each can tell who is there.
//!
//! **Invariants:** nobody takes part who has not proved that he knows the secret, for the generation that
//! is being connected. Whoever else comes is let go with a line in the log, and nothing else notices: what
//! can be under way with strangers is bounded in number and in time. All sockets of a generation are of one
//! attempt of each process: when one of them is lost, all are given up.

mod dial;
mod door;
mod handshake;
mod hosts;
mod link;
mod secret;
#[cfg(test)]
mod tests;
mod tune;

use std::{
    convert::Infallible,
    io,
    net::TcpStream,
    ops::Range,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures::future::join_all;
use tokio::{runtime::Handle, task::JoinHandle, time::sleep};

pub(crate) use hosts::Hosts;
pub(super) use link::Link;
pub(crate) use secret::Secret;

use super::peers::Peers;
use dial::{Dial, PAUSE};
use door::Door;
use handshake::{Member, SETTINGS};

/// How long all of a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// How often an attempt looks whether those who are here already still are.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Who takes part, and as whom this process does.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) hosts: Hosts,
    pub(crate) index: usize,
    pub(crate) secret: Secret,
    /// Threads of the count in each process.
    pub(crate) workers: usize,
    /// What must be the same everywhere, as words: a name, its value, and so on.
    pub(crate) settings: String,
}

/// This process's end of the mesh. Others are refused or let in for as long as it lives.
#[derive(Debug)]
pub(crate) struct Mesh {
    hosts: Hosts,
    member: Member,
    secret: Secret,
    door: Arc<Door>,
    accepting: JoinHandle<()>,
    runtime: Handle,
    peers: Peers,
    /// The generation that was begun last.
    generation: u64,
}

impl Mesh {
    /// Listens at the process's own place in the list of hosts.
    pub(crate) async fn listen(cluster: Cluster) -> io::Result<Self> {
        let mut settings = [0; SETTINGS];
        let given = cluster.settings.bytes().take(SETTINGS);
        settings
            .iter_mut()
            .zip(given)
            .for_each(|(to, byte)| *to = byte);
        let member = Member {
            cluster: cluster.hosts.digest(),
            settings,
            processes: cluster.hosts.len() as u16,
            workers: cluster.workers as u16,
            index: cluster.index as u16,
        };
        let listener = tokio::net::TcpListener::bind(cluster.hosts.at(cluster.index)).await?;
        let peers = Peers::new(cluster.hosts.clone(), cluster.index);
        let door = Arc::new(Door::new(member, cluster.secret.clone(), peers.clone()));
        let accepting = tokio::spawn(door.clone().accept(listener));
        Ok(Self {
            hosts: cluster.hosts,
            member,
            secret: cluster.secret,
            door,
            accepting,
            runtime: Handle::current(),
            peers,
            generation: 0,
        })
    }

    /// What is known of all processes.
    pub(crate) fn peers(&self) -> Peers {
        self.peers.clone()
    }

    /// Where its sockets live.
    pub(super) fn runtime(&self) -> Handle {
        self.runtime.clone()
    }

    /// Waits until every process is here; gives a socket to each of them, and none to itself.
    pub(super) async fn connect(&mut self) -> Vec<Option<TcpStream>> {
        loop {
            if let Some(sockets) = self.attempt().await {
                return sockets;
            }
        }
    }

    /// `None`: somebody has begun anew meanwhile.
    async fn attempt(&mut self) -> Option<Vec<Option<TcpStream>>> {
        self.peers.none_connected();
        self.door.shut();
        let mut generation = if self.member.index == 0 {
            (self.generation + 1).max(microseconds())
        } else {
            0
        };
        let mut lower = Vec::new();
        for index in 0..usize::from(self.member.index) {
            let dial = self.dial(index, generation);
            let (stream, theirs) = tokio::select! {
                let_in = dial.until_let_in(&lower) => let_in?,
                never = self.knock(index + 1..usize::from(self.member.index)) => match never {},
            };
            self.peers.set_connected(index, true);
            generation = theirs;
            lower.push(stream);
        }
        self.generation = generation;
        let upper = self.door.gather(generation, &lower).await?;
        self.peers.all_connected(generation);
        tracing::info!("all {} processes are connected", self.hosts.len());
        let lower = lower.into_iter().map(Some);
        let all = lower.chain([None]).chain(upper.into_iter().map(Some));
        // One that cannot be given up by tokio is as good as lost.
        let all = all.map(|stream| stream.map(tokio::net::TcpStream::into_std).transpose());
        all.collect::<io::Result<_>>().ok()
    }

    fn dial(&self, index: usize, generation: u64) -> Dial<'_> {
        Dial {
            host: self.hosts.at(index),
            index,
            member: self.member,
            secret: &self.secret,
            generation,
        }
    }

    /// While one is waited for, the ones behind it are to know that this process is there, and it that they are.
    async fn knock(&self, at: Range<usize>) -> Infallible {
        loop {
            let each = at.clone().map(async |index| {
                if self.dial(index, 0).is_answered().await {
                    self.peers.has_knocked(index);
                }
            });
            join_all(each).await;
            sleep(PAUSE).await;
        }
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn microseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as u64)
}
