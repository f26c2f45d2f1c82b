//! `listen:ADDR:PORT`: takes lines from any number of writers.
//!
//! **Invariant:** a writer costs the others nothing: each has its own task and its own [`Sink`], and
//! there are at most [`MAX_WRITERS`].

use std::{io, sync::Arc, time::Duration};

use model::Kind;
use tokio::{net::TcpListener, select, sync::Semaphore, task::JoinSet, time::sleep};

use super::{
    Context, Sink, address,
    connection::{self, End},
    options::Options,
    protocol::{OpenError, Protocol, SpecError},
};

/// Each may hold the beginning of a line, up to 1 MiB.
const MAX_WRITERS: usize = 1024;

/// The system has no room for another connection; one may go in the meantime.
const AFTER_ERROR: Duration = Duration::from_millis(100);

/// Where writers connect: `ADDR:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listen(String);

impl Protocol for Listen {
    const KIND: Kind = Kind::Listen;
    const FORM: &'static str = "listen:ADDR:PORT";
    type Ready = TcpListener;

    fn parse(rest: Option<&str>) -> Result<Self, SpecError> {
        address::host_and_port::<Self>(rest, true).map(Self)
    }

    fn identity(&self) -> String {
        format!("listen:{}", self.0)
    }

    async fn open(&self, _: &Options) -> Result<TcpListener, OpenError> {
        bind(&self.0).await
    }

    fn name(listener: &TcpListener, given: &str) -> String {
        if let Some((address, port)) = given.rsplit_once(':')
            && port.parse() == Ok(0_u16)
            && let Ok(bound) = listener.local_addr()
        {
            return format!("{address}:{}", bound.port());
        }
        given.to_owned()
    }

    async fn run<S: Sink>(listener: TcpListener, context: Context<S>) {
        serve(listener, context, MAX_WRITERS).await;
    }
}

/// A port that a program has left a moment ago can be had again at once (`SO_REUSEADDR`, which
/// tokio sets).
pub(crate) async fn bind(address: &str) -> Result<TcpListener, OpenError> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => OpenError::InUse(address.to_owned()),
            _ => OpenError::Listen {
                address: address.to_owned(),
                error,
            },
        })?;
    match listener.local_addr() {
        Ok(bound) if bound.ip().is_loopback() => Ok(listener),
        _ => Err(OpenError::Public(address.to_owned())),
    }
}

async fn serve<S: Sink>(listener: TcpListener, context: Context<S>, most: usize) {
    let Context {
        sink, status, stop, ..
    } = context;
    match listener.local_addr() {
        Ok(address) => tracing::info!("{} takes lines at {address}", status.name()),
        Err(error) => return status.failed(error.to_string()),
    }
    status.live();
    let places = Arc::new(Semaphore::new(most));
    let mut writers = JoinSet::new();
    loop {
        let accepted = select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = writers.join_next() => {
                status.live();
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                status.live_but(format!("no further connection can be taken: {error}"));
                select! {
                    () = stop.cancelled() => break,
                    () = sleep(AFTER_ERROR) => continue,
                }
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            status.live_but(format!(
                "{most} writers are connected: a further one was turned away"
            ));
            continue;
        };
        let (mut sink, status, stop) = (sink.clone(), status.clone(), stop.clone());
        writers.spawn(async move {
            let end = connection::read(&stream, &mut sink, &status, &stop).await;
            if let End::Lost(error) = end {
                tracing::debug!(source = status.name(), %error, "a writer was lost");
            }
            drop(place);
        });
    }
    drop(listener);
    while writers.join_next().await.is_some() {}
}

