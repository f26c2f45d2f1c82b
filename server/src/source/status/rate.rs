//! How many posts come in a second, from a counter that is looked at now and then.
//!
//! Who counts the posts does nothing for it: samples of the counter are taken by whoever asks, and by
//! [`keep_rates`](super::Registry::keep_rates) where nobody does. However often is asked, they are
//! at least [`APART`], so that they are few and what is told is about [`SPAN`].

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// What a rate is about, as far as there are samples that old.
const SPAN: Duration = Duration::from_secs(10);

pub(super) const APART: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Rate {
    /// The oldest first. It alone may be older than [`SPAN`].
    samples: VecDeque<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    posts: u64,
}

impl Rate {
    /// Of a counter that stands at zero.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            samples: VecDeque::from([Sample { at: now, posts: 0 }]),
        }
    }

    /// Posts in a second, to a tenth, of a counter that stands at `posts`.
    pub(super) fn at(&mut self, now: Instant, posts: u64) -> f64 {
        let age = |sample: &Sample| now.saturating_duration_since(sample.at);
        if self
            .samples
            .back()
            .is_none_or(|newest| age(newest) >= APART)
        {
            self.samples.push_back(Sample { at: now, posts });
        }
        while self.samples.get(1).is_some_and(|next| age(next) >= SPAN) {
            self.samples.pop_front();
        }
        let since = self.samples.front().map_or(0, |oldest| oldest.posts);
        // What came in the first moments is not yet known to go on like this.
        let over = self.samples.front().map_or(APART, age).max(APART);
        let rate = posts.saturating_sub(since) as f64 / over.as_secs_f64();
        (rate * 10.0).round() / 10.0
    }

    #[cfg(test)]
    pub(super) fn samples(&self) -> usize {
        self.samples.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn what_came_at_once_is_spread_over_the_span_and_then_forgotten() {
        let begin = Instant::now();
        let mut rate = Rate::new(begin);
        let mut at = |after: f64, posts| rate.at(begin + seconds(after), posts);
        assert_eq!(at(0.0, 0), 0.0);
        assert_eq!(at(0.001, 100), 100.0, "not 100,000");
        assert_eq!(at(4.0, 100), 25.0);
        let asked: Vec<f64> = (5..=14).map(|after| at(f64::from(after), 100)).collect();
        assert_eq!(asked[..4], [20.0, 16.7, 14.3, 12.5]);
        assert_eq!(asked[9], 0.0, "{asked:?}");
    }

    #[test]
    fn it_follows_a_change_within_the_span() {
        let begin = Instant::now();
        let mut rate = Rate::new(begin);
        let mut told = Vec::new();
        for second in 0..40_u64 {
            let posts = 50 * second.min(20) + 200 * second.saturating_sub(20);
            told.push(rate.at(begin + Duration::from_secs(second), posts));
        }
        assert_eq!((told[20], told[25], told[30]), (50.0, 125.0, 200.0));
    }

    proptest! {
        #[test]
        fn a_steady_stream_has_its_rate_whoever_asks_and_when(
            per_second in 1..100_000_u64,
            pauses in prop::collection::vec(prop_oneof![0..20_u64, 0..3_000_u64, 0..600_000_u64], 1..300),
        ) {
            let begin = Instant::now();
            let mut rate = Rate::new(begin);
            let mut millis = 0;
            for pause in pauses {
                millis += pause;
                let posts = per_second * millis / 1000;
                let told = rate.at(begin + Duration::from_millis(millis), posts);
                if millis >= 1000 {
                    // By at most one post at each end.
                    prop_assert!((told - per_second as f64).abs() <= 1.1, "{told} after {millis} ms");
                }
                prop_assert!(rate.samples.len() <= 12);
            }
        }
    }
}
