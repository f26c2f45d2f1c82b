//! What people are told of a source.
//!
//! A source tells facts as they happen, and whoever shows them asks when they are needed: the board,
//! `/api/v1/status`, `/metrics`. Counting posts is one addition and takes no lock.

mod rate;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};
use model::{Kind, Source, SourceState, Spend};
use tokio_util::sync::CancellationToken;

use rate::Rate;

/// In bytes: some name each post of the last minute.
const LONGEST_CURSOR: usize = 200;

/// The statuses of all sources, in the order they were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry(Arc<Mutex<Vec<Status>>>);

/// All that is known of a source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    /// As on the board.
    pub(crate) shown: Source,
    /// By its name; `None` where that names none.
    pub(crate) kind: Option<Kind>,
    /// Posts of a replay whose own time lies in an epoch before the open one.
    pub(crate) late: u64,
    /// Lines over 1 MiB, of which only the beginning was read.
    pub(crate) lines_cut: u64,
    /// Lines that are no post, dropped.
    pub(crate) lines_refused: u64,
    /// Deletions and take-downs.
    pub(crate) retractions: u64,
    /// Of lines and messages, unpacked.
    pub(crate) bytes: u64,
    /// What was wrong last, also when all is well again.
    pub(crate) last_error: Option<Said>,
    /// Where it stands in what it reads, in its own words.
    pub(crate) cursor: Option<String>,
}

/// A sentence, and when it was last true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) sentence: String,
    /// In whole seconds.
    pub(crate) at: Timestamp,
}

impl Registry {
    /// A new source's status. `name` is shown to people: no secrets in it.
    pub(crate) fn add(&self, name: &str) -> Status {
        let status = Status(Arc::new(Inner {
            name: name.to_owned(),
            told: Mutex::new(Told {
                state: SourceState::Connecting,
                detail: None,
                next_try: None,
                last_error: None,
            }),
            cursor: Mutex::default(),
            spend: Mutex::default(),
            rate: Mutex::new(Rate::new(Instant::now())),
            posts: AtomicU64::new(0),
            bots: AtomicU64::new(0),
            late: AtomicU64::new(0),
            cut: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            retractions: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }));
        lock(&self.0).push(status.clone());
        status
    }

    /// What the board shows.
    pub(crate) fn all(&self) -> Vec<Source> {
        lock(&self.0).iter().map(Status::show).collect()
    }

    /// Everything, for programs.
    pub(crate) fn reports(&self) -> Vec<Report> {
        lock(&self.0).iter().map(Status::report).collect()
    }

    /// Keeps the rates about the last seconds also where nobody asks for them, until `stop`.
    pub(crate) async fn keep_rates(self, stop: CancellationToken) {
        let mut seconds = tokio::time::interval(rate::APART);
        seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(seconds.tick()).await.is_some() {
            for status in lock(&self.0).iter() {
                status.rate();
            }
        }
    }
}

/// A source's side of it: each call is one fact, told to the log and to the board at once.
#[derive(Clone, Debug)]
pub(crate) struct Status(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    told: Mutex<Told>,
    cursor: Mutex<Option<String>>,
    spend: Mutex<Option<Spend>>,
    rate: Mutex<Rate>,
    posts: AtomicU64,
    bots: AtomicU64,
    late: AtomicU64,
    cut: AtomicU64,
    refused: AtomicU64,
    retractions: AtomicU64,
    bytes: AtomicU64,
}

#[derive(Debug)]
struct Told {
    state: SourceState,
    detail: Option<String>,
    /// In whole seconds.
    next_try: Option<Timestamp>,
    last_error: Option<Said>,
}

impl Status {
    pub(crate) fn connecting(&self) {
        self.set(SourceState::Connecting, None, None);
    }

    pub(crate) fn live(&self) {
        self.set(SourceState::Live, None, None);
    }

    /// Live, with something that people should know of.
    pub(crate) fn live_but(&self, what: impl Into<String>) {
        self.set(SourceState::Live, Some(what.into()), None);
    }

    /// Not live by its own fault or its peer's, and why; it will go on by itself.
    pub(crate) fn waiting(&self, why: impl Into<String>) {
        self.set(SourceState::Waiting, Some(why.into()), None);
    }

    /// Posts since the program started.
    pub(crate) fn count(&self) -> u64 {
        self.0.posts.load(Relaxed)
    }

    pub(crate) fn ended(&self) {
        self.set(SourceState::Ended, None, None);
    }

    /// Over, and not by itself to be mended.
    pub(crate) fn failed(&self, why: impl Into<String>) {
        self.set(SourceState::Failed, Some(why.into()), None);
    }

    pub(crate) fn posts(&self, more: u64) {
        self.0.posts.fetch_add(more, Relaxed);
    }

    /// Deletions and take-downs.
    pub(crate) fn retractions(&self, more: u64) {
        self.0.retractions.fetch_add(more, Relaxed);
    }

    /// So many were read, of what is to become posts.
    pub(crate) fn bytes(&self, more: usize) {
        self.0.bytes.fetch_add(more as u64, Relaxed);
    }

    /// Posts of a replay that belong to an epoch before the open one; they are counted in the open one.
    pub(crate) fn late(&self, more: u64) {
        self.0.late.fetch_add(more, Relaxed);
    }

