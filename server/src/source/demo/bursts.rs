//! What is in the news of the demo: tags that rise for a while and fade.
//!
//! **Invariant:** a function of the seed and the time alone, in whole numbers, so that no machine's
//! rounding changes a post.

use crate::random::Random;

/// One burst begins in each of these, somewhere (milliseconds).
const EVERY: u64 = 20_000;

/// The longest burst, in the unit of [`EVERY`].
const LONGEST: u64 = 12;

/// At its height a burst is in so many of a thousand posts.
const WEAKEST: u64 = 30;
const STRONGEST: u64 = 140;

/// A burst at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Burst {
    /// Something to choose its tag by: the same as long as it lasts.
    pub(super) choice: u64,
    /// In how many of a thousand posts it is.
    pub(super) share: u64,
}

/// The bursts of the time `at` (milliseconds since the first post).
pub(super) fn at(seed: u64, at: u64) -> Vec<Burst> {
    let slot = at / EVERY;
    (slot.saturating_sub(LONGEST)..=slot)
        .filter_map(|slot| in_slot(seed, slot, at))
        .collect()
}

fn in_slot(seed: u64, slot: u64, at: u64) -> Option<Burst> {
    let mut random =
        Random::new(Random::new(seed ^ slot.wrapping_mul(0xD1B5_4A32_D192_ED03)).next());
    let begin = slot * EVERY + random.below(EVERY);
    let length = random.between(EVERY * 2, EVERY * LONGEST);
    let height = random.between(WEAKEST, STRONGEST);
    let choice = random.next();
    let passed = at.checked_sub(begin)?;
    let rise = length / 5;
    let share = if passed < rise {
        height * passed / rise
    } else {
        // It fades fast at first, then slowly.
        let left = length.checked_sub(passed)?;
        let fade = length - rise;
        height * left / fade * left / fade
    };
    (share > 0).then_some(Burst { choice, share })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_rise_and_fade_and_never_crowd_out_all_else() {
        let share = |time| at(1, time).iter().map(|burst| burst.share).sum::<u64>();
        let shares: Vec<_> = (0..3_600).map(|second| share(second * 1000)).collect();
        assert!(
            shares.iter().all(|share| *share < 700),
            "{:?}",
            shares.iter().max()
        );
        assert!(shares[300..].iter().sum::<u64>() / 3_300 > 100);
    }

    #[test]
    fn a_burst_has_one_height() {
        let choice = at(9, 60_000)[0].choice;
        let of = |time| {
            let found = at(9, time).into_iter().find(|burst| burst.choice == choice);
            found.map_or(0, |burst| burst.share)
        };
        let shares: Vec<_> = (0..600).map(|second| of(second * 1000)).collect();
        let top = shares
            .iter()
            .position(|share| share == shares.iter().max().unwrap())
            .unwrap();
        assert!(shares[..=top].is_sorted());
        assert!(shares[top..].iter().rev().is_sorted());
        assert_eq!(*shares.last().unwrap(), 0);
    }
}
