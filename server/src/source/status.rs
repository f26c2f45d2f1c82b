//! What people are told of a source.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use model::{Kind, Source, SourceState};

/// The statuses of all sources, in the order they were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry(Arc<Mutex<Vec<Status>>>);

/// What a source has brought since the program started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counters {
    /// As it was given on the command line, without secrets.
    pub(crate) name: String,
    /// By its name; `None` where that names none.
    pub(crate) kind: Option<Kind>,
    pub(crate) posts: u64,
    /// Posts of a replay whose own time lies in an epoch before the open one.
    pub(crate) late: u64,
    /// Lines over 1 MiB, of which only the beginning was read.
    pub(crate) lines_cut: u64,
    /// Lines that are no post, dropped.
    pub(crate) lines_refused: u64,
}

impl Registry {
    /// A new source's status. `name` is shown to people: no secrets in it.
    pub(crate) fn add(&self, name: &str) -> Status {
        let status = Status(Arc::new(Inner {
            name: name.to_owned(),
            state: Mutex::new((SourceState::Connecting, None)),
            posts: AtomicU64::new(0),
            late: AtomicU64::new(0),
            cut: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }));
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(status.clone());
        status
    }

    pub(crate) fn all(&self) -> Vec<Source> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(Status::show)
            .collect()
    }

    /// Plain numbers, for metrics.
    pub(crate) fn counters(&self) -> Vec<Counters> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(Status::counters)
            .collect()
    }
}

/// A source's side of it: each call is one fact, told to the log and to the board at once.
#[derive(Clone, Debug)]
pub(crate) struct Status(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    state: Mutex<(SourceState, Option<String>)>,
    posts: AtomicU64,
    late: AtomicU64,
    cut: AtomicU64,
    refused: AtomicU64,
}

impl Status {
    pub(crate) fn connecting(&self) {
        self.set(SourceState::Connecting, None);
    }

    pub(crate) fn live(&self) {
        self.set(SourceState::Live, None);
    }

    /// Live, with something that people should know of.
    pub(crate) fn live_but(&self, what: impl Into<String>) {
        self.set(SourceState::Live, Some(what.into()));
    }

    /// Not live by its own fault or its peer's, and why; it will go on by itself.
    pub(crate) fn waiting(&self, why: impl Into<String>) {
        self.set(SourceState::Waiting, Some(why.into()));
    }

    /// Waiting, and for how long.
    pub(crate) fn waiting_until(&self, why: impl Into<String>, pause: std::time::Duration) {
        let why = why.into();
        self.waiting(format!("{why}, next try in {:.1} s", pause.as_secs_f64()));
    }

    pub(crate) fn ended_because(&self, why: impl Into<String>) {
        self.set(SourceState::Ended, Some(why.into()));
    }

    pub(crate) fn spent(&self, _: u64) {}

    pub(crate) fn budget(&self, _: u64) {}

    /// Posts since the program started.
    pub(crate) fn count(&self) -> u64 {
        self.0.posts.load(Relaxed)
    }

    pub(crate) fn ended(&self) {
        self.set(SourceState::Ended, None);
    }

    /// Over, and not by itself to be mended.
    pub(crate) fn failed(&self, why: impl Into<String>) {
        self.set(SourceState::Failed, Some(why.into()));
    }

    pub(crate) fn posts(&self, more: u64) {
        self.0.posts.fetch_add(more, Relaxed);
    }

    /// Posts of a replay that belong to an epoch before the open one; they are counted in the open one.
    pub(crate) fn late(&self, more: u64) {
        self.0.late.fetch_add(more, Relaxed);
    }

    /// A line longer than the limit: its beginning was read as a post, the rest dropped.
    pub(crate) fn line_cut(&self) {
        if self.0.cut.fetch_add(1, Relaxed) == 0 {
            tracing::warn!(
                source = self.0.name,
                "a line over 1 MiB was cut; more are only counted"
            );
        }
    }

    /// A line that is no post: dropped.
    pub(crate) fn line_refused(&self, why: &dyn std::error::Error) {
        if self.0.refused.fetch_add(1, Relaxed) == 0 {
            let name = &self.0.name;
            tracing::warn!(
                source = name,
                ?why,
                "a line is no post; more are only counted"
            );
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn show(&self) -> Source {
        let (state, detail) = self.state().clone();
        Source {
            name: self.0.name.clone(),
            state,
            detail: detail.or_else(|| self.irregular()),
            posts: self.0.posts.load(Relaxed),
        }
    }

    fn counters(&self) -> Counters {
        let name = &self.0.name;
        Counters {
            name: name.clone(),
            kind: name.split(':').next().and_then(|kind| kind.parse().ok()),
            posts: self.0.posts.load(Relaxed),
            late: self.0.late.load(Relaxed),
            lines_cut: self.0.cut.load(Relaxed),
            lines_refused: self.0.refused.load(Relaxed),
        }
    }

    /// What of its lines did not count, or not where it belongs, where there is nothing more
    /// important to say.
    fn irregular(&self) -> Option<String> {
        let count = |counter: &AtomicU64, one: &str, many: &str| match counter.load(Relaxed) {
            0 => None,
            1 => Some(format!("1 {one}")),
            more => Some(format!("{more} {many}")),
        };
        let said = [
            count(&self.0.late, "late post", "late posts"),
            count(&self.0.cut, "line over 1 MiB cut", "lines over 1 MiB cut"),
            count(
                &self.0.refused,
                "line without a post",
                "lines without a post",
            ),
        ];
        let said: Vec<_> = said.into_iter().flatten().collect();
        (!said.is_empty()).then(|| said.join(", "))
    }

    fn state(&self) -> MutexGuard<'_, (SourceState, Option<String>)> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: SourceState, detail: Option<String>) {
        let name = &self.0.name;
        let mut now = self.state();
        if *now == (state, detail.clone()) {
            return;
        }
        match &detail {
            // What strangers sent may be in there: Debug leaves no control character unescaped.
            Some(why) if state == SourceState::Failed => {
                tracing::error!(source = name, ?why, "source failed");
            }
            // A peer that stays away is tried every two seconds: one line in the log is enough.
            Some(why) if state == now.0 => tracing::debug!(source = name, ?why, "source {state:?}"),
            Some(why) => tracing::warn!(source = name, ?why, "source {state:?}"),
            None => tracing::info!(source = name, "source {state:?}"),
        }
        *now = (state, detail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_count_is_shown_where_nothing_else_is() {
        let status = Registry::default().add("test");
        status.live();
        assert_eq!(status.show().detail, None);
        status.line_cut();
        let why = crate::source::decode::NotAPost::UnknownObject;
        status.line_refused(&why);
        status.line_refused(&why);
        let shown = status.show().detail;
        assert_eq!(
            shown.as_deref(),
            Some("1 line over 1 MiB cut, 2 lines without a post")
        );
        status.late(3);
        assert!(status.show().detail.unwrap().starts_with("3 late posts, "));
        status.waiting("nobody there");
        assert_eq!(status.show().detail.as_deref(), Some("nobody there"));
    }
    #[test]
    fn counters_say_whose_they_are() {
        let registry = Registry::default();
        let status = registry.add("listen:127.0.0.1:9009");
        status.posts(7);
        status.late(1);
        registry.add("test").line_cut();
        let counters = registry.counters();
        assert_eq!(counters[0].kind, Some(Kind::Listen));
        assert_eq!((counters[0].posts, counters[0].late), (7, 1));
        assert_eq!((counters[1].kind, counters[1].lines_cut), (None, 1));
    }
}
