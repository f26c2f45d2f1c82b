//! Where those behind this process in the list come in, and everybody else is let go.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::FutureExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore},
    time::timeout,
};

use super::{
    HANDSHAKE, LOOK_AGAIN,
    handshake::{
        Accepting, Dialing, HELLO, MAGIC, Member, Nonce, PROOF, Proved, Refusal, Verdict, is_ours,
    },
    secret::Secret,
    tune::tune,
};
use crate::flow::peers::Peers;

/// How many may be at the door who have not said yet who they are.
pub(super) const MOST_UNKNOWN: usize = 64;

/// What is waited when the system has no socket to give.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Door {
    member: Member,
    secret: Secret,
    peers: Peers,
    room: Mutex<Room>,
    /// Somebody has come in, or begun anew.
    changed: Notify,
}

/// Who is in.
#[derive(Debug, Default)]
struct Room {
    /// 0: shut.
    generation: u64,
    /// By index, those behind this process.
    here: Vec<Option<TcpStream>>,
    /// All were here, and count.
    full: bool,
    /// Somebody is in a later generation.
    outdated: bool,
}

/// Why somebody was let go.
#[derive(Debug, thiserror::Error)]
enum LetGo {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("it says it is process {0}, which is here")]
    Taken(usize),
    #[error("it is process {0} of an older generation")]
    Older(usize),
    #[error("it left before it had said who it is: {0}")]
    Left(#[from] io::Error),
}

