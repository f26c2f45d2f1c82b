//! Bytes as they come, cut into lines.
//!
//! A line ends at `\n`, `\r` or `\r\n`, as for Java's `readLine`, which the tutorial's Spark job reads
//! with; what is left when the stream ends is a line as well.
//!
//! They are found where they were read to, and not copied.
//!
//! **Invariants:** how the bytes were cut into chunks changes nothing in the lines. Of a line
//! over [`MAX_LINE`] only the beginning is held, whatever its length, and it is given once its end is
//! seen, so the offset behind a given line is always one to go on from.

use std::mem;

use memchr::{memchr2, memrchr2};

/// A longer line is cut; so short for the fuzzer that many are.
pub(crate) const MAX_LINE: usize = if cfg!(fuzzing) { 64 } else { 1 << 20 };

const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// The line reader: read into [`Lines::room`], say with [`Lines::filled`] how much it was, and take the
/// lines that it [`finished`](Lines::finished).
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The finished lines with their ends, the beginning of the next line, room.
    buffer: Vec<u8>,
    /// Where the unfinished line begins in `buffer`.
    begin: usize,
    /// Where the room begins in `buffer`.
    end: usize,
    /// Where in the stream `buffer` begins.
    offset: u64,
    /// Bytes of the first line that were dropped, behind those that are held.
    dropped: u64,
    /// The last byte read was `\r`, and its line was given: a `\n` that follows belongs to it.
    after_cr: bool,
    drop_mark: bool,
}

/// A line without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub bytes: &'a [u8],
    /// How much of the stream was read when the line had ended.
    pub offset: u64,
    /// It was longer than [`MAX_LINE`].
    pub cut: bool,
}

impl Lines {
    /// The lines of a file from `offset` on. A byte order mark at its very start is no text.
    pub(crate) fn of_file(offset: u64) -> Self {
        Self {
            offset,
            drop_mark: offset == 0,
            ..Self::default()
        }
    }

    /// Forgets the lines that were given, and takes more bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.filled(bytes.len());
    }

    /// Forgets the lines that were given, and has room to read at least so many bytes into.
    pub(crate) fn room(&mut self, least: usize) -> &mut [u8] {
        self.pass();
        let needed = self.end + least;
        if self.buffer.len() < needed {
            self.buffer.resize(needed, 0);
        }
        &mut self.buffer[self.end..]
    }

    /// So many bytes were read into the room.
    pub(crate) fn filled(&mut self, read: usize) {
        let from = self.end;
        self.end += read;
        if read > 0 && mem::take(&mut self.after_cr) && self.buffer[from] == b'\n' {
            self.remove(from, 1);
            self.offset += 1;
        }
        if self.dropped > 0 {
            let read = &self.buffer[from..self.end];
            let over = memchr2(b'\n', b'\r', read).unwrap_or(read.len());
            self.remove(from, over);
            self.dropped += over as u64;
        }
        if let Some(last) = memrchr2(b'\n', b'\r', &self.buffer[from..self.end]) {
            self.begin = from + last + 1;
            self.after_cr = self.begin == self.end && self.buffer[from + last] == b'\r';
        } else {
            self.bound();
        }
    }

    /// The stream has ended: what is left of it is a line.
    pub(crate) fn end(&mut self) {
        self.pass();
        self.begin = self.end;
    }

    /// The lines that the last [`Lines::filled`], [`Lines::push`] or [`Lines::end`] finished.
    pub(crate) fn finished(&self) -> impl Iterator<Item = Line<'_>> {
        let mut read = 0;
        std::iter::from_fn(move || {
            let rest = &self.buffer[read..self.begin];
            if rest.is_empty() {
                return None;
            }
            let length = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            let width = match &rest[length..] {
                [] => 0,
                [b'\r', b'\n', ..] => 2,
                _ => 1,
            };
            let first = read == 0;
            read += length + width;
            let offset = self.offset + self.dropped + read as u64;
            Some(self.line(&rest[..length], first, offset))
        })
    }

    /// Lets go of the lines that were given, and of all memory but for an unfinished line: a silent writer
    /// holds none.
    pub(crate) fn forget(&mut self) {
        self.pass();
        self.buffer.truncate(self.end);
        self.buffer.shrink_to_fit();
    }

    /// Goes on in `next`, whose memory is used for what is not finished here. What it held is forgotten.
    pub(crate) fn go_on_in(&mut self, next: &mut Self) {
        let open = &self.buffer[self.begin..self.end];
        let mut buffer = mem::take(&mut next.buffer);
        if buffer.len() < open.len() {
            buffer.resize(open.len(), 0);
        }
        buffer[..open.len()].copy_from_slice(open);
        *next = Self {
            buffer,
            begin: 0,
            end: open.len(),
            offset: self.offset + self.begin as u64,
            dropped: self.dropped,
            after_cr: mem::take(&mut self.after_cr),
            drop_mark: self.drop_mark,
        };
        if self.begin > 0 {
            next.offset += mem::take(&mut next.dropped);
        }
        self.end = self.begin;
    }

    fn line<'a>(&self, bytes: &'a [u8], first: bool, offset: u64) -> Line<'a> {
        let cut = bytes.len() > MAX_LINE || first && self.dropped > 0;
        let mut bytes = &bytes[..bytes.len().min(MAX_LINE)];
        if cut {
            bytes = &bytes[..whole_chars(bytes)];
        }
        if first && self.drop_mark && self.offset == 0 {
            bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        }
        Line { bytes, offset, cut }
    }

    /// The buffer begins with the unfinished line.
    fn pass(&mut self) {
        let passed = mem::take(&mut self.begin);
        if passed > 0 {
            self.offset += passed as u64 + mem::take(&mut self.dropped);
            self.remove(0, passed);
            self.bound();
        }
    }

    /// Drops what an unfinished line at the beginning of the buffer has too much.
    fn bound(&mut self) {
        if self.begin == 0 && self.end > MAX_LINE {
            self.dropped += (self.end - MAX_LINE) as u64;
            self.end = MAX_LINE;
        }
    }

    /// Takes bytes out of the middle of those that are held.
    fn remove(&mut self, at: usize, count: usize) {
        self.buffer.copy_within(at + count..self.end, at);
        self.end -= count;
    }
}

