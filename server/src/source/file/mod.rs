//! `file:PATH`: replays a file, from where the sealed posts of the last run end.
//!
//! The file is read, decompressed and unpacked on a thread of its own ([`reading`]); here its lines become
//! posts, are held back to the speed asked for, and move the sink's time on.
//!
//! The cursor ([`position`]) is an offset in the text, in the one that comes out where the file is
//! compressed or an archive, and a fingerprint of how the text begins: another file of the same name is told from one
//! that has grown.
//!
//! **Invariant:** a cursor stands behind a finished line, and is given together with the posts before it.

use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    select,
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    Closed, Context, Cursor, Event, Lines, Sink,
    connection::{EVENTS, accept, decoded},
    protocol::OpenError,
};
use position::Head;
use reading::{Origin, Part};
use spec::Speed;

pub(super) use spec::File;

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;
mod position;
mod reading;
mod spec;

/// How many chunks may be read ahead.
const AHEAD: usize = 4;

/// How often the time of a replay goes on between two posts.
const STEP: Duration = Duration::from_millis(100);

/// A post that is due within this time is given now: timers are no finer.
const FINE: Duration = Duration::from_millis(2);

/// A longer pause is told to people.
const LONG: Duration = Duration::from_secs(5);

/// A post that claims to be from later than this after now does not move the time on, or one
/// slip of a pen would make every other post a late one.
const FUTURE: Duration = Duration::from_secs(24 * 60 * 60);

/// A file to be read, found to be readable.
#[derive(Debug)]
pub(in crate::source) struct Replay {
    origin: Origin,
    speed: Speed,
}

impl Replay {
    fn of_stdin(speed: Speed) -> Self {
        Self {
            origin: Origin::Standard,
            speed,
        }
    }

    fn of(path: &Path, speed: Speed) -> Result<Self, OpenError> {
        Ok(Self {
            origin: Origin::open(path)?,
            speed,
        })
    }

    async fn run<S: Sink>(self, mut context: Context<S>) {
        let from = match self.origin.position(context.cursor.take()) {
            Ok(from) => from,
            Err(error) => return context.status.failed(error.to_string()),
        };
        let (to, chunks) = mpsc::channel(AHEAD);
        if let Err(error) = reading::start(self.origin, from, to) {
            return context
                .status
                .failed(format!("cannot start to read: {error}"));
        }
        context.status.live();
        let mut player = Player {
            context,
            head: from.map(|_| Head::default()),
            pace: Pace {
                speed: self.speed,
                begun: None,
            },
            epoch: None,
        };
        // An error is only that it was time to stop.
        let _: Result<(), Closed> = player
            .play(from.map_or(0, |from| from.offset), chunks)
            .await;
    }
}

/// Gives the posts of one replay.
struct Player<S> {
    context: Context<S>,
    /// `None` where what was read once cannot be read again, so that there is no position to keep.
    head: Option<Head>,
    pace: Pace,
    /// The latest epoch that the posts have come to.
    epoch: Option<u64>,
}

impl<S: Sink> Player<S> {
    async fn play(
        &mut self,
        from: u64,
        mut chunks: mpsc::Receiver<Result<Part, reading::Error>>,
    ) -> Result<(), Closed> {
        let mut lines = Lines::of_file(from);
        loop {
            let chunk = select! {
                biased;
                () = self.context.stop.cancelled() => return Err(Closed),
                chunk = chunks.recv() => chunk,
            };
            match chunk {
                Some(Ok(Part::Before(beginning))) => {
                    self.known(&beginning);
                    continue;
                }
                Some(Ok(Part::Text(chunk))) => {
                    self.context.status.bytes(chunk.len());
                    self.known(&chunk);
                    lines.push(&chunk);
                }
                Some(Err(error)) => {
                    self.context.status.failed(error.to_string());
                    return Ok(());
                }
                None => {
                    lines.end();
                    self.give(&lines).await?;
                    self.context.status.ended();
                    return Ok(());
                }
            }
            self.give(&lines).await?;
        }
    }

    fn known(&mut self, bytes: &[u8]) {
        if let Some(head) = &mut self.head {
            head.push(bytes);
        }
    }

