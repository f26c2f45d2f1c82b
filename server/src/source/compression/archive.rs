//! A tar archive, read as a stream: the texts of its files, one after the other.
//!
//! Regular files are read, each in whatever form it comes; directories, links, devices and what only tells
//! about others (long names, pax headers) are passed over. A text that does not end with the end of a
//! line gets one, so that its last line does not run into the next file, and a byte order mark at its
//! beginning is none of it. An archive in an archive is read in its place.
//!
//! Archives put one behind the other are read one after the other, as they are where one was appended to.
//! One without the mark that ends it was cut, also where that was between two files.
//!
//! **Invariant:** no more is held than a block, or a pax header of at most 1 MiB, whatever the archive says
//! about sizes.

use std::{
    io::{self, Cursor, Read, Take},
    mem, str,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tar::{EntryType, Header};

use super::{Input, unpacked};

const BLOCK: u64 = 512;

/// More archives do not lie in one another, but in input made to exhaust memory.
pub(super) const DEEPEST: usize = 4;

/// Nor is a longer pax header anything that a packer writes.
const LONGEST_PAX: u64 = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// Why an archive cannot be read any further.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the archive is cut short")]
    Cut,
    #[error("the archive is damaged: {0}")]
    Damaged(&'static str),
    #[error("the archive is damaged: {0}")]
    Header(io::Error),
    #[error("{name:?} in the archive: {error}")]
    Member { name: String, error: io::Error },
    #[error(
        "{0:?} in the archive is a sparse file, which is not read; pack it again without --sparse"
    )]
    Sparse(String),
    #[error("more than {DEEPEST} archives lie in one another")]
    Deep,
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Cut => io::ErrorKind::UnexpectedEof,
            Error::Member { error, .. } => error.kind(),
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

/// Whether it is the beginning of an archive; `None` as long as more bytes are needed to tell.
///
/// That is by the magic word, so far into the first header that many lines have ended before; what lies
/// ahead of it are names and numbers, in which there is no end of a line.
pub(super) fn begins_with(head: &[u8]) -> Option<bool> {
    let header = &head[..head.len().min(MAGIC_END)];
    if !(0..header.len()).all(|at| may_be_header(header, at)) {
        return Some(false);
    }
    (header.len() == MAGIC_END).then_some(true)
}

const MAGIC: usize = 257;
const MAGIC_END: usize = 263;

fn may_be_header(header: &[u8], at: usize) -> bool {
    let byte = header[at];
    let shown = !byte.is_ascii_control();
    let octal = matches!(byte, 0 | b' ' | b'0'..=b'7');
    // Numbers too large for their field are written in another way, which its first byte tells.
    let large = |begin: usize| matches!(header[begin], 0x80 | 0xFF);
    match at {
        // The name.
        0 => shown,
        1..100 => shown || byte == 0,
        // The mode, the numbers of user and group, size and time, the checksum.
        100..108 | 148..156 => octal,
        108..116 => octal || large(108),
        116..124 => octal || large(116),
        124..136 => octal || large(124),
        136..148 => octal || large(136),
        // The type, and a link's target.
        156..MAGIC => shown || byte == 0,
        MAGIC..262 => byte == b"ustar"[at - MAGIC],
        // GNU's follows with a space.
        _ => matches!(byte, 0 | b' '),
    }
}

fn is_sound(header: &Header) -> io::Result<bool> {
    let mut sound = header.clone();
    sound.set_cksum();
    Ok(header.cksum()? == sound.cksum()?)
}

pub(super) struct Archive {
    input: Shared,
    /// What fills the last block of the member that the input has come to.
    padding: u64,
    member: Option<Member>,
    /// The mark that ends it was seen.
    ended: bool,
    /// In so many others it lies.
    depth: usize,
}

/// A file, whose text is being read.
struct Member {
    name: String,
    text: Input,
    last: Option<u8>,
}

impl Archive {
    pub(super) fn new(input: Input, depth: usize) -> io::Result<Self> {
        if depth == DEEPEST {
            return Err(Error::Deep.into());
        }
        Ok(Self {
            input: Shared(Arc::new(Mutex::new(input.take(0)))),
            padding: 0,
            member: None,
            ended: false,
            depth,
        })
    }

    /// False at the end of the input.
    fn open_next(&mut self) -> io::Result<bool> {
        let mut pax = Pax::default();
        while let Some(header) = self.header()? {
            let size = header.entry_size().map_err(Error::Header)?;
            match header.entry_type() {
                EntryType::XHeader => {
                    self.enter(size);
                    pax = self.pax(size)?;
                }
                EntryType::XGlobalHeader | EntryType::GNULongName | EntryType::GNULongLink => {
                    self.enter(size);
                }
                kind => {
                    let pax = mem::take(&mut pax);
                    self.enter(pax.size.unwrap_or(size));
                    if self.open(kind, &header, pax.sparse)? {
                        return Ok(true);
                    }
                }
            }
            self.leave()?;
        }
        Ok(false)
    }

