//! How long to wait before another try.

use std::time::Duration;

use crate::random::Random;

/// Pauses that grow from try to try up to a longest one.
///
/// Each is up to a quarter longer than that, by chance: many clients of a peer that was away do not come
/// back all at the same moment, and none earlier than the peer asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    growth: Growth,
    next: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Growth {
    Linear,
    Doubling,
}

impl Backoff {
    /// Each pause is longer than the one before by the first.
    pub(crate) const fn linear(first: Duration, longest: Duration) -> Self {
        Self::new(first, longest, Growth::Linear)
    }

    /// Each pause is twice the one before.
    pub(crate) const fn doubling(first: Duration, longest: Duration) -> Self {
        Self::new(first, longest, Growth::Doubling)
    }

    const fn new(first: Duration, longest: Duration, growth: Growth) -> Self {
        Self {
            first,
            longest,
            growth,
            next: first,
        }
    }

    /// How long to wait this time.
    pub(crate) fn pause(&mut self, random: &mut Random) -> Duration {
        let pause = self.next;
        self.next = self.longest.min(match self.growth {
            Growth::Linear => pause + self.first,
            Growth::Doubling => pause * 2,
        });
        jittered(pause, random)
    }

    /// All is well again: the next pause is the first.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

/// Up to a quarter longer.
pub(crate) fn jittered(pause: Duration, random: &mut Random) -> Duration {
    pause + pause / 1000 * u32::try_from(random.below(250)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(mut backoff: Backoff, tries: usize) -> Vec<Duration> {
        let mut random = Random::seeded_by_chance();
        (0..tries).map(|_| backoff.pause(&mut random)).collect()
    }

    #[track_caller]
    fn are(pauses: &[Duration], millis: &[u64]) {
        for (pause, millis) in pauses.iter().zip(millis) {
            let least = Duration::from_millis(*millis);
            assert!(*pause >= least && *pause < least * 5 / 4, "{pause:?}");
        }
        assert_eq!(pauses.len(), millis.len());
    }

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let ms = Duration::from_millis;
        let doubling = Backoff::doubling(ms(250), ms(2000));
        are(&pauses(doubling, 5), &[250, 500, 1000, 2000, 2000]);
        let linear = Backoff::linear(ms(250), ms(1100));
        are(&pauses(linear, 6), &[250, 500, 750, 1000, 1100, 1100]);
    }

    #[test]
    fn after_a_success_they_begin_anew() {
        let mut backoff = Backoff::doubling(Duration::from_secs(5), Duration::from_secs(320));
        let mut random = Random::seeded_by_chance();
        for _ in 0..9 {
            backoff.pause(&mut random);
        }
        backoff.reset();
        are(&[backoff.pause(&mut random)], &[5000]);
    }
}
