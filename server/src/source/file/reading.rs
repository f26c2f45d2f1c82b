//! The bytes of a file, read and decompressed on a thread of its own.
//!
//! It is no task of tokio's: a read of standard input or of a pipe may wait for ever, and the end of the
//! program does not wait for a plain thread.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    thread,
};

use tokio::sync::mpsc::Sender;

use crate::source::{
    Cursor, OpenError,
    compression::{Format, decompressed},
};

const CHUNK: usize = 256 << 10;

/// Where the bytes come from.
#[derive(Debug)]
pub(super) enum Origin {
    Standard,
    File {
        path: PathBuf,
        file: File,
    },
    /// Opened only when it is read, for that may wait until somebody writes. What was read once is gone.
    Pipe(PathBuf),
}

/// Why a file could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{path:?} cannot be read any further: {error}")]
    Read { path: PathBuf, error: io::Error },
    #[error(
        "{0:?} is shorter than what was read of it before; use another --data, or bring the former file back"
    )]
    Shorter(PathBuf),
    #[error("the stored position {0:?} is none in a file; use another --data")]
    Cursor(String),
}

impl Origin {
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let cannot = |error| OpenError::Read {
            path: path.to_owned(),
            error,
        };
        let kind = path.metadata().map_err(cannot)?.file_type();
        if kind.is_dir() {
            return Err(OpenError::Directory(path.to_owned()));
        }
        let path = path.to_owned();
        if !kind.is_file() {
            return Ok(Self::Pipe(path));
        }
        let file = File::open(&path).map_err(cannot)?;
        Ok(Self::File { path, file })
    }

    /// Where to go on; `None` where nothing can be read again, so that there is no position to keep.
    pub(super) fn offset(&self, cursor: Option<Cursor>) -> Result<Option<u64>, Error> {
        match (self, cursor) {
            (Self::File { .. }, Some(Cursor(text))) => {
                text.parse().map(Some).map_err(|_| Error::Cursor(text))
            }
            (Self::File { .. }, None) => Ok(Some(0)),
            (Self::Standard | Self::Pipe(_), _) => Ok(None),
        }
    }

    fn path(&self) -> PathBuf {
        match self {
            Self::Standard => "standard input".into(),
            Self::File { path, .. } | Self::Pipe(path) => path.clone(),
        }
    }
}

/// Starts to read, from the offset on. The last thing that is sent may be an error.
pub(super) fn start(
    origin: Origin,
    from: Option<u64>,
    to: Sender<Result<Vec<u8>, Error>>,
) -> io::Result<()> {
    let read = move || {
        let path = origin.path();
        let result = match origin {
            Origin::Standard => decompressed(io::stdin()).and_then(|input| send(input, &to)),
            Origin::Pipe(path) => File::open(path)
                .and_then(decompressed)
                .and_then(|input| send(input, &to)),
            Origin::File { file, .. } => match skipped(file, from.unwrap_or(0)) {
                Ok(Some(input)) => send(input, &to),
                Ok(None) => {
                    let _ = to.blocking_send(Err(Error::Shorter(path)));
                    return;
                }
                Err(error) => Err(error),
            },
        };
        if let Err(error) = result {
            // Nobody listens any more at the end of the program.
            let _ = to.blocking_send(Err(Error::Read { path, error }));
        }
    };
    thread::Builder::new()
        .name("file source".to_owned())
        .spawn(read)?;
    Ok(())
}

/// The text from the offset on; `None` where there is not so much of it.
fn skipped(mut file: File, from: u64) -> io::Result<Option<Box<dyn Read + Send>>> {
    let (format, _) = Format::recognise(&mut file)?;
    if format == Format::Plain {
        let enough = file.metadata()?.len() >= from;
        file.seek(SeekFrom::Start(from))?;
        return Ok(enough.then(|| Box::new(file) as _));
    }
    file.rewind()?;
    let mut input = format.decompress(file);
    let skipped = io::copy(&mut input.by_ref().take(from), &mut io::sink())?;
    Ok((skipped == from).then_some(input))
}

/// Sends what there is as soon as there is some, and in larger chunks where more is at hand.
fn send(mut input: impl Read, to: &Sender<Result<Vec<u8>, Error>>) -> io::Result<()> {
    loop {
        let mut chunk = vec![0; CHUNK];
        match input.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                chunk.truncate(read);
                if to.blocking_send(Ok(chunk)).is_err() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
