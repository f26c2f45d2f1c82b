//! A running server that is fed over loopback as fast as it takes lines, while its board is asked for.
//!
//! Beside it stands a reader that does nothing but count line ends, fed in the same way.

mod program;

use std::{
    fs::File,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::ensure;

use super::{
    Scale,
    data::{self, Form},
    table::Table,
};
pub(crate) use program::{Program, Usage};

/// How many writers feed at once.
const WRITERS: usize = 2;

/// The length of an epoch in milliseconds.
const BATCH: u64 = 2000;

/// How often the newest epoch is looked for; the board is asked for every second, as a page does.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) fn measure(scale: Scale, table: &mut Table) -> anyhow::Result<()> {
    let text = data::file(Form::Text, scale.lines)?;
    let mut lines = Vec::new();
    File::open(&text.path)?.read_to_end(&mut lines)?;
    let feed = Feed {
        text: &lines,
        time: Duration::from_secs(scale.seconds),
        pace: None,
    };

    table.section(&format!(
        "live: {WRITERS} writers over loopback for {:?}",
        feed.time
    ));
    plain(&feed, table)?;
    for grammar in ["words", "twitter"] {
        server(&feed, grammar, table)?;
    }
    Ok(())
}

/// What is sent, over and over.
#[derive(Clone, Copy)]
pub(crate) struct Feed<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) time: Duration,
    /// Lines a second, by all writers together; as fast as they are taken where there is none.
    pub(crate) pace: Option<f64>,
}

/// What was sent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sent {
    pub(crate) lines: u64,
    bytes: u64,
}

impl Feed<'_> {
    /// Each writer begins at a place of its own, and ends at the end of a line.
    pub(crate) fn send(&self, port: u16) -> io::Result<Sent> {
        let begun = Instant::now();
        let end = begun + self.time;
        let write = |index: usize| -> io::Result<Sent> {
            let mut to = TcpStream::connect(("127.0.0.1", port))?;
            let mut at = self.text.len() / WRITERS * index;
            at += ends(&self.text[at..]);
            let mut sent = Sent::default();
            while Instant::now() < end {
                let block = &self.text[at..self.text.len().min(at + self.block())];
                let whole = memchr::memrchr(b'\n', block).map_or(block.len(), |last| last + 1);
                to.write_all(&block[..whole])?;
                sent.bytes += whole as u64;
                sent.lines += memchr::memchr_iter(b'\n', &block[..whole]).count() as u64;
                at = (at + whole) % self.text.len();
                if let Some(pace) = self.pace {
                    let due = sent.lines as f64 * WRITERS as f64 / pace;
                    let left = Duration::from_secs_f64(due).saturating_sub(begun.elapsed());
                    thread::sleep(left);
                }
            }
            Ok(sent)
        };
        thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|index| scope.spawn(move || write(index)))
                .collect();
            let mut all = Sent::default();
            for writer in writers {
                let sent = writer
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
                all.lines += sent.lines;
                all.bytes += sent.bytes;
            }
            Ok(all)
        })
    }
}

impl Feed<'_> {
    /// Bytes that are written at once: few where they shall come evenly.
    fn block(&self) -> usize {
        if self.pace.is_some() {
            64 << 10
        } else {
            1 << 20
        }
    }
}

/// The length up to the first line end.
fn ends(text: &[u8]) -> usize {
    memchr::memchr(b'\n', text).map_or(0, |end| end + 1)
}

fn plain(feed: &Feed<'_>, table: &mut Table) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let feed = Feed {
        time: feed.time / 6,
        ..*feed
    };
    let begun = Instant::now();
    let read = |mut from: TcpStream| -> io::Result<u64> {
        let mut block = vec![0; 64 << 10];
        let mut lines = 0;
        loop {
            match from.read(&mut block)? {
                0 => return Ok(lines),
                read => lines += memchr::memchr_iter(b'\n', &block[..read]).count() as u64,
            }
        }
    };
    let (sent, lines) = thread::scope(|scope| -> io::Result<_> {
        let sender = scope.spawn(|| feed.send(port));
        let mut readers = Vec::new();
        for _ in 0..WRITERS {
            let (from, _) = listener.accept()?;
            readers.push(scope.spawn(move || read(from)));
        }
        let mut lines = 0;
        for reader in readers {
            lines += reader
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        let sent = sender
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok((sent, lines))
    })?;
    ensure!(
        sent.lines == lines,
        "{} lines were sent, {lines} came",
        sent.lines
    );
    let note = "counts line ends and nothing else".to_owned();
    table.speed(
        "plain reader",
        begun.elapsed(),
        sent.lines,
        sent.bytes,
        note,
    );
    Ok(())
}

