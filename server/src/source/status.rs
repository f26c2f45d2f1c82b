//! What people are told of a source.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use model::{Source, SourceState};

/// The statuses of all sources, in the order they were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry(Arc<Mutex<Vec<Status>>>);

impl Registry {
    /// A new source's status. `name` is shown to people: no secrets in it.
    pub(crate) fn add(&self, name: &str) -> Status {
        let status = Status(Arc::new(Inner {
            name: name.to_owned(),
            state: Mutex::new((SourceState::Connecting, None)),
            posts: AtomicU64::new(0),
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
}

/// A source's side of it: each call is one fact, told to the log and to the board at once.
#[derive(Clone, Debug)]
pub(crate) struct Status(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    state: Mutex<(SourceState, Option<String>)>,
    posts: AtomicU64,
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
            detail: detail.or_else(|| self.dropped()),
            posts: self.0.posts.load(Relaxed),
        }
    }

    /// What of its lines did not count, where there is nothing more important to say.
    fn dropped(&self) -> Option<String> {
        let cut = self.0.cut.load(Relaxed);
        let refused = self.0.refused.load(Relaxed);
        let lines = |count| if count == 1 { "line" } else { "lines" };
        let cut = (cut > 0).then(|| format!("{cut} {} over 1 MiB cut", lines(cut)));
        let refused = (refused > 0).then(|| format!("{refused} {} without a post", lines(refused)));
        let said: Vec<_> = cut.into_iter().chain(refused).collect();
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
        let why = crate::source::decode::NotAPost::NeitherTextNorTags;
        status.line_refused(&why);
        status.line_refused(&why);
        let shown = status.show().detail;
        assert_eq!(
            shown.as_deref(),
            Some("1 line over 1 MiB cut, 2 lines without a post")
        );
        status.waiting("nobody there");
        assert_eq!(status.show().detail.as_deref(), Some("nobody there"));
    }
}
