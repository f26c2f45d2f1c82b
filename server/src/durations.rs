//! How long things have taken, for metrics: a histogram that is added to without a lock.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Upper bounds in seconds: from an answer out of memory to a disk that is stuck.
const BOUNDS: [f64; 17] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0, 120.0,
];

#[derive(Debug, Default)]
pub(crate) struct Durations {
    /// By the first bound that is not exceeded, and behind them what exceeds all.
    counts: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

/// What was added up to a moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Distribution {
    pub(crate) seconds: f64,
    pub(crate) number: u64,
    /// Upper bounds, and how many are above the bound before.
    pub(crate) buckets: Vec<(f64, u64)>,
}

impl Durations {
    pub(crate) fn add(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let place = BOUNDS.partition_point(|bound| *bound < seconds);
        self.counts[place].fetch_add(1, Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Relaxed);
    }

    pub(crate) fn distribution(&self) -> Distribution {
        let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
        let counts = self.counts.iter().map(|count| count.load(Relaxed));
        let buckets: Vec<_> = bounds.zip(counts).collect();
        Distribution {
            seconds: Duration::from_nanos(self.nanos.load(Relaxed)).as_secs_f64(),
            // Of the same counts: a histogram whose parts do not add up is refused.
            number: buckets.iter().map(|(_, count)| count).sum(),
            buckets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_at_the_first_bound_that_holds_it() {
        let durations = Durations::default();
        for millis in [1, 2, 10_000, 120_001] {
            durations.add(Duration::from_millis(millis));
        }
        let Distribution {
            seconds,
            number,
            buckets,
        } = durations.distribution();
        assert_eq!((seconds, number), (130.004, 4));
        let filled: Vec<_> = buckets
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
        let expected = [(0.001, 1), (0.0025, 1), (10.0, 1), (f64::INFINITY, 1)];
        assert_eq!(filled, expected);
    }
}
