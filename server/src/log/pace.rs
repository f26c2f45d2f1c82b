//! How many lines of a kind may come, and how many came.
//!
//! Of a kind are the lines of one place in the code, told of one source. A few may come at once, and
//! then one now and then; with the next that does, the log says how many were left out. Lines that are
//! there only because somebody asked for detail are not held back.

use std::{
    collections::HashMap,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tracing::{
    Event, Level, Subscriber,
    callsite::Identifier,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

/// So many lines of a kind may come at once.
const BURST: u32 = 20;
/// After that one comes in so much time.
const EVERY: Duration = Duration::from_secs(10);
/// Kinds that are told apart; of more than the operator's own sources can make, the rest is one.
const MOST_KINDS: usize = 4096;

const LEVELS: [(Level, &str); 4] = [
    (Level::ERROR, "error"),
    (Level::WARN, "warn"),
    (Level::INFO, "info"),
    (Level::DEBUG, "debug"),
];

static WRITTEN: [AtomicU64; LEVELS.len()] = [const { AtomicU64::new(0) }; LEVELS.len()];
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

/// How many lines were written since the program started, by level.
pub(crate) fn lines() -> [(&'static str, u64); LEVELS.len()] {
    let mut written = WRITTEN.iter();
    LEVELS.map(|(_, name)| {
        (
            name,
            written.next().map_or(0, |written| written.load(Relaxed)),
        )
    })
}

/// How many lines were left out since then.
pub(crate) fn left_out() -> u64 {
    LEFT_OUT.load(Relaxed)
}

#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<HashMap<Kind, Bucket>>);

/// The place in the code, and whom it tells of.
type Kind = (Identifier, u64);

/// A bucket of lines that may come.
#[derive(Debug)]
struct Bucket {
    left: u32,
    /// When the next line is put into it.
    next: Instant,
    left_out: u64,
}

impl Bucket {
    fn new(now: Instant) -> Self {
        Self {
            left: BURST,
            next: now + EVERY,
            left_out: 0,
        }
    }

    fn admits(&mut self, now: Instant) -> bool {
        if let Some(past) = now.checked_duration_since(self.next) {
            let more = 1 + past.as_secs() / EVERY.as_secs();
            let more = u32::try_from(more).unwrap_or(BURST).min(BURST);
            self.left = (self.left + more).min(BURST);
            self.next = now + EVERY;
        }
        if self.left == 0 {
            self.left_out += 1;
            return false;
        }
        self.left -= 1;
        true
    }
}

impl Pace {
    fn with<T>(&self, event: &Event<'_>, so: impl FnOnce(&mut Bucket, Instant) -> T) -> T {
        let now = Instant::now();
        let mut of = Of(0);
        event.record(&mut of);
        let place = event.metadata().callsite();
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = kinds.len() < MOST_KINDS;
        let known = |kind| room || kinds.contains_key(kind);
        let kind = (place.clone(), of.0);
        let kind = if known(&kind) { kind } else { (place, 0) };
        so(kinds.entry(kind).or_insert_with(|| Bucket::new(now)), now)
    }
}

impl<S: Subscriber> Layer<S> for Pace {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        if *event.metadata().level() > Level::INFO {
            return true;
        }
        let admitted = self.with(event, Bucket::admits);
        LEFT_OUT.fetch_add(u64::from(!admitted), Relaxed);
        admitted
    }

    /// It is the last of the layers: the line has been written.
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = event.metadata().level();
        let place = LEVELS.iter().position(|(known, _)| known == level);
        WRITTEN[place.unwrap_or(LEVELS.len() - 1)].fetch_add(1, Relaxed);
        if *level > Level::INFO {
            return;
        }
        let lines = self.with(event, |bucket, _| std::mem::take(&mut bucket.left_out));
        if lines > 0 {
            tracing::warn!(lines, "lines like the one before were left out");
        }
    }
}

/// Of which source an event tells.
struct Of(u64);

impl Visit for Of {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "source" {
            let mut hasher = DefaultHasher::new();
            value.hash(&mut hasher);
            self.0 = hasher.finish();
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_may_come_at_once_and_then_one_now_and_then() {
        let begun = Instant::now();
        let mut bucket = Bucket::new(begun);
        let mut at = |seconds| bucket.admits(begun + Duration::from_secs(seconds));
        assert!((0..BURST).all(|_| at(0)));
        assert!((0..100).all(|_| !at(9)));
        assert!(at(10));
        assert!(!at(11));
        // After a long silence it is as at the beginning.
        assert!((0..BURST).all(|_| at(100_000)));
        assert!(!at(100_000));
        assert_eq!(bucket.left_out, 102);
    }
}
