//! A data directory that is made from what [`send`](super::send) gives of another.
//!
//! **Invariant:** until all of it is durable there is a file in it that says so, and nobody opens it.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io::{self, Read},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use super::{Log, OpenError, State, StoreError, file, log, state, stream::Receiver};

/// Lies in a copy that is not whole; locked by whoever is at work on it.
const MARK: &str = "unfinished-backup";

/// Refuses a directory that is a copy and not whole.
pub(super) fn is_finished(directory: &Path) -> Result<(), OpenError> {
    match directory.join(MARK).try_exists() {
        Ok(true) => Err(OpenError::Unfinished {
            path: directory.to_owned(),
        }),
        // What is wrong with the directory, whoever opens its files will find.
        _ => Ok(()),
    }
}

fn there_already(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => {
            io::Error::other("something is there already; name a directory that is not")
        }
        _ => error,
    }
}

/// A copy that is not whole.
#[derive(Debug)]
pub(crate) struct Copy {
    directory: PathBuf,
    mark: File,
}

impl Copy {
    /// The directory must not be there, or be empty, or hold a copy that was left unfinished, which is
    /// begun anew.
    pub(crate) fn begin(directory: &Path) -> io::Result<Self> {
        let path = directory.join(MARK);
        match DirBuilder::new().mode(0o700).create(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let is_empty = fs::read_dir(directory)?.next().is_none();
        let mark = if is_empty {
            File::create_new(&path)?
        } else {
            File::open(&path).map_err(there_already)?
        };
        mark.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other("another backup to it is under way"),
            TryLockError::Error(error) => error,
        })?;
        // Whoever was at work on it may have finished just now.
        fs::metadata(&path).map_err(there_already)?;
        for name in [log::NAME, state::NAME] {
            match fs::remove_file(directory.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let copy = Self {
            directory: directory.to_owned(),
            mark,
        };
        copy.mark.sync_all()?;
        copy.sync_directory()?;
        Ok(copy)
    }

    /// Takes both files, each in one commit.
    pub(crate) fn receive(&self, from: impl Read) -> Result<(), StoreError> {
        let mut receiver = Receiver::begin(from)?;
        file::create(&self.directory, log::NAME, |write| {
            receiver.file(write, |tables| log::each_table(tables))
        })?;
        file::create(&self.directory, state::NAME, |write| {
            receiver.file(write, |tables| state::each_table(tables))
        })?;
        receiver.end()
    }

    /// What has been received; every page of it is looked at.
    pub(crate) fn open(&self) -> Result<(Log, State), OpenError> {
        let log = Log::open_untouched(&self.directory)?;
        let state = State::open_untouched(&self.directory)?;
        Ok((log, state))
    }

    /// From here on it is a data directory as any other.
    pub(crate) fn finish(self) -> io::Result<()> {
        fs::remove_file(self.directory.join(MARK))?;
        self.sync_directory()?;
        let parent = self.directory.parent();
        let parent = parent.filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }
}
