//! Server-sent events: bytes as they come → events, by the rules of the HTML standard.
//!
//! Lines that begin with a colon are comments and keep a connection alive; an empty line ends an event; what
//! is left at the end of the stream is none. Reconnection times and event ids are not for this program: its
//! sources have places of their own.
//!
//! **Invariants:** how the bytes were cut into chunks changes nothing in the events. Of an event whose data
//! is over [`LARGEST`] nothing is given but that it came, and no more than that is held of any.

use super::lines::{Line, Lines, MAX_LINE};

/// Bytes of data; a line of them is no longer either.
const LARGEST: usize = MAX_LINE;

/// Bytes; a longer name is nobody's.
const LONGEST_NAME: usize = 64;

/// As much memory is kept from event to event.
const KEPT: usize = 64 << 10;

/// An event was larger than 1 MiB: nothing of it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event over 1 MiB")]
pub(super) struct TooLarge;

/// An event with data; those without are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    /// `message` where it has none of its own.
    pub(super) name: &'a str,
    pub(super) data: &'a [u8],
}

/// The reader of one stream.
#[derive(Debug)]
pub(super) struct Events {
    lines: Lines,
    open: Open,
}

/// The event that is being read.
#[derive(Debug, Default)]
struct Open {
    name: String,
    /// Each line of it with a line feed behind.
    data: Vec<u8>,
    has_data: bool,
    too_large: bool,
}

impl Events {
    pub(super) fn new() -> Self {
        Self {
            // As in a file, a byte order mark at the very beginning is no text.
            lines: Lines::of_file(0),
            open: Open::default(),
        }
    }

    /// Takes more of the stream, and tells the events that are finished with it.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        mut tell: impl FnMut(Result<Message<'_>, TooLarge>),
    ) {
        self.lines.push(bytes);
        for line in self.lines.finished() {
            if line.bytes.is_empty() {
                self.open.finish(&mut tell);
            } else {
                self.open.field(line);
            }
        }
    }
}

