//! Posts that were sent whole, as the body of a request: the same lines as of `tcp:`, `listen:` and
//! `file:`.
//!
//! **Invariant:** what is told of a line that is no post repeats nothing of it.

use std::io::{self, Read as _};

use serde::{Deserialize, Serialize};

use super::{
    Event, Lines,
    compression::{self, Coding},
    connection::EVENTS,
    decode,
    decode::NotAPost,
};

/// Bytes that may come out of a body, however small it was sent.
pub(crate) const MOST_DECODED: u64 = 64 << 20;

/// Lines that are no post, of which is told which they are.
const MOST_TOLD: usize = 100;

/// As much is read at once.
const CHUNK: usize = 64 << 10;

/// What became of the lines of a body. It is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// Lines that say something: posts, deletions, take-downs.
    pub(crate) accepted: u64,
    /// Lines that are no post.
    pub(crate) rejected: u64,
    /// The first of these, by their numbers from 1 on.
    pub(crate) first: Vec<(u64, NotAPost)>,
}

/// Why a body is not read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError<E> {
    #[error("it is not in the coding that it is said to be in: {0}")]
    Damaged(io::Error),
    #[error("more than {MOST_DECODED} bytes come out of it")]
    TooLarge,
    #[error("its posts are not taken")]
    NotTaken(E),
}

/// What became of a body's lines, and the number of those that were cut.
pub(crate) type Read = (Taken, u64);

/// Gives what the lines say to `take`, and all bytes of them to `see`.
pub(crate) fn read<E>(
    body: Vec<u8>,
    coding: Coding,
    mut see: impl FnMut(&[u8]),
    mut take: impl FnMut(&[Event<'_>]) -> Result<(), E>,
) -> Result<Read, BodyError<E>> {
    let mut input = compression::sent_as(coding, body).take(MOST_DECODED + 1);
    let mut lines = Lines::of_file(0);
    let mut reading = Reading::default();
    let mut decoded = 0;
    loop {
        let room = lines.room(CHUNK);
        let read = match input.read(room) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(BodyError::Damaged(error)),
        };
        decoded += read as u64;
        if decoded > MOST_DECODED {
            return Err(BodyError::TooLarge);
        }
        see(&room[..read]);
        match read {
            0 => lines.end(),
            read => lines.filled(read),
        }
        reading
            .give(&lines, &mut take)
            .map_err(BodyError::NotTaken)?;
        if read == 0 {
            return Ok((reading.taken, reading.cut));
        }
    }
}

#[derive(Default)]
struct Reading {
    taken: Taken,
    lines: u64,
    cut: u64,
}

impl Reading {
    fn give<E>(
        &mut self,
        lines: &Lines,
        take: &mut impl FnMut(&[Event<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut decoded = lines.finished().filter_map(|line| {
            self.lines += 1;
            self.cut += u64::from(line.cut);
            match decode(line.bytes) {
                Ok(event) => event,
                Err(why) => {
                    self.taken.rejected += 1;
                    if self.taken.first.len() < MOST_TOLD {
                        self.taken.first.push((self.lines, why));
                    }
                    None
                }
            }
        });
        let mut accepted = 0;
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            events.extend(decoded.by_ref().take(EVENTS));
            if events.is_empty() {
                break;
            }
            take(&events)?;
            accepted += events.len() as u64;
            events.clear();
        }
        drop(decoded);
        self.taken.accepted += accepted;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::compression::tests::{gzip, zstd};

    fn read_all(body: &[u8], coding: Coding) -> Result<(Read, Vec<Event<'static>>), BodyError<()>> {
        let mut events = Vec::new();
        let mut seen = 0;
        let read = read(
            body.to_vec(),
            coding,
            |bytes| seen += bytes.len(),
            |some| {
                events.extend(some.iter().cloned().map(Event::into_owned));
                Ok(())
            },
        )?;
        Ok((read, events))
    }

    #[test]
    fn lines_are_taken_and_those_that_are_no_post_are_told_of() {
        let body =
            b"\xEF\xBB\xBF#one\r\n{\"neither\":\"#secret\"}\r\n\r\n{\"delete\":\"7\"}\n{}\n#last";
        for (body, coding) in [
            (body.to_vec(), Coding::Identity),
            (gzip(body), Coding::Gzip),
            (zstd(body), Coding::Zstd),
        ] {
            let ((taken, cut), events) = read_all(&body, coding).unwrap();
            assert_eq!((taken.accepted, taken.rejected, cut), (3, 2, 0));
            let first = [(2, NotAPost::UnknownObject), (5, NotAPost::UnknownObject)];
            assert_eq!(taken.first, first);
            assert_eq!(events[0], Event::of_text("#one".into()));
            assert_eq!(events[1], Event::Delete { id: "7".into() });
            assert!(!taken.first[0].1.to_string().contains("secret"));
        }
    }

    #[test]
    fn only_the_first_that_are_no_post_are_named() {
        let ((taken, _), events) =
            read_all("{}\n".repeat(1000).as_bytes(), Coding::Identity).unwrap();
        assert_eq!((taken.rejected, taken.first.len()), (1000, MOST_TOLD));
        assert!(events.is_empty());
    }

    #[test]
    fn what_is_not_in_its_coding_is_damaged() {
        let whole = gzip(b"#one\n");
        for (body, coding) in [
            (&b"#one\n"[..], Coding::Gzip),
            (b"#one\n", Coding::Zstd),
            (&whole[..whole.len() - 1], Coding::Gzip),
            (&zstd(b"#one\n")[..9], Coding::Zstd),
        ] {
            let error = read_all(body, coding).unwrap_err();
            assert!(matches!(error, BodyError::Damaged(_)), "{error}");
        }
    }

    #[test]
    fn a_bomb_is_read_up_to_the_limit() {
        // Files one behind the other are one.
        let line = [&[b'a'; (1 << 20) - 1][..], b"\n"].concat();
        let whole = gzip(&line).repeat(MOST_DECODED as usize >> 20);
        read_all(&whole, Coding::Gzip).unwrap();
        let over = [whole, gzip(b"\n")].concat();
        let error = read_all(&over, Coding::Gzip).unwrap_err();
        assert!(matches!(error, BodyError::TooLarge), "{error}");
    }

    /// A frame that says that all of 16 MiB must be kept to read on.
    #[test]
    fn a_window_that_takes_too_much_memory_is_refused() {
        let window =
            |exponent: u8| [&b"\x28\xB5\x2F\xFD\x00"[..], &[exponent << 3, 1, 0, 0]].concat();
        read_all(&window(13), Coding::Zstd).unwrap();
        let error = read_all(&window(14), Coding::Zstd).unwrap_err();
        assert!(matches!(error, BodyError::Damaged(_)), "{error}");
    }

    #[test]
    fn a_long_line_is_cut_and_counts() {
        let long = [&vec![b'a'; 2 << 20][..], b"\n#b\n"].concat();
        let ((taken, cut), events) = read_all(&long, Coding::Identity).unwrap();
        assert_eq!((taken.accepted, cut, events.len()), (2, 1, 2));
    }
}
