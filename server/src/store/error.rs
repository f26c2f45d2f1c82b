//! What can be wrong with a data directory, and what to do about it.

use std::{io, path::PathBuf};

/// Why a data directory cannot be used. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum OpenError {
    #[error("cannot use the data directory {}: {error}", path.display())]
    Directory { path: PathBuf, error: io::Error },
    #[error("{} is in use by another process: end that one, or give this one another --data", path.display())]
    InUse { path: PathBuf },
    #[error("{} is a backup that was not finished: make it anew, or use another", path.display())]
    Unfinished { path: PathBuf },
    #[error("{} is damaged ({error}): restore it from a backup, or begin anew with another --data", path.display())]
    Damaged { path: PathBuf, error: StoreError },
    #[error(
        "{} is of format {found}, this version of tagtide knows format {known}: use the version that wrote it, or another --data",
        path.display()
    )]
    Format {
        path: PathBuf,
        found: u64,
        known: u64,
    },
    #[error(
        "{} was begun with --{option} {recorded}, now --{option} {given} is asked for: counts of both do not mix. Go on with --{option} {recorded}, or begin anew with another --data",
        path.display()
    )]
    Differs {
        path: PathBuf,
        option: &'static str,
        recorded: String,
        given: String,
    },
}

/// Why a store could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum StoreError {
    #[error(transparent)]
    Redb(Box<redb::Error>),
    #[error("an entry cannot be read: {0}")]
    Entry(#[from] postcard::Error),
    #[error("{0}")]
    Damaged(&'static str),
    #[error("the copy was cut short: {0}")]
    CutShort(io::Error),
    /// By the other side of a copy, in its words.
    #[error("{0}")]
    Refused(String),
}

/// redb has an error type for each operation; each of them is a [`redb::Error`].
macro_rules! from_redb {
    ($($error:ty),*) => {$(
        impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                Self::Redb(Box::new(error.into()))
            }
        }
    )*};
}
from_redb!(
    redb::DatabaseError,
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);
