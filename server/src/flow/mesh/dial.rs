//! Connecting to a process before this one in the list.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    HANDSHAKE, LOOK_AGAIN,
    door::{is_gone, nonce},
    handshake::{Dialing, HELLO, Member, Refusal, VERDICT, Verdict},
    secret::Secret,
    tune::tune,
};

/// From one try to the next, where the other one is not there or wants no part of it.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// Whom to connect to, and as whom.
#[derive(Debug)]
pub(super) struct Dial<'a> {
    pub(super) host: &'a str,
    pub(super) index: usize,
    pub(super) member: Member,
    pub(super) secret: &'a Secret,
    /// 0: that of whoever is dialled.
    pub(super) generation: u64,
}

/// Why it has not come about.
#[derive(Debug, thiserror::Error)]
enum DialError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("it has closed the connection, and its log says why")]
    LetGo,
    #[error("it has said nothing for {HANDSHAKE:?}")]
    Silent,
    #[error("it still has a connection of a process with this --index")]
    Taken,
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for DialError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => Self::LetGo,
            _ => Self::Io(error),
        }
    }
}

impl Dial<'_> {
    /// Tries until it is let in; gives the generation with it. `None`: one of `others`, which it was let in
    /// by before, has begun anew.
    pub(super) async fn until_let_in(&self, others: &[TcpStream]) -> Option<(TcpStream, u64)> {
        let mut said = String::new();
        loop {
            let trying = timeout(HANDSHAKE, self.once());
            let pause = match trying.await.unwrap_or(Err(DialError::Silent)) {
                Ok((stream, Verdict::Welcome, generation)) => return Some((stream, generation)),
                Ok((_, Verdict::Older, _)) => return None,
                Ok((_, Verdict::NotYet, _)) => LOOK_AGAIN,
                Ok((_, Verdict::Taken, _)) => self.tell(&mut said, &DialError::Taken),
                Err(error) => self.tell(&mut said, &error),
            };
            tokio::time::sleep(pause).await;
            if others.iter().any(is_gone) {
                return None;
            }
        }
    }

    /// Once for each reason in a row.
    fn tell(&self, said: &mut String, error: &DialError) -> Duration {
        let now = error.to_string();
        if now != *said {
            let Self { index, host, .. } = self;
            match error {
                DialError::Io(_) => {
                    tracing::info!("waiting for process {index} at {host}: {error}");
                }
                _ => tracing::warn!("waiting for process {index} at {host}: {error}"),
            }
            *said = now;
        }
        PAUSE
    }

    /// Whether it is there, whatever it makes of this process.
    pub(super) async fn is_answered(&self) -> bool {
        matches!(timeout(HANDSHAKE, self.once()).await, Ok(Ok(_)))
    }

    async fn once(&self) -> Result<(TcpStream, Verdict, u64), DialError> {
        let mut stream = TcpStream::connect(self.host).await?;
        tune(&stream)?;
        let (dialing, hello) = Dialing::new(self.member, self.generation, nonce()?);
        stream.write_all(&hello).await?;
        let mut theirs = [0; HELLO];
        stream.read_exact(&mut theirs).await?;
        let (proving, proof) = dialing.prove(self.secret, self.index, &theirs)?;
        stream.write_all(&proof).await?;
        let mut verdict = [0; VERDICT];
        stream.read_exact(&mut verdict).await?;
        let (verdict, generation) = proving.verdict(self.secret, &verdict)?;
        Ok((stream, verdict, generation))
    }
}
