//! What all open streams share: what they are told to do, and the beat that keeps them alive.

use std::{
    future,
    sync::{
        Arc,
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
    /// These bytes as they are: a chunk, or, past the framing of a WebSocket, straight on the socket.
    Raw(Vec<u8>),
    End(End),
}

/// The streams that are open.
#[derive(Debug)]
pub(super) struct Listeners<T>(Vec<UnboundedSender<Order<T>>>);

impl<T> Default for Listeners<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone> Listeners<T> {
    /// One more, which is told of `first` before anything else.
    pub(super) fn join(
        &mut self,
        first: impl IntoIterator<Item = T>,
    ) -> UnboundedReceiver<Order<T>> {
        let (tell, told) = unbounded_channel();
        for event in first {
            let _ = tell.send(Order::Event(event));
        }
        self.0.push(tell);
        told
    }

    pub(super) fn tell(&mut self, order: &Order<T>) {
        self.0
            .retain(|listener| listener.send(order.clone()).is_ok());
    }
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
