//! The readers of a feed and their queues.
//!
//! No line is dropped for a reader that reads, however slowly: a full queue makes the sources wait. But a
//! reader for which others had to wait, with nothing more to read themselves, for [`PATIENCE`] in all
//! since it last had everything, is let go: so much a slow reader can cost the others, and no more.
//!
//! **Invariant:** every reader gets whole lines, in the order in which the sources gave them.

use std::{
    collections::VecDeque,
    mem,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::source::{Closed, Cursor, Event, Post, Sink, Status};

const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether somebody must wait for somebody.
const LOOK: Duration = Duration::from_millis(100);

/// A reader's queue has room as long as it holds less (bytes).
const FULL: usize = 1 << 20;

/// All readers.
#[derive(Clone, Debug)]
pub(super) struct Readers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queues: Mutex<Vec<Arc<Queue>>>,
    /// A reader came, left or took some lines.
    changed: Notify,
    closed: CancellationToken,
    patience: Duration,
}

/// The lines that one reader is still to get.
#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    filled: Notify,
    let_go: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Arc<[u8]>>,
    /// Of these chunks and of the one that is being written.
    bytes: usize,
    /// The size of the chunk that is being written.
    writing: usize,
    /// For how long others had to wait for this reader since it last had everything.
    waited_for: Duration,
}

impl Default for Readers {
    fn default() -> Self {
        Self::new(PATIENCE)
    }
}

impl Readers {
    pub(super) fn new(patience: Duration) -> Self {
        Self(Arc::new(Inner {
            queues: Mutex::default(),
            changed: Notify::new(),
            closed: CancellationToken::new(),
            patience,
        }))
    }

    pub(super) fn add(&self) -> Reader {
        let queue = Arc::<Queue>::default();
        lock(&self.0.queues).push(queue.clone());
        self.0.changed.notify_waiters();
        Reader {
            queue,
            all: self.clone(),
        }
    }

    /// What a source gives its posts to.
    pub(super) fn sink(&self, status: Status) -> Lines {
        Lines {
            readers: self.clone(),
            status,
        }
    }

    /// No more lines will come: readers get what is in their queues.
    pub(super) fn close(&self) {
        self.0.closed.cancel();
    }

    #[cfg(test)]
    pub(super) fn one_is_full(&self) -> bool {
        let queues = lock(&self.0.queues);
        queues.iter().any(|queue| lock(&queue.state).bytes >= FULL)
    }

    /// Puts the lines into every reader's queue. Waits for room, and where there is no reader, for one.
    async fn give(&self, lines: Arc<[u8]>) {
        let mut served = Vec::new();
        let mut looked = Instant::now();
        loop {
            let mut changed = pin!(self.0.changed.notified());
            changed.as_mut().enable();
            let now = Instant::now();
            if self.offer(&lines, &mut served, now - mem::replace(&mut looked, now)) {
                return;
            }
            let _ = timeout(LOOK, changed).await;
        }
    }

    /// Puts the lines where there is room. True when nobody needs to be waited for any longer.
    fn offer(&self, lines: &Arc<[u8]>, served: &mut Vec<Arc<Queue>>, waited: Duration) -> bool {
        let mut queues = lock(&self.0.queues);
        let somebody_idles = served
            .iter()
            .any(|queue| lock(&queue.state).bytes == 0 && !queue.let_go.is_cancelled());
        let mut done = true;
        queues.retain(|queue| {
            if served.iter().any(|other| Arc::ptr_eq(other, queue)) {
                return true;
            }
            let mut state = lock(&queue.state);
            if state.bytes < FULL {
                state.bytes += lines.len();
                state.chunks.push_back(lines.clone());
                queue.filled.notify_one();
                served.push(queue.clone());
                return true;
            }
            if somebody_idles {
                state.waited_for += waited;
            }
            if state.waited_for < self.0.patience {
                done = false;
                return true;
            }
            tracing::warn!("a reader that the others had to wait for was let go");
            queue.let_go.cancel();
            false
        });
        done && !served.is_empty()
    }
}

/// One reader's side of its queue; dropped, the reader has left.
#[derive(Debug)]
pub(super) struct Reader {
    queue: Arc<Queue>,
    all: Readers,
}

impl Reader {
    /// The next lines to write, the ones before being written; `None` when there are no more for good.
    pub(super) async fn next(&self) -> Option<Arc<[u8]>> {
        self.wrote();
        loop {
            let closed = self.all.0.closed.is_cancelled();
            if let Some(lines) = self.take() {
                return Some(lines);
            }
            if closed {
                return None;
            }
            tokio::select! {
                () = self.queue.filled.notified() => {}
                () = self.all.0.closed.cancelled() => {}
            }
        }
    }

    /// Until the reader is to be let go.
    pub(super) async fn let_go(&self) {
        self.queue.let_go.cancelled().await;
    }

    fn take(&self) -> Option<Arc<[u8]>> {
        let mut state = lock(&self.queue.state);
        let lines = state.chunks.pop_front()?;
        state.writing = lines.len();
        Some(lines)
    }

    fn wrote(&self) {
        let mut state = lock(&self.queue.state);
        state.bytes -= mem::take(&mut state.writing);
        if state.bytes == 0 {
            state.waited_for = Duration::ZERO;
        }
        drop(state);
        self.all.0.changed.notify_waiters();
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.queue.let_go.cancel();
        lock(&self.all.0.queues).retain(|queue| !Arc::ptr_eq(queue, &self.queue));
        self.all.0.changed.notify_waiters();
    }
}

/// Posts as the tutorial's lines.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    readers: Readers,
    status: Status,
}

impl Sink for Lines {
    async fn accept(&mut self, events: &[Event<'_>], _: Option<Cursor>) -> Result<(), Closed> {
        let mut lines = Vec::new();
        let mut posts = 0;
        // What was written cannot be taken back.
        for post in events.iter().filter_map(Event::post) {
            push_line(&post, &mut lines);
            posts += 1;
        }
        if posts > 0 {
            self.readers.give(lines.into()).await;
            self.status.posts(posts);
        }
        Ok(())
    }

    async fn advance(&mut self, _: i64) -> Result<(), Closed> {
        Ok(())
    }

    fn epoch_of(&self, _: i64) -> u64 {
        0
    }
}

/// The post's text, or its tags where it has none. A line end inside becomes a space.
fn push_line(post: &Post<'_>, lines: &mut Vec<u8>) {
    let begin = lines.len();
    lines.extend_from_slice(post.text.as_bytes());
    if post.text.is_empty() {
        for tag in post.tags.iter().flatten() {
            if lines.len() > begin {
                lines.push(b' ');
            }
            lines.push(b'#');
            lines.extend_from_slice(tag.as_bytes());
        }
    }
    for byte in &mut lines[begin..] {
        if matches!(byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
    lines.push(b'\n');
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
