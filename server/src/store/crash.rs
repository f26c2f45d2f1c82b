//! Places at which a test makes the process die. Builds for people have none.

/// Every place, in the order in which a life passes them.
#[cfg(debug_assertions)]
pub(crate) const POINTS: [&str; 14] = [
    "log.commit.before",
    "log.commit.after",
    "state.encoded",
    "state.half",
    "state.commit.before",
    "state.commit.after",
    "adopt.claimed",
    "adopt.state",
    "adopt.log",
    "adopt.done",
    "shape.recorded",
    "shape.begun",
    "backup.sent",
    "backup.taken",
];

/// Dies here, as by a power cut, when the environment variable `TAGTIDE_CRASH_AT` is `NAME:N` and
/// this is the N-th time that the place called `name` is passed.
#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    };

    static AT: LazyLock<Option<(String, AtomicU64)>> = LazyLock::new(|| {
        let at = std::env::var("TAGTIDE_CRASH_AT").ok()?;
        let (name, times) = at.split_once(':')?;
        assert!(POINTS.contains(&name), "no crash point is called {name}");
        Some((name.to_owned(), AtomicU64::new(times.parse().ok()?)))
    });
    if let Some((at, left)) = &*AT
        && at == name
        && left.fetch_sub(1, Relaxed) == 1
    {
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn point(_name: &str) {}
