//! Which connections are open, and which of them is closed for one that comes when there is no room.
//!
//! A connection on which nothing is asked costs its client nothing when it is closed: the next request opens
//! another. So the one that is idle for the longest goes first; then one whose client takes longer for one
//! answer than is needed; and what is used stays.
//!
//! **Invariant:** there are at most as many as there are seats, and one client has but a part of them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::visitor::Stranger;

/// Longer than any answer takes to be made; an answer that is not taken by then makes room for others.
const PATIENCE: Duration = Duration::from_secs(75);

#[derive(Debug)]
pub(super) struct Seats {
    most: usize,
    /// Of one client.
    each: usize,
    begun: Instant,
    taken: Mutex<BTreeMap<u64, Arc<Seat>>>,
    taken_ever: AtomicU64,
    emptied: AtomicU64,
    freed: Notify,
}

#[derive(Debug)]
struct Seat {
    /// Who has but a part.
    client: Option<Stranger>,
    /// When it began to do what it does, in milliseconds since there are seats.
    since: AtomicU64,
    is_asking: AtomicBool,
    /// What it asked for has no end.
    listens: AtomicBool,
    emptied: CancellationToken,
}

/// Why there is no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSeat {
    /// This client has all of its own, and uses them.
    ForClient,
    /// All are used.
    ForAnybody,
}

/// A connection's own, until it is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    seats: Arc<Seats>,
    number: u64,
    seat: Arc<Seat>,
}

/// An answer is made or sent, until this is dropped.
#[derive(Debug)]
pub(super) struct Asking {
    seats: Arc<Seats>,
    seat: Arc<Seat>,
}

impl Seats {
    pub(super) fn new(most: usize, each: usize) -> Self {
        Self {
            most,
            each,
            begun: Instant::now(),
            taken: Mutex::default(),
            taken_ever: AtomicU64::new(0),
            emptied: AtomicU64::new(0),
            freed: Notify::new(),
        }
    }

    pub(super) fn most(&self) -> u64 {
        self.most as u64
    }

    pub(super) fn open(&self) -> u64 {
        self.taken().len() as u64
    }

    pub(super) fn taken_ever(&self) -> u64 {
        self.taken_ever.load(Relaxed)
    }

    /// Those that were closed to make room.
    pub(super) fn emptied(&self) -> u64 {
        self.emptied.load(Relaxed)
    }

    /// When a seat may be there that was not.
    pub(super) async fn freed(&self) {
        let look_again = Duration::from_millis(250);
        let _ = tokio::time::timeout(look_again, self.freed.notified()).await;
    }

    /// `client` is one that has but a part of the seats.
    pub(super) fn take(self: &Arc<Self>, client: Option<Stranger>) -> Result<Taken, NoSeat> {
        let mut taken = self.taken();
        if client.is_some() {
            let own = |seat: &Seat| seat.client == client;
            if taken.values().filter(|seat| own(seat)).count() >= self.each
                && !self.make_room(&mut taken, own)
            {
                return Err(NoSeat::ForClient);
            }
        }
        if taken.len() >= self.most && !self.make_room(&mut taken, |_| true) {
            return Err(NoSeat::ForAnybody);
        }
        let number = self.taken_ever.fetch_add(1, Relaxed);
        let seat = Arc::new(Seat {
            client,
            since: AtomicU64::new(self.now()),
            is_asking: AtomicBool::new(false),
            listens: AtomicBool::new(false),
            emptied: CancellationToken::new(),
        });
        taken.insert(number, seat.clone());
        Ok(Taken {
            seats: self.clone(),
            number,
            seat,
        })
    }

    /// As for want of file handles.
    pub(super) fn empty_one(&self) {
        self.make_room(&mut self.taken(), |_| true);
    }

    fn make_room(
        &self,
        taken: &mut BTreeMap<u64, Arc<Seat>>,
        among: impl Fn(&Seat) -> bool,
    ) -> bool {
        let patience = u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX);
        let overdue = self.now().saturating_sub(patience);
        let may_go = |seat: &Seat| {
            let (asks, since) = (seat.is_asking.load(Relaxed), seat.since.load(Relaxed));
            let listens = seat.listens.load(Relaxed);
            (!asks || (!listens && since < overdue)).then_some((asks, since))
        };
        let candidates = taken.iter().filter(|(_, seat)| among(seat));
        let first = candidates
            .filter_map(|(&number, seat)| Some((may_go(seat)?, number)))
            .min();
        let Some(seat) = first.and_then(|(_, number)| taken.remove(&number)) else {
            return false;
        };
        self.emptied.fetch_add(1, Relaxed);
        seat.emptied.cancel();
        true
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Seat>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Taken {
    /// When the connection has to go, for others.
    pub(super) fn emptied(&self) -> CancellationToken {
        self.seat.emptied.clone()
    }

    pub(super) fn asking(&self) -> Asking {
        self.seat.since.store(self.seats.now(), Relaxed);
        self.seat.is_asking.store(true, Relaxed);
        Asking {
            seats: self.seats.clone(),
            seat: self.seat.clone(),
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.seats.taken().remove(&self.number);
        self.seats.freed.notify_one();
    }
}

impl Asking {
    pub(super) fn listens(&self) {
        self.seat.listens.store(true, Relaxed);
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.seat.listens.store(false, Relaxed);
        self.seat.since.store(self.seats.now(), Relaxed);
        self.seat.is_asking.store(false, Relaxed);
        self.seats.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<Stranger> {
        Stranger::at([192, 0, 2, last].into())
    }

    #[test]
    fn who_asks_nothing_makes_room_and_who_asks_stays() {
        let seats = Arc::new(Seats::new(2, 2));
        let busy = seats.take(address(1)).unwrap();
        let asking = busy.asking();
        let idle = seats.take(address(2)).unwrap();
        let third = seats.take(address(3)).unwrap();
        assert!(idle.emptied().is_cancelled() && !busy.emptied().is_cancelled());
        assert_eq!((seats.open(), seats.emptied()), (2, 1));
        let also_asking = third.asking();
        assert_eq!(seats.take(address(4)).unwrap_err(), NoSeat::ForAnybody);
        drop((asking, also_asking));
        assert!(seats.take(address(4)).is_ok());
    }

    #[test]
    fn a_client_takes_but_its_part() {
        let seats = Arc::new(Seats::new(4, 2));
        let all: Vec<Taken> = (0..2).map(|_| seats.take(address(1)).unwrap()).collect();
        let another = seats.take(address(2)).unwrap();
        let newer = seats.take(address(1)).unwrap();
        assert!(all[0].emptied().is_cancelled() && !another.emptied().is_cancelled());
        let _asking = (all[1].asking(), newer.asking());
        assert_eq!(seats.take(address(1)).unwrap_err(), NoSeat::ForClient);
        // This machine has all of them.
        assert!(seats.take(None).is_ok());
    }

    #[test]
    fn what_has_gone_leaves_its_seat() {
        let seats = Arc::new(Seats::new(2, 2));
        drop(seats.take(address(1)));
        assert_eq!(
            (seats.open(), seats.taken_ever(), seats.emptied()),
            (0, 1, 0)
        );
    }
}
