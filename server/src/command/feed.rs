//! `tagtide feed`: the tutorial's Twitter client. It writes the posts of its sources, a line each, to
//! every reader that connects.
//!
//! The sources start when the first reader connects, wait while there is none, and when all have ended
//! the feed ends too, once its readers have every line. A reader that closes its side, also only that
//! for writing, has left.

use std::{net::SocketAddr, time::Duration};

use anyhow::bail;
use model::SourceState;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    select,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Signals, say};
use crate::{
    cli::Feed,
    source::{self, Context, Opened, Options, Registry, Spec},
};
use readers::{Reader, Readers};

mod readers;

/// Each may have a queue of lines.
const MAX_READERS: usize = 1024;

/// How long the end may take once it was asked for.
const PARTING: Duration = Duration::from_secs(1);

/// The system has no room for another connection; one may go in the meantime.
const AFTER_ERROR: Duration = Duration::from_millis(100);

pub(super) async fn run(typed: Feed) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let feeder = Feeder::open(typed.listen, typed.sources, &typed.x.into()).await?;
    let address = feeder.listener.local_addr()?;
    say(format_args!("tagtide feeds lines at {address}"));
    let stop = CancellationToken::new();
    let end = stop.clone();
    tokio::spawn(async move {
        signals.told_to_end().await;
        end.cancel();
    });
    feeder.run(stop).await
}

/// All that a feed needs, found to be there before anything starts.
struct Feeder {
    listener: TcpListener,
    sources: Vec<Opened>,
    readers: Readers,
}

impl Feeder {
    async fn open(
        address: SocketAddr,
        specs: Vec<Spec>,
        options: &Options,
    ) -> anyhow::Result<Self> {
        let listener = source::bind(&address.to_string()).await?;
        let mut sources = Vec::new();
        for spec in specs {
            sources.push(source::open(spec, options).await?);
        }
        Ok(Self {
            listener,
            sources,
            readers: Readers::default(),
        })
    }

    async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        let registry = Registry::default();
        // Whatever the reason for the end, it ends the sources as well.
        let stop = stop.child_token();
        let mut sources = JoinSet::new();
        let mut connections = JoinSet::new();
        let mut begun = false;
        loop {
            let accepted = select! {
                biased;
                () = stop.cancelled() => break,
                ended = sources.join_next(), if begun => match ended {
                    Some(_) => continue,
                    None => break,
                },
                Some(_) = connections.join_next() => continue,
                accepted = self.listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a reader could not be taken");
                    sleep(AFTER_ERROR).await;
                    continue;
                }
            };
            if connections.len() >= MAX_READERS {
                tracing::warn!(
                    "{MAX_READERS} readers are connected: a further one was turned away"
                );
                continue;
            }
            let reader = self.readers.add();
            connections.spawn(serve(stream, reader));
            if !begun {
                begun = true;
                for opened in self.sources.drain(..) {
                    let status = registry.add(&opened.name());
                    let sink = self.readers.sink(status.clone());
                    let context = Context {
                        sink,
                        status,
                        cursor: None,
                        stop: stop.clone(),
                    };
                    sources.spawn(opened.run(context));
                }
            }
        }
        drop(self.listener);
        self.readers.close();
        let parted = async { while connections.join_next().await.is_some() {} };
        select! {
            () = parted => {}
            () = async { stop.cancelled().await; sleep(PARTING).await } => {}
        }
        stop.cancel();
        let _ = timeout(PARTING, sources.join_all()).await;
        let sources = registry.all();
        if !sources.is_empty()
            && sources
                .iter()
                .all(|source| source.state == SourceState::Failed)
        {
            let why = sources.into_iter().filter_map(|source| source.detail);
            bail!(
                "no source could be read to its end: {}",
                why.collect::<Vec<_>>().join("; ")
            );
        }
        Ok(())
    }
}

/// Writes lines to one reader until it leaves or there are no more.
async fn serve(stream: TcpStream, reader: Reader) {
    // What is written is seen at once; without it, it is seen a moment later.
    let _ = stream.set_nodelay(true);
    let (mut input, mut output) = stream.into_split();
    let mut until_left = async || {
        let mut ignored = [0; 1024];
        while input.read(&mut ignored).await.is_ok_and(|read| read > 0) {}
    };
    let write = async {
        while let Some(lines) = reader.next().await {
            output.write_all(&lines).await?;
        }
        output.shutdown().await
    };
    let wrote_all = select! {
        wrote = write => wrote.is_ok(),
        () = until_left() => false,
        () = reader.let_go() => false,
    };
    if wrote_all {
        // Closed before the reader has closed, a connection could be reset, and lines lost on the way.
        let _ = timeout(PARTING, until_left()).await;
    }
}

#[cfg(test)]
mod tests;
