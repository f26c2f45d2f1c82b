//! Many relays, one sink: each runs as if it were a source of its own, with a place and a status of its own,
//! and what they give becomes one.
//!
//! **Invariants:** one relay gives at a time, and waits for its turn as it waits for room: a source that is
//! given too much slows down all of its sockets. A cursor says where *all* relays stand and is given with the
//! events that moved it, so that none is ever ahead of what was given. After a stop in the middle of a turn
//! nothing more is given.

use std::{mem, sync::Arc};

use tokio::sync::Mutex;

use super::{
    super::{Closed, Cursor, Event, Sink, Status},
    place::Place,
    seen::{Seen, noted},
};

/// What relays share.
#[derive(Debug)]
struct Together<S> {
    sink: S,
    place: Place,
    seen: Seen,
    /// A turn has begun and is not over.
    in_turn: bool,
}

/// One relay's part in it.
#[derive(Clone, Debug)]
pub(super) struct Share<S> {
    relay: usize,
    together: Arc<Mutex<Together<S>>>,
    status: Status,
    /// Takes nothing: it tells of epochs.
    clock: S,
}

impl<S: Sink> Share<S> {
    /// One for each of the statuses of relays, in the order of their places.
    pub(super) fn all(sink: S, place: Place, relays: &[Status]) -> Vec<Self> {
        let clock = sink.clone();
        let together = Arc::new(Mutex::new(Together {
            sink,
            seen: Seen::of(place.posts()),
            place,
            in_turn: false,
        }));
        let share = |(relay, status): (usize, &Status)| Self {
            relay,
            together: together.clone(),
            status: status.clone(),
            clock: clock.clone(),
        };
        relays.iter().enumerate().map(share).collect()
    }
}

impl<S: Sink> Sink for Share<S> {
    /// The cursor is the relay's place in seconds.
    async fn accept(&mut self, events: &[Event<'_>], cursor: Option<Cursor>) -> Result<(), Closed> {
        let mut together = self.together.lock().await;
        if mem::replace(&mut together.in_turn, true) {
            return Err(Closed);
        }
        let since = cursor.and_then(|Cursor(since)| since.parse().ok());
        let posts = together.give(self.relay, events, since).await?;
        together.in_turn = false;
        self.status.posts(posts as u64);
        Ok(())
    }

    async fn advance(&mut self, at: i64) -> Result<(), Closed> {
        self.together.lock().await.sink.advance(at).await
    }

    fn epoch_of(&self, at: i64) -> u64 {
        self.clock.epoch_of(at)
    }
}

impl<S: Sink> Together<S> {
    /// Says how many posts nobody had given before.
    async fn give(
        &mut self,
        relay: usize,
        events: &[Event<'_>],
        since: Option<u64>,
    ) -> Result<usize, Closed> {
        let new = events.iter().filter(|event| self.seen.is_new(event));
        let new: Vec<_> = new.cloned().collect();
        for (at, id) in new.iter().filter_map(noted) {
            self.place.given(at, id);
        }
        let moved = since.is_some_and(|since| self.place.moves(relay, since));
        if new.is_empty() && !moved {
            return Ok(0);
        }
        let cursor = Cursor(self.place.to_string());
        self.sink.accept(&new, Some(cursor)).await?;
        Ok(new.iter().filter(|event| event.is_post()).count())
    }
}