fn server(feed: &Feed<'_>, grammar: &str, table: &mut Table) -> anyhow::Result<()> {
    let data = tempfile::tempdir_in(data::directory()?)?;
    let program = Program::start(grammar, BATCH, data.path())?;
    let done = AtomicBool::new(false);
    let begun = Instant::now();
    let (sent, took, seen) = thread::scope(|scope| -> anyhow::Result<_> {
        let watcher = scope.spawn(|| watch(&program, &done));
        let sent = feed.send(program.source);
        let shown = sent
            .as_ref()
            .map_or(Ok(()), |sent| program.wait(sent.lines));
        let took = begun.elapsed();
        done.store(true, Relaxed);
        let seen = watcher
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        shown?;
        Ok((sent?, took, seen))
    })?;
    let Usage { seconds, peak, .. } = program.usage()?;
    let written = [written(&program, "seal")?, written(&program, "checkpoint")?];
    program.end()?;

    let what = format!("tagtide serve --grammar {grammar}");
    let note = "all sealed and shown, each once".to_owned();
    table.speed(&what, took, sent.lines, sent.bytes, note);
    let mut lags = seen.lags;
    lags.sort_unstable();
    let lag = |part: usize| lags.get((lags.len() * part / 100).min(lags.len().saturating_sub(1)));
    if let (Some(median), Some(worst)) = (lag(50), lag(100)) {
        let (median, worst) = (*median as f64 / 1e3, *worst as f64 / 1e3);
        table.note(
            "  end of an epoch to its result",
            format!(
                "median {median:.1} s, worst {worst:.1} s of {} epochs (looked for each 0.1 s)",
                lags.len()
            ),
        );
    }
    table.note(
        "  board",
        format!(
            "{} answers, {} refused; slowest {:?}",
            seen.boards, seen.refused, seen.slowest
        ),
    );
    for (what, note) in ["  seals", "  checkpoints"].into_iter().zip(written) {
        table.note(what, note);
    }
    let cores = seconds / took.as_secs_f64();
    table.note(
        "  processor, memory",
        format!("{seconds:.0} s ({cores:.2} cores), peak {} MB", peak >> 20),
    );
    Ok(())
}

/// What one kind of commits has cost.
fn written(program: &Program, what: &str) -> anyhow::Result<String> {
    let metrics = program.get("/metrics")?.unwrap_or_default();
    let number = |name: &str| {
        let name = format!("tagtide_{what}{name}_total ");
        let mut lines = metrics.lines();
        lines.find_map(|line| line.strip_prefix(&name)?.parse::<f64>().ok())
    };
    let told = (number("s"), number("_seconds"), number("_bytes"));
    let (Some(commits), Some(seconds), Some(bytes)) = told else {
        anyhow::bail!("the server does not tell of its commits: {metrics}");
    };
    let mean = |sum: f64| sum / commits.max(1.0);
    Ok(format!(
        "{commits} commits, on average {:.1} ms and {:.2} MB",
        mean(seconds) * 1e3,
        mean(bytes) / 1e6
    ))
}

#[derive(Default)]
struct Seen {
    /// Milliseconds from the end of an epoch until its result was seen.
    lags: Vec<u64>,
    boards: u64,
    refused: u64,
    slowest: Duration,
}

fn watch(program: &Program, done: &AtomicBool) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    let mut newest = None;
    let mut asked = Instant::now();
    while !done.load(Relaxed) {
        let epoch = program.top("5m")?["epoch"].as_u64();
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
        if let Some(epoch) = epoch
            && epoch > 0
            && newest.replace(epoch) != Some(epoch)
        {
            seen.lags.push(now.saturating_sub((epoch + 1) * BATCH));
        }
        if asked.elapsed() >= Duration::from_secs(1) {
            asked = Instant::now();
            match program.get("/api/fn/board") {
                Ok(Some(_)) => seen.boards += 1,
                _ => seen.refused += 1,
            }
            seen.slowest = seen.slowest.max(asked.elapsed());
        }
        thread::sleep(LOOK);
    }
    Ok(seen)
}
