//! Connections from accept to farewell.
//!
//! **Invariant:** a client that asks nothing, asks slowly or does not take its answers holds a connection
//! for a limited time, of which there is a limited number, and no client delays the end of the program by
//! more than [`FAREWELL`].

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_io_timeout::TimeoutWriter;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Clients served at once; more wait in the listener's queue.
const MAX_CONNECTIONS: usize = 1024;
/// A request's head must be there within this time, also the first and the next one of a connection
/// that is kept alive.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// A request's head is no longer than this.
const HEAD_BYTES: usize = 64 * 1024;
/// An answer that the client takes nothing of for so long ends the connection.
pub(super) const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// So much of an answer waits in the system for a client that takes it slowly; the rest waits here, where
/// it is known what has become old meanwhile, and is not copied for each.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 16 * 1024;
/// For how long open requests may go on when the program ends.
const FAREWELL: Duration = Duration::from_secs(2);
/// After a failed accept, such as one for want of file handles: they may come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who is connected, for metrics. A clone is another handle to the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clients(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    open: AtomicU64,
    accepted: AtomicU64,
    not_accepted: AtomicU64,
}

impl Clients {
    pub(super) fn open(&self) -> u64 {
        self.0.open.load(Relaxed)
    }

    pub(super) fn most(&self) -> u64 {
        MAX_CONNECTIONS as u64
    }

    pub(super) fn accepted(&self) -> u64 {
        self.0.accepted.load(Relaxed)
    }

    pub(super) fn not_accepted(&self) -> u64 {
        self.0.not_accepted.load(Relaxed)
    }

    /// One more, until what is given is dropped.
    fn client(&self) -> Client {
        self.0.accepted.fetch_add(1, Relaxed);
        self.0.open.fetch_add(1, Relaxed);
        Client(self.clone())
    }
}

/// One that is connected.
struct Client(Clients);

impl Drop for Client {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Relaxed);
    }
}

pub(super) async fn serve(
    listener: TcpListener,
    app: Router,
    clients: Clients,
    write_limit: Duration,
    stop: CancellationToken,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(HEAD_BYTES);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();

    loop {
        let permit = stop
            .run_until_cancelled(Arc::clone(&room).acquire_owned())
            .await;
        let Some(Ok(permit)) = permit else { break };
        let stream = match stop.run_until_cancelled(listener.accept()).await {
            None => break,
            Some(Ok((stream, _))) => stream,
            Some(Err(error)) => {
                clients.0.not_accepted.fetch_add(1, Relaxed);
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Answers are small and whole: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        #[cfg(target_os = "linux")]
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(write_limit));
        let service = TowerToHyperService::new(app.clone());
        let connection =
            graceful.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
        let cut = cut.clone();
        let client = clients.client();
        connections.spawn(async move {
            let _client = client;
            // How a connection ends is the client's business.
            let _ = cut.run_until_cancelled(connection).await;
            drop(permit);
        });
    }

    drop(listener);
    connections.close();
    if tokio::time::timeout(FAREWELL, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::info!(
            clients = connections.len(),
            "clients that did not end were cut off"
        );
    }
    cut.cancel();
    connections.wait().await;
}
