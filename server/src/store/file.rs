//! Opening a redb file so that a crash at any moment leaves none that is half made.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use redb::{Builder, Database, DatabaseError, ReadableDatabase, TableDefinition, WriteTransaction};

use super::{OpenError, StoreError, untouched::Untouched};

/// The format of both files. A change of what is in them gives it a new number, and this folder a
/// reader of the old one; a file of every old one is in `examples`.
///
/// 3 has a table of days. What 2 has is the same in it.
pub(crate) const FORMAT: u64 = 3;

/// Older ones are refused.
const OLDEST: u64 = 2;

/// Pages that redb keeps in memory. Its own default is a gigabyte.
const CACHE_BYTES: usize = 32 << 20;

pub(super) const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

/// Makes the tables that a file lacks.
pub(super) type MakeTables = fn(&WriteTransaction) -> Result<(), StoreError>;

/// Opens `directory/name`; where it is not there, it is made, with what `init` puts in.
pub(super) fn open(
    directory: &Path,
    name: &str,
    make_tables: MakeTables,
    init: impl FnOnce(&WriteTransaction) -> Result<(), StoreError>,
) -> Result<Database, OpenError> {
    let path = directory.join(name);
    if !path.try_exists().unwrap_or(true) {
        let init = |write: &WriteTransaction| make_tables(write).and_then(|()| init(write));
        create(directory, name, init).map_err(|error| damaged_or_disk(&path, error))?;
    }
    let opened = builder().open(&path);
    known(opened, path, make_tables)
}

/// Opens `directory/name`, which must be there, without changing it.
pub(super) fn open_untouched(
    directory: &Path,
    name: &str,
    make_tables: MakeTables,
) -> Result<Database, OpenError> {
    let path = directory.join(name);
    let file = match fs::File::open(&path) {
        Ok(file) => file,
        Err(error) => return Err(OpenError::Directory { path, error }),
    };
    let opened = Untouched::new(file).and_then(|file| builder().create_with_backend(file));
    known(opened, path, make_tables)
}

/// A database of the format that this version knows, which one of an older format is made first.
fn known(
    opened: Result<Database, DatabaseError>,
    path: PathBuf,
    make_tables: MakeTables,
) -> Result<Database, OpenError> {
    let database = match opened {
        Ok(database) => database,
        Err(error) => return Err(damaged_or_disk(&path, error.into())),
    };
    match recorded(&database, "format") {
        Ok(Some(FORMAT)) => Ok(database),
        Ok(Some(OLDEST..FORMAT)) => match migrate(&database, make_tables) {
            Ok(()) => Ok(database),
            Err(error) => Err(damaged_or_disk(&path, error)),
        },
        Ok(found) => Err(OpenError::Format {
            path,
            found: found.unwrap_or(0),
            known: FORMAT,
        }),
        Err(error) => Err(OpenError::Damaged { path, error }),
    }
}

/// In one commit: a file is of one format or of the other.
fn migrate(database: &Database, make_tables: MakeTables) -> Result<(), StoreError> {
    let write = begin_write(database)?;
    make_tables(&write)?;
    record(&write, "format", FORMAT)?;
    write.commit()?;
    Ok(())
}

/// The number recorded under `name`.
pub(super) fn recorded(database: &Database, name: &str) -> Result<Option<u64>, StoreError> {
    let table = database.begin_read()?.open_table(META)?;
    Ok(table.get(name)?.map(|value| value.value()))
}

pub(super) fn record(write: &WriteTransaction, name: &str, value: u64) -> Result<(), StoreError> {
    write.open_table(META)?.insert(name, value)?;
    Ok(())
}

/// Under another name until it is whole.
pub(super) fn create(
    directory: &Path,
    name: &str,
    init: impl FnOnce(&WriteTransaction) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let unfinished = directory.join(format!("{name}.new"));
    let io = |error: io::Error| StoreError::from(redb::StorageError::Io(error));
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let database = builder().create(&unfinished)?;
    let write = begin_write(&database)?;
    record(&write, "format", FORMAT)?;
    init(&write)?;
    write.commit()?;
    drop(database);
    fs::rename(&unfinished, directory.join(name)).map_err(io)?;
    fs::File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(io)
}

/// The commit takes two syncs. With one, a commit that damage makes unreadable could not be told from
/// one that a crash has cut short, and would be rolled back without a word.
pub(super) fn begin_write(database: &Database) -> Result<WriteTransaction, StoreError> {
    let mut write = database.begin_write()?;
    write.set_two_phase_commit(true);
    Ok(write)
}

/// Every page is looked at when a file is opened: redb trusts what it reads later.
pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(true);
    builder
}

fn damaged_or_disk(path: &Path, error: StoreError) -> OpenError {
    match error {
        StoreError::Redb(error) => match *error {
            // It ends before what it says it holds, or holds what cannot be.
            redb::Error::Io(error)
                if !matches!(
                    error.kind(),
                    io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
                ) =>
            {
                OpenError::Directory {
                    path: path.to_owned(),
                    error,
                }
            }
            redb::Error::DatabaseAlreadyOpen => OpenError::InUse {
                path: path.to_owned(),
            },
            other => OpenError::Damaged {
                path: PathBuf::from(path),
                error: StoreError::Redb(Box::new(other)),
            },
        },
        error => OpenError::Damaged {
            path: path.to_owned(),
            error,
        },
    }
}
