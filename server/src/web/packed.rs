//! The built page behind the end of the program's own file, so that the program is all there is to
//! install: a tar archive, its length as u64, little-endian, and [`MARK`]. `.build/site.mjs` puts it
//! there when the program is linked; `strip` would take it off.
//!
//! In the archive are `hash.txt`, with the lines of the build, and `site/…`, what is served.

use std::{
    collections::HashMap,
    env,
    fs::File,
    future::{Ready, ready},
    hash::Hasher as _,
    io::{self, Cursor, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};
use tower_http::services::fs::{Backend, File as ServedFile, Metadata};
use twox_hash::XxHash64;

const MARK: &[u8; 16] = b"tagtide: page 1\n";
const TRAILER: u64 = 24;
/// Far above any page; a length behind it is none.
const LARGEST: u64 = 256 << 20;

/// All files of the page, in memory. A clone is another handle to them.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    /// By their addresses.
    files: Arc<HashMap<PathBuf, Content>>,
    hashes: Arc<str>,
}

#[derive(Clone, Debug)]
pub(super) struct Content {
    bytes: Bytes,
    /// The fraction of the second is one of the content: an `ETag`, which is made of this and of the
    /// length, is another one for any other content, also where builds give all files the same time.
    modified: SystemTime,
}

impl Packed {
    /// What is behind this program; `None` where nothing is.
    pub(super) fn in_this_program() -> io::Result<Option<Self>> {
        // By this name it is the file that runs, even where another has taken its place meanwhile.
        let file = File::open("/proc/self/exe").or_else(|_| File::open(env::current_exe()?))?;
        Self::behind(file)
    }

    fn behind(mut file: File) -> io::Result<Option<Self>> {
        let end = file.metadata()?.len();
        let Some(trailer) = end.checked_sub(TRAILER) else {
            return Ok(None);
        };
        file.seek(SeekFrom::Start(trailer))?;
        let (mut length, mut mark) = ([0; 8], [0; 16]);
        file.read_exact(&mut length)?;
        file.read_exact(&mut mark)?;
        if mark != *MARK {
            return Ok(None);
        }
        let length = u64::from_le_bytes(length);
        let start = trailer.checked_sub(length).filter(|_| length <= LARGEST);
        let start = start.ok_or(io::ErrorKind::InvalidData)?;
        file.seek(SeekFrom::Start(start))?;
        Self::of(file.take(length)).map(Some)
    }

    fn of(archive: impl io::Read) -> io::Result<Self> {
        let mut files = HashMap::new();
        let mut hashes = String::new();
        for entry in tar::Archive::new(archive).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            if path == Path::new("hash.txt") {
                entry.read_to_string(&mut hashes)?;
            } else if let Ok(path) = path.strip_prefix("site") {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes)?;
                let mut hasher = XxHash64::with_seed(0);
                hasher.write(&bytes);
                let nanos = (hasher.finish() % 1_000_000_000) as u32;
                let content = Content {
                    bytes: bytes.into(),
                    modified: UNIX_EPOCH + Duration::new(entry.header().mtime()?, nanos),
                };
                files.insert(Path::new("/").join(path), content);
            }
        }
        Ok(Self {
            files: Arc::new(files),
            hashes: hashes.into(),
        })
    }

    /// The lines that the build writes, such as `js: 4f2a…`.
    pub(super) fn hashes(&self) -> &str {
        &self.hashes
    }

    pub(super) fn has(&self, address: &str) -> bool {
        self.files.contains_key(Path::new(address))
    }

    fn get(&self, path: &Path) -> io::Result<Content> {
        let content = self.files.get(path).cloned();
        content.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Backend for Packed {
    type File = Opened;
    type Metadata = Content;
    type OpenFuture = Ready<io::Result<Opened>>;
    type MetadataFuture = Ready<io::Result<Content>>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        ready(self.get(&path).map(|content| Opened {
            reading: Cursor::new(content.bytes.clone()),
            content,
        }))
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        ready(self.get(&path))
    }
}

impl Metadata for Content {
    fn is_dir(&self) -> bool {
        false
    }

    fn modified(&self) -> io::Result<SystemTime> {
        Ok(self.modified)
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// A file that is being sent.
#[derive(Debug)]
pub(super) struct Opened {
    content: Content,
    reading: Cursor<Bytes>,
}

impl ServedFile for Opened {
    type Metadata = Content;
    type MetadataFuture<'a> = Ready<io::Result<Content>>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        ready(Ok(self.content.clone()))
    }
}

impl AsyncRead for Opened {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reading).poll_read(context, buffer)
    }
}

impl AsyncSeek for Opened {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.reading).start_seek(position)
    }

    fn poll_complete(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Pin::new(&mut self.reading).poll_complete(context)
    }
}

#[cfg(test)]
pub(super) mod testing {
    use std::io::Write as _;

    use super::*;

    /// A program with these files behind it.
    pub(in crate::web) fn program(files: &[(&str, &str)]) -> tempfile::NamedTempFile {
        let mut program = tempfile::NamedTempFile::new().unwrap();
        program.write_all(b"\x7fELF and so on").unwrap();
        let mut archive = Vec::new();
        for (name, content) in files {
            let mut header = tar::Header::new_ustar();
            header.set_path(name).unwrap();
            header.set_size(content.len() as u64);
            header.set_mtime(1_700_000_000);
            header.set_cksum();
            archive.extend(header.as_bytes());
            archive.extend(content.as_bytes());
            archive.resize(archive.len().next_multiple_of(512), 0);
        }
        archive.extend([0; 1024]);
        program.write_all(&archive).unwrap();
        program.write_all(&archive.len().to_le_bytes()).unwrap();
        program.write_all(MARK).unwrap();
        program
    }

    pub(in crate::web) fn packed(files: &[(&str, &str)]) -> Packed {
        let program = program(files);
        Packed::behind(program.reopen().unwrap()).unwrap().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_is_behind_a_program_is_found_and_nothing_where_nothing_is() {
        let packed = testing::packed(&[("hash.txt", "js: a\n"), ("site/pkg/tagtide.a.js", "js")]);
        assert_eq!(packed.hashes(), "js: a\n");
        assert!(packed.has("/pkg/tagtide.a.js"));
        assert!(!packed.has("/hash.txt") && !packed.has("/pkg"));
        for bytes in [&b""[..], b"short", &[7; 100]] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(bytes).unwrap();
            assert!(Packed::behind(file.reopen().unwrap()).unwrap().is_none());
        }
        let mut lies = tempfile::NamedTempFile::new().unwrap();
        lies.write_all(&u64::MAX.to_le_bytes()).unwrap();
        lies.write_all(MARK).unwrap();
        Packed::behind(lies.reopen().unwrap()).unwrap_err();
    }
}
