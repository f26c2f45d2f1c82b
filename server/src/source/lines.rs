//! Bytes as they come, cut into lines.
//!
//! A line ends at `\n`, `\r` or `\r\n`, as for Java's `readLine`, which the tutorial's Spark job reads
//! with; what is left when the stream ends is a line as well.
//!
//! **Invariants:** how the bytes were cut into chunks changes nothing in the lines. Of a line
//! over [`MAX_LINE`] only the beginning is held, whatever its length, and it is given once its end is
//! seen, so the offset behind a given line is always one to go on from.

use std::mem;

/// A longer line is cut.
pub(crate) const MAX_LINE: usize = 1 << 20;

/// A buffer that has grown past this is let go when the lines in it were taken.
const KEEP: usize = 64 << 10;

const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// The line reader: [`Lines::push`] what was read, then take the lines that it finished.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The finished lines without their ends, then the beginning of the next line.
    buffer: Vec<u8>,
    finished: Vec<Finished>,
    /// Where the unfinished line begins in `buffer`.
    begin: usize,
    /// Bytes of the unfinished line were dropped.
    cut: bool,
    /// The last byte read was `\r`: a `\n` that follows belongs to it.
    after_cr: bool,
    /// Bytes of the stream that were read.
    read: u64,
    /// Where in the stream the unfinished line begins.
    line_at: u64,
    drop_mark: bool,
}

#[derive(Clone, Copy, Debug)]
struct Finished {
    end: usize,
    offset: u64,
    cut: bool,
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
            read: offset,
            line_at: offset,
            drop_mark: offset == 0,
            ..Self::default()
        }
    }

    /// Forgets the lines that were given, and takes more bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.forget();
        let mut rest = bytes;
        if self.after_cr
            && let Some(first) = rest.first()
        {
            self.after_cr = false;
            if *first == b'\n' {
                self.skip(&mut rest, 1);
                self.line_at = self.read;
            }
        }
        while let Some(at) = memchr::memchr2(b'\n', b'\r', rest) {
            self.keep(&rest[..at]);
            let width = match &rest[at..] {
                [b'\r', b'\n', ..] => 2,
                [b'\r'] => {
                    self.after_cr = true;
                    1
                }
                _ => 1,
            };
            self.skip(&mut rest, at + width);
            self.finish();
        }
        self.keep(rest);
        self.read += rest.len() as u64;
    }

    /// The stream has ended: what is left of it is a line.
    pub(crate) fn end(&mut self) {
        self.forget();
        if self.buffer.len() > self.begin {
            self.finish();
        }
    }

    /// The lines that the last [`Lines::push`] or [`Lines::end`] finished.
    pub(crate) fn finished(&self) -> impl Iterator<Item = Line<'_>> {
        let mut begin = 0;
        self.finished.iter().map(move |line| Line {
            bytes: &self.buffer[mem::replace(&mut begin, line.end)..line.end],
            offset: line.offset,
            cut: line.cut,
        })
    }

    /// Lets go of the lines that were given, so that a silent writer holds no memory.
    pub(crate) fn forget(&mut self) {
        if self.finished.is_empty() {
            return;
        }
        self.finished.clear();
        self.finished.shrink_to(KEEP / size_of::<Finished>());
        let open = self.buffer.len() - self.begin;
        if open == 0 && self.buffer.capacity() <= KEEP {
            self.buffer.clear();
        } else if self.buffer.capacity() > KEEP && open < KEEP / 2 {
            self.buffer = self.buffer.split_off(self.begin);
        } else {
            self.buffer.drain(..self.begin);
        }
        self.begin = 0;
    }

    fn skip(&mut self, rest: &mut &[u8], count: usize) {
        *rest = &rest[count..];
        self.read += count as u64;
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_LINE - (self.buffer.len() - self.begin);
        self.cut |= bytes.len() > room;
        self.buffer
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn finish(&mut self) {
        let cut = mem::take(&mut self.cut);
        if cut {
            let whole = whole_chars(&self.buffer[self.begin..]);
            self.buffer.truncate(self.begin + whole);
        }
        if self.drop_mark
            && self.line_at == 0
            && self.buffer[self.begin..].starts_with(BYTE_ORDER_MARK)
        {
            self.buffer
                .drain(self.begin..self.begin + BYTE_ORDER_MARK.len());
        }
        self.begin = self.buffer.len();
        self.line_at = self.read;
        self.finished.push(Finished {
            end: self.begin,
            offset: self.read,
            cut,
        });
    }
}

/// The length without a character at the end of which only the beginning is there.
fn whole_chars(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    for at in (tail..bytes.len()).rev() {
        let needs = match bytes[at] {
            0x80..=0xBF => continue,
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        return if at + needs > bytes.len() {
            at
        } else {
            bytes.len()
        };
    }
    bytes.len()
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

    fn read(mut lines: Lines, chunks: &[&[u8]]) -> Vec<(Vec<u8>, u64)> {
        let mut all = vec![];
        let mut take = |lines: &Lines| {
            all.extend(
                lines
                    .finished()
                    .map(|line| (line.bytes.to_vec(), line.offset)),
            );
        };
        for chunk in chunks {
            lines.push(chunk);
            take(&lines);
        }
        lines.end();
        take(&lines);
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
        }
        lines.push(b"\nnext\n");
        let found: Vec<_> = lines.finished().collect();
        assert_eq!(found[0].bytes.len(), MAX_LINE);
        assert!(found[0].cut);
        assert_eq!(found[0].offset, (50 << 20) + 1);
        assert_eq!((found[1].bytes, found[1].cut), (&b"next"[..], false));
        lines.forget();
        assert!(lines.buffer.capacity() <= KEEP);
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
    fn a_byte_order_mark_opens_a_file_only() {
        let bytes = "\u{FEFF}a\n\u{FEFF}b\n".as_bytes();
        let texts = |lines| -> Vec<_> {
            let lines: Vec<(Vec<u8>, u64)> = read(lines, &[&bytes[..2], &bytes[2..]]);
            lines
                .into_iter()
                .map(|(line, _)| String::from_utf8(line).unwrap())
                .collect()
        };
        assert_eq!(texts(Lines::of_file(0)), ["a", "\u{FEFF}b"]);
        assert_eq!(texts(Lines::default()), ["\u{FEFF}a", "\u{FEFF}b"]);
    }
}
