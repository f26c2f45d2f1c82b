//! What must hold of all that sources send, and of what is stored about them.

use std::mem;

use super::{
    Lines, bluesky, compression::fuzzing as compression, decode::fuzzing as decode, file,
    lines::MAX_LINE, mastodon, nostr, x,
};
use crate::fuzzing::input::{Check, Input};

pub(crate) const CHECKS: [(&str, Check); 10] = [
    ("line", decode::line),
    ("message", decode::message),
    ("jetstream", decode::jetstream),
    ("x", x::fuzzing::check),
    ("nostr", nostr::fuzzing::check),
    ("sse", mastodon::fuzzing::stream),
    ("lines", lines),
    ("compressed", compression::compressed),
    ("archive", compression::archive),
    ("cursor", cursor),
];

/// However bytes come in chunks, their lines are the same.
fn lines(bytes: &[u8]) {
    let mut input = Input(bytes);
    let of_file = input.byte() & 1 == 1;
    let mut chunks = vec![];
    while !input.is_empty() {
        chunks.push(match input.byte() {
            // Nobody writes out a line that is too long.
            0xFF => {
                let unit = ["a", "é", "日", "🦋"][usize::from(input.byte() & 3)].as_bytes();
                unit.repeat(MAX_LINE / unit.len() + usize::from(input.byte() & 7) - 4)
            }
            length => {
                let (part, rest) = input.0.split_at(usize::from(length).min(input.0.len()));
                input.0 = rest;
                part.to_vec()
            }
        });
    }
    let whole = chunks.concat();
    let reader = || match of_file {
        true => Lines::of_file(0),
        false => Lines::default(),
    };
    let expected = naive(&whole, of_file);
    assert_eq!(read(reader(), &[&whole]), expected);
    let chunks: Vec<_> = chunks.iter().map(Vec::as_slice).collect();
    let (found, in_turn) = (read(reader(), &chunks), read_in_turn(reader(), &chunks));
    assert_eq!(found, in_turn);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!((&found.bytes, found.cut), (&expected.bytes, expected.cut));
        // The end of a line may have come in two pieces.
        let behind_cr =
            found.offset + 1 == expected.offset && whole[..found.offset as usize].ends_with(b"\r");
        assert!(found.offset == expected.offset || behind_cr);
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Line {
    bytes: Vec<u8>,
    offset: u64,
    cut: bool,
}

fn read(mut lines: Lines, chunks: &[&[u8]]) -> Vec<Line> {
    let mut all = vec![];
    for chunk in chunks {
        lines.push(chunk);
        all.extend(finished(&lines));
        lines.forget();
    }
    lines.end();
    all.extend(finished(&lines));
    all
}

/// By two readers in turn, each of which gives its lines after the other has gone on.
fn read_in_turn(mut lines: Lines, chunks: &[&[u8]]) -> Vec<Line> {
    let mut all = vec![];
    let mut spare = Lines::default();
    for chunk in chunks {
        lines.push(chunk);
        lines.go_on_in(&mut spare);
        all.extend(finished(&lines));
        mem::swap(&mut lines, &mut spare);
    }
    lines.end();
    all.extend(finished(&lines));
    all
}

fn finished(lines: &Lines) -> impl Iterator<Item = Line> {
    lines.finished().map(|line| Line {
        bytes: line.bytes.to_vec(),
        offset: line.offset,
        cut: line.cut,
    })
}

/// A byte after the other.
fn naive(bytes: &[u8], of_file: bool) -> Vec<Line> {
    let mut all = vec![];
    let mut line = vec![];
    let mut at = 0;
    let mut give = |mut bytes: Vec<u8>, offset: usize| {
        let cut = bytes.len() > MAX_LINE;
        if cut {
            bytes.truncate(MAX_LINE);
            // What an unfinished character at the end has.
            if let Some(chunk) = bytes.utf8_chunks().last()
                && let broken = chunk.invalid().len()
                && is_unfinished(chunk.invalid())
            {
                bytes.truncate(MAX_LINE - broken);
            }
        }
        if of_file && all.is_empty() && bytes.starts_with("\u{FEFF}".as_bytes()) {
            bytes.drain(..3);
        }
        all.push(Line {
            bytes,
            offset: offset as u64,
            cut,
        });
    };
    while at < bytes.len() {
        let byte = bytes[at];
        at += 1;
        if byte == b'\r' && bytes.get(at) == Some(&b'\n') {
            at += 1;
        }
        match byte {
            b'\n' | b'\r' => give(mem::take(&mut line), at),
            other => line.push(other),
        }
    }
    if !line.is_empty() {
        give(line, at);
    }
    all
}

/// Whether more bytes could make a character of it.
fn is_unfinished(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// What was stored of a place in a source is read as what it was, or refused.
fn cursor(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    file::fuzzing::position(&text);
    bluesky::fuzzing::place(&text);
    mastodon::fuzzing::place(&text);
    nostr::fuzzing::place(&text);
    x::fuzzing::spend(&text);
}
