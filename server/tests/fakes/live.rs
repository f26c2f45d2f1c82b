//! What all open streams share: what they are told to do, and the beat that keeps them alive.

use std::{
    future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        watch,
    },
    time::{Instant, sleep_until},
};
use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};

/// How a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// As the protocol has it: the last chunk, or a close frame.
    Clean,
    /// TCP is closed in the middle of the answer.
    Cut,
    /// TCP is reset. The client may lose what it has not read yet.
    Reset,
}

/// What an open stream is told to do, in this order.
#[derive(Debug, Clone)]
pub(super) enum Order<T> {
    Event(T),
    Frame(Message),
    Raw(Vec<u8>),
    End(End),
}

/// The streams that are open, to tell them more than posts; its clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Live<T>(Arc<Mutex<Vec<UnboundedSender<Order<T>>>>>);

impl<T: Clone> Live<T> {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// One text frame or chunk, whatever it says.
    pub(crate) fn text(&self, text: impl Into<String>) {
        self.tell(&Order::Frame(Message::text(text.into())));
    }

    /// One binary frame or chunk.
    pub(crate) fn binary(&self, bytes: Vec<u8>) {
        self.tell(&Order::Frame(Message::binary(bytes)));
    }

    /// A close frame.
    pub(crate) fn close(&self, code: u16, reason: &str) {
        self.tell(&Order::Frame(close(code, reason)));
    }

    /// Past all framing, straight on the socket.
    pub(crate) fn raw(&self, bytes: impl Into<Vec<u8>>) {
        self.tell(&Order::Raw(bytes.into()));
    }

    pub(crate) fn end(&self, end: End) {
        self.tell(&Order::End(end));
    }

    pub(super) fn event(&self, event: T) {
        self.tell(&Order::Event(event));
    }

    fn tell(&self, order: &Order<T>) {
        let mut streams = self.0.lock().unwrap();
        streams.retain(|stream| stream.send(order.clone()).is_ok());
    }

    /// One more, which is told of `first` before anything else.
    pub(super) fn join(&self, first: impl IntoIterator<Item = T>) -> Orders<T> {
        let (tell, told) = unbounded_channel();
        for event in first {
            let _ = tell.send(Order::Event(event));
        }
        self.0.lock().unwrap().push(tell);
        told
    }
}

pub(super) type Orders<T> = UnboundedReceiver<Order<T>>;

pub(super) fn close(code: u16, reason: &str) -> Message {
    Message::Close(Some(CloseFrame {
        code: code.into(),
        reason: reason.into(),
    }))
}

/// How streams are written, open ones too; its clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Wire(Arc<Settings>);

#[derive(Debug)]
struct Settings {
    beat: watch::Sender<Option<Duration>>,
    chunk: AtomicUsize,
    patience_ms: AtomicU64,
}

impl Wire {
    pub(super) fn new(beat: Duration) -> Self {
        Self(Arc::new(Settings {
            beat: watch::Sender::new(Some(beat)),
            chunk: AtomicUsize::new(usize::MAX),
            patience_ms: AtomicU64::new(5_000),
        }))
    }

    /// The interval of keep-alives, thumps or pings; none for a silent service. Until this is called, that
    /// of the service.
    pub(crate) fn beat(&self, every: Option<Duration>) {
        self.0.beat.send_replace(every);
    }

    /// The most bytes in a chunk of a streaming answer.
    pub(crate) fn chunk(&self, bytes: usize) {
        self.0.chunk.store(bytes, Ordering::Relaxed);
    }

    /// How long a WebSocket's client may leave a frame untaken before it is dropped; 5 s until this is
    /// called.
    pub(crate) fn patience(&self, patience: Duration) {
        let ms = patience.as_millis() as u64;
        self.0.patience_ms.store(ms, Ordering::Relaxed);
    }

    pub(super) fn bytes_in_a_chunk(&self) -> usize {
        self.0.chunk.load(Ordering::Relaxed)
    }

    pub(super) fn time_for_a_frame(&self) -> Duration {
        Duration::from_millis(self.0.patience_ms.load(Ordering::Relaxed))
    }

    pub(super) fn pulse(&self) -> Pulse {
        Pulse {
            every: self.0.beat.subscribe(),
            due: None,
        }
    }
}

/// Beats at the interval of a [`Wire`], whatever else the stream does; not at all while there is none.
#[derive(Debug)]
pub(super) struct Pulse {
    every: watch::Receiver<Option<Duration>>,
    due: Option<Instant>,
}

impl Pulse {
    pub(super) async fn beat(&mut self) {
        loop {
            if self.every.has_changed().unwrap_or(false) {
                self.due = None;
            }
            let every = *self.every.borrow_and_update();
            let Some(every) = every else {
                if self.every.changed().await.is_err() {
                    future::pending::<()>().await;
                }
                continue;
            };
            let due = *self.due.get_or_insert_with(|| Instant::now() + every);
            tokio::select! {
                () = sleep_until(due) => {
                    self.due = None;
                    return;
                }
                Ok(()) = self.every.changed() => self.due = None,
            }
        }
    }
}
