//! How much of memory all open and closed epochs together may take until they are sealed.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire},
};

use tokio::sync::Notify;

/// In bytes, by the estimate of `Open`. A chunk of posts may go past it: it is asked for before one.
const MOST: usize = 256 << 20;

#[derive(Clone, Debug, Default)]
pub(super) struct Room(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    taken: AtomicUsize,
    freed: Notify,
}

/// What a closed epoch holds; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    room: Room,
    bytes: usize,
}

impl Room {
    /// Waits until there is some.
    pub(super) async fn some(&self) {
        loop {
            let freed = self.0.freed.notified();
            if self.is_some() {
                return;
            }
            freed.await;
        }
    }

    pub(super) fn is_some(&self) -> bool {
        self.0.taken.load(Acquire) < MOST
    }

    /// Bytes that are taken, and how many may be.
    pub(super) fn taken(&self) -> (usize, usize) {
        (self.0.taken.load(Acquire), MOST)
    }

    pub(super) fn take(&self, bytes: usize) {
        self.0.taken.fetch_add(bytes, AcqRel);
    }

    /// Bytes that were taken before, now held by one owner.
    pub(super) fn held(&self, bytes: usize) -> Held {
        let room = self.clone();
        Held { room, bytes }
    }
}

impl Held {
    /// Whether there is room for more.
    pub(super) fn is_room(&self) -> bool {
        self.room.is_some()
    }

    /// Takes more.
    pub(super) fn grow(&mut self, bytes: usize) {
        self.room.take(bytes);
        self.bytes += bytes;
    }

    /// Holds what the other held.
    pub(super) fn join(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.0.taken.fetch_sub(self.bytes, AcqRel);
        self.room.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[test]
    fn what_is_joined_is_free_with_the_whole() {
        let room = Room::default();
        let (mut whole, mut part) = (room.held(0), room.held(0));
        part.grow(MOST);
        whole.join(part);
        assert!(!whole.is_room());
        drop(whole);
        assert!(room.is_some());
    }

    #[tokio::test]
    async fn whoever_waits_goes_on_when_an_epoch_is_sealed() {
        let room = Room::default();
        room.take(MOST);
        let mut waiting = Box::pin(room.some());
        let soon = Duration::from_millis(1);
        assert!(timeout(soon, &mut waiting).await.is_err(), "it is full");
        drop(room.held(MOST));
        let in_time = Duration::from_secs(30);
        assert!(timeout(in_time, waiting).await.is_ok());
    }
}