impl Open {
    fn field(&mut self, line: Line<'_>) {
        let colon = line.bytes.iter().position(|byte| *byte == b':');
        let (name, value) = match colon {
            Some(colon) => (&line.bytes[..colon], &line.bytes[colon + 1..]),
            None => (line.bytes, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"event" => {
                let most = value.len().min(LONGEST_NAME + 1);
                self.name = String::from_utf8_lossy(&value[..most]).into_owned();
            }
            b"data" => {
                self.has_data = true;
                self.too_large |= line.cut || self.data.len() + value.len() > LARGEST;
                if self.too_large {
                    self.data = Vec::new();
                } else {
                    self.data.extend_from_slice(value);
                    self.data.push(b'\n');
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, tell: &mut impl FnMut(Result<Message<'_>, TooLarge>)) {
        if self.too_large {
            tell(Err(TooLarge));
        } else if self.has_data {
            let name = match self.name.as_str() {
                "" => "message",
                name => name,
            };
            let data = self.data.strip_suffix(b"\n").unwrap_or(&self.data);
            tell(Ok(Message { name, data }));
        }
        self.name.clear();
        self.data.clear();
        self.data.shrink_to(KEPT);
        (self.has_data, self.too_large) = (false, false);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Heard = Result<(String, Vec<u8>), TooLarge>;

    fn hear(events: &mut Events, bytes: &[u8]) -> Vec<Heard> {
        let mut heard = Vec::new();
        events.push(bytes, |message| {
            heard.push(message.map(|message| (message.name.to_owned(), message.data.to_vec())));
        });
        heard
    }

    fn all(bytes: &[u8]) -> Vec<Heard> {
        hear(&mut Events::new(), bytes)
    }

    fn event(name: &str, data: &str) -> Heard {
        Ok((name.to_owned(), data.as_bytes().to_vec()))
    }

    /// Read off the standard, for streams that are whole, small and UTF-8.
    fn naive(stream: &str) -> Vec<Heard> {
        let stream = stream.strip_prefix('\u{FEFF}').unwrap_or(stream);
        let stream = stream.replace("\r\n", "\n").replace('\r', "\n");
        let mut lines: Vec<&str> = stream.split('\n').collect();
        // What has no end yet.
        lines.pop();
        let (mut events, mut name, mut data) = (vec![], String::new(), String::new());
        for line in lines {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match (line, field) {
                ("", _) => {
                    if !data.is_empty() {
                        data.pop();
                        let name = if name.is_empty() { "message" } else { &name };
                        events.push(event(name, &data));
                    }
                    name.clear();
                    data.clear();
                }
                (_, "event") => name = value.to_owned(),
                (_, "data") => data = format!("{data}{value}\n"),
                _ => {}
            }
        }
        events
    }

    #[test]
    fn an_event_has_a_name_and_data() {
        let stream = b":)\nevent: update\ndata: {}\n\n:thump\nevent: delete\ndata: 7\n\n";
        assert_eq!(all(stream), [event("update", "{}"), event("delete", "7")]);
    }

    #[test]
    fn lines_of_data_are_joined() {
        assert_eq!(
            all(b"data: a\ndata\ndata:b\ndata:  c\n\n"),
            [event("message", "a\n\nb\n c")]
        );
        assert_eq!(all(b"data\n\n"), [event("message", "")]);
    }

    #[test]
    fn without_data_there_is_no_event_and_a_name_is_not_kept_for_the_next() {
        assert_eq!(
            all(b"event: update\n\ndata: a\n\n\n\n"),
            [event("message", "a")]
        );
    }

    #[test]
    fn the_last_name_holds_and_other_fields_say_nothing() {
        let stream = b"event: a\nid: 1\nevent: b\nretry: 5\nDATA: c\ndata : d\ndata: e\n\n";
        assert_eq!(all(stream), [event("b", "e")]);
    }

    #[test]
    fn a_comment_in_the_middle_of_an_event_is_no_part_of_it() {
        assert_eq!(
            all(b"event: update\n:thump\ndata: a\n:\n\n"),
            [event("update", "a")]
        );
    }

    #[test]
    fn what_has_no_end_is_no_event() {
        assert_eq!(all(b"data: a\n\ndata: b\n"), [event("message", "a")]);
    }

    #[test]
    fn lines_end_in_three_ways_and_a_mark_at_the_beginning_is_no_text() {
        let stream = "\u{FEFF}event: u\r\ndata: a\rdata: b\n\r\n".as_bytes();
        assert_eq!(all(stream), [event("u", "a\nb")]);
        assert_eq!(all(b"data: a\r\r"), [event("message", "a")]);
    }

    #[test]
    fn an_event_of_just_the_limit_is_whole() {
        let half = "a".repeat(LARGEST / 2);
        let rest = "b".repeat(LARGEST - LARGEST / 2 - 1);
        let stream = format!("data: {half}\ndata: {rest}\n\n");
        let heard = all(stream.as_bytes());
        assert_eq!(heard[0].as_ref().unwrap().1.len(), LARGEST);
        let stream = format!("data: {half}\ndata: {rest}b\n\ndata: c\n\n");
        assert_eq!(
            all(stream.as_bytes()),
            [Err(TooLarge), event("message", "c")]
        );
    }

    #[test]
    fn an_event_over_the_limit_is_dropped_whole_and_takes_no_memory() {
        let mut events = Events::new();
        hear(&mut events, b"event: update\ndata: {");
        let chunk = vec![b'a'; 64 << 10];
        for _ in 0..200 {
            assert_eq!(hear(&mut events, &chunk), []);
        }
        assert_eq!(hear(&mut events, b"}\ndata: more\n\n"), [Err(TooLarge)]);
        for _ in 0..2000 {
            assert_eq!(hear(&mut events, b"data: 0123456789abcdef"), []);
            assert_eq!(hear(&mut events, &chunk[..1000]), []);
            assert_eq!(hear(&mut events, b"\n"), []);
            assert!(events.open.data.len() <= LARGEST);
        }
        let end = b"\n\nevent: update\ndata: {}\n\n";
        assert_eq!(
            hear(&mut events, end),
            [Err(TooLarge), event("update", "{}")]
        );
        assert!(events.open.data.capacity() <= KEPT);
    }

    #[test]
    fn a_comment_of_any_length_is_one() {
        let stream = format!("data: a\n:{}\n\n", "c".repeat(3 * LARGEST));
        assert_eq!(all(stream.as_bytes()), [event("message", "a")]);
    }

    #[test]
    fn a_name_of_any_length_takes_no_memory() {
        let stream = format!("event: {}\ndata: a\n\n", "n".repeat(LARGEST));
        let heard = all(stream.as_bytes());
        assert_eq!(heard[0].as_ref().unwrap().0.len(), LONGEST_NAME + 1);
    }

    fn streams() -> impl Strategy<Value = String> {
        let end = prop_oneof![Just("\n"), Just("\r"), Just("\r\n")];
        let line = prop_oneof![
            3 => Just(String::new()),
            2 => "event:? ?[a-zé.]{0,4}",
            4 => "data:? {0,2}[a-z:日🦋 ]{0,6}",
            1 => ":[a-z]{0,5}",
            1 => "[a-z: ]{0,6}",
        ];
        let lines = prop::collection::vec((line, end), 0..30);
        (any::<bool>(), lines, "[a-z:]{0,8}").prop_map(|(mark, lines, rest)| {
            let mut stream = String::from(if mark { "\u{FEFF}" } else { "" });
            for (line, end) in lines {
                stream.push_str(&line);
                stream.push_str(end);
            }
            stream + &rest
        })
    }

    proptest! {
        #[test]
        fn any_cutting_into_chunks_gives_the_same_events(
            stream in streams(),
            sizes in prop::collection::vec(1..9_usize, 1..40),
        ) {
            let mut events = Events::new();
            let mut heard = Vec::new();
            let mut rest = stream.as_bytes();
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, next) = rest.split_at(rest.len().min(*size));
                heard.extend(hear(&mut events, chunk));
                rest = next;
            }
            prop_assert_eq!(&heard, &all(stream.as_bytes()));
            // A `\r` at the very end has ended its line already, whatever follows.
            prop_assert_eq!(heard, naive(&stream));
        }

        #[test]
        fn no_bytes_are_too_strange(stream in prop::collection::vec(any::<u8>(), 0..200)) {
            all(&stream);
        }
    }
}
