//! Where in a text a replay goes on, and by what the text is known again.
//!
//! As text, which is what is stored, it is `OFFSET:HASH`: how many bytes of the text were read, as it comes
//! out of its file, in decimal, and the XXH64 (seed 0) of the first of these bytes, at most 4096, in 16
//! hexadecimal digits. `OFFSET` alone, as earlier versions wrote it, is good for any text that is long enough.
//!
//! **Invariant:** the format is part of what is stored: what was written once is read by all versions to
//! come. The hash depends on nothing but the offset and the text before it, so a text that has grown is
//! known again, however little of it was there before, and so is one that was compressed in the meantime.
//! Texts with the same first 4096 bytes are not told apart.

use std::{fmt, str::FromStr};

use twox_hash::XxHash64;

/// A place in a text, by default its very beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) offset: u64,
    /// Of the text's head, as far as it lies before `offset`.
    hash: Option<u64>,
}

impl Position {
    /// Whether it may be one in a text that begins so: the first bytes, up to the offset or to
    /// [`Head::LENGTH`].
    pub(super) fn is_behind(&self, head: &[u8]) -> bool {
        self.hash.is_none_or(|hash| hash == hash_of(head))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", self.offset)?;
        self.hash.map_or(Ok(()), |hash| write!(to, ":{hash:016x}"))
    }
}

/// The text is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let (offset, hash) = match text.split_once(':') {
            Some((offset, hash)) => (offset, Some(hash)),
            None => (text, None),
        };
        let hash = hash.map(|digits| match digits.len() {
            16 => u64::from_str_radix(digits, 16).map_err(|_| NoPosition),
            _ => Err(NoPosition),
        });
        Ok(Self {
            offset: offset.parse().map_err(|_| NoPosition)?,
            hash: hash.transpose()?,
        })
    }
}

/// The beginning of a text, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Head {
    bytes: Vec<u8>,
    /// Of all of it, once it is there.
    hash: Option<u64>,
}

impl Head {
    /// So many bytes are kept, and hashed.
    pub(super) const LENGTH: usize = 4096;

    /// Takes what it lacks of the bytes that follow.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.hash.is_some() {
            return;
        }
        let lacks = Self::LENGTH - self.bytes.len();
        self.bytes
            .extend_from_slice(&bytes[..bytes.len().min(lacks)]);
        if self.bytes.len() == Self::LENGTH {
            self.hash = Some(hash_of(&self.bytes));
        }
    }

    /// The position behind the text's first `offset` bytes, which were read.
    pub(super) fn position(&self, offset: u64) -> Position {
        let before = offset.min(self.bytes.len() as u64) as usize;
        let hash = if before == Self::LENGTH {
            self.hash
        } else {
            Some(hash_of(&self.bytes[..before]))
        };
        Position { offset, hash }
    }
}

fn hash_of(bytes: &[u8]) -> u64 {
    XxHash64::oneshot(0, bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(length: usize) -> Vec<u8> {
        (0..length).map(|n| (n % 251) as u8).collect()
    }

    #[test]
    fn what_is_written_stays_the_same_in_all_versions() {
        let mut head = Head::default();
        head.push(b"abc\n");
        // The value that the reference implementation gives for `abc`.
        assert_eq!(head.position(3).to_string(), "3:44bc2cf5ad770999");
        assert_eq!(head.position(0).to_string(), "0:ef46db3751d8e999");
    }

    #[test]
    fn what_is_no_position_is_refused() {
        for text in [
            "",
            ":",
            "x",
            "-1",
            "12:",
            "12:44bc",
            ":44bc2cf5ad770999",
            "12:44bc2cf5ad77099g",
            "12:44bc2cf5ad770999:",
        ] {
            assert_eq!(text.parse::<Position>(), Err(NoPosition), "{text:?}");
        }
    }

    #[test]
    fn an_offset_alone_is_good_for_any_text() {
        let position: Position = "12".parse().unwrap();
        assert!(position.is_behind(b"one") && position.is_behind(b"two"));
        assert_eq!(position.to_string(), "12");
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(offset: u64, hash: Option<u64>) {
            let position = Position { offset, hash };
            prop_assert_eq!(position.to_string().parse(), Ok(position));
        }

        /// Neither how a text came nor how much has followed changes its positions.
        #[test]
        fn a_text_that_has_grown_is_known_again(
            offset in 0..6000_usize,
            more in 0..6000_usize,
            cut in any::<prop::sample::Index>(),
            flip in any::<prop::sample::Index>(),
        ) {
            let mut text = text(offset + more);
            let (first, second) = text.split_at(cut.index(text.len() + 1));
            let mut head = Head::default();
            head.push(first);
            head.push(second);
            let position = head.position(offset as u64);

            let mut short = Head::default();
            short.push(&text[..offset]);
            prop_assert_eq!(short.position(offset as u64), position);

            let known = offset.min(Head::LENGTH);
            prop_assert!(position.is_behind(&text[..known]));
            if known > 0 {
                text[flip.index(known)] ^= 1;
                prop_assert!(!position.is_behind(&text[..known]));
            }
        }
    }
}
