//! `tcp:HOST:PORT`: connects and reads lines, as Spark's `socketTextStream` does, and connects again for
//! ever.
//!
//! **Invariant:** there is never a second connection beside the first: the tutorial's writer accepts one
//! and answers a second with silence.

use std::{io, time::Duration};

use tokio::{net::TcpStream, select, time};

use super::{
    Context, Sink,
    connection::{self, End},
    random::Random,
};

/// The first pause between two tries; it doubles up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(2);

/// A host that does not answer at all is given up, to be tried again.
const CONNECT: Duration = Duration::from_secs(10);

pub(super) async fn run<S: Sink>(address: &str, context: Context<S>) {
    let Context {
        mut sink,
        status,
        stop,
        ..
    } = context;
    let mut random = Random::seeded_by_chance();
    let mut pause = SHORTEST;
    status.connecting();
    loop {
        let connecting = time::timeout(CONNECT, TcpStream::connect(address));
        let connected = select! {
            biased;
            () = stop.cancelled() => return,
            connected = connecting => connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
        };
        let why = match connected {
            Ok(stream) => {
                status.live();
                let (end, posts) = connection::read(&stream, &mut sink, &status, &stop).await;
                // A peer that takes connections and says nothing is asked less and less often.
                if posts > 0 {
                    pause = SHORTEST;
                }
                match end {
                    End::Stopped => return,
                    End::ByPeer => format!("{address} closed the connection"),
                    End::Lost(error) => format!("the connection to {address} was lost: {error}"),
                }
            }
            Err(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => format!("connection refused by {address}"),
                io::ErrorKind::TimedOut => format!("no answer from {address}"),
                _ => format!("cannot connect to {address}: {error}"),
            },
        };
        // Many readers of one writer do not come back all at the same moment.
        let next = pause.mul_f64(random.between(750, 1000) as f64 / 1000.0);
        status.waiting(format!("{why}, next try in {:.1} s", next.as_secs_f64()));
        pause = (pause * 2).min(LONGEST);
        select! {
            () = stop.cancelled() => return,
            () = time::sleep(next) => {}
        }
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
        let closed = "closed the connection, next try in 0.";
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
        assert!(
            why.starts_with(&format!("connection refused by {address}, next try in ")),
            "{why}"
        );
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
