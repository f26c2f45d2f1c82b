//! Which number an epoch gets, and when it is over.
//!
//! The wall clock ends an epoch each batch length. A replay whose posts carry their times takes its
//! place for as long as it lasts, and afterwards time stands still at the replay's end until a live
//! source brings posts: a day replayed shows the windows as they were when it ended. While it is not
//! known yet whether a file is such a replay, no epoch ends for its sake.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::Epoch;
use tokio_util::sync::CancellationToken;

use super::Intake;
use crate::source::Closed;

/// A replay that pauses for so many batches no longer holds up the posts that have come.
const PATIENCE: u32 = 3;

/// For how long a file may keep everyone waiting for its first post.
const UNDECIDED: Duration = Duration::from_secs(10);

/// So far ahead of the wall clock numbers may get by restarts within one epoch: then a close is left
/// out and they fall back in step.
const SLACK: u64 = 2;

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

/// Ticks each time the wall clock passes the end of an epoch, until `stop`.
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

/// What a writer has to do with the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It brings posts as they are written.
    Live,
    /// A file that has brought nothing yet.
    Undecided,
    /// Its posts give the time.
    Replays,
}

/// Which epoch comes next.
#[derive(Debug)]
pub(super) struct Order {
    last: Epoch,
    time: Time,
    undecided: u32,
    replays: u32,
    /// Ticks that may still be passed over before undecided files are waited for no longer.
    patience: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    Wall,
    /// Replays give the time, and the newest of them has come to `open`. So many ticks in a row have
    /// passed without a close.
    Replay {
        open: Epoch,
        idle: u32,
    },
    /// All replays have ended; the last epoch is still open.
    Ending {
        open: Epoch,
    },
    /// The last epoch is closed, and nothing has come since.
    Still,
}

impl Order {
    pub(super) fn after(last: Epoch, batch: Duration) -> Self {
        let patience = UNDECIDED.as_millis().div_ceil(batch.as_millis().max(1));
        Self {
            last,
            time: Time::Wall,
            undecided: 0,
            replays: 0,
            patience: u32::try_from(patience).unwrap_or(u32::MAX),
        }
    }

    /// Nothing was closed before, and what is closed comes after `last`.
    pub(super) fn begin_after(&mut self, last: Epoch) {
        self.last = last;
    }

    /// The wall clock has passed the end of `now`: the epoch to close. One that is `awaited` comes also where
    /// time stands still: other processes of a cluster have come to it, or it is the first that is shown by
    /// what an operator has said.
    pub(super) fn on_tick(&mut self, now: Epoch, has_posts: bool, awaited: Epoch) -> Option<Epoch> {
        match self.time {
            Time::Replay { open, idle } if has_posts && idle + 1 >= PATIENCE => {
                self.time = Time::Replay { open, idle: 0 };
                Some(self.next(open))
            }
            Time::Replay { open, idle } => {
                let idle = idle.saturating_add(1);
                self.time = Time::Replay { open, idle };
                None
            }
            Time::Ending { open } => {
                self.time = Time::Still;
                Some(self.next(open))
            }
            Time::Still if !has_posts => (awaited > self.last).then(|| self.next(awaited)),
            Time::Wall if self.undecided > 0 && self.patience > 0 && !has_posts => {
                self.patience -= 1;
                None
            }
            Time::Still | Time::Wall => {
                self.time = Time::Wall;
                let ahead = self.last.0.checked_sub(now.0);
                match ahead {
                    Some(ahead) if ahead <= SLACK => None,
                    _ => Some(self.next(now)),
                }
            }
        }
    }

    /// A replay has come to `to`: the epoch to close, if one lies behind.
    pub(super) fn on_advance(&mut self, to: Epoch) -> Option<Epoch> {
        let open = match self.time {
            Time::Replay { open, .. } | Time::Ending { open } => open,
            Time::Wall | Time::Still => to,
        };
        let closes = to > open;
        let idle = match self.time {
            Time::Replay { idle, .. } if !closes => idle,
            _ => 0,
        };
        self.time = Time::Replay {
            open: open.max(to),
            idle,
        };
        closes.then(|| self.next(open))
    }

