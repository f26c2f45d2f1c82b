//! A socket to another process as the dataflow has it.
//!
//! Where the connection is lost, timely would panic in every thread that has to do with it, and some of
//! what it drops then panics again. So it never gets to know: a [`Link`] says that the generation has failed,
//! takes what is still written as sent, and gives the reading thread nothing more until the workers have left.
//! Then it gives what a clean end would have been.
//!
//! A process that lives says something many times a second, also when it has nothing to feed. One of which nothing
//! comes for [`SILENT`] is given up as lost, though its system may still acknowledge what it is sent.
//!
//! **Invariant:** no byte that was not sent reaches a worker.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::{Arc, OnceLock},
    time::Duration,
};

use timely::communication::allocator::zero_copy::stream::Stream;

use super::super::{
    failure::{Failure, FlowError},
    peers::Peers,
};

/// Of timely's message header: six numbers of eight bytes, of which the fifth is the length of what follows.
const HEADER: usize = 48;
const LENGTH: usize = 32;

/// A process that hangs sends nothing. Shorter than what a count may stand still for without being taken as
/// stuck itself.
const SILENT: Duration = Duration::from_secs(20);

pub(in super::super) struct Link {
    stream: TcpStream,
    peer: usize,
    failure: Failure,
    peers: Peers,
    left: Arc<OnceLock<()>>,
    frames: Frames,
}

/// Ends all links of a generation when it is dropped, which must be when no worker runs any more.
pub(in super::super) struct Cut {
    streams: Vec<TcpStream>,
    left: Arc<OnceLock<()>>,
}

impl Link {
    /// Of the sockets of a generation, by process; `failure` is told when one is lost, and `peers` of what
    /// comes.
    pub(in super::super) fn all(
        sockets: Vec<Option<TcpStream>>,
        failure: &Failure,
        peers: &Peers,
    ) -> io::Result<(Vec<Option<Self>>, Cut)> {
        let left = Arc::new(OnceLock::new());
        let mut streams = Vec::new();
        for socket in sockets.iter().flatten() {
            socket.set_read_timeout(Some(SILENT))?;
            streams.push(socket.try_clone()?);
        }
        let links = sockets.into_iter().enumerate().map(|(peer, stream)| {
            Some(Self {
                stream: stream?,
                peer,
                failure: failure.clone(),
                peers: peers.clone(),
                left: left.clone(),
                frames: Frames::default(),
            })
        });
        Ok((links.collect(), Cut { streams, left }))
    }

    /// What comes next; there is no other end than an error.
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                // Also where this process was stopped, and goes on.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let why = format!("nothing has come of it for {SILENT:?}");
                    return Err(io::Error::new(io::ErrorKind::TimedOut, why));
                }
                read => return read,
            }
        }
    }

    fn lost(&self, why: &io::Error) {
        self.failure.tell(FlowError::Lost {
            process: self.peer,
            why: why.to_string(),
        });
    }
}

impl Cut {
    /// So that the others know at once.
    pub(in super::super) fn now(&self) {
        for stream in &self.streams {
            // One that is closed already needs nothing.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.now();
        let _ = self.left.set(());
    }
}

impl Read for Link {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self.receive(buffer) {
            Ok(read) => {
                self.peers.heard_of(self.peer);
                read
            }
            Err(error) => {
                self.lost(&error);
                self.left.wait();
                let read = self.frames.until_next().min(buffer.len());
                buffer[..read].fill(0);
                read
            }
        };
        self.frames.pass(&buffer[..read]);
        Ok(read)
    }
}

impl Write for Link {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.write(bytes) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                self.lost(&error);
                Ok(bytes.len())
            }
            written => {
                self.peers
                    .has_sent(self.peer, *written.as_ref().unwrap_or(&0));
                written
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Link {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            stream: self.stream.try_clone()?,
            peer: self.peer,
            failure: self.failure.clone(),
            peers: self.peers.clone(),
            left: self.left.clone(),
            frames: Frames::default(),
        })
    }

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.stream.set_nonblocking(nonblocking)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        // Of a socket that is lost there is nothing left to shut.
        let _ = self.stream.shutdown(how);
        Ok(())
    }
}

/// Where in a message the stream is.
struct Frames {
    header: [u8; HEADER],
    /// How much of the header has come; all of it while the rest of the message comes.
    have: usize,
    /// How much of the message behind the header is to come.
    body: usize,
    /// The header that ends it all has come.
    ended: bool,
}

impl Default for Frames {
    fn default() -> Self {
        Self {
            header: [0; HEADER],
            have: 0,
            body: 0,
            ended: false,
        }
    }
}

impl Frames {
    fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let now = self.until_next().min(bytes.len()).max(1);
            let (part, rest) = bytes.split_at(now);
            bytes = rest;
            if self.body > 0 {
                self.body -= now.min(self.body);
                continue;
            }
            if let Some(place) = self.header.get_mut(self.have..self.have + now) {
                place.copy_from_slice(part);
            }
            self.have += now;
            if self.have >= HEADER {
                let length = self.header[LENGTH..].first_chunk().copied();
                self.body = usize::from_be_bytes(length.unwrap_or_default());
                self.ended = self.body == 0;
                self.have = 0;
            }
        }
    }

    /// Bytes up to the end of the header or of the message that is under way; none behind the last.
    fn until_next(&self) -> usize {
        match self {
            Self { ended: true, .. } => 0,
            Self { body: 0, have, .. } => HEADER - have,
            Self { body, .. } => *body,
        }
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("peer", &self.peer).finish()
    }
}

impl std::fmt::Debug for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cut").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn message(length: usize) -> Vec<u8> {
        let header: [usize; 6] = [1, 2, 3, 4, length, 6];
        let header = header.iter().flat_map(|number| number.to_be_bytes());
        header.chain(std::iter::repeat_n(9, length)).collect()
    }

    /// A link, and the other end of it.
    fn pair(failure: &Failure) -> (Link, Cut, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (there, _) = listener.accept().unwrap();
        let (mut links, cut) =
            Link::all(vec![None, Some(here)], failure, &Peers::default()).unwrap();
        (links.pop().unwrap().unwrap(), cut, there)
    }

    #[test]
    fn a_stream_cut_anywhere_ends_as_a_whole_one_once_the_workers_have_left() {
        let whole = [message(5), message(100), message(1)].concat();
        for at in 0..whole.len() {
            let failure = Failure::default();
            let (mut link, cut, mut there) = pair(&failure);
            there.write_all(&whole[..at]).unwrap();
            drop(there);
            let reading = std::thread::spawn(move || {
                let mut read = Vec::new();
                link.read_to_end(&mut read).unwrap();
                read
            });
            while !failure.is_told() {
                std::thread::yield_now();
            }
            drop(cut);
            let read = reading.join().unwrap();
            assert_eq!(read[..at], whole[..at]);
            assert!(read[at..].iter().all(|byte| *byte == 0));
            let mut frames = Frames::default();
            frames.pass(&read);
            assert!(frames.ended && frames.until_next() == 0, "cut at {at}");
            assert!(matches!(
                failure.take(),
                Some(FlowError::Lost { process: 1, .. })
            ));
        }
    }

    #[test]
    fn what_is_written_to_a_lost_one_is_taken() {
        let failure = Failure::default();
        let (mut link, _cut, there) = pair(&failure);
        drop(there);
        while !failure.is_told() {
            link.write_all(&[0; 4096]).unwrap();
        }
        link.write_all(&[0; 4096]).unwrap();
        link.flush().unwrap();
        link.shutdown(Shutdown::Write).unwrap();
    }
}
