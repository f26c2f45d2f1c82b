//! How far a tag is above its own past: `(x − max(β, μ)) / (σ + β)` (SigniTrend: Schubert, Weiler,
//! Kriegel, KDD 2014).
//!
//! `x` are the mentions in the window, `μ` and `σ` the exponentially weighted mean and deviation of what
//! a window of its length had before it, `β` the noise floor. The past is known by the counts of the
//! other windows: they cut it into [`BANDS`] bands, each of which counts with the weight of its time and
//! with the rate at which the tag was mentioned in it. So the score needs no state of its own, follows
//! retractions, and is a function of whole numbers that are added up in a fixed order.
//!
//! A few bands say little about a deviation. It is taken to be no less than the noise of counting, `√μ`,
//! and than a quarter of `μ`.
//!
//! When a rise that is one now began is told by the tag's panes: by a cumulative sum of what they are
//! above `θ = (max(β, μ) + x) / 2`, half way from the past to now (CUSUM: Page, Biometrika 1954). With
//! `n` mentions in a pane that takes the part `t` of the window's length, oldest pane first,
//!
//! > `S ← min(max(S + n − θ t, 0), θ)`
//!
//! and the rise began with the pane in which `S` left 0 for the last time. A window without a mention
//! brings `S` back to 0, so what was long ago is no part of it; and the window itself has `x − θ > 0`
//! more than it takes, so `S` is above 0 at its end: every rise has a beginning.

use model::Epoch;
use serde::{Deserialize, Serialize};

use super::windows::{Edges, SLIDING};

/// Bands of the past: two for each sliding window, from its old edge to that of the window before it and
/// from there to the next longer one's, the last one up to the beginning of the count.
pub(super) const BANDS: usize = 2 * SLIDING;

/// The noise floor, in mentions, and the fewest that can be rising.
pub(super) const NOISE: f64 = 5.0;

/// The fewest people that can make a tag rise, where people are known.
pub(super) const LEAST_PEOPLE: u64 = 3;

/// The weight of the past falls by `e` in so many lengths of the window.
const MEMORY: f64 = 10.0;

/// The past of one window, as the time of one epoch has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past {
    /// The first band that lies before the window.
    first: usize,
    /// What a band's count is to be multiplied by for the rate of the window's length; 0 where there
    /// was no time.
    rate: [f64; BANDS],
    /// Parts of one.
    weight: [f64; BANDS],
    /// Epochs in the window.
    length: u64,
}

/// The mentions of a tag in some neighbouring epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mentions {
    pub(super) from: Epoch,
    pub(super) to: Epoch,
    pub(super) count: u64,
}

impl Past {
    /// Of the sliding windows and of the windows before them, when the epoch `last` closes and the count
    /// began with `began`.
    pub(super) fn of_all(last: Epoch, began: Epoch, edges: &Edges) -> [(Self, Self); SLIDING] {
        let mut begins = [began.0; BANDS + 1];
        for (index, pair) in begins.chunks_mut(2).enumerate().take(SLIDING) {
            // The time before the count began is no past.
            pair[0] = edges.now[index].0.max(began.0);
            pair[1] = edges.before[index].0.max(began.0);
        }
        let end = last.0 + 1;
        std::array::from_fn(|window| {
            let length = end - begins[2 * window];
            let before = begins[2 * window] - begins[2 * window + 1];
            (
                Self::new(&begins, 2 * window, length),
                Self::new(&begins, 2 * window + 1, before),
            )
        })
    }

    /// Of a window of `length` epochs that begins where the band `first` ends.
    fn new(begins: &[u64; BANDS + 1], first: usize, length: u64) -> Self {
        let mut past = Self {
            first,
            rate: [0.0; BANDS],
            weight: [0.0; BANDS],
            length,
        };
        let memory = MEMORY * length.max(1) as f64;
        // Not the system's: its last digit depends on the machine.
        let left = |age: u64| libm::exp(-(age as f64) / memory);
        let mut sum = 0.0;
        for band in first..BANDS {
            let (young, old) = (begins[band], begins[band + 1]);
            if young > old && length > 0 {
                past.rate[band] = length as f64 / (young - old) as f64;
                past.weight[band] = left(begins[first] - young) - left(begins[first] - old);
                sum += past.weight[band];
            }
        }
        if sum > 0.0 {
            past.weight.iter_mut().for_each(|weight| *weight /= sum);
        }
        past
    }

