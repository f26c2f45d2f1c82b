//! How many requests a client may still make in a window of time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Debug, Clone)]
pub(super) struct Allowance {
    pub(super) limit: u32,
    pub(super) left: u32,
    pub(super) resets: SystemTime,
    window: Duration,
}

impl Allowance {
    pub(super) fn new(limit: u32, window: Duration) -> Self {
        Self {
            limit,
            left: limit,
            resets: SystemTime::now() + window,
            window,
        }
    }

    /// Takes one; false when there is none left.
    pub(super) fn take(&mut self) -> bool {
        if SystemTime::now() >= self.resets {
            *self = Self::new(self.limit, self.window);
        }
        let taken = self.left > 0;
        self.left = self.left.saturating_sub(1);
        taken
    }

    /// The first full Unix second at which there are new ones.
    pub(super) fn resets_at_second(&self) -> u64 {
        let since = self.resets.duration_since(UNIX_EPOCH).unwrap();
        since.as_millis().div_ceil(1000) as u64
    }
}