/// It was gone before it was taken; the next may be sound.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, time::Instant};

    use model::SourceState;
    use socket2::SockRef;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use super::*;
    use crate::source::{
        Registry,
        lines::MAX_LINE,
        open,
        recording::{Recording, Running},
    };

    async fn listening(sink: Recording) -> (Running, SocketAddr) {
        let opened = open("listen:127.0.0.1:0".parse().unwrap(), &Options::default())
            .await
            .unwrap();
        let address = opened.address().unwrap();
        (Running::start(opened, sink, None), address)
    }

    async fn write(address: SocketAddr, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    #[tokio::test]
    async fn many_writers_lose_no_line() {
        let (running, address) = listening(Recording::new()).await;
        let mut writers = JoinSet::new();
        for writer in 0..100 {
            writers.spawn(async move {
                for part in 0..10 {
                    let lines: String = (0..100)
                        .map(|n| format!("{writer} {}\n", part * 100 + n))
                        .collect();
                    write(address, lines.as_bytes()).await;
                }
            });
        }
        writers.join_all().await;
        let mut texts = running.sink.until(100_000).await;
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 100_000);
        running.stop().await;
    }

    #[tokio::test]
    async fn line_ends_half_lines_and_malformed_text() {
        let (running, address) = listening(Recording::new()).await;
        let mut writer = write(address, b"one\r").await;
        assert_eq!(running.sink.until(1).await, ["one"]);
        writer.write_all(b"\n\r\n\n\ntw").await.unwrap();
        writer.write_all(b"o\rthr\xFFee\nf\xE2\x82").await.unwrap();
        assert_eq!(running.sink.until(3).await[1..], ["two", "thr\u{FFFD}ee"]);
        drop(writer);
        assert_eq!(running.sink.until(4).await[3..], ["f\u{FFFD}"]);
        running.stop().await;
    }

    #[tokio::test]
    async fn a_reset_loses_no_finished_line_and_no_other_writer() {
        let (running, address) = listening(Recording::new()).await;
        let mut calm = write(address, b"calm 1\n").await;
        running.sink.until(1).await;
        for n in 0..50 {
            let writer = write(address, b"finished\nunfinis").await;
            running.sink.until(n + 2).await;
            SockRef::from(&writer)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
            drop(writer);
        }
        calm.write_all(b"calm 2\n").await.unwrap();
        let texts = running.sink.until(52).await;
        assert_eq!(texts.iter().filter(|text| *text == "finished").count(), 50);
        assert_eq!(texts.last().unwrap(), "calm 2");
        assert_eq!(
            running.stop().await.count(),
            52,
            "what was unfinished is dropped"
        );
    }

    #[tokio::test]
    async fn a_line_of_50_megabytes_is_cut_and_the_next_is_whole() {
        let (running, address) = listening(Recording::new()).await;
        let mut writer = write(address, b"before\n").await;
        for _ in 0..50 {
            writer.write_all(&vec![b'x'; 1 << 20]).await.unwrap();
        }
        writer.write_all(b"\nafter\n").await.unwrap();
        let texts = running.sink.until(3).await;
        assert_eq!(
            (&*texts[0], texts[1].len(), &*texts[2]),
            ("before", MAX_LINE, "after")
        );
        let shown = running.status.show();
        assert_eq!(shown.detail.as_deref(), Some("1 line over 1 MiB cut"));
        running.stop().await;
    }

    #[tokio::test]
    async fn it_stops_with_silent_writers_and_a_full_sink() {
        let sink = Recording::new();
        sink.set_room(false);
        let (running, address) = listening(sink).await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        let busy = write(address, b"a line that finds no room\n").await;
        let sink = running.stop().await;
        assert_eq!(sink.count(), 0);
        assert_eq!(silent.read(&mut [0; 9]).await.unwrap(), 0, "it was let go");
        drop(busy);
    }

    #[tokio::test]
    async fn one_writer_too_many_is_turned_away_and_the_status_says_so() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sink, status, stop) = (
            Recording::new(),
            Registry::default().add("test"),
            Default::default(),
        );
        let context = Context {
            sink: sink.clone(),
            status: status.clone(),
            cursor: None,
            stop,
        };
        let stop = context.stop.clone();
        let task = tokio::spawn(async move {
            serve(listener, context, 2).await;
        });
        let first = write(address, b"1\n").await;
        let _second = write(address, b"2\n").await;
        sink.until(2).await;
        let mut third = TcpStream::connect(address).await.unwrap();
        assert_eq!(third.read(&mut [0; 9]).await.unwrap(), 0);
        let shown = status.show();
        assert_eq!(shown.state, SourceState::Live);
        assert!(shown.detail.unwrap().contains("turned away"));
        drop(first);
        let begun = Instant::now();
        while status.show().detail.is_some() && begun.elapsed() < crate::source::recording::LIMIT {
            sleep(Duration::from_millis(5)).await;
        }
        let _fourth = write(address, b"4\n").await;
        sink.until(3).await;
        stop.cancel();
        task.await.unwrap();
    }
}
