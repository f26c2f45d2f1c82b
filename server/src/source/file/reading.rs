//! The text of a file, read, decompressed and unpacked on a thread of its own.
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

use super::position::{Head, Position};
use crate::source::{
    Cursor,
    compression::{Format, text_of},
    protocol::OpenError,
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

/// What is sent of a text.
#[derive(Debug)]
pub(super) enum Part {
    /// Of what lies before the place to go on from: as much as [`Head`] takes. Comes first, if at all.
    Before(Vec<u8>),
    Text(Vec<u8>),
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
    #[error(
        "{0:?} is not the file that was read before; use another --data, or bring the former file back"
    )]
    Other(PathBuf),
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
    pub(super) fn position(&self, cursor: Option<Cursor>) -> Result<Option<Position>, Error> {
        match (self, cursor) {
            (Self::File { .. }, Some(Cursor(text))) => {
                text.parse().map(Some).map_err(|_| Error::Cursor(text))
            }
            (Self::File { .. }, None) => Ok(Some(Position::default())),
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

/// Starts to read, from the position on. The last thing that is sent may be an error.
pub(super) fn start(
    origin: Origin,
    from: Option<Position>,
    to: Sender<Result<Part, Error>>,
) -> io::Result<()> {
    let read = move || {
        let path = origin.path();
        let result = match origin {
            Origin::Standard => text_of(io::stdin()).and_then(|input| send(input, &to)),
            Origin::Pipe(path) => File::open(path)
                .and_then(text_of)
                .and_then(|input| send(input, &to)),
            Origin::File { file, .. } => match resumed(file, from.unwrap_or_default()) {
                Ok(Resumed::At(before, input)) => {
                    // Where nobody listens any more, the next one finds out.
                    let _ = to.blocking_send(Ok(Part::Before(before)));
                    send(input, &to)
                }
                Ok(Resumed::Shorter) => {
                    let _ = to.blocking_send(Err(Error::Shorter(path)));
                    return;
                }
                Ok(Resumed::Other) => {
                    let _ = to.blocking_send(Err(Error::Other(path)));
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

/// What was found where a text is to be read on.
enum Resumed {
    /// The beginning of what lies before, and the text from there on.
    At(Vec<u8>, Box<dyn Read + Send>),
    /// There is not so much of it.
    Shorter,
    /// It is another text.
    Other,
}

fn resumed(mut file: File, from: Position) -> io::Result<Resumed> {
    let (format, _) = Format::recognise(&mut file)?;
    file.rewind()?;
    let mut before = vec![];
    let beginning = from.offset.min(Head::LENGTH as u64);
    if format == Format::Plain {
        if file.metadata()?.len() < from.offset {
            return Ok(Resumed::Shorter);
        }
        file.by_ref().take(beginning).read_to_end(&mut before)?;
        if !from.is_behind(&before) {
            return Ok(Resumed::Other);
        }
        file.seek(SeekFrom::Start(from.offset))?;
        return Ok(Resumed::At(before, Box::new(file)));
    }
    let mut input = text_of(file)?;
    input.by_ref().take(beginning).read_to_end(&mut before)?;
    if (before.len() as u64) < beginning {
        return Ok(Resumed::Shorter);
    }
    // Told before all the rest of it is unpacked.
    if !from.is_behind(&before) {
        return Ok(Resumed::Other);
    }
    let rest = from.offset - beginning;
    let skipped = io::copy(&mut input.by_ref().take(rest), &mut io::sink())?;
    Ok(if skipped == rest {
        Resumed::At(before, input)
    } else {
        Resumed::Shorter
    })
}

/// Sends what there is as soon as there is some, and in larger chunks where more is at hand.
fn send(mut input: impl Read, to: &Sender<Result<Part, Error>>) -> io::Result<()> {
    loop {
        let mut chunk = vec![0; CHUNK];
        match input.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                chunk.truncate(read);
                if to.blocking_send(Ok(Part::Text(chunk))).is_err() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