    /// No tag with so many mentions has a higher score.
    pub(super) fn most(count: u64) -> f64 {
        (count as f64 - NOISE) / NOISE
    }

    /// The score of a tag with `count` mentions in the window; `None` where it is not above its past.
    pub(super) fn score(&self, count: u64, bands: &[u64; BANDS]) -> Option<f64> {
        let count = count as f64;
        if count < NOISE {
            return None;
        }
        let mean = self.mean(bands);
        let above = count - mean.max(NOISE);
        // The mean of equal numbers may be off in its last digits.
        if above <= count * 1e-9 {
            return None;
        }
        let mut variance = 0.0;
        for band in self.first..BANDS {
            let off = self.rate_in(band, bands) - mean;
            variance += self.weight[band] * off * off;
        }
        let deviation = variance.max(mean).sqrt().max(mean / 4.0);
        Some(above / (deviation + NOISE))
    }

    fn rate_in(&self, band: usize, bands: &[u64; BANDS]) -> f64 {
        bands[band] as f64 * self.rate[band]
    }

    fn mean(&self, bands: &[u64; BANDS]) -> f64 {
        let mut mean = 0.0;
        for band in self.first..BANDS {
            mean += self.weight[band] * self.rate_in(band, bands);
        }
        mean
    }

    /// When the rise began of a tag that has a score, and `count` mentions in the window up to the
    /// epoch `last`: the first epoch of a pane. `panes` are the tag's, oldest first.
    pub(super) fn began(
        &self,
        count: u64,
        bands: &[u64; BANDS],
        panes: impl IntoIterator<Item = Mentions>,
        last: Epoch,
    ) -> Option<Epoch> {
        let threshold = (self.mean(bands).max(NOISE) + count as f64) / 2.0;
        let taken = |epochs: u64| threshold * epochs as f64 / self.length.max(1) as f64;
        let (mut sum, mut began, mut next) = (0.0, None, 0);
        for pane in panes {
            sum -= taken(pane.from.0.saturating_sub(next));
            if sum <= 0.0 {
                (sum, began) = (0.0, None);
            }
            sum += pane.count as f64 - taken(pane.to.0 + 1 - pane.from.0);
            sum = sum.min(threshold);
            if sum <= 0.0 {
                (sum, began) = (0.0, None);
            } else {
                began = began.or(Some(pane.from));
            }
            next = pane.to.0 + 1;
        }
        sum -= taken((last.0 + 1).saturating_sub(next));
        began.filter(|_| sum > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::Shape;

    const SHAPE: Shape = Shape {
        batch_ms: 2000,
        max_tags: 64,
    };

    /// The score in the five minutes' window of a tag with so many mentions in each epoch by its age,
    /// one day after the count began.
    fn score(rate: impl Fn(u64) -> u64) -> Option<f64> {
        let (began, last) = (Epoch(1_000_000), Epoch(1_043_200));
        let edges = Edges::at(last, SHAPE);
        let (past, _) = Past::of_all(last, began, &edges)[1];
        let sum = |from: Epoch, to: Epoch| -> u64 {
            let from = from.max(began);
            (from.0..to.0).map(|epoch| rate(last.0 - epoch)).sum()
        };
        let mut bands = [0; BANDS];
        for index in 0..SLIDING {
            bands[2 * index] = sum(edges.before[index], edges.now[index]);
            let older = edges.now.get(index + 1).copied().unwrap_or(began);
            bands[2 * index + 1] = sum(older, edges.before[index]);
        }
        past.score(sum(edges.now[1], Epoch(last.0 + 1)), &bands)
    }

    #[test]
    fn what_is_as_it_was_does_not_rise() {
        assert_eq!(score(|_| 10), None);
        assert_eq!(score(|age| u64::from(age % 60 == 0)), None, "too few");
    }

    #[test]
    fn the_sharper_the_rise_the_higher_the_score() {
        let new = score(|age| u64::from(age < 150)).expect("it rises");
        assert_eq!(new, (150.0 - NOISE) / NOISE, "nothing of it in the past");
        let doubled = score(|age| if age < 150 { 20 } else { 10 }).expect("it rises");
        let tenfold = score(|age| if age < 150 { 100 } else { 10 }).expect("it rises");
        assert!(doubled < tenfold && tenfold < new * 10.0);
        assert!((3.5..4.1).contains(&doubled), "{doubled}");
        let for_long = score(|age| if age < 1_800 { 20 } else { 10 });
        assert!(for_long.is_none_or(|score| score < doubled / 2.0));
    }

    /// When a rise began, by its age in epochs, of a tag with so many mentions in each epoch by its age,
    /// in panes of so many epochs.
    fn began(rate: impl Fn(u64) -> u64, pane: u64) -> Option<u64> {
        let (first, last) = (Epoch(1_000_000), Epoch(1_043_200));
        let edges = Edges::at(last, SHAPE);
        let (past, _) = Past::of_all(last, first, &edges)[1];
        let sum = |from: Epoch, to: Epoch| -> u64 {
            (from.0..to.0).map(|epoch| rate(last.0 - epoch)).sum()
        };
        let mut bands = [0; BANDS];
        for index in 0..SLIDING {
            let older = edges.now.get(index + 1).copied().unwrap_or(first);
            bands[2 * index] = sum(edges.before[index].max(first), edges.now[index].max(first));
            bands[2 * index + 1] = sum(older.max(first), edges.before[index].max(first));
        }
        let end = Epoch(last.0 + 1);
        let panes = (first.0 / pane..=last.0 / pane).map(|number| {
            let from = Epoch((number * pane).max(first.0));
            let to = Epoch((number * pane + pane - 1).min(last.0));
            Mentions {
                from,
                to,
                count: sum(from, Epoch(to.0 + 1)),
            }
        });
        let count = sum(edges.now[1], end);
        past.score(count, &bands)?;
        let panes = panes.filter(|pane| pane.count > 0);
        let began = past.began(count, &bands, panes, last);
        Some(last.0 - began.expect("every rise has a beginning").0)
    }

    #[test]
    fn a_rise_began_where_the_rate_went_up() {
        assert_eq!(began(|_| 10, 1), None, "it does not rise");
        for pane in [1, 5, 30] {
            for age in [0, 7, 40, 100, 149, 200, 320] {
                for (before, now) in [(0, 40), (1, 40), (10, 100)] {
                    let told = began(|at| if at <= age { now } else { before }, pane);
                    let told = told.expect("it rises");
                    // The pane may have begun before, and another mention may be the first.
                    assert!(age.abs_diff(told) < pane, "{age} {pane} {before}: {told}");
                }
            }
        }
    }

    #[test]
    fn a_rise_goes_on_over_a_lull_but_not_over_a_silence() {
        let lull = |age: u64| {
            if age < 100 && !(40..50).contains(&age) {
                20
            } else {
                0
            }
        };
        assert_eq!(began(lull, 1), Some(99));
        let silence = |age: u64| {
            if age < 30 || (300..400).contains(&age) {
                20
            } else {
                0
            }
        };
        assert_eq!(began(silence, 1), Some(29));
        // However much there was: once more than a day is no reason to call it one rise.
        let flood = |age: u64| {
            if age < 30 {
                20
            } else {
                4000 * u64::from(age / 100 == 400)
            }
        };
        assert_eq!(began(flood, 1), Some(29));
    }

    #[test]
    fn a_few_mentions_far_apart_rise_since_the_last_of_them_that_make_it() {
        let few = |age: u64| u64::from(age < 140 && age.is_multiple_of(20));
        let told = began(few, 1).expect("seven of them rise");
        assert!(told < 140 && told.is_multiple_of(20), "{told}");
    }

    #[test]
    fn time_before_the_count_is_no_past() {
        let (began, last) = (Epoch(1_000_000), Epoch(1_000_299));
        let edges = Edges::at(last, SHAPE);
        let (past, _) = Past::of_all(last, began, &edges)[1];
        let mut bands = [0; BANDS];
        bands[2] = 1_500;
        assert_eq!(
            past.score(1_500, &bands),
            None,
            "as in the five minutes before"
        );
    }
}
