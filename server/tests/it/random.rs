//! Random numbers for generated input: the same seed gives the same ones, everywhere.

use std::time::{SystemTime, UNIX_EPOCH};

/// The seed of a test that has another with every run, unless the environment variable gives it. Told
/// when the test fails.
pub(crate) struct Seed {
    pub(crate) seed: u64,
    variable: &'static str,
}

impl Seed {
    pub(crate) fn new(variable: &'static str) -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let given = std::env::var(variable).ok();
        let seed = given.map_or_else(|| now().as_secs(), |seed| seed.parse().unwrap());
        Self { seed, variable }
    }
}

impl Drop for Seed {
    #[expect(clippy::print_stderr, reason = "shown with the test that failed")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("run it again with {}={}", self.variable, self.seed);
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// From 0 up to, not with, `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// From 0 up to, not with, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