impl Door {
    pub(super) fn new(member: Member, secret: Secret, peers: Peers) -> Self {
        Self {
            member,
            secret,
            peers,
            room: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Sends everybody away, until the next generation is known.
    pub(super) fn shut(&self) {
        *self.room() = Room::default();
    }

    /// Lets in those of `generation` until all are here, and gives them in the order of their indices.
    /// `None`: somebody has begun anew, perhaps one of `lower`.
    pub(super) async fn gather(
        &self,
        generation: u64,
        lower: &[TcpStream],
    ) -> Option<Vec<TcpStream>> {
        let behind = self.member.processes - 1 - self.member.index;
        *self.room() = Room {
            generation,
            here: (0..behind).map(|_| None).collect(),
            ..Room::default()
        };
        let mut said = Vec::new();
        loop {
            if lower.iter().any(is_gone) {
                return None;
            }
            let missing = {
                let mut room = self.room();
                if room.outdated {
                    return None;
                }
                room.let_go_of_the_gone();
                for (index, here) in room.behind(self.member.index) {
                    self.peers.set_connected(index, here);
                }
                if room.here.iter().all(Option::is_some) {
                    room.full = true;
                    return Some(room.here.drain(..).flatten().collect());
                }
                room.missing(self.member.index)
            };
            if missing != said {
                tracing::info!("waiting for processes {missing:?} to connect");
                said = missing;
            }
            // Whether it was told or not, it looks.
            let _ = timeout(LOOK_AGAIN, self.changed.notified()).await;
        }
    }

    pub(super) async fn accept(self: Arc<Self>, listener: TcpListener) {
        let unknown = Arc::new(Semaphore::new(MOST_UNKNOWN));
        loop {
            let (stream, from) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!("no process can connect: {error}");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = unknown.clone().try_acquire_owned() else {
                tracing::warn!(%from, "a connection is refused: {MOST_UNKNOWN} others are unknown");
                continue;
            };
            let door = self.clone();
            tokio::spawn(async move {
                door.meet(stream, from).await;
                drop(place);
            });
        }
    }

    async fn meet(&self, stream: TcpStream, from: SocketAddr) {
        match timeout(HANDSHAKE, self.greet(stream)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%from, "a connection is refused: {error}"),
            Err(_) => tracing::warn!(
                %from,
                "a connection is refused: it has not said who it is for {HANDSHAKE:?}"
            ),
        }
    }

    async fn greet(&self, mut stream: TcpStream) -> Result<(), LetGo> {
        tune(&stream)?;
        let mut theirs = [0; HELLO];
        let (begin, rest) = theirs.split_at_mut(MAGIC.len());
        // Others need not say as much as a hello is long.
        stream.read_exact(begin).await?;
        is_ours(begin)?;
        stream.read_exact(rest).await?;
        let generation = self.room().generation;
        let accepting = Accepting::new(self.member, generation, nonce()?, &theirs);
        if let Err(refusal) = &accepting
            && refusal.is_of_settings()
        {
            // It finds the same in this, and tells whoever has started it.
            let (_, hello) = Dialing::new(self.member, generation, nonce()?);
            stream.write_all(&hello).await?;
        }
        let (accepting, hello) = accepting?;
        stream.write_all(&hello).await?;
        let mut proof = [0; PROOF];
        stream.read_exact(&mut proof).await?;
        let proved = accepting.check(&self.secret, &proof)?;
        self.peers.has_knocked(proved.index);
        let verdict = self.judge(&proved, generation);
        let answer = proved.verdict(&self.secret, verdict);
        stream.write_all(&answer).await?;
        match verdict {
            Verdict::Welcome => self.let_in(&proved, generation, stream),
            Verdict::NotYet => Ok(()),
            // It has only knocked.
            Verdict::Older if proved.generation == 0 => Ok(()),
            Verdict::Older => Err(LetGo::Older(proved.index)),
            Verdict::Taken => Err(LetGo::Taken(proved.index)),
        }
    }

    /// `generation` is what the dialer was told.
    fn judge(&self, dialer: &Proved, generation: u64) -> Verdict {
        let mut room = self.room();
        if room.generation == 0 || room.generation != generation {
            return Verdict::NotYet;
        }
        // Only who makes the numbers tells them to those who have none.
        let knows = self.member.index == 0 && dialer.generation == 0;
        if !knows && dialer.generation < generation {
            return Verdict::Older;
        }
        if dialer.generation > generation {
            room.outdated = true;
            self.changed.notify_one();
            return Verdict::NotYet;
        }
        if room.is_taken(self.place(dialer)) {
            return Verdict::Taken;
        }
        Verdict::Welcome
    }

    /// Between the verdict and this another one may have come, or the door have been shut: then the dialer
    /// sees the end of his connection.
    fn let_in(&self, dialer: &Proved, generation: u64, stream: TcpStream) -> Result<(), LetGo> {
        let mut room = self.room();
        let place = self.place(dialer);
        if room.generation != generation || room.is_taken(place) {
            return Err(LetGo::Taken(dialer.index));
        }
        if let Some(here) = room.here.get_mut(place) {
            *here = Some(stream);
        }
        self.changed.notify_one();
        Ok(())
    }

    fn place(&self, dialer: &Proved) -> usize {
        dialer.index - usize::from(self.member.index) - 1
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    fn is_taken(&mut self, place: usize) -> bool {
        self.let_go_of_the_gone();
        self.full || self.here.get(place).is_none_or(Option::is_some)
    }

    fn let_go_of_the_gone(&mut self) {
        for here in &mut self.here {
            here.take_if(|stream| is_gone(stream));
        }
    }

    /// The indices of those who are not here, behind process `mine`.
    fn missing(&self, mine: u16) -> Vec<usize> {
        let missing = self.behind(mine).filter(|(_, here)| !here);
        missing.map(|(index, _)| index).collect()
    }

    /// The indices of all behind process `mine`, and whether they are here.
    fn behind(&self, mine: u16) -> impl Iterator<Item = (usize, bool)> {
        let here = self.here.iter().map(Option::is_some);
        (usize::from(mine) + 1..).zip(here)
    }
}

/// Whether the other side has closed it. What it has sent before does not matter.
pub(super) fn is_gone(stream: &TcpStream) -> bool {
    match stream.ready(Interest::READABLE).now_or_never() {
        Some(Ok(ready)) => ready.is_read_closed(),
        Some(Err(_)) => true,
        None => false,
    }
}

pub(super) fn nonce() -> io::Result<Nonce> {
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce)?;
    Ok(nonce)
}
