//! `tcp:HOST:PORT`: connects to whoever writes lines there, as Spark's `socketTextStream` does, and comes
//! back whenever the connection ends.

use std::{io, time::Duration};

use model::Kind;
use tokio::{net::TcpStream, time};

use super::{
    Context, Sink, address,
    connection::{self, End as Closing},
    options::Options,
    protocol::{OpenError, Protocol, SpecError},
    reconnect::{self, End, Next, Pauses, Peer},
};
use crate::retry::Backoff;

/// The first pause between two tries; it doubles up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(2);

/// A host that does not answer at all is given up, to be tried again.
const CONNECT: Duration = Duration::from_secs(10);

/// Where a writer listens: `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tcp(String);

impl Protocol for Tcp {
    const KIND: Kind = Kind::Tcp;
    const FORM: &'static str = "tcp:HOST:PORT";
    type Ready = Self;

    fn parse(rest: Option<&str>) -> Result<Self, SpecError> {
        address::host_and_port::<Self>(rest, false).map(Self)
    }

    fn identity(&self) -> String {
        format!("tcp:{}", self.0)
    }

    async fn open(&self, _: &Options) -> Result<Self, OpenError> {
        Ok(self.clone())
    }

    async fn run<S: Sink>(tcp: Self, context: Context<S>) {
        let pauses = Pauses {
            network: Backoff::doubling(SHORTEST, LONGEST),
            ..Pauses::default()
        };
        reconnect::run(tcp, pauses, context).await;
    }
}

impl Peer for Tcp {
    async fn follow<S: Sink>(&mut self, context: &mut Context<S>) -> End {
        let address = &self.0;
        let connected = time::timeout(CONNECT, TcpStream::connect(address)).await;
        let why = match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => {
                let Context {
                    sink, status, stop, ..
                } = context;
                status.live();
                match connection::read(&stream, sink, status, stop).await {
                    Closing::Stopped => return End::Closed,
                    Closing::ByPeer => format!("{address} closed the connection"),
                    Closing::Lost(error) => {
                        format!("the connection to {address} was lost: {error}")
                    }
                }
            }
            Err(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => format!("connection refused by {address}"),
                io::ErrorKind::TimedOut => format!("no answer from {address}"),
                _ => format!("cannot connect to {address}: {error}"),
            },
        };
        // Its lines would be lost on a peer that goes away: no next try at once, as Spark has none.
        let next = Next::Network;
        End::Lost { why, next }
    }
}

#[cfg(test)]
mod tests {
    use model::SourceState;
    use socket2::SockRef;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        time::timeout,
    };

    use super::*;
    use crate::source::recording::{LIMIT, Running};

    async fn writer() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, format!("tcp:{address}"))
    }

    async fn accept(listener: &TcpListener) -> TcpStream {
        timeout(LIMIT, listener.accept())
            .await
            .expect("it comes back")
            .unwrap()
            .0
    }

    #[tokio::test]
    async fn it_comes_back_after_an_end_and_after_a_reset() {
        let (listener, spec) = writer().await;
        let running = Running::of(&spec, None).await;
        let mut stream = accept(&listener).await;
        stream.write_all(b"one\ntwo\nhalf").await.unwrap();
        drop(stream);
        assert_eq!(running.sink.until(3).await, ["one", "two", "half"]);
        let closed = "closed the connection";
        running
            .shows(|source| {
                source
                    .detail
                    .as_ref()
                    .is_some_and(|why| why.contains(closed))
            })
            .await;

        let mut stream = accept(&listener).await;
        stream.write_all(b"three\nunfinished").await.unwrap();
        running.sink.until(4).await;
        SockRef::from(&stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        drop(stream);
        running
            .shows(|source| {
                source
                    .detail
                    .as_ref()
                    .is_some_and(|why| why.contains("lost"))
            })
            .await;

        let mut stream = accept(&listener).await;
        stream.write_all(b"four\n").await.unwrap();
        assert_eq!(running.sink.until(5).await[3..], ["three", "four"]);
        running
            .shows(|source| source.state == SourceState::Live)
            .await;

        let second = timeout(4 * SHORTEST, listener.accept());
        assert!(second.await.is_err(), "one connection is enough");
        running.stop().await;
        assert_eq!(stream.read(&mut [0; 9]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn it_waits_for_a_writer_that_is_not_there_yet() {
        let (listener, spec) = writer().await;
        let address = listener.local_addr().unwrap();
        drop(listener);
        let running = Running::of(&spec, None).await;
        running
            .shows(|source| source.state == SourceState::Waiting)
            .await;
        let why = running.status.show().detail.unwrap();
        assert_eq!(why, format!("connection refused by {address}"));
        let listener = TcpListener::bind(address).await.unwrap();
        let mut stream = accept(&listener).await;
        stream.write_all(b"here\n").await.unwrap();
        assert_eq!(running.sink.until(1).await, ["here"]);
        running.stop().await;
    }

    #[tokio::test]
    async fn it_stops_while_it_waits_and_while_it_reads() {
        let (listener, spec) = writer().await;
        let running = Running::of(&spec, None).await;
        let _silent = accept(&listener).await;
        running
            .shows(|source| source.state == SourceState::Live)
            .await;
        running.stop().await;
        drop(listener);
        let running = Running::of(&spec, None).await;
        running
            .shows(|source| source.state == SourceState::Waiting)
            .await;
        running.stop().await;
    }
}
