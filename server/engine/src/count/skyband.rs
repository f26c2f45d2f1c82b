//! Bottom-k samples of every window at once.
//!
//! Things with a uniform priority and a time: the `k` lowest priorities of a window are a uniform sample
//! of what is in it. A thing belongs to the sample of some window that ends now only if fewer than `k`
//! things with lower priorities are as late or later.

use std::{cmp::Reverse, collections::BinaryHeap};

use model::Epoch;

/// Keeps what some window's sample needs of things that are in the order of their priorities, and says
/// when the latest of the others was; 0 without any.
pub(super) fn keep<T>(things: &mut Vec<T>, k: usize, at: impl Fn(&T) -> Epoch) -> Epoch {
    let mut latest: BinaryHeap<Reverse<Epoch>> = BinaryHeap::with_capacity(k + 1);
    let mut dropped = Epoch(0);
    things.retain(|thing| {
        let at = at(thing);
        let full = latest.len() == k;
        if full && latest.peek().is_none_or(|Reverse(oldest)| *oldest >= at) {
            dropped = at.max(dropped);
            return false;
        }
        latest.push(Reverse(at));
        if full {
            latest.pop();
        }
        true
    });
    dropped
}

/// How many things a window has of which `number` are known, the last of them with `priority`.
pub(super) fn estimate(number: u64, priority: u32) -> u64 {
    let estimate = (number.saturating_sub(1) << 32) / (u64::from(priority) + 1);
    estimate.max(number)
}
