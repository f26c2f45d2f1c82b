//! What must hold of all that is unpacked.

use std::{
    io::{self, Cursor, Read, Write},
    mem,
};

use tar::{EntryType, Header};

use super::{Format, archive::DEEPEST, text_of};
use crate::fuzzing::input::Input;

/// As much is looked at of what comes out.
const MOST: usize = 1 << 20;

/// An archive that has come to as much gets no more, so that many can be tried.
const LARGE: usize = 16 << 10;

/// Any bytes: what comes out is the same however they come, and also when they are packed once more.
pub(in crate::source) fn compressed(bytes: &[u8]) {
    let once = unpacked(bytes.to_vec());
    assert!(is_same(&slowly_unpacked(bytes.to_vec()), &once));
    if is_plain(bytes) {
        assert!(once == (bytes[..bytes.len().min(MOST)].to_vec(), false));
        assert!(unpacked(gzip(bytes)) == once, "what goes in comes out");
    }
}

/// An archive that is made as the bytes say: its files come out, or an error.
pub(in crate::source) fn archive(bytes: &[u8]) {
    let mut packer = Packer {
        archive: member(header(EntryType::Directory, 0), b""),
        text: vec![],
        depth: 1,
        is_sound: true,
    };
    let mut input = Input(bytes);
    while !input.is_empty() && packer.archive.len() < LARGE {
        packer.pack(&mut input);
    }
    let Packer {
        mut archive,
        mut text,
        is_sound,
        ..
    } = packer;
    let cut = unpacked(archive.clone());
    archive.extend([0; 1024]);
    let whole = unpacked(archive.clone());
    assert!(is_same(&slowly_unpacked(archive.clone()), &whole));
    assert!(
        is_same(&unpacked(gzip(&archive)), &whole),
        "compressed or not"
    );
    assert!(
        whole.0.starts_with(&cut.0),
        "no end changes what was before it"
    );
    if is_sound {
        text.truncate(MOST);
        assert_eq!(whole, (text, false));
    }
}

struct Packer {
    archive: Vec<u8>,
    /// What should come out.
    text: Vec<u8>,
    /// How many archives lie in one another.
    depth: usize,
    /// Whether there is nothing in it that is not known to come out.
    is_sound: bool,
}

impl Packer {
    fn pack(&mut self, input: &mut Input<'_>) {
        let kind = input.byte();
        let packed = match kind % 8 {
            0 => {
                let text = input.part();
                self.expect(text);
                file(text)
            }
            1 => {
                let text = input.part();
                self.expect(text);
                file(&gzip(text))
            }
            2 => {
                // Whatever size they state, nothing follows.
                let kinds = b"123456";
                let kind = EntryType::new(kinds[usize::from(input.byte()) % kinds.len()]);
                member(header(kind, input.byte().into()), b"")
            }
            3 => {
                let name = input.part();
                member(header(EntryType::GNULongName, name.len() as u64), name)
            }
            4 => vec![0; 512],
            5 => {
                self.is_sound = false;
                let records = input.part();
                member(header(EntryType::XHeader, records.len() as u64), records)
            }
            6 => {
                self.depth += 1;
                self.is_sound &= self.depth <= DEEPEST;
                let outer = member(header(EntryType::Directory, 0), b"");
                let mut inner = mem::replace(&mut self.archive, outer);
                inner.extend([0; 1024]);
                file(&inner)
            }
            _ => {
                self.is_sound = false;
                let mut header = header(EntryType::Regular, 0);
                for _ in 0..input.byte() & 7 {
                    let at = usize::from(input.byte()) << 1 | usize::from(kind >> 7);
                    header.as_mut_bytes()[at] = input.byte();
                }
                member(header, input.part())
            }
        };
        self.archive.extend(packed);
    }

    fn expect(&mut self, text: &[u8]) {
        self.is_sound &= is_plain(text);
        let text = text.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(text);
        self.text.extend_from_slice(text);
        if !matches!(text.last(), None | Some(b'\n' | b'\r')) {
            self.text.push(b'\n');
        }
    }
}

fn header(kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.as_mut_bytes()[0] = b'a';
    header.set_entry_type(kind);
    header.set_size(size);
    header
}

/// Its header, its bytes, and what fills its last block.
fn member(mut header: Header, bytes: &[u8]) -> Vec<u8> {
    header.set_cksum();
    let mut member = [&header.as_bytes()[..], bytes].concat();
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

fn file(bytes: &[u8]) -> Vec<u8> {
    member(header(EntryType::Regular, bytes.len() as u64), bytes)
}

fn is_plain(bytes: &[u8]) -> bool {
    let format = Format::recognise(&mut Cursor::new(bytes));
    format.is_ok_and(|(format, _)| format == Format::Plain)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    let packed = to.write_all(bytes).and_then(|()| to.finish());
    packed.expect("memory can be written to")
}

/// Ahead of damage, more comes out where less is read at once: perhaps so much that the damage is not looked at.
fn is_same((one, one_failed): &(Vec<u8>, bool), (other, other_failed): &(Vec<u8>, bool)) -> bool {
    let begins = one.starts_with(other) || other.starts_with(one);
    match (one_failed, other_failed) {
        (false, false) => one == other,
        (true, true) => begins,
        (true, false) => begins && other.len() == MOST,
        (false, true) => begins && one.len() == MOST,
    }
}

/// The first bytes that come out, and whether there was an error before these were all.
fn unpacked(bytes: Vec<u8>) -> (Vec<u8>, bool) {
    read(Cursor::new(bytes))
}

fn slowly_unpacked(bytes: Vec<u8>) -> (Vec<u8>, bool) {
    read(Slowly(Cursor::new(bytes), 0))
}

fn read(input: impl Read + Send + 'static) -> (Vec<u8>, bool) {
    let mut text = vec![];
    let read = text_of(input).and_then(|input| input.take(MOST as u64).read_to_end(&mut text));
    (text, read.is_err())
}

/// Gives a byte, then two, and so on, and then a byte again.
struct Slowly<R>(R, usize);

impl<R: Read> Read for Slowly<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.1 = self.1 % 64 + 1;
        let most = into.len().min(self.1);
        self.0.read(&mut into[..most])
    }
}
