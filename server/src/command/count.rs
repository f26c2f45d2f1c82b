//! `tagtide count`: the top tags of files, over all of them together.
//!
//! It reads lines and finds tags as the server does, and counts in the plainest way there is: what
//! comes out is what the server should show for the same posts.

use std::{
    borrow::Borrow,
    collections::HashMap,
    fs::File,
    io::{self, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use engine::{grammar::Grammar, key::Key};
use model::Row;

use crate::{
    cli::Count,
    source::{Event, Lines, compression::decompressed, decode},
};

mod print;

const CHUNK: usize = 256 << 10;

/// How often progress is shown.
const SHOW: Duration = Duration::from_millis(200);

pub(super) fn run(typed: &Count) -> anyhow::Result<()> {
    let counts = read(&typed.files, typed.text.grammar)?;
    let rows = counts.top(typed.k);
    let text = if typed.json {
        print::json(&rows)?
    } else {
        print::table(&rows)
    };
    match io::stdout().write_all(text.as_bytes()) {
        // `tagtide count | head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("the counts cannot be written"),
    }
}

fn read(files: &[PathBuf], grammar: Grammar) -> anyhow::Result<Counts> {
    let mut counts = Counts::new(grammar);
    let mut progress = Progress::new();
    // What cannot be read is said before hours are spent on the others.
    for path in files {
        check(path)?;
    }
    if files.is_empty() {
        counts
            .read(io::stdin(), &mut progress)
            .context("standard input cannot be read")?;
    }
    for path in files {
        let read = if is_stdin(path) {
            counts.read(io::stdin(), &mut progress)
        } else {
            File::open(path).and_then(|file| counts.read(file, &mut progress))
        };
        read.with_context(|| format!("{path:?} cannot be read to its end"))?;
    }
    Ok(counts)
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

/// The mentions of all tags.
struct Counts {
    grammar: Grammar,
    posts: u64,
    mentions: u64,
    tags: HashMap<Key, Tag>,
}

#[derive(Default)]
struct Tag {
    count: u64,
    spellings: HashMap<Box<str>, u64>,
}

impl Counts {
    fn new(grammar: Grammar) -> Self {
        Self {
            grammar,
            posts: 0,
            mentions: 0,
            tags: HashMap::new(),
        }
    }

    fn read(
        &mut self,
        input: impl Read + Send + 'static,
        progress: &mut Progress,
    ) -> io::Result<()> {
        let mut input = decompressed(input)?;
        let mut lines = Lines::of_file(0);
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = match input.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read == 0 {
                lines.end();
            } else {
                lines.push(&chunk[..read]);
            }
            self.count(&lines);
            progress.show(self.posts);
            if read == 0 {
                return Ok(());
            }
        }
    }

    fn count(&mut self, lines: &Lines) {
        for line in lines.finished() {
            // A line that is no post is none of what is counted.
            let Ok(Some(Event::Post(post))) = decode(line.bytes) else {
                continue;
            };
            self.posts += 1;
            let mut mentions = Vec::new();
            self.grammar
                .mentions(&post.text, post.tags.as_deref(), &mut mentions);
            for mention in mentions {
                let more = u64::from(mention.count);
                self.mentions += more;
                let tag = self.tags.entry(mention.key).or_default();
                tag.count += more;
                match tag.spellings.get_mut::<str>(mention.spelling.borrow()) {
                    Some(count) => *count += more,
                    None => {
                        tag.spellings.insert(mention.spelling.into(), more);
                    }
                }
            }
        }
    }

    /// The most used tags; equal ones by key.
    fn top(&self, k: usize) -> Vec<Row> {
        let mut tags: Vec<_> = self.tags.iter().collect();
        tags.sort_unstable_by(|(key, tag), (other_key, other)| {
            other.count.cmp(&tag.count).then_with(|| key.cmp(other_key))
        });
        tags.truncate(k);
        let row = |(rank, (_, tag)): (u32, (_, &Tag))| {
            let shown = self.grammar.shown(tag.most_used());
            Row::counted(rank, shown, tag.count, self.mentions)
        };
        (1..).zip(tags).map(row).collect()
    }
}

impl Tag {
    /// Of equally used ones, the first in the order of their bytes.
    fn most_used(&self) -> &str {
        let mut spellings: Vec<_> = self.spellings.iter().collect();
        spellings
            .sort_unstable_by(|(a, a_count), (b, b_count)| b_count.cmp(a_count).then(a.cmp(b)));
        spellings.first().map_or("", |(spelling, _)| spelling)
    }
}

/// One line on a terminal that says how far it has come; nothing where nobody looks.
struct Progress {
    shown: Option<Instant>,
    wrote: bool,
}

impl Progress {
    fn new() -> Self {
        let seen = io::stderr().is_terminal();
        Self {
            shown: seen.then(Instant::now),
            wrote: false,
        }
    }

    fn show(&mut self, posts: u64) {
        if self.shown.is_some_and(|at| at.elapsed() >= SHOW) {
            self.shown = Some(Instant::now());
            self.wrote = true;
            // Progress that cannot be shown is no reason to stop.
            let _ = write!(io::stderr(), "\r\x1B[K{posts} posts");
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