    /// False where there is no text in a member of this kind.
    fn open(&mut self, kind: EntryType, header: &Header, sparse: bool) -> io::Result<bool> {
        let name = || String::from_utf8_lossy(&header.path_bytes()).into_owned();
        match kind {
            EntryType::Regular | EntryType::Continuous if !sparse => {
                let member = Member::open(name(), self.input.clone(), self.depth)?;
                self.member = Some(member);
                return Ok(true);
            }
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                return Err(Error::Sparse(name()).into());
            }
            EntryType::Link
            | EntryType::Symlink
            | EntryType::Char
            | EntryType::Block
            | EntryType::Directory
            | EntryType::Fifo => {
                // Whatever size they state, nothing follows.
                self.enter(0);
            }
            // Of a kind that only its packer knows.
            _ => {}
        }
        Ok(false)
    }

    /// The next header; `None` at the end of the input.
    fn header(&mut self) -> io::Result<Option<Header>> {
        loop {
            let mut block = Vec::with_capacity(BLOCK as usize);
            let mut input = self.input.lock();
            input.set_limit(BLOCK);
            input.read_to_end(&mut block)?;
            drop(input);
            if block.is_empty() {
                return if self.ended {
                    Ok(None)
                } else {
                    Err(Error::Cut.into())
                };
            }
            self.ended = block.iter().all(|byte| *byte == 0);
            if self.ended {
                continue;
            }
            if (block.len() as u64) < BLOCK {
                return Err(Error::Cut.into());
            }
            let header = Header::from_byte_slice(&block).clone();
            if !is_sound(&header).map_err(Error::Header)? {
                return Err(Error::Damaged("the checksum of a header does not match").into());
            }
            return Ok(Some(header));
        }
    }

    fn enter(&mut self, size: u64) {
        self.input.lock().set_limit(size);
        self.padding = (BLOCK - size % BLOCK) % BLOCK;
    }

    /// Goes to the end of the member, where the next header begins.
    fn leave(&mut self) -> io::Result<()> {
        let mut input = self.input.lock();
        let rest = input.limit().saturating_add(self.padding);
        input.set_limit(rest);
        io::copy(&mut *input, &mut io::sink())?;
        match input.limit() {
            0 => Ok(()),
            _ => Err(Error::Cut.into()),
        }
    }

    fn pax(&mut self, size: u64) -> io::Result<Pax> {
        if size > LONGEST_PAX {
            return Err(Error::Damaged("a pax header is over 1 MiB").into());
        }
        let mut records = vec![];
        self.input.lock().read_to_end(&mut records)?;
        if (records.len() as u64) < size {
            return Err(Error::Cut.into());
        }
        let malformed = Error::Damaged("a pax header is malformed");
        Ok(Pax::of(&records).ok_or(malformed)?)
    }
}

impl Read for Archive {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(member) = &mut self.member else {
                if self.open_next()? {
                    continue;
                }
                return Ok(0);
            };
            let read = member.read(into)?;
            if read > 0 {
                return Ok(read);
            }
            let unfinished = !matches!(member.last, None | Some(b'\n' | b'\r'));
            self.member = None;
            self.leave()?;
            if unfinished {
                into[0] = b'\n';
                return Ok(1);
            }
        }
    }
}

impl Member {
    fn open(name: String, input: Shared, depth: usize) -> io::Result<Self> {
        let begun = unpacked(Box::new(input), depth + 1).and_then(|mut text| {
            let mut head = vec![];
            let mark = BYTE_ORDER_MARK.len() as u64;
            text.by_ref().take(mark).read_to_end(&mut head)?;
            if head == BYTE_ORDER_MARK {
                head.clear();
            }
            Ok(Cursor::new(head).chain(text))
        });
        match begun {
            Ok(text) => Ok(Self {
                name,
                text: Box::new(text),
                last: None,
            }),
            Err(error) => Err(Error::Member { name, error }.into()),
        }
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.text.read(into).map_err(|error| Error::Member {
            name: self.name.clone(),
            error,
        })?;
        if let Some(last) = into[..read].last() {
            self.last = Some(*last);
        }
        Ok(read)
    }
}

/// The input, limited to what is left of the member that it has come to. The member's reader has it as
/// its own; only one of the two reads at a time.
#[derive(Clone)]
struct Shared(Arc<Mutex<Take<Input>>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Take<Input>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for Shared {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut input = self.lock();
        let read = input.read(into)?;
        // Nobody takes the end of the input for the member's own.
        if read == 0 && !into.is_empty() && input.limit() > 0 {
            return Err(Error::Cut.into());
        }
        Ok(read)
    }
}

/// What a pax header says of the member behind it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pax {
    /// Where the header's own field cannot hold it.
    size: Option<u64>,
    sparse: bool,
}

impl Pax {
    /// Of records `LENGTH KEY=VALUE\n`, the length being that of the whole record. Values may hold any bytes.
    fn of(mut records: &[u8]) -> Option<Self> {
        let mut pax = Self::default();
        while !records.is_empty() {
            let space = records.iter().position(|byte| *byte == b' ')?;
            let length: usize = str::from_utf8(&records[..space]).ok()?.parse().ok()?;
            let (record, rest) = records.split_at_checked(length)?;
            let record = record.strip_suffix(b"\n")?.get(space + 1..)?;
            let equals = record.iter().position(|byte| *byte == b'=')?;
            match &record[..equals] {
                b"size" => {
                    let size = str::from_utf8(&record[equals + 1..]).ok()?;
                    pax.size = Some(size.parse().ok()?);
                }
                key => pax.sparse |= key.starts_with(b"GNU.sparse."),
            }
            records = rest;
        }
        Some(pax)
    }
}

#[cfg(test)]
mod tests;
