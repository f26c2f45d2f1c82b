use std::io::Write;

use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

/// The same bytes in another form.
pub(crate) type Compress = fn(&[u8]) -> Vec<u8>;

pub(crate) fn plain(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut to = bzip2::write::BzEncoder::new(vec![], bzip2::Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// An archive of files of these names.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut to = ::tar::Builder::new(vec![]);
    for (name, bytes) in files {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        to.append_data(&mut header, name, *bytes).unwrap();
    }
    to.into_inner().unwrap()
}

pub(super) fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = vec![];
    text_of(Cursor::new(bytes.to_vec()))?.read_to_end(&mut text)?;
    Ok(text)
}

const COMPRESSIONS: [Compress; 3] = [gzip, bzip2, zstd];

fn skippable(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    [&[0x5A, 0x2A, 0x4D, 0x18], &length.to_le_bytes()[..], bytes].concat()
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..4),
    ) {
        let whole = parts.concat();
        for compress in COMPRESSIONS {
            let compressed = parts.iter().flat_map(|part| compress(part)).collect::<Vec<_>>();
            prop_assert_eq!(&read(&compressed).unwrap(), &whole);
        }
    }

    #[test]
    fn damaged_input_is_an_error_and_no_panic(
        cut in any::<prop::sample::Index>(),
        flip in any::<prop::sample::Index>(),
    ) {
        let whole = b"#one #two #three ".repeat(50);
        for compress in COMPRESSIONS {
            let mut bytes = compress(&whole);
            let at = flip.index(bytes.len());
            bytes[at] ^= 0x10;
            let _ = read(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            let _ = read(&bytes);
        }
    }

    /// Whatever it begins with: an archive's header has no end of a line.
    #[test]
    fn no_line_of_text_is_held_up(line in "([ -~]{1,9}|[ 0-7]{8,150}|[^\\pC]{0,90}){0,4}") {
        let head = [line.as_bytes(), b"\n"].concat();
        prop_assert_eq!(Format::of(&head), Some(Format::Plain));
    }
}

#[test]
fn big_input_comes_out_whole() {
    let whole: Vec<u8> = (0..300_000_u32)
        .flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 20).to_le_bytes())
        .collect();
    for compress in COMPRESSIONS {
        assert!(read(&compress(&whole)).unwrap() == whole);
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
    assert_eq!(read(&bytes.concat()).unwrap(), b"one two");
}

#[test]
fn of_several_one_may_be_empty() {
    for compress in COMPRESSIONS {
        let bytes = [compress(b"one "), compress(b""), compress(b"two")].concat();
        assert_eq!(read(&bytes).unwrap(), b"one two");
        let bytes = [compress(b""), compress(b"one")].concat();
        assert_eq!(read(&bytes).unwrap(), b"one");
    }
}

#[test]
fn a_stream_that_ends_too_early_is_an_error() {
    for compress in COMPRESSIONS {
        let mut bytes = compress(&b"#one #two #three ".repeat(50));
        bytes.truncate(bytes.len() - 9);
        assert!(read(&bytes).is_err());
    }
}

#[test]
fn texts_are_plain() {
    let long_name = "a".repeat(300);
    for text in [
        "",
        "B",
        "BZh9",
        "BZh91AY of text",
        "P*M",
        "(",
        "#a\n",
        "ustar",
        &long_name,
    ] {
        assert_eq!(read(text.as_bytes()).unwrap(), text.as_bytes());
    }
}

#[test]
fn a_short_line_is_not_held_up() {
    assert_eq!(Format::of(b""), None);
    for line in ["\n", "h\n", "BZ\n", "two\r", "{\"text\":\"\t"] {
        assert_eq!(Format::of(line.as_bytes()), Some(Format::Plain), "{line:?}");
    }
}

/// As a pipe: no more than what was written at once, and not again before it was asked.
struct Pipe {
    bytes: Cursor<Vec<u8>>,
    asked: usize,
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.asked += 1;
        let most = into.len().min(7);
        self.bytes.read(&mut into[..most])
    }
}

#[test]
fn it_is_told_by_as_little_as_needed() {
    let archive = tar(&[("a", b"")]);
    for (bytes, format, asked) in [
        (&b"#a b\n#c d\n"[..], Format::Plain, 1),
        (b"#a b c d\n#f\n", Format::Plain, 2),
        (b"#a b c d", Format::Plain, 3),
        (&gzip(b"#a"), Format::Gzip, 1),
        (&archive, Format::Tar, 263_usize.div_ceil(7)),
    ] {
        let mut input = Pipe {
            bytes: Cursor::new(bytes.into()),
            asked: 0,
        };
        let (found, mut all) = Format::recognise(&mut input).unwrap();
        assert_eq!((found, input.asked), (format, asked));
        input.read_to_end(&mut all).unwrap();
        assert_eq!(all, bytes);
    }
}
