//! Compressed input and archives, recognised by what is in them and not by their names: gzip, zstd, bzip2,
//! and tar, which may be compressed and may hold files that are. What comes out is text.
//!
//! **Invariants:** what comes out is a matter of the bytes that go in alone, and not of how they come, since
//! the position in it is what a replay goes on from. Files put one behind the other
//! (`cat a.gz b.gz`) read like their contents put one behind the other. Memory does not grow with what
//! comes out. Only ahead of damage it may be less where more is read at once: decoders keep back what they
//! have made when they fail.

use std::io::{self, BufReader, Cursor, Read};

use archive::Archive;
use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use zstd::Zstd;

mod archive;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;
mod zstd;

/// In what form bytes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Plain,
    Gzip,
    Zstd,
    Bzip2,
    Tar,
}

/// bzip2's head is plain letters and a digit; with the magic of its first block, or of its end where
/// there is no block, it is no longer what a text could begin with.
const BZIP2_BLOCKS: [[u8; 6]; 2] = [
    [0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
    [0x17, 0x72, 0x45, 0x38, 0x50, 0x90],
];

type Input = Box<dyn Read + Send>;

/// How a body is sent, as its `Content-Encoding` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

/// What a body in zstd may have its reader keep in memory (RFC 9659).
const ZSTD_WINDOW: u64 = 8 << 20;

impl Format {
    /// `None` as long as more bytes are needed to tell.
    fn of(head: &[u8]) -> Option<Self> {
        let mut undecided = false;
        let mut is = |magic: &[u8]| {
            undecided |= magic.len() > head.len() && magic.starts_with(head);
            head.starts_with(magic)
        };
        let mut format = Self::Plain;
        if is(&[0x1F, 0x8B, 0x08]) {
            format = Self::Gzip;
        }
        if is(&[0x28, 0xB5, 0x2F, 0xFD])
            || (0x50..=0x5F).any(|skippable| is(&[skippable, 0x2A, 0x4D, 0x18]))
        {
            format = Self::Zstd;
        }
        for level in b'1'..=b'9' {
            for block in BZIP2_BLOCKS {
                if is(&[&[b'B', b'Z', b'h', level], &block[..]].concat()) {
                    format = Self::Bzip2;
                }
            }
        }
        match archive::begins_with(head) {
            Some(true) => format = Self::Tar,
            Some(false) => {}
            None => undecided = true,
        }
        (format != Self::Plain || !undecided).then_some(format)
    }

    /// Tells from the beginning of the input, and gives back what was read of it. Waits for no byte more
    /// than needed, so that a pipe's first short line is not held up.
    pub(crate) fn recognise(input: &mut impl Read) -> io::Result<(Self, Vec<u8>)> {
        let mut head = vec![];
        loop {
            if let Some(format) = Self::of(&head) {
                return Ok((format, head));
            }
            let mut chunk = [0; 512];
            match input.read(&mut chunk) {
                Ok(0) => return Ok((Self::Plain, head)),
                Ok(read) => head.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The text in it, whatever its form.
pub(crate) fn text_of(input: impl Read + Send + 'static) -> io::Result<Input> {
    unpacked(Box::new(input), 0)
}

/// What was sent in this coding, which is believed: nothing is recognised by its content.
pub(crate) fn sent_as(coding: Coding, body: Vec<u8>) -> Input {
    let body = Cursor::new(body);
    match coding {
        Coding::Identity => Box::new(body),
        Coding::Gzip => Box::new(MultiGzDecoder::new(body)),
        Coding::Zstd => Box::new(Zstd::with_window(body, ZSTD_WINDOW)),
    }
}

/// The text of what lies in so many archives.
fn unpacked(input: Input, depth: usize) -> io::Result<Input> {
    let (format, input) = recognised(input)?;
    let buffered = |input| BufReader::with_capacity(64 << 10, input);
    let decompressed: Input = match format {
        Format::Plain => return Ok(input),
        Format::Tar => return Ok(Box::new(Archive::new(input, depth)?)),
        Format::Gzip => Box::new(MultiGzDecoder::new(buffered(input))),
        Format::Zstd => Box::new(Zstd::new(buffered(input))),
        Format::Bzip2 => Box::new(MultiBzDecoder::new(buffered(input))),
    };
    Ok(match recognised(decompressed)? {
        (Format::Tar, input) => Box::new(Archive::new(input, depth)?),
        // Also where it was compressed twice, which nobody does to a text.
        (_, input) => input,
    })
}

fn recognised(mut input: Input) -> io::Result<(Format, Input)> {
    let (format, head) = Format::recognise(&mut input)?;
    Ok((format, Box::new(Cursor::new(head).chain(input))))
}

#[cfg(test)]
pub(crate) mod tests;
