//! What clients did, and waiting for it.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::{SOON, http::Request};

/// How long a stream that its client has let go of may take to end before a new one counts as the
/// second of two at once.
const SETTLE: Duration = Duration::from_millis(300);

/// How many there are of something that comes and goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) now: usize,
    pub(crate) ever: usize,
    /// The most at once.
    pub(crate) most: usize,
}

/// All that clients of one fake did.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// In the order of their arrival, those that a fault answered too.
    pub(crate) requests: Vec<Request>,
    /// TCP connections.
    pub(crate) sockets: Count,
    /// Streaming answers and WebSockets.
    pub(crate) streams: Count,
    /// Text frames that clients sent.
    pub(crate) frames: Vec<String>,
    /// Codes of the close frames that clients sent.
    pub(crate) closes: Vec<Option<u16>>,
    pub(crate) pongs: usize,
    /// Readers dropped because they did not take what was sent to them.
    pub(crate) dropped: usize,
}

/// A view of the [`Record`] that stays up to date; its clones see the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Arc<watch::Sender<Record>>);

impl Seen {
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.0.borrow().requests.clone()
    }

    pub(crate) fn requests_to(&self, path: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.path == path);
        requests
    }

    pub(crate) fn sockets(&self) -> Count {
        self.0.borrow().sockets
    }

    pub(crate) fn streams(&self) -> Count {
        self.0.borrow().streams
    }

    pub(crate) fn frames(&self) -> Vec<String> {
        self.0.borrow().frames.clone()
    }

    /// Waits until `condition` holds; a test that waits in vain says for what, and what there was.
    pub(crate) async fn until(&self, what: &str, condition: impl FnMut(&Record) -> bool) {
        let mut record = self.0.subscribe();
        let in_time = timeout(SOON, record.wait_for(condition)).await.is_ok();
        assert!(
            in_time,
            "waited {SOON:?} in vain for: {what}; {:?}",
            self.0.borrow()
        );
    }

    /// Waits until exactly `n` streams are open.
    pub(crate) async fn until_streams(&self, n: usize) {
        let what = format!("{n} open streams");
        self.until(&what, |record| record.streams.now == n).await;
    }

    /// Waits for the `n`th request to `path` since the start.
    pub(crate) async fn until_requests(&self, path: &str, n: usize) {
        let to_path = |record: &Record| {
            let requests = record.requests.iter();
            requests.filter(|request| request.path == path).count()
        };
        let what = format!("{n} requests to {path}");
        self.until(&what, |record| to_path(record) >= n).await;
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut Record)) {
        self.0.send_modify(change);
    }

    pub(super) fn enter_socket(&self) -> Present {
        self.enter(|record| &mut record.sockets, usize::MAX)
            .unwrap()
    }

    /// A stream begins, unless `limit` are open. Whoever ends one and begins the next has one at a time,
    /// in whatever order the two ends of that are noticed here.
    pub(super) async fn enter_stream(&self, limit: usize) -> Option<Present> {
        let mut record = self.0.subscribe();
        let none_open = record.wait_for(|record| record.streams.now == 0);
        let _ = timeout(SETTLE, none_open).await;
        self.enter(|record| &mut record.streams, limit)
    }

    fn enter(&self, which: fn(&mut Record) -> &mut Count, limit: usize) -> Option<Present> {
        let mut entered = false;
        self.note(|record| {
            let count = which(record);
            if count.now < limit {
                entered = true;
                count.now += 1;
                count.ever += 1;
                count.most = count.most.max(count.now);
            }
        });
        entered.then(|| Present {
            seen: self.clone(),
            which,
        })
    }
}

/// Counts as one until it is dropped.
#[derive(Debug)]
pub(super) struct Present {
    seen: Seen,
    which: fn(&mut Record) -> &mut Count,
}

impl Drop for Present {
    fn drop(&mut self) {
        self.seen.note(|record| (self.which)(record).now -= 1);
    }
}
