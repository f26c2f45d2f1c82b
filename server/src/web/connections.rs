//! Connections from accept to farewell.
//!
//! **Invariant:** a client that asks nothing, asks slowly or does not take its answers holds a connection
//! for a limited time, of which there is a limited number ([`seats`]), and keeps it from nobody who
//! asks something. No client delays the end of the program by more than [`FAREWELL`].
//!
//! [`seats`]: super::seats

use std::{
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::header::CONTENT_TYPE,
    response::Response,
};
use hyper::{
    Request,
    body::{Frame, Incoming, SizeHint},
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutWriter;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    seats::{Asking, NoSeat, Seats, Taken},
    visitor::{Proxies, Stranger, Visitor},
};

/// Open at once; for more, idle ones are closed.
const MAX_CONNECTIONS: usize = 1024;
/// Of one client. This machine and the proxies that are trusted ask for many, and may have all.
const MAX_OF_CLIENT: usize = 128;
/// A request's head must be there within this time, also the first and the next one of a connection
/// that is kept alive.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// A request's head is no longer than this.
const HEAD_BYTES: usize = 64 * 1024;
/// An answer that the client takes nothing of for so long ends the connection, also where all of it waits in
/// the system for a client that is gone without a word.
pub(super) const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// So much of an answer waits in the system for a client that takes it slowly; the rest waits here, where
/// it is known what has become old meanwhile, and is not copied for each.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 16 * 1024;
/// For how long open requests may go on when the program ends.
const FAREWELL: Duration = Duration::from_secs(2);
/// After a failed accept, such as one for want of file handles: they may come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who is connected. A clone is another handle to the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clients(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    seats: Arc<Seats>,
    proxies: Proxies,
    not_accepted: AtomicU64,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            seats: Arc::new(Seats::new(MAX_CONNECTIONS, MAX_OF_CLIENT)),
            proxies: Proxies::default(),
            not_accepted: AtomicU64::new(0),
        }
    }
}

impl Clients {
    pub(crate) fn behind(proxies: Proxies) -> Self {
        Self(Arc::new(Inner {
            proxies,
            ..Inner::default()
        }))
    }

    pub(super) fn proxies(&self) -> &Proxies {
        &self.0.proxies
    }

    pub(super) fn open(&self) -> u64 {
        self.0.seats.open()
    }

    pub(super) fn most(&self) -> u64 {
        self.0.seats.most()
    }

    pub(super) fn accepted(&self) -> u64 {
        self.0.seats.taken_ever()
    }

    /// Connections that were closed to make room for others.
    pub(super) fn let_go(&self) -> u64 {
        self.0.seats.emptied()
    }

    pub(super) fn not_accepted(&self) -> u64 {
        self.0.not_accepted.load(Relaxed)
    }

    /// As soon as there is one; none where the client has too many.
    async fn seat(&self, peer: IpAddr) -> Option<Taken> {
        let client = Stranger::at(peer).filter(|_| !self.0.proxies.trusts(peer));
        loop {
            match self.0.seats.take(client) {
                Ok(taken) => return Some(taken),
                Err(NoSeat::ForClient) => return None,
                Err(NoSeat::ForAnybody) => self.0.seats.freed().await,
            }
        }
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
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();

    loop {
        let (stream, peer) = match stop.run_until_cancelled(listener.accept()).await {
            None => break,
            Some(Ok((stream, peer))) => (stream, peer.ip().to_canonical()),
            Some(Err(error)) => {
                clients.0.not_accepted.fetch_add(1, Relaxed);
                tracing::warn!(%error, "a connection was not accepted");
                clients.0.seats.empty_one();
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let seat = match stop.run_until_cancelled(clients.seat(peer)).await {
            None => break,
            Some(None) => continue,
            Some(Some(seat)) => seat,
        };
        let (emptied, cut) = (seat.emptied(), cut.clone());
        let service = TowerToHyperService::new(app.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            let asking = seat.asking();
            request.extensions_mut().insert(Visitor(peer));
            let answer = service.call(request);
            async move { answer.await.map(|answer| answering(answer, asking)) }
        });
        let stream = TokioIo::new(Box::pin(timed(stream, write_limit)));
        let connection = graceful.watch(http.serve_connection(stream, service));
        connections.spawn(async move {
            // How a connection ends is the client's business.
            let ending = cut.run_until_cancelled(connection);
            let _ = emptied.run_until_cancelled(ending).await;
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

fn timed(stream: TcpStream, write_limit: Duration) -> TimeoutWriter<TcpStream> {
    // Answers are small and whole: waiting to fill a packet only delays them.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    {
        let socket = SockRef::from(&stream);
        let _ = socket.set_tcp_notsent_lowat(UNSENT_BYTES);
        let _ = socket.set_tcp_user_timeout(Some(write_limit));
    }
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(write_limit));
    stream
}

/// An answer under way: it is known of its connection until all of it is handed over.
struct Answering {
    body: Body,
    _asking: Asking,
}

fn answering(answer: Response, asking: Asking) -> Response<Answering> {
    let kind = answer.headers().get(CONTENT_TYPE);
    if kind.is_some_and(|kind| kind == "text/event-stream") {
        asking.listens();
    }
    answer.map(|body| Answering {
        body,
        _asking: asking,
    })
}

impl hyper::body::Body for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
