//! One connection after the other, for every source that connects to somebody.
//!
//! **Invariants:** there is never a second connection of one source: the next is opened when the one
//! before is gone. A stop drops what is under way, and with it the connection. A peer that fails is asked
//! again later and later; one that has served well is at once, but not twice in a row without a post.

use std::time::{Duration, Instant};

use tokio::{select, time::sleep};

use super::{Context, Cursor, Sink, connection::accept};
use crate::random::Random;
use crate::retry::{Backoff, jittered};

/// A connection that has lasted so long was a good one, also without posts.
const GOOD: Duration = Duration::from_secs(60);

/// How one connection ended, or why there was none.
#[derive(Debug)]
pub(super) enum End {
    /// Closed or lost: `why` in one plain sentence.
    Lost { why: String, next: Next },
    /// It will not work by itself, whatever is tried.
    Failed(String),
    /// There is nothing more to be had.
    Ended(String),
    /// The other side of the sink is gone: the program is ending.
    Closed,
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// At once where the connection was a good one, else as after [`Next::Network`].
    AtOnce,
    /// After a fault on the way to the peer.
    Network,
    /// After the peer has refused.
    Refused,
    /// After the peer has refused because it was asked too often.
    Limited,
    /// When the peer says.
    In(Duration),
}

/// How long to wait after each kind of failure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    pub(super) network: Backoff,
    pub(super) refused: Backoff,
    pub(super) limited: Backoff,
}

impl Default for Pauses {
    fn default() -> Self {
        const fn seconds(seconds: u64) -> Duration {
            Duration::from_secs(seconds)
        }
        Self {
            network: Backoff::doubling(Duration::from_millis(250), seconds(30)),
            refused: Backoff::doubling(seconds(5), seconds(320)),
            limited: Backoff::doubling(seconds(60), seconds(900)),
        }
    }
}

impl Pauses {
    fn reset(&mut self) {
        self.network.reset();
        self.refused.reset();
        self.limited.reset();
    }

    fn before(&mut self, next: Next, random: &mut Random) -> Duration {
        match next {
            Next::AtOnce | Next::Network => self.network.pause(random),
            Next::Refused => self.refused.pause(random),
            Next::Limited => self.limited.pause(random),
            Next::In(time) => jittered(time, random),
        }
    }
}

/// The server that a source reads from.
pub(super) trait Peer: Send {
    /// Connects, gives what comes, and says how it ended. Sets the status to live once it is.
    ///
    /// Dropped when it is time to stop, wherever it waits.
    fn follow<S: Sink>(&mut self, context: &mut Context<S>) -> impl Future<Output = End> + Send;

    /// What is still to be kept at the end, where that is not what was given with the last posts.
    fn parting(&mut self) -> Option<Cursor> {
        None
    }
}

/// Follows the peer until the source is stopped, has ended or cannot go on.
pub(super) async fn run<S: Sink>(mut peer: impl Peer, mut pauses: Pauses, mut context: Context<S>) {
    let status = context.status.clone();
    let stop = context.stop.clone();
    let mut random = Random::seeded_by_chance();
    status.connecting();
    loop {
        let before = (Instant::now(), status.count());
        let end = select! {
            biased;
            () = stop.cancelled() => None,
            end = peer.follow(&mut context) => Some(end),
        };
        let posted = status.count() > before.1;
        let pause = match end {
            None | Some(End::Closed) => break,
            Some(End::Failed(why)) => {
                status.failed(why);
                break;
            }
            Some(End::Ended(why)) => {
                status.ended_because(why);
                break;
            }
            Some(End::Lost { why, next }) => {
                if posted || before.0.elapsed() > GOOD {
                    pauses.reset();
                    if next == Next::AtOnce {
                        status.waiting(why);
                        continue;
                    }
                }
                let pause = pauses.before(next, &mut random);
                status.waiting_until(why, pause);
                pause
            }
        };
        select! {
            () = stop.cancelled() => break,
            () = sleep(pause) => {}
        }
    }
    if let Some(cursor) = peer.parting() {
        // Where there is no room for it at the end, the last one that was given stands.
        let _ = accept(&[], Some(cursor), &mut context.sink, &stop).await;
    }
}