/// The length without a character at the end of which only the beginning is there.
fn whole_chars(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    let is_inside = |byte: u8| matches!(byte, 0x80..=0xBF);
    let begins = (tail..bytes.len()).rev().find(|at| !is_inside(bytes[*at]));
    let is_unfinished =
        |at: &usize| str::from_utf8(&bytes[*at..]).is_err_and(|error| error.error_len().is_none());
    begins.filter(is_unfinished).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `readLine` gives, read off its documentation and not off the code above.
    fn naive(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = vec![];
        let mut line = vec![];
        let mut rest = bytes.iter().copied().peekable();
        while let Some(byte) = rest.next() {
            match byte {
                b'\n' => lines.push(mem::take(&mut line)),
                b'\r' => {
                    rest.next_if_eq(&b'\n');
                    lines.push(mem::take(&mut line));
                }
                other => line.push(other),
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }

    type Found = Vec<(Vec<u8>, u64)>;

    fn found(lines: &Lines) -> impl Iterator<Item = (Vec<u8>, u64)> {
        lines
            .finished()
            .map(|line| (line.bytes.to_vec(), line.offset))
    }

    fn read(mut lines: Lines, chunks: &[&[u8]]) -> Found {
        let mut all = vec![];
        for chunk in chunks {
            lines.push(chunk);
            all.extend(found(&lines));
        }
        lines.end();
        all.extend(found(&lines));
        all
    }

    /// Each chunk into another reader, used in turn, which gives its lines only after the next one has
    /// read.
    fn read_in_turn(lines: Lines, chunks: &[&[u8]]) -> Found {
        let mut all = vec![];
        let (mut open, mut spare) = (lines, Lines::default());
        for chunk in chunks {
            open.push(chunk);
            open.go_on_in(&mut spare);
            all.extend(found(&open));
            mem::swap(&mut open, &mut spare);
        }
        open.end();
        all.extend(found(&open));
        all
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"\r\n".to_vec()),
            Just("#é日🦋".as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..4),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_lines(
            bytes in bytes(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.sort_unstable();
            let mut chunks = vec![];
            let mut begin = 0;
            for cut in cuts {
                chunks.push(&bytes[mem::replace(&mut begin, cut)..cut]);
            }
            chunks.push(&bytes[begin..]);
            let found = read(Lines::default(), &chunks);
            prop_assert_eq!(&found, &read_in_turn(Lines::default(), &chunks));
            prop_assert!(found.iter().all(|(_, offset)| *offset <= bytes.len() as u64));
            let lines: Vec<_> = found.iter().map(|(line, _)| line.clone()).collect();
            prop_assert_eq!(lines, naive(&bytes));
        }

        #[test]
        fn from_any_offset_the_rest_is_read(bytes in bytes()) {
            let all = read(Lines::default(), &[&bytes]);
            for (index, (_, offset)) in all.iter().enumerate() {
                let rest = read(Lines::of_file(*offset), &[&bytes[*offset as usize..]]);
                prop_assert_eq!(&rest[..], &all[index + 1..]);
            }
        }
    }

    #[test]
    fn a_lone_return_ends_its_line_at_once() {
        let mut lines = Lines::default();
        lines.push(b"one\r");
        assert_eq!(lines.finished().next().unwrap().bytes, b"one");
        lines.push(b"\ntwo\n");
        let found: Vec<_> = lines.finished().map(|line| line.bytes).collect();
        assert_eq!(found, [b"two"]);
    }

    #[test]
    fn a_long_line_is_cut_once_and_the_next_is_whole() {
        let mut lines = Lines::default();
        for _ in 0..50 {
            lines.push(&vec![b'a'; 1 << 20]);
            assert_eq!(lines.finished().count(), 0);
            assert!(lines.buffer.capacity() <= 2 * MAX_LINE);
            let mut next = Lines::default();
            lines.go_on_in(&mut next);
            lines = next;
        }
        lines.push(b"\nnext\n");
        let found: Vec<_> = lines.finished().collect();
        assert_eq!(found[0].bytes.len(), MAX_LINE);
        assert!(found[0].cut);
        assert_eq!(found[0].offset, (50 << 20) + 1);
        assert_eq!((found[1].bytes, found[1].cut), (&b"next"[..], false));
        lines.forget();
        assert_eq!(lines.buffer.capacity(), 0);
    }

    #[test]
    fn a_line_of_just_the_limit_is_whole() {
        let mut lines = Lines::default();
        lines.push(&vec![b'a'; MAX_LINE]);
        lines.push(b"\n");
        assert!(!lines.finished().next().unwrap().cut);
    }

    #[test]
    fn a_cut_leaves_no_half_character() {
        for shift in 0..4 {
            let text = format!("{}{}\n", "a".repeat(shift), "🦋".repeat(MAX_LINE / 4 + 1));
            let mut lines = Lines::default();
            lines.push(text.as_bytes());
            let line = lines.finished().next().unwrap();
            assert!(line.cut);
            assert!(line.bytes.len() > MAX_LINE - 4);
            assert!(
                std::str::from_utf8(line.bytes).is_ok(),
                "shifted by {shift}"
            );
        }
    }

    #[test]
    fn what_could_not_become_a_character_is_none_that_was_cut() {
        for malformed in [
            &b"\xF4\xBB\xBF"[..],
            b"\xED\xA0",
            b"\xE0\x80",
            b"\xC0",
            b"\x80\x80\x80",
        ] {
            let begun = [&vec![b'a'; MAX_LINE - malformed.len()], malformed].concat();
            let mut lines = Lines::default();
            lines.push(&[&begun[..], b"more\n"].concat());
            let line = lines.finished().next().unwrap();
            assert!(line.cut);
            assert!(line.bytes == begun, "{malformed:x?}");
        }
    }

    #[test]
    fn a_byte_order_mark_opens_a_file_only() {
        let bytes = "\u{FEFF}a\n\u{FEFF}b\n".as_bytes();
        let texts = |lines: fn() -> Lines| -> Vec<_> {
            let chunks = [&bytes[..2], &bytes[2..]];
            let lines = read(lines(), &chunks);
            lines
                .into_iter()
                .map(|(line, _)| String::from_utf8(line).unwrap())
                .collect()
        };
        assert_eq!(texts(|| Lines::of_file(0)), ["a", "\u{FEFF}b"]);
        assert_eq!(texts(Lines::default), ["\u{FEFF}a", "\u{FEFF}b"]);
    }
}
