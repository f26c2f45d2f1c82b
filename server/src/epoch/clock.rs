//! Which number an epoch gets, and when it is over.
//!
//! The wall clock ends an epoch each batch length. A replay whose posts carry their times takes its
//! place for as long as it lasts, and afterwards time stands still at the replay's end until a live
//! source brings posts: a day replayed shows the windows as they were when it ended.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::Epoch;
use tokio_util::sync::CancellationToken;

use super::Intake;
use crate::source::Closed;

/// The epoch that the time `millis` after the Unix epoch belongs to.
pub(crate) fn epoch_of(millis: u64, batch: Duration) -> Epoch {
    Epoch(millis / batch_millis(batch))
}

/// When `epoch` ends: milliseconds after the Unix epoch.
pub(crate) fn end_of(epoch: Epoch, batch: Duration) -> u64 {
    epoch
        .0
        .saturating_add(1)
        .saturating_mul(batch_millis(batch))
}

pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}

fn batch_millis(batch: Duration) -> u64 {
    (batch.as_millis() as u64).max(1)
}

/// Closes an epoch each time the wall clock passes the end of one, until `stop`.
pub(crate) async fn tick(intake: Intake, stop: CancellationToken) -> Result<(), Closed> {
    let batch = batch_millis(intake.batch());
    loop {
        let left = batch - now() % batch;
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(Duration::from_millis(left)) => {}
        }
        // The timer may wake a little early by the wall clock.
        let over = (now() + batch / 2) / batch;
        intake.tick(Epoch(over.saturating_sub(1))).await?;
    }
}

/// Which epoch comes next.
#[derive(Debug)]
pub(super) struct Order {
    last: Epoch,
    time: Time,
}

#[derive(Debug, PartialEq, Eq)]
enum Time {
    Wall,
    /// Replays give the time: the newest has come to this epoch, and so many are under way.
    Replay {
        open: Epoch,
    },
    /// A replay has ended; its last epoch is still open.
    Ending {
        open: Epoch,
    },
    /// A replay has ended, its last epoch is closed, and nothing has come since.
    Still,
}

impl Order {
    pub(super) fn after(last: Epoch) -> Self {
        Self {
            last,
            time: Time::Wall,
        }
    }

    /// The wall clock has passed the end of `now`: the epoch to close.
    pub(super) fn on_tick(&mut self, now: Epoch, has_posts: impl Fn() -> bool) -> Option<Epoch> {
        match self.time {
            Time::Replay { .. } => None,
            Time::Ending { open } => {
                self.time = Time::Still;
                Some(self.next(open))
            }
            Time::Still if !has_posts() => None,
            Time::Still | Time::Wall => {
                self.time = Time::Wall;
                Some(self.next(now))
            }
        }
    }

    /// A replay has come to `to`: the epoch to close, if one lies behind.
    pub(super) fn on_advance(&mut self, to: Epoch) -> Option<Epoch> {
        let open = match self.time {
            Time::Replay { open } | Time::Ending { open } => open,
            Time::Wall | Time::Still => to,
        };
        self.time = Time::Replay { open: open.max(to) };
        (to > open).then(|| self.next(open))
    }

    pub(super) fn replay_ended(&mut self) {
        if let Time::Replay { open } = self.time {
            self.time = Time::Ending { open };
        }
    }

    pub(super) fn on_finish(&mut self, now: Epoch, has_posts: impl Fn() -> bool) -> Option<Epoch> {
        let number = match self.time {
            Time::Replay { open } | Time::Ending { open } => open,
            Time::Still if !has_posts() => return None,
            Time::Still | Time::Wall => now,
        };
        Some(self.next(number))
    }

    fn next(&mut self, wanted: Epoch) -> Epoch {
        self.last = Epoch(self.last.0 + 1).max(wanted);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_also_when_the_clock_does_not() {
        let mut order = Order::after(Epoch(10));
        assert_eq!(order.on_tick(Epoch(20), || false), Some(Epoch(20)));
        assert_eq!(order.on_tick(Epoch(20), || false), Some(Epoch(21)));
        assert_eq!(order.on_tick(Epoch(3), || false), Some(Epoch(22)));
        assert_eq!(order.on_tick(Epoch(40), || false), Some(Epoch(40)));
    }

    #[test]
    fn a_replay_gives_the_time_and_leaves_it_at_its_end() {
        let mut order = Order::after(Epoch(0));
        assert_eq!(order.on_advance(Epoch(100)), None);
        assert_eq!(
            order.on_tick(Epoch(9_000), || true),
            None,
            "the wall clock has no say"
        );
        assert_eq!(order.on_advance(Epoch(105)), Some(Epoch(100)));
        assert_eq!(order.on_advance(Epoch(103)), None, "a late post");
        order.replay_ended();
        assert_eq!(order.on_tick(Epoch(9_001), || true), Some(Epoch(105)));
        assert_eq!(
            order.on_tick(Epoch(9_002), || false),
            None,
            "time stands still"
        );
        assert_eq!(
            order.on_tick(Epoch(9_003), || true),
            Some(Epoch(9_003)),
            "a live source"
        );
        assert_eq!(order.on_tick(Epoch(9_004), || false), Some(Epoch(9_004)));
    }

    #[test]
    fn a_replay_of_an_older_time_than_the_last_epoch_goes_on_behind_it() {
        let mut order = Order::after(Epoch(500));
        assert_eq!(order.on_advance(Epoch(100)), None);
        assert_eq!(order.on_advance(Epoch(101)), Some(Epoch(501)));
        assert_eq!(order.on_advance(Epoch(102)), Some(Epoch(502)));
    }

    #[test]
    fn the_end_closes_what_is_open() {
        let mut order = Order::after(Epoch(7));
        assert_eq!(order.on_finish(Epoch(9), || false), Some(Epoch(9)));
        order.on_advance(Epoch(20));
        assert_eq!(order.on_finish(Epoch(9_000), || true), Some(Epoch(20)));
    }
}
