//! Compressed input, recognised by what is in it and not by its name: gzip, zstd and bzip2.
//!
//! **Invariant:** files put one behind the other (`cat a.gz b.gz`) read like their contents put one
//! behind the other, and memory does not grow with what comes out.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{
    BlockDecodingStrategy::UptoBlocks,
    FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError::SkipFrame},
};

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Plain,
    Gzip,
    Zstd,
    Bzip2,
}

/// bzip2's head is plain letters and a digit; with the magic of its first block, or of its end where
/// there is no block, it is no longer what a text could begin with.
const BZIP2_BLOCKS: [[u8; 6]; 2] = [
    [0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
    [0x17, 0x72, 0x45, 0x38, 0x50, 0x90],
];

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
        (format != Self::Plain || !undecided).then_some(format)
    }

    /// Reads just as far as needed to tell, and gives back what was read. Waits for no byte more, so
    /// that a pipe's first short line is not held up.
    pub(crate) fn recognise(input: &mut impl Read) -> io::Result<(Self, Vec<u8>)> {
        let mut head = vec![];
        loop {
            if let Some(format) = Self::of(&head) {
                return Ok((format, head));
            }
            let mut byte = [0];
            match input.read(&mut byte) {
                Ok(0) => return Ok((Self::Plain, head)),
                Ok(_) => head.push(byte[0]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn decompress(self, input: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        let input = BufReader::with_capacity(64 << 10, input);
        match self {
            Self::Plain => Box::new(input),
            Self::Gzip => Box::new(MultiGzDecoder::new(input)),
            Self::Zstd => Box::new(Zstd::new(input)),
            Self::Bzip2 => Box::new(MultiBzDecoder::new(input)),
        }
    }
}

/// Whatever it is, what comes out is plain.
pub(crate) fn decompressed(
    mut input: impl Read + Send + 'static,
) -> io::Result<Box<dyn Read + Send>> {
    let (format, head) = Format::recognise(&mut input)?;
    Ok(format.decompress(Cursor::new(head).chain(input)))
}

/// All frames of a zstd stream, the skippable ones skipped, their checksums compared.
struct Zstd<R> {
    input: R,
    frame: FrameDecoder,
    /// `frame` is in the middle of one.
    open: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            frame: FrameDecoder::new(),
            open: false,
        }
    }

    /// False at the end of the input.
    fn open_next(&mut self) -> io::Result<bool> {
        while !self.input.fill_buf()?.is_empty() {
            match self.frame.init(&mut self.input) {
                Ok(()) => {
                    self.open = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    if io::copy(&mut self.input.by_ref().take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(invalid(error)),
            }
        }
        Ok(false)
    }

    fn close(&mut self) -> io::Result<()> {
        self.open = false;
        match self.frame.get_checksum_from_data() {
            Some(expected) if self.frame.get_calculated_checksum() != Some(expected) => {
                Err(invalid("the checksum does not match"))
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.open && !self.open_next()? {
                return Ok(0);
            }
            let read = self.frame.read(into)?;
            if read > 0 {
                return Ok(read);
            }
            if self.frame.is_finished() {
                self.close()?;
            } else {
                self.frame
                    .decode_blocks(&mut self.input, UptoBlocks(1))
                    .map_err(invalid)?;
            }
        }
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use proptest::prelude::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    pub(in crate::source) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut to = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let mut to = bzip2::write::BzEncoder::new(vec![], bzip2::Compression::fast());
        to.write_all(bytes).unwrap();
        to.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        compress_to_vec(bytes, CompressionLevel::Fastest)
    }

    fn skippable(bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).unwrap();
        [&[0x5A, 0x2A, 0x4D, 0x18], &length.to_le_bytes()[..], bytes].concat()
    }

    fn read(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut plain = vec![];
        decompressed(Cursor::new(bytes))?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..4),
        ) {
            let plain = parts.concat();
            for compress in [gzip, bzip2, zstd] {
                let compressed = parts.iter().flat_map(|part| compress(part)).collect();
                prop_assert_eq!(&read(compressed).unwrap(), &plain);
            }
        }

        #[test]
        fn damaged_input_is_an_error_and_no_panic(
            cut in any::<prop::sample::Index>(),
            flip in any::<prop::sample::Index>(),
        ) {
            let plain = b"#one #two #three ".repeat(50);
            for compress in [gzip, bzip2, zstd] {
                let mut bytes = compress(&plain);
                let at = flip.index(bytes.len());
                bytes[at] ^= 0x10;
                let _ = read(bytes.clone());
                bytes.truncate(cut.index(bytes.len()));
                let _ = read(bytes);
            }
        }
    }

    #[test]
    fn big_input_comes_out_whole() {
        let plain: Vec<u8> = (0..300_000_u32)
            .flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 20).to_le_bytes())
            .collect();
        for compress in [gzip, bzip2, zstd] {
            assert!(read(compress(&plain)).unwrap() == plain);
        }
    }

    #[test]
    fn skippable_frames_are_skipped() {
        let bytes = [
            skippable(b"x"),
            zstd(b"one "),
            skippable(b""),
            zstd(b"two"),
            skippable(b"y"),
        ];
        assert_eq!(read(bytes.concat()).unwrap(), b"one two");
    }

    #[test]
    fn a_stream_that_ends_too_early_is_an_error() {
        for compress in [gzip, bzip2, zstd] {
            let mut bytes = compress(&b"#one #two #three ".repeat(50));
            bytes.truncate(bytes.len() - 9);
            assert!(read(bytes).is_err());
        }
    }

    #[test]
    fn texts_are_plain() {
        for text in ["", "B", "BZh9", "BZh91AY of text", "P*M", "(", "#a\n"] {
            assert_eq!(read(text.into()).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn a_short_line_is_not_held_up() {
        assert_eq!(Format::of(b""), None);
        assert_eq!(Format::of(b"h"), Some(Format::Plain));
        assert_eq!(Format::of(b"BZ\n"), Some(Format::Plain));
    }
}
