//! Counters of words with a hash sign that do nothing else, to compare with.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader},
    os::unix::fs::FileExt,
    path::Path,
    thread,
};

use hashbrown::hash_map::{EntryRef, HashMap as FastMap};
use memchr::{memchr_iter, memrchr};

/// As most people would write it.
pub(crate) fn naive(path: &Path) -> io::Result<usize> {
    let mut counts = HashMap::<String, u64>::new();
    for line in BufReader::new(File::open(path)?).lines() {
        for word in line?.split(' ').filter(|word| word.contains('#')) {
            *counts.entry(word.to_owned()).or_default() += 1;
        }
    }
    Ok(counts.len())
}

type Counts = FastMap<Box<[u8]>, u64, foldhash::fast::RandomState>;

/// As fast as it is easily made: blocks, no lines, no decoding, no bounds on what it takes. Each thread
/// counts a part of the file.
pub(crate) fn tuned(path: &Path, threads: usize) -> io::Result<usize> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let part = length.div_ceil(threads as u64);
    let count = |index: usize| {
        let start = part * index as u64;
        count(&file, start, length.min(start + part))
    };
    let mut parts = thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map(|index| scope.spawn(move || count(index)))
            .collect();
        let mut parts = vec![count(0)];
        for other in others {
            parts.push(
                other
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            );
        }
        parts.into_iter().collect::<io::Result<Vec<_>>>()
    })?;
    let mut whole = parts.swap_remove(0);
    for part in parts {
        for (word, count) in part {
            *whole.entry(word).or_default() += count;
        }
    }
    Ok(whole.len())
}

const BLOCK: usize = 256 << 10;

/// The lines that begin in this part of the file.
fn count(file: &File, start: u64, end: u64) -> io::Result<Counts> {
    let mut counts = Counts::default();
    let mut block = vec![0; BLOCK];
    let mut at = start;
    let mut held = 0;
    // The line at the start began before, unless there is nothing before.
    let mut skip = start > 0;
    if skip {
        at -= 1;
    }
    loop {
        let read = file.read_at(&mut block[held..], at)?;
        at += read as u64;
        let filled = held + read;
        let mut from = 0;
        if skip {
            skip = false;
            from = block[..filled]
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(filled, |end| end + 1);
        }
        let mut whole = match memrchr(b'\n', &block[..filled]) {
            Some(last) if read > 0 => last + 1,
            _ => filled,
        };
        let first = at - filled as u64;
        let last = first + whole as u64 >= end;
        if last {
            // Up to the end of the line that begins last in this part.
            let inside = end.saturating_sub(first + 1) as usize;
            whole = block[inside..whole]
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(whole, |at| inside + at + 1);
        }
        words(&block[from.min(whole)..whole], &mut counts);
        if last || read == 0 {
            return Ok(counts);
        }
        block.copy_within(whole..filled, 0);
        held = filled - whole;
    }
}

fn words(text: &[u8], counts: &mut Counts) {
    let mut read = 0;
    for sign in memchr_iter(b'#', text) {
        if sign < read {
            continue;
        }
        let splits = |byte: &u8| matches!(byte, b' ' | b'\n');
        let start = text[read..sign]
            .iter()
            .rposition(splits)
            .map_or(read, |at| read + at + 1);
        read = text[sign..]
            .iter()
            .position(splits)
            .map_or(text.len(), |at| sign + at);
        match counts.entry_ref(&text[start..read]) {
            EntryRef::Occupied(mut entry) => *entry.get_mut() += 1,
            EntryRef::Vacant(entry) => {
                entry.insert(1);
            }
        }
    }
}