    /// The end: nothing more comes.
    pub(super) fn on_finish(&mut self, now: Epoch, has_posts: bool) -> Option<Epoch> {
        match self.time {
            Time::Replay { open, .. } | Time::Ending { open } => Some(self.next(open)),
            Time::Still | Time::Wall => has_posts.then(|| self.next(now)),
        }
    }

    /// A writer takes a role.
    pub(super) fn enter(&mut self, role: Role) {
        match role {
            Role::Live => {}
            Role::Undecided => self.undecided += 1,
            Role::Replays => self.replays += 1,
        }
    }

    /// A writer gives a role up for `next`, or is gone.
    pub(super) fn leave(&mut self, role: Role, next: Option<Role>) {
        match role {
            Role::Live => {}
            Role::Undecided => {
                self.undecided -= 1;
                // It was at its end already: time goes on from where it ended then.
                if next.is_none() && self.undecided == 0 && self.time == Time::Wall {
                    self.time = Time::Still;
                }
            }
            Role::Replays => {
                self.replays -= 1;
                if let (0, Time::Replay { open, .. }) = (self.replays, self.time) {
                    self.time = Time::Ending { open };
                }
            }
        }
        next.into_iter().for_each(|role| self.enter(role));
    }

    fn next(&mut self, wanted: Epoch) -> Epoch {
        self.last = Epoch(self.last.0 + 1).max(wanted);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: Duration = Duration::from_secs(2);

    fn replaying(last: u64) -> Order {
        let mut order = Order::after(Epoch(last), BATCH);
        order.enter(Role::Undecided);
        order.leave(Role::Undecided, Some(Role::Replays));
        order
    }

    #[test]
    fn numbers_grow_also_when_the_clock_goes_back() {
        let mut order = Order::after(Epoch(10), BATCH);
        assert_eq!(order.on_tick(Epoch(20), false, Epoch(0)), Some(Epoch(20)));
        assert_eq!(order.on_tick(Epoch(3), false, Epoch(0)), Some(Epoch(21)));
        assert_eq!(order.on_tick(Epoch(40), false, Epoch(0)), Some(Epoch(40)));
    }

    #[test]
    fn numbers_fall_back_in_step_with_the_clock() {
        // A restart has sealed the epoch that is under way, and the clock passes its end later.
        let mut order = Order::after(Epoch(21), BATCH);
        assert_eq!(order.on_tick(Epoch(20), true, Epoch(0)), None);
        assert_eq!(order.on_tick(Epoch(21), true, Epoch(0)), None);
        assert_eq!(order.on_tick(Epoch(22), true, Epoch(0)), Some(Epoch(22)));
        assert_eq!(
            order.on_tick(Epoch(22), true, Epoch(0)),
            None,
            "ticked twice"
        );
    }

    #[test]
    fn a_replay_gives_the_time_and_leaves_it_at_its_end() {
        let mut order = replaying(0);
        assert_eq!(order.on_advance(Epoch(100)), None);
        assert_eq!(
            order.on_tick(Epoch(9_000), true, Epoch(0)),
            None,
            "not the clock's"
        );
        assert_eq!(order.on_advance(Epoch(105)), Some(Epoch(100)));
        assert_eq!(order.on_advance(Epoch(103)), None, "a late post");
        order.leave(Role::Replays, None);
        assert_eq!(
            order.on_tick(Epoch(9_001), true, Epoch(0)),
            Some(Epoch(105))
        );
        assert_eq!(
            order.on_tick(Epoch(9_002), false, Epoch(0)),
            None,
            "time stands"
        );
        assert_eq!(
            order.on_tick(Epoch(9_003), true, Epoch(0)),
            Some(Epoch(9_003))
        );
        assert_eq!(
            order.on_tick(Epoch(9_004), false, Epoch(0)),
            Some(Epoch(9_004))
        );
    }

    #[test]
    fn the_last_of_several_replays_ends_it() {
        let mut order = replaying(0);
        order.enter(Role::Replays);
        order.on_advance(Epoch(100));
        order.leave(Role::Replays, None);
        for tick in 0..PATIENCE {
            assert_eq!(
                order.on_tick(Epoch(9_000 + u64::from(tick)), false, Epoch(0)),
                None
            );
        }
        assert_eq!(order.on_advance(Epoch(101)), Some(Epoch(100)));
        order.leave(Role::Replays, None);
        assert_eq!(
            order.on_tick(Epoch(9_009), false, Epoch(0)),
            Some(Epoch(101))
        );
    }

    #[test]
    fn a_replay_that_pauses_does_not_hold_up_what_has_come() {
        let mut order = replaying(0);
        order.on_advance(Epoch(100));
        for _ in 1..PATIENCE {
            assert_eq!(order.on_tick(Epoch(9_000), true, Epoch(0)), None);
        }
        assert_eq!(
            order.on_tick(Epoch(9_000), true, Epoch(0)),
            Some(Epoch(100))
        );
        assert_eq!(order.on_advance(Epoch(101)), Some(Epoch(101)));
        assert_eq!(order.on_advance(Epoch(200)), Some(Epoch(102)));
    }

    #[test]
    fn a_file_is_waited_for_until_its_first_post() {
        let mut order = Order::after(Epoch(0), BATCH);
        order.enter(Role::Undecided);
        for _ in 0..5 {
            assert_eq!(order.on_tick(Epoch(9_000), false, Epoch(0)), None);
        }
        // Another source's posts do not wait for it.
        assert_eq!(
            order.on_tick(Epoch(9_001), true, Epoch(0)),
            Some(Epoch(9_001))
        );
        // It has no times.
        order.leave(Role::Undecided, Some(Role::Live));
        assert_eq!(
            order.on_tick(Epoch(9_002), false, Epoch(0)),
            Some(Epoch(9_002))
        );
    }

    #[test]
    fn a_file_that_brings_nothing_is_not_waited_for_for_ever() {
        let mut order = Order::after(Epoch(0), BATCH);
        order.enter(Role::Undecided);
        let first = (1..100).find(|tick| {
            order
                .on_tick(Epoch(9_000 + tick), false, Epoch(0))
                .is_some()
        });
        assert_eq!(first, Some(6), "after ten seconds");
    }

    #[test]
    fn a_file_that_has_ended_before_leaves_the_time_where_it_was() {
        let mut order = Order::after(Epoch(500), BATCH);
        order.enter(Role::Undecided);
        assert_eq!(order.on_tick(Epoch(9_000), false, Epoch(0)), None);
        order.leave(Role::Undecided, None);
        assert_eq!(order.on_tick(Epoch(9_001), false, Epoch(0)), None);
        assert_eq!(order.on_finish(Epoch(9_002), false), None);
    }

    #[test]
    fn a_replay_of_an_older_time_than_the_last_epoch_goes_on_behind_it() {
        let mut order = replaying(500);
        assert_eq!(order.on_advance(Epoch(100)), None);
        assert_eq!(order.on_advance(Epoch(101)), Some(Epoch(501)));
        assert_eq!(order.on_advance(Epoch(102)), Some(Epoch(502)));
    }

    #[test]
    fn the_end_closes_what_is_open() {
        let mut order = Order::after(Epoch(7), BATCH);
        assert_eq!(order.on_finish(Epoch(9), true), Some(Epoch(9)));
        let mut order = replaying(7);
        order.on_advance(Epoch(20));
        assert_eq!(order.on_finish(Epoch(9_000), true), Some(Epoch(20)));
    }

    #[test]
    fn where_time_stands_still_what_is_awaited_comes() {
        let mut order = replaying(0);
        order.on_advance(Epoch(100));
        let awaited = Epoch(150);
        assert_eq!(
            order.on_tick(Epoch(9_000), false, awaited),
            None,
            "it replays"
        );
        order.leave(Role::Replays, None);
        assert_eq!(
            order.on_tick(Epoch(9_001), false, awaited),
            Some(Epoch(100))
        );
        assert_eq!(order.on_tick(Epoch(9_002), false, awaited), Some(awaited));
        assert_eq!(order.on_tick(Epoch(9_003), false, awaited), None);
        assert_eq!(
            order.on_tick(Epoch(9_004), true, awaited),
            Some(Epoch(9_004))
        );
    }
}
