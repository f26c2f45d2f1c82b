//! Where windows begin.
//!
//! A window's old edge moves in steps of its pane, which grows with the window, and so does the edge of
//! the window before it. What is younger than an edge is never merged into coarser panes than the edge
//! moves by, so an edge never cuts a pane.

use model::{Epoch, Window};

use super::Shape;

/// The windows that slide: all of [`Window::ALL`] but the last one.
pub(super) const SLIDING: usize = Window::ALL.len() - 1;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// By how much the old edge of each sliding window moves; 0: by epochs.
const PANES: [u64; SLIDING] = [0, 0, 10 * SECOND, MINUTE, 10 * MINUTE];

/// The same for the window before it, which begins twice as long ago.
const PANES_BEFORE: [u64; SLIDING] = [0, 10 * SECOND, MINUTE, 10 * MINUTE, HOUR];

/// What is older than the old edge of a window (by its place in [`Window::ALL`]) is kept in panes of
/// this length.
pub(super) const COARSER: [(usize, u64); 4] =
    [(1, 10 * SECOND), (2, MINUTE), (3, 10 * MINUTE), (4, HOUR)];

/// Up to the old edge of this window, by its place in [`Window::ALL`], no pane is longer than ten seconds
/// or an epoch.
pub(super) const FINE: usize = 2;

/// The first epochs of windows that end with one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Edges {
    /// Of each sliding window.
    pub(super) now: [Epoch; SLIDING],
    /// Of the windows before them, which end where those begin.
    pub(super) before: [Epoch; SLIDING],
}

impl Edges {
    pub(super) fn at(last: Epoch, shape: Shape) -> Self {
        let edge = |age: u64, pane: u64| {
            let end = (last.0 + 1).saturating_mul(shape.batch_ms);
            let pane = if pane == 0 { shape.batch_ms } else { pane };
            let begin = end.saturating_sub(age) / pane * pane;
            Epoch(begin.div_ceil(shape.batch_ms))
        };
        let mut edges = Self::default();
        for (index, window) in Window::ALL.into_iter().take(SLIDING).enumerate() {
            let age = window.millis().unwrap_or(0);
            edges.now[index] = edge(age, PANES[index]);
            edges.before[index] = edge(2 * age, PANES_BEFORE[index]);
        }
        edges
    }

    /// What is older is in no window.
    pub(super) fn oldest(&self) -> Epoch {
        self.before[SLIDING - 1]
    }
}

/// The pane of this length that an epoch lies in.
pub(super) fn pane_of(epoch: Epoch, pane_ms: u64, shape: Shape) -> u64 {
    epoch.0.saturating_mul(shape.batch_ms) / pane_ms
}

/// The length of a step of a tag's series in a window, in milliseconds.
pub(super) fn step_ms(window: Window, shape: Shape) -> u64 {
    let step = match window {
        Window::OneMinute => 2 * SECOND,
        Window::FiveMinutes | Window::FifteenMinutes => 10 * SECOND,
        Window::OneHour => MINUTE,
        Window::OneDay => 10 * MINUTE,
        Window::All => HOUR,
    };
    step.max(shape.batch_ms)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn windows_are_as_long_as_they_say_and_never_cut_a_pane(
            last in 0..u64::MAX / 1_000_000,
            batch_ms in 100..60_000_u64,
            step in 0..100_000_u64,
        ) {
            let shape = Shape { batch_ms, max_tags: 64 };
            let edges = Edges::at(Epoch(last), shape);
            let later = Edges::at(Epoch(last + step), shape);
            for (index, window) in Window::ALL.into_iter().take(SLIDING).enumerate() {
                let length = (last + 1 - edges.now[index].0) * batch_ms;
                let age = window.millis().unwrap_or(0).min((last + 1) * batch_ms);
                let pane = PANES[index].max(batch_ms);
                prop_assert!(length + batch_ms > age && length < age + pane + batch_ms, "{length} {age}");
                prop_assert!(edges.before[index] <= edges.now[index]);
                prop_assert!(edges.now[index] <= later.now[index]);
                prop_assert!(edges.before[index] <= later.before[index]);
                if index > 0 {
                    prop_assert!(edges.now[index] <= edges.before[index - 1]);
                }
            }
            // Epochs of one coarser pane lie on the same side of every edge that is older than the
            // window whose leaving makes them one.
            for (window, pane_ms) in COARSER {
                let older = edges.now.into_iter().skip(window + 1);
                for edge in older.chain(edges.before.into_iter().skip(window)) {
                    let epoch = edge.0.checked_sub(1).map(Epoch);
                    if let Some(epoch) = epoch {
                        prop_assert_ne!(pane_of(epoch, pane_ms, shape), pane_of(edge, pane_ms, shape));
                    }
                }
            }
        }
    }
}
