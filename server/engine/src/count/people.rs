//! How many people mention a tag, in every window at once.
//!
//! Authors are known by a uniform hash. Of each the last epoch is kept in which they mentioned the tag,
//! unless `k` authors with lower hashes mentioned it as late or later: those alone decide every estimate
//! that the author could be part of (the k-skyband of hash and time). In a window with at most `k`
//! authors their number is exact. In one with more it is estimated from the `k`-th lowest hash as
//! `(k − 1) / h`, with a relative standard error of `1 / √(k − 2)` (bottom-k or KMV sketch: Beyer, Haas,
//! Reinwald, Sismanis, Gemulla, SIGMOD 2007): 6.3 % for 256. A sliding window rules out HyperLogLog, whose
//! registers forget when they were set.
//!
//! An author whose latest mentions are all retracted is taken out until the next one.

use std::{borrow::Cow, cmp::Reverse};

use model::Epoch;
use serde::{Deserialize, Serialize};

use super::{Author, skyband};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct People {
    /// By author, each once.
    seen: Vec<Seen>,
    /// The latest mention of anyone who was dropped; 0 while nobody was.
    dropped: Epoch,
    /// With so many it is time to drop who is not needed.
    limit: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    author: Author,
    /// Posts in that epoch.
    posts: u32,
    at: Epoch,
}

impl People {
    /// `k` is how many are told apart exactly.
    pub(super) fn add(&mut self, author: Author, posts: u32, at: Epoch, k: usize) {
        match self.seen.binary_search_by_key(&author, |seen| seen.author) {
            Ok(index) => {
                let seen = &mut self.seen[index];
                if seen.at == at {
                    seen.posts = seen.posts.saturating_add(posts);
                } else {
                    *seen = Seen { author, posts, at };
                }
            }
            Err(index) => {
                self.seen.insert(index, Seen { author, posts, at });
                self.limit = self.limit.max(2 * k as u32);
                if self.seen.len() >= self.limit as usize {
                    self.shrink(k);
                }
            }
        }
    }

    /// Posts of the epoch `at` are no more.
    pub(super) fn retract(&mut self, author: Author, posts: u32, at: Epoch) {
        let Ok(index) = self.seen.binary_search_by_key(&author, |seen| seen.author) else {
            return;
        };
        let seen = &mut self.seen[index];
        if seen.at == at {
            seen.posts = seen.posts.saturating_sub(posts);
            if seen.posts == 0 {
                self.seen.remove(index);
            }
        }
    }

    /// Drops who decides no estimate.
    pub(super) fn shrink(&mut self, k: usize) {
        let dropped = skyband::keep(&mut self.seen, k, |seen| seen.at);
        self.dropped = dropped.max(self.dropped);
        self.limit = (2 * k as u32).max(self.seen.len() as u32 * 3 / 2);
        self.seen.shrink_to(self.limit as usize);
    }

    /// Those of several slices, or of several tags, as one; `None` where there are none.
    pub(super) fn of_all<'a>(mut all: impl Iterator<Item = &'a Self>) -> Option<Cow<'a, Self>> {
        let first = all.next()?;
        Some(match all.next() {
            None => Cow::Borrowed(first),
            Some(second) => Cow::Owned(Self::union([first, second].into_iter().chain(all))),
        })
    }

    fn union<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let mut union = Self::default();
        for people in all {
            union.seen.extend_from_slice(&people.seen);
            union.dropped = people.dropped.max(union.dropped);
        }
        union
            .seen
            .sort_unstable_by_key(|seen| (seen.author, Reverse(seen.at)));
        union.seen.dedup_by_key(|seen| seen.author);
        union
    }

    /// How many mentioned the tag in the epochs from `from` on.
    pub(super) fn count(&self, from: Epoch, k: usize) -> u64 {
        let mut within = self.seen.iter().filter(|seen| seen.at >= from);
        let first = within.by_ref().take(k);
        let (number, last) = first.fold((0_u64, 0_u32), |(number, _), seen| {
            (number + 1, seen.author.0)
        });
        let more = within.next().is_some();
        if !more && (self.dropped == Epoch(0) || self.dropped < from) || number < 2 {
            return number;
        }
        skyband::estimate(number, last)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.dropped == Epoch(0)
    }

    /// How many are kept.
    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: usize = 256;

    /// A uniform hash of a number.
    fn author(number: u64) -> Author {
        let mixed = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Author(((mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32) as u32)
    }

    #[test]
    fn few_are_counted_exactly_in_every_window() {
        let mut people = People::default();
        for number in 0..K as u64 {
            people.add(author(number), 1, Epoch(number), K);
            people.add(author(number), 1, Epoch(number), K);
        }
        assert_eq!(people.count(Epoch(0), K), K as u64);
        assert_eq!(people.count(Epoch(200), K), 56);
    }

    #[test]
    fn many_are_estimated_within_the_stated_error_in_bounded_memory() {
        let mut people = People::default();
        let (all, an_epoch) = (200_000, 100);
        for number in 0..all {
            people.add(author(number), 1, Epoch(number / an_epoch), K);
        }
        let end = all / an_epoch;
        assert!(people.len() < 6_000, "{} are kept", people.len());
        for epochs in [1, 2, 3, 10, 100, 500, end] {
            let truth = (epochs * an_epoch) as f64;
            let got = people.count(Epoch(end - epochs), K) as f64;
            // Four standard errors; exact while few.
            let error = if truth <= K as f64 { 0.0 } else { 0.26 };
            assert!((got - truth).abs() <= truth * error, "{got} for {truth}");
        }
    }

    #[test]
    fn who_takes_all_back_is_no_longer_counted() {
        let mut people = People::default();
        people.add(Author(1), 2, Epoch(5), K);
        people.retract(Author(1), 1, Epoch(5));
        assert_eq!(people.count(Epoch(0), K), 1);
        people.retract(Author(1), 1, Epoch(4));
        assert_eq!(people.count(Epoch(0), K), 1, "another epoch's");
        people.retract(Author(1), 1, Epoch(5));
        assert_eq!(people.count(Epoch(0), K), 0);
    }

    #[test]
    fn one_account_is_one_person_however_much_it_posts() {
        let mut people = People::default();
        for epoch in 0..100_000 {
            people.add(Author(77), 50, Epoch(epoch), K);
        }
        assert_eq!((people.count(Epoch(0), K), people.len()), (1, 1));
    }
}
