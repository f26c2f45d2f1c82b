//! What is known of the processes of a cluster, for status and metrics.
//!
//! **Invariant:** telling it is a store each and takes no lock, so it can be done with every read of a
//! socket.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use model::Epoch;

use super::Hosts;

/// Who has knocked is taken to be there for so long.
const KNOCKED: Duration = Duration::from_secs(3);

/// Of all processes; of none where one counts alone. A clone is another handle to the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peers(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    hosts: Hosts,
    index: usize,
    begun: Instant,
    /// 0: none yet.
    generation: AtomicU64,
    peers: Vec<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    connected: AtomicBool,
    /// When something came of it last, in milliseconds since the begin, and one more; 0: never.
    at: AtomicU64,
    /// The same of when it knocked, or answered a knock.
    knocked: AtomicU64,
    /// 0: none yet.
    epoch: AtomicU64,
    /// Bytes.
    sent: AtomicU64,
}

/// One of them, as it is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer<'a> {
    pub(crate) index: usize,
    pub(crate) host: &'a str,
    pub(crate) connected: bool,
    /// For how long nothing has come of it; `None`: nothing ever has, or it is this process.
    pub(crate) silent: Option<Duration>,
    /// The newest epoch that it has brought to the count.
    pub(crate) epoch: Option<Epoch>,
    /// Bytes that the dataflow has sent to it, ever.
    pub(crate) sent: u64,
}

impl Peers {
    /// As process `index` of them.
    pub(super) fn new(hosts: Hosts, index: usize) -> Self {
        let peers = (0..hosts.len()).map(|_| Seen::default()).collect();
        Self(Some(Arc::new(Inner {
            hosts,
            index,
            begun: Instant::now(),
            generation: AtomicU64::new(0),
            peers,
        })))
    }

    /// Which of them this process is; `None`: it counts alone.
    pub(crate) fn index(&self) -> Option<usize> {
        self.0.as_ref().map(|inner| inner.index)
    }

    /// The number of the generation in which all were connected last.
    pub(crate) fn generation(&self) -> Option<u64> {
        let generation = self.0.as_ref()?.generation.load(Relaxed);
        (generation > 0).then_some(generation)
    }

    /// In the order of their numbers.
    pub(crate) fn all(&self) -> impl Iterator<Item = Peer<'_>> {
        let inner = self.0.as_deref().into_iter();
        inner.flat_map(|inner| (0..inner.peers.len()).map(|index| inner.peer(index)))
    }

    pub(super) fn all_connected(&self, generation: u64) {
        if let Some(inner) = &self.0 {
            inner.generation.store(generation, Relaxed);
        }
    }

    pub(super) fn set_connected(&self, index: usize, connected: bool) {
        let before = self.of(index);
        let before = before.is_some_and(|seen| seen.connected.swap(connected, Relaxed));
        if connected && !before {
            self.heard_of(index);
        }
    }

    pub(super) fn none_connected(&self) {
        let seen = self.0.iter().flat_map(|inner| &inner.peers);
        seen.for_each(|seen| seen.connected.store(false, Relaxed));
    }

    /// Something has come of it.
    pub(super) fn heard_of(&self, index: usize) {
        if let (Some(inner), Some(seen)) = (&self.0, self.of(index)) {
            let now = inner.begun.elapsed().as_millis() as u64;
            seen.at.store(now + 1, Relaxed);
        }
    }

    /// It is there, and waits for others.
    pub(super) fn has_knocked(&self, index: usize) {
        self.heard_of(index);
        if let Some(seen) = self.of(index) {
            seen.knocked.store(seen.at.load(Relaxed), Relaxed);
        }
    }

    pub(super) fn has_come_to(&self, index: usize, epoch: Epoch) {
        if let Some(seen) = self.of(index) {
            seen.epoch.fetch_max(epoch.0, Relaxed);
        }
    }

    pub(super) fn has_sent(&self, index: usize, bytes: usize) {
        if let Some(seen) = self.of(index) {
            seen.sent.fetch_add(bytes as u64, Relaxed);
        }
    }

    fn of(&self, index: usize) -> Option<&Seen> {
        self.0.as_ref()?.peers.get(index)
    }
}

impl Inner {
    fn peer(&self, index: usize) -> Peer<'_> {
        let Seen {
            connected,
            at,
            knocked,
            epoch,
            sent,
        } = &self.peers[index];
        let is_this = index == self.index;
        let silent = |at: &AtomicU64| {
            let at = Duration::from_millis(at.load(Relaxed).checked_sub(1)?);
            Some(self.begun.elapsed().saturating_sub(at))
        };
        let waits = silent(knocked).is_some_and(|silent| silent < KNOCKED);
        let epoch = Epoch(epoch.load(Relaxed));
        Peer {
            index,
            host: self.hosts.at(index),
            connected: is_this || connected.load(Relaxed) || waits,
            silent: silent(at).filter(|_| !is_this),
            epoch: (epoch > Epoch(0)).then_some(epoch),
            sent: sent.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_has_none() {
        let peers = Peers::default();
        peers.set_connected(0, true);
        peers.all_connected(7);
        assert_eq!((peers.index(), peers.generation()), (None, None));
        assert_eq!(peers.all().count(), 0);
    }

    #[test]
    fn what_is_told_of_one_is_known_of_that_one() {
        let peers = Peers::new("a:1,b:2,c:3".parse().unwrap(), 1);
        peers.set_connected(0, true);
        peers.set_connected(2, true);
        peers.all_connected(7);
        peers.has_come_to(2, Epoch(5));
        // A later generation begins with older ones.
        peers.has_come_to(2, Epoch(4));
        peers.has_come_to(3, Epoch(9));
        peers.has_sent(0, 7);
        peers.has_sent(0, 2);
        assert_eq!((peers.index(), peers.generation()), (Some(1), Some(7)));
        let all: Vec<_> = peers.all().collect();
        assert!(all.iter().all(|peer| peer.connected));
        assert_eq!(all[1].silent, None);
        assert!(all[0].silent.is_some() && all[2].silent.is_some());
        let epochs = all.iter().map(|peer| peer.epoch);
        assert_eq!(epochs.collect::<Vec<_>>(), [None, None, Some(Epoch(5))]);
        let sent = all.iter().map(|peer| peer.sent);
        assert_eq!(sent.collect::<Vec<_>>(), [9, 0, 0]);

        peers.none_connected();
        let connected = peers.all().map(|peer| peer.connected);
        assert_eq!(connected.collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(peers.generation(), Some(7), "it was the last");
        peers.has_knocked(2);
        assert!(peers.all().all(|peer| peer.connected == (peer.index > 0)));
        assert!(
            peers
                .all()
                .all(|peer| peer.silent.is_some() != (peer.index == 1))
        );
    }
}
