//! Takes connections, keeps the record, and lets the script come before the service.

use std::{
    collections::VecDeque,
    future::Future,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    net::TcpListener,
    task::{AbortHandle, JoinSet},
};

use super::{
    http::{Answer, Connection, Request},
    live::{Live, Wire},
    seen::Seen,
};

/// What happens to a request instead of what should.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    Answer(Answer),
    /// Taken, and never answered.
    Silence,
    /// The connection is closed without an answer.
    Close,
    /// The connection is reset without an answer.
    Reset,
}

/// What goes wrong next; its clones are the same script.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script(Arc<Mutex<Faults>>);

#[derive(Debug, Default)]
struct Faults {
    requests: VecDeque<(String, Fault)>,
    refusals: usize,
}

impl Script {
    /// The next request to `path` meets this fault; said again, the one after it does.
    pub(crate) fn next(&self, path: &str, fault: Fault) {
        let mut faults = self.0.lock().unwrap();
        faults.requests.push_back((path.to_owned(), fault));
    }

    /// The next `n` requests to `path` are answered so.
    pub(crate) fn answer(&self, path: &str, n: usize, answer: &Answer) {
        for _ in 0..n {
            self.next(path, Fault::Answer(answer.clone()));
        }
    }

    /// Resets the next `n` TCP connections as they are made, in place of what was said before.
    pub(crate) fn refuse(&self, n: usize) {
        self.0.lock().unwrap().refusals = n;
    }

    /// Faults that nothing has met yet.
    pub(crate) fn left(&self) -> usize {
        let faults = self.0.lock().unwrap();
        faults.requests.len() + faults.refusals
    }

    fn refuses(&self) -> bool {
        let mut faults = self.0.lock().unwrap();
        let refuses = faults.refusals > 0;
        faults.refusals = faults.refusals.saturating_sub(1);
        refuses
    }

    fn take(&self, path: &str) -> Option<Fault> {
        let mut faults = self.0.lock().unwrap();
        let index = faults.requests.iter().position(|(to, _)| to == path)?;
        Some(faults.requests.remove(index)?.1)
    }
}

/// What a service and its handle share.
#[derive(Debug, Clone)]
pub(crate) struct Shared<T> {
    pub(super) seen: Seen,
    pub(super) wire: Wire,
    pub(super) live: Live<T>,
}

impl<T: Clone> Shared<T> {
    pub(super) fn new(beat: Duration) -> Self {
        Self {
            seen: Seen::default(),
            wire: Wire::new(beat),
            live: Live::new(),
        }
    }
}

/// What a server says to a request.
pub(crate) trait Service: Send + Sync + 'static {
    /// What its streams are told of.
    type Event: Clone;

    fn shared(&self) -> &Shared<Self::Event>;

    /// Gives the connection back if it is open for another request.
    fn serve(
        &self,
        request: Request,
        connection: Connection,
    ) -> impl Future<Output = Option<Connection>> + Send;
}

/// The handle of a fake.
#[derive(Debug)]
pub(crate) struct Fake<S: Service> {
    pub(crate) seen: Seen,
    pub(crate) script: Script,
    pub(crate) wire: Wire,
    pub(crate) live: Live<S::Event>,
    pub(super) service: Arc<S>,
    /// The first is where its `url` leads.
    pub(super) servers: Vec<Server>,
}

impl<S: Service> Fake<S> {
    pub(super) async fn open(service: S) -> Self {
        let service = Arc::new(service);
        let Shared { seen, wire, live } = service.shared().clone();
        let script = Script::default();
        let server = Server::start(Arc::clone(&service), seen.clone(), script.clone()).await;
        Self {
            seen,
            script,
            wire,
            live,
            service,
            servers: vec![server],
        }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> SocketAddr {
        self.servers[0].address
    }
}

/// Listens on a loopback port of the system's choice until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(super) address: SocketAddr,
    accepting: AbortHandle,
}

impl Server {
    pub(super) async fn start(service: Arc<impl Service>, seen: Seen, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            accepting: tokio::spawn(accept(listener, service, seen, script)).abort_handle(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What it accepted is in a set of tasks of its own, and ends with it.
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, service: Arc<impl Service>, seen: Seen, script: Script) {
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        while connections.try_join_next().is_some() {}
        let connection = Connection::new(socket);
        if script.refuses() {
            connection.reset();
            continue;
        }
        let (service, seen, script) = (Arc::clone(&service), seen.clone(), script.clone());
        connections.spawn(talk(connection, service, seen, script));
    }
}

async fn talk(mut connection: Connection, service: Arc<impl Service>, seen: Seen, script: Script) {
    let _present = seen.enter_socket();
    while let Some(request) = connection.request().await {
        let fault = script.take(&request.path);
        seen.note(|record| record.requests.push(request.clone()));
        let next = match fault {
            None => service.serve(request, connection).await,
            Some(Fault::Answer(answer)) => connection.answer(&answer).await,
            Some(Fault::Silence) => {
                connection.gone().await;
                None
            }
            Some(Fault::Close) => None,
            Some(Fault::Reset) => {
                connection.reset();
                None
            }
        };
        let Some(next) = next else { return };
        connection = next;
    }
}