    /// A line longer than the limit: its beginning was read as a post, the rest dropped.
    pub(crate) fn line_cut(&self) {
        self.lines_cut(1);
    }

    pub(crate) fn lines_cut(&self, more: u64) {
        if more > 0 && self.0.cut.fetch_add(more, Relaxed) == 0 {
            tracing::warn!(
                source = self.0.name,
                "a line over 1 MiB was cut; more are only counted"
            );
        }
    }

    /// A line that is no post: dropped.
    pub(crate) fn line_refused(&self, why: &dyn std::error::Error) {
        self.lines_refused(1, why);
    }

    pub(crate) fn lines_refused(&self, more: u64, why: &dyn std::error::Error) {
        if more > 0 && self.0.refused.fetch_add(more, Relaxed) == 0 {
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
}

/// What sources of the network have to tell beyond that.
impl Status {
    /// Waiting, and so long until the next try.
    pub(crate) fn waiting_until(&self, why: impl Into<String>, pause: Duration) {
        let next_try = after(Timestamp::now(), pause);
        self.set(SourceState::Waiting, Some(why.into()), Some(next_try));
    }

    /// Ended as it should, and why just now: what it may spend is spent.
    pub(crate) fn ended_because(&self, why: impl Into<String>) {
        self.set(SourceState::Ended, Some(why.into()), None);
    }

    /// So many of the posts told of by [`posts`](Self::posts) were written by programs.
    pub(crate) fn bot(&self, more: u64) {
        self.0.bots.fetch_add(more, Relaxed);
    }

    /// Where it stands now, in words that hold no secrets. Of a long one the beginning is shown.
    pub(crate) fn cursor(&self, text: &str) {
        let beginning = &text[..text.floor_char_boundary(LONGEST_CURSOR)];
        let mut cursor = lock(&self.0.cursor);
        let cursor = cursor.get_or_insert_default();
        beginning.clone_into(cursor);
        if beginning.len() < text.len() {
            cursor.push('…');
        }
    }

    /// What its posts have cost so far, all in all.
    pub(crate) fn spent(&self, micro_dollars: u64) {
        lock(&self.0.spend).get_or_insert_default().spent = micro_dollars;
    }

    /// What they may cost at most.
    pub(crate) fn budget(&self, micro_dollars: u64) {
        lock(&self.0.spend).get_or_insert_default().budget = Some(micro_dollars);
    }
}

impl Status {
    pub(crate) fn show(&self) -> Source {
        let told = lock(&self.0.told);
        Source {
            detail: told.detail.clone().or_else(|| self.irregular()),
            // Once that moment is past, nobody waits for it.
            next_try: told
                .next_try
                .filter(|at| *at > Timestamp::now())
                .map(|at| at.to_string()),
            posts: self.0.posts.load(Relaxed),
            rate: self.rate(),
            bots: self.0.bots.load(Relaxed),
            spend: *lock(&self.0.spend),
            ..Source::new(self.0.name.clone(), told.state)
        }
    }

    fn report(&self) -> Report {
        let kind = self.0.name.split(':').next();
        Report {
            shown: self.show(),
            kind: kind.and_then(|kind| kind.parse().ok()),
            late: self.0.late.load(Relaxed),
            lines_cut: self.0.cut.load(Relaxed),
            lines_refused: self.0.refused.load(Relaxed),
            retractions: self.0.retractions.load(Relaxed),
            bytes: self.0.bytes.load(Relaxed),
            last_error: lock(&self.0.told).last_error.clone(),
            cursor: lock(&self.0.cursor).clone(),
        }
    }

    fn rate(&self) -> f64 {
        let mut rate = lock(&self.0.rate);
        rate.at(Instant::now(), self.0.posts.load(Relaxed))
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

    fn set(&self, state: SourceState, detail: Option<String>, next_try: Option<Timestamp>) {
        let name = &self.0.name;
        let mut now = lock(&self.0.told);
        // An end that has its reason is none.
        let error = detail.clone().filter(|_| state != SourceState::Ended);
        if let Some(sentence) = error {
            let at = whole(Timestamp::now(), RoundMode::Trunc);
            now.last_error = Some(Said { sentence, at });
        }
        now.next_try = next_try;
        if (now.state, &now.detail) == (state, &detail) {
            return;
        }
        match &detail {
            // What strangers sent may be in there: Debug leaves no control character unescaped.
            Some(why) if state == SourceState::Failed => {
                tracing::error!(source = name, ?why, "source has failed");
            }
            // A peer that stays away is tried every two seconds: one line in the log is enough.
            Some(why) if state == now.state => {
                tracing::debug!(source = name, ?why, "source is {}", state.name());
            }
            Some(why) => tracing::warn!(source = name, ?why, "source is {}", state.name()),
            None => tracing::info!(source = name, "source is {}", state.name()),
        }
        now.state = state;
        now.detail = detail;
    }
}

/// `pause` from `now`, up to the next whole second: never told too early.
fn after(now: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    let at = now.checked_add(pause).unwrap_or(Timestamp::MAX);
    whole(at, RoundMode::Ceil)
}

fn whole(at: Timestamp, mode: RoundMode) -> Timestamp {
    let seconds = TimestampRound::new().smallest(Unit::Second).mode(mode);
    // There is none only behind the last second that has a name.
    at.round(seconds).unwrap_or(at)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