    async fn give(&mut self, lines: &Lines) -> Result<(), Closed> {
        let status = self.context.status.clone();
        let latest = (SystemTime::now() + FUTURE).duration_since(UNIX_EPOCH);
        let latest = latest.map_or(i64::MAX, |time| time.as_millis() as i64);
        let mut gathered = vec![];
        let mut behind = 0;
        let mut late = 0;
        for (event, offset) in decoded(lines, &status) {
            let at = event.at();
            if let Some(at) = at.filter(|at| *at <= latest) {
                if let Some(due) = self.pace.pause_before(at) {
                    self.flush(&mut gathered, behind).await?;
                    self.wait(due, at).await?;
                }
                let epoch = self.context.sink.epoch_of(at);
                if self.epoch.is_none_or(|last| last < epoch) {
                    // Deletions have no time: the first of all wait for the time of the first post.
                    if self.epoch.is_some() || gathered.iter().any(Event::is_post) {
                        self.flush(&mut gathered, behind).await?;
                    }
                    self.advance(at).await?;
                    self.epoch = Some(epoch);
                }
                late += u64::from(self.epoch.is_some_and(|open| epoch < open));
            }
            gathered.push(event);
            behind = offset;
            if gathered.len() == EVENTS {
                self.flush(&mut gathered, behind).await?;
            }
        }
        if late > 0 {
            status.late(late);
        }
        self.flush(&mut gathered, behind).await
    }

    async fn flush(&mut self, events: &mut Vec<Event<'_>>, behind: u64) -> Result<(), Closed> {
        if events.is_empty() {
            return Ok(());
        }
        let position = self.head.as_ref().map(|head| head.position(behind));
        let cursor = position.map(|position| Cursor(position.to_string()));
        let Context { sink, stop, .. } = &mut self.context;
        accept(events, cursor, sink, stop).await?;
        events.clear();
        Ok(())
    }

    async fn advance(&mut self, at: i64) -> Result<(), Closed> {
        select! {
            biased;
            advanced = self.context.sink.advance(at) => advanced,
            () = self.context.stop.cancelled() => Err(Closed),
        }
    }

    /// Until a post of the time `at` is due. The replay's time goes on meanwhile, so that what came
    /// before is seen without waiting for what comes next.
    async fn wait(&mut self, due: Instant, at: i64) -> Result<(), Closed> {
        let pause = due - Instant::now();
        if pause > LONG {
            let seconds = Duration::from_secs(pause.as_secs());
            let seconds = humantime::format_duration(seconds);
            self.context
                .status
                .waiting(format!("the next post is due in {seconds}"));
        }
        while Instant::now() < due {
            select! {
                () = sleep_until(due.min(Instant::now() + STEP)) => {}
                () = self.context.stop.cancelled() => return Err(Closed),
            }
            let now = self.pace.time_before(due, at);
            let epoch = self.context.sink.epoch_of(now);
            if self.epoch.is_some_and(|last| last < epoch) {
                self.advance(now).await?;
                self.epoch = Some(epoch);
            }
        }
        self.context.status.live();
        Ok(())
    }
}

/// Holds the posts back to the speed asked for.
struct Pace {
    speed: Speed,
    /// When the first post that has a time was given, and that time.
    begun: Option<(Instant, i64)>,
}

impl Pace {
    /// Until when to wait before a post of the time `at` is given.
    fn pause_before(&mut self, at: i64) -> Option<Instant> {
        let Speed::Times(times) = self.speed else {
            return None;
        };
        let now = Instant::now();
        let (begun, first) = *self.begun.get_or_insert((now, at));
        let passed = u64::try_from(at - first).ok()?;
        let due = begun + Duration::from_millis(passed) / times.get();
        (due > now + FINE).then_some(due)
    }

    /// The replay's time now, when its time `at` is `due`.
    fn time_before(&self, due: Instant, at: i64) -> i64 {
        let Speed::Times(times) = self.speed else {
            return at;
        };
        let left = due.saturating_duration_since(Instant::now()) * times.get();
        at.saturating_sub(i64::try_from(left.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests;
