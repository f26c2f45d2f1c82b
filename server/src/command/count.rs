//! `tagtide count`: the top tags of files, over all of them together.
//!
//! It reads lines and finds tags as the server does, and counts in the plainest way there is: what
//! comes out is what the server should show for the same posts. The input is read a block after the
//! other by whichever thread has nothing to count.
//!
//! **Invariant:** the result is the same for any number of threads.

use std::{
    fs::File,
    io::{self, IsTerminal, Write},
    mem,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use engine::{
    grammar::Grammar,
    tally::{Ahead, Tag, Tally},
};

use crate::{
    cli::Count,
    source::{Event, Lines, decode},
};

mod blocks;
mod print;
mod top;

use blocks::{Blocks, Input};

/// How often progress is shown.
const SHOW: Duration = Duration::from_millis(200);

pub(super) fn run(typed: &Count) -> anyhow::Result<()> {
    // What cannot be read is said before hours are spent on the others.
    for path in &typed.files {
        check(path)?;
    }
    let threads = match typed.threads {
        Some(threads) => threads.into(),
        None => thread::available_parallelism().map_or(1, usize::from),
    };
    let inputs = inputs(typed.files.clone());
    let counts = Counts::read(inputs, typed.text.grammar, threads, Progress::new())?;
    let rows = counts.top(typed.k);
    let text = if typed.json {
        print::json(&rows)?
    } else {
        print::table(&rows)
    };
    // The end of the process frees this faster.
    mem::forget(counts);
    match io::stdout().write_all(text.as_bytes()) {
        // `tagtide count | head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("the counts cannot be written"),
    }
}

/// The files, each opened when it is its turn.
fn inputs(files: Vec<PathBuf>) -> impl Iterator<Item = Input> + Send {
    let standard = files.is_empty().then(|| "-".into());
    standard.into_iter().chain(files).map(|path: PathBuf| {
        if is_stdin(&path) {
            Input::new("standard input", Ok(io::stdin()))
        } else {
            Input::new(&format!("{path:?}"), File::open(path))
        }
    })
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn check(path: &Path) -> anyhow::Result<()> {
    if is_stdin(path) {
        return Ok(());
    }
    let cannot = || format!("cannot read {path:?}");
    let kind = path.metadata().with_context(cannot)?.file_type();
    if kind.is_dir() {
        bail!("{path:?} is a directory; name the files in it");
    }
    // To open a pipe is to begin to read it.
    if kind.is_file() {
        File::open(path).with_context(cannot)?;
    }
    Ok(())
}

/// How often each spelling occurs.
#[derive(Debug)]
struct Counts {
    grammar: Grammar,
    posts: u64,
    mentions: u64,
    tally: Tally<u64>,
}

impl Counts {
    fn new(grammar: Grammar) -> Self {
        Self {
            grammar,
            posts: 0,
            mentions: 0,
            tally: Tally::new(grammar),
        }
    }

    fn read(
        inputs: impl Iterator<Item = Input> + Send,
        grammar: Grammar,
        threads: usize,
        progress: Progress,
    ) -> anyhow::Result<Self> {
        let source = Mutex::new((Blocks::new(inputs), progress));
        let read = || {
            let mut counts = Self::new(grammar);
            let mut block = Lines::default();
            let mut posts = 0;
            loop {
                let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
                source.1.add(counts.posts - posts);
                posts = counts.posts;
                if !source.0.next(&mut block)? {
                    return Ok(counts);
                }
                drop(source);
                counts.block(&block);
            }
        };
        thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(read)).collect();
            let mut whole: anyhow::Result<Self> = read();
            for other in others {
                let part = other.join().unwrap_or_else(|panic| resume_unwind(panic));
                match (&mut whole, part) {
                    (Ok(whole), Ok(part)) => whole.merge(part),
                    (Ok(_), Err(error)) => whole = Err(error),
                    (Err(_), _) => {}
                }
            }
            whole
        })
    }

    fn block(&mut self, lines: &Lines) {
        let mentions = &mut self.mentions;
        let mut count = |tag: Tag<'_>, count: &mut u64| {
            *mentions += u64::from(tag.occurrences);
            *count += u64::from(tag.occurrences);
        };
        let mut ahead = Ahead::default();
        for line in lines.finished() {
            match decode(line.bytes) {
                Ok(Some(Event::Text(_))) => {
                    self.tally.text_ahead(line.bytes, &mut ahead, &mut count);
                    self.posts += 1;
                }
                Ok(Some(Event::Post(post))) => {
                    self.tally
                        .post(&post.text, post.tags.as_deref(), &mut count);
                    self.posts += 1;
                }
                _ => {}
            }
        }
        self.tally.finish(&mut ahead, count);
    }

    fn merge(&mut self, other: Self) {
        self.posts += other.posts;
        self.mentions += other.mentions;
        self.tally.merge(other.tally, |count, more| *count += more);
    }
}

/// One line on a terminal that says how far it has come; nothing where nobody looks.
struct Progress {
    posts: u64,
    shown: Option<Instant>,
    wrote: bool,
}

impl Progress {
    fn new() -> Self {
        Self {
            shown: io::stderr().is_terminal().then(Instant::now),
            ..Self::none()
        }
    }

    fn none() -> Self {
        Self {
            posts: 0,
            shown: None,
            wrote: false,
        }
    }

    fn add(&mut self, posts: u64) {
        self.posts += posts;
        if self.shown.is_some_and(|at| at.elapsed() >= SHOW) {
            self.shown = Some(Instant::now());
            self.wrote = true;
            // Progress that cannot be shown is no reason to stop.
            let _ = write!(io::stderr(), "\r\x1B[K{} posts", self.posts);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.wrote {
            let _ = write!(io::stderr(), "\r\x1B[K");
        }
    }
}

#[cfg(test)]
mod tests;
