//! `log.redb`: sealed epochs, and how far each source is read.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use engine::{count::Deltas, grammar::Grammar};
use model::Epoch;
use redb::{
    Database, Key, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition, TableError,
    Value, WriteTransaction,
};

use super::{
    Commits, DeliveryKey, OpenError, Receipt, SealedEpoch, SealedReceipts, StoreError, TakenBack,
    action, alert, crash, file,
    format::{decode, encode},
    receipt::Stored,
    tables::{Lacking, Tables, Values},
};
use crate::source::Cursor;

pub(super) const NAME: &str = "log.redb";
/// Epoch → its [`Deltas`].
pub(super) const EPOCHS: TableDefinition<u64, &[u8]> = TableDefinition::new("epochs");
/// Epoch → what was remembered of its posts, in the bytes of whoever remembers them.
pub(super) const REMEMBERED: TableDefinition<u64, &[u8]> = TableDefinition::new("remembered");
/// Epoch → the [`TakenBack`] that other processes are told. Not there before the first.
pub(super) const TAKEN_BACK: TableDefinition<u64, &[u8]> = TableDefinition::new("taken back");
/// Identity of a source → its [`Cursor`] behind the newest sealed epoch.
pub(super) const CURSORS: TableDefinition<&str, &[u8]> = TableDefinition::new("cursors");
/// When it was sealed and the [`DeliveryKey`] → its [`Receipt`]. Not there before a seal of a version that
/// knows it.
pub(super) const RECEIPTS: TableDefinition<(u64, u128), &[u8]> = TableDefinition::new("receipts");
/// What was given when the directory was made, and must be given again; and what others here keep.
pub(super) const SETTINGS: TableDefinition<&str, &str> = TableDefinition::new("settings");

/// For so many epochs after one is in the state of all, others are told again what it took back: who was killed
/// may have counted it and not have sealed yet what follows from it.
const TOLD_AGAIN: u64 = 300;

/// Every table there is.
pub(super) fn each_table(tables: &mut impl Tables) -> Result<(), StoreError> {
    tables.table(file::META, Values::Plain)?;
    tables.table(SETTINGS, Values::Plain)?;
    tables.table(EPOCHS, Values::Summed)?;
    tables.table(REMEMBERED, Values::Summed)?;
    tables.table(TAKEN_BACK, Values::Summed)?;
    tables.table(CURSORS, Values::Summed)?;
    tables.table(RECEIPTS, Values::Summed)?;
    tables.table(alert::ALERTS, Values::Summed)?;
    tables.table(alert::SPENT, Values::Summed)?;
    tables.table(action::ACTIONS, Values::Summed)?;
    tables.table(action::BLOCKED, Values::Summed)?;
    tables.table(action::APPROVED, Values::Summed)?;
    tables.table(action::UNBLOCKED, Values::Summed)?;
    tables.table(action::MERGED, Values::Summed)?;
    tables.table(action::REVIEW, Values::Plain)
}

/// What a data directory is bound to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) batch: Duration,
    pub(crate) grammar: Grammar,
}

#[derive(Debug)]
pub(crate) struct Log(Database, Commits);

fn make_tables(write: &WriteTransaction) -> Result<(), StoreError> {
    each_table(&mut Lacking(write))
}

impl Log {
    pub(super) fn open(directory: &Path, settings: &Settings) -> Result<Self, OpenError> {
        let given = [
            (
                "batch",
                humantime::format_duration(settings.batch).to_string(),
            ),
            ("grammar", settings.grammar.to_string()),
        ];
        let database = file::open(directory, NAME, make_tables, |write| {
            let mut table = write.open_table(SETTINGS)?;
            for (option, value) in &given {
                table.insert(*option, value.as_str())?;
            }
            Ok(())
        })?;
        let log = Self(database, Commits::default());
        for (option, given) in given {
            let path = directory.to_owned();
            let recorded = log.setting(option).map_err(|error| OpenError::Damaged {
                path: path.join(NAME),
                error,
            })?;
            if recorded != given {
                return Err(OpenError::Differs {
                    path,
                    option,
                    recorded,
                    given,
                });
            }
        }
        Ok(log)
    }

    pub(super) fn open_untouched(directory: &Path) -> Result<Self, OpenError> {
        Ok(Self(
            file::open_untouched(directory, NAME, make_tables)?,
            Commits::default(),
        ))
    }

    pub(super) fn database(&self) -> &Database {
        &self.0
    }

    /// What the directory is bound to.
    pub(crate) fn settings(&self) -> Result<Settings, StoreError> {
        let batch = humantime::parse_duration(&self.setting("batch")?).ok();
        let grammar = self.setting("grammar")?.parse().ok();
        match (batch, grammar) {
            (Some(batch), Some(grammar)) => Ok(Settings { batch, grammar }),
            _ => Err(StoreError::Damaged("a setting cannot be read")),
        }
    }

    fn setting(&self, option: &str) -> Result<String, StoreError> {
        let table = self.0.begin_read()?.open_table(SETTINGS)?;
        let value = table
            .get(option)?
            .ok_or(StoreError::Damaged("a setting is not recorded"))?;
        Ok(value.value().to_owned())
    }

    /// Makes epochs, cursors and receipts durable, in one commit. Drops the counts of epochs up to
    /// `drop_to`, and what was remembered up to `forget_to`.
    pub(crate) fn seal(
        &self,
        epochs: &[SealedEpoch],
        cursors: &[(Arc<str>, Cursor)],
        receipts: &SealedReceipts,
        drop_to: Epoch,
        forget_to: Epoch,
    ) -> Result<(), StoreError> {
        let begun = Instant::now();
        let mut bytes = 0;
        let write = file::begin_write(&self.0)?;
        {
            let mut table = write.open_table(EPOCHS)?;
            for SealedEpoch { epoch, deltas, .. } in epochs {
                let value = encode(deltas)?;
                bytes += value.len();
                table.insert(epoch.0, value.as_slice())?;
            }
            let mut dropped = false;
            while table
                .first()?
                .is_some_and(|(epoch, _)| epoch.value() <= drop_to.0)
            {
                table.pop_first()?;
                dropped = true;
            }
            if dropped {
                file::record(&write, "dropped", drop_to.0)?;
            }
            let mut table = write.open_table(REMEMBERED)?;
            for sealed in epochs.iter().filter(|sealed| !sealed.remembered.is_empty()) {
                let value = encode(&sealed.remembered)?;
                bytes += value.len();
                table.insert(sealed.epoch.0, value.as_slice())?;
            }
            while table
                .first()?
                .is_some_and(|(epoch, _)| epoch.value() <= forget_to.0)
            {
                table.pop_first()?;
            }
            let mut table = write.open_table(TAKEN_BACK)?;
            for sealed in epochs.iter().filter(|sealed| !sealed.taken_back.is_empty()) {
                table.insert(sealed.epoch.0, encode(&sealed.taken_back)?.as_slice())?;
            }
            while table
                .first()?
                .is_some_and(|(epoch, _)| epoch.value().saturating_add(TOLD_AGAIN) < drop_to.0)
            {
                table.pop_first()?;
            }
            let mut table = write.open_table(CURSORS)?;
            for (identity, cursor) in cursors {
                table.insert(&**identity, encode(&cursor.0)?.as_slice())?;
            }
            let mut table = write.open_table(RECEIPTS)?;
            for (key, receipt) in &receipts.fresh {
                let value = encode(&Stored::First(receipt))?;
                bytes += value.len();
                table.insert((receipts.at, key.0), value.as_slice())?;
            }
            while table
                .first()?
                .is_some_and(|(place, _)| place.value().0 <= receipts.expired)
            {
                table.pop_first()?;
            }
        }
        if let Some(last) = epochs.last() {
            file::record(&write, "last", last.epoch.0)?;
        }
        crash::point("log.commit.before");
        write.commit()?;
        crash::point("log.commit.after");
        self.1.add(begun, bytes);
        Ok(())
    }

    /// What the seals have cost.
    pub(crate) fn commits(&self) -> Commits {
        self.1.clone()
    }

    /// The newest sealed epoch; 0 before the first.
    pub(crate) fn last(&self) -> Result<Epoch, StoreError> {
        Ok(Epoch(file::recorded(&self.0, "last")?.unwrap_or(0)))
    }

    /// Up to this epoch, entries are no longer here; 0 while all are.
    pub(crate) fn dropped(&self) -> Result<Epoch, StoreError> {
        Ok(Epoch(file::recorded(&self.0, "dropped")?.unwrap_or(0)))
    }

    pub(crate) fn cursor(&self, identity: &str) -> Result<Option<Cursor>, StoreError> {
        let table = self.0.begin_read()?.open_table(CURSORS)?;
        match table.get(identity)? {
            Some(cursor) => Ok(Some(Cursor(decode(cursor.value())?))),
            None => Ok(None),
        }
    }

    /// How far each source is read, by its identity.
    pub(crate) fn cursors(&self) -> Result<Vec<(String, Cursor)>, StoreError> {
        let table = self.0.begin_read()?.open_table(CURSORS)?;
        let mut cursors = Vec::new();
        for entry in table.iter()? {
            let (identity, cursor) = entry?;
            let cursor = Cursor(decode(cursor.value())?);
            cursors.push((identity.value().to_owned(), cursor));
        }
        Ok(cursors)
    }

    /// Gives what was remembered of each epoch, the oldest first.
    pub(crate) fn remembered(
        &self,
        mut each: impl FnMut(Epoch, Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let table = self.0.begin_read()?.open_table(REMEMBERED)?;
        for entry in table.iter()? {
            let (epoch, bytes) = entry?;
            each(Epoch(epoch.value()), decode(bytes.value())?)?;
        }
        Ok(())
    }

    /// What was taken back after one epoch and up to another, and is kept.
    pub(crate) fn taken_back(
        &self,
        after: Epoch,
        to: Epoch,
    ) -> Result<Vec<(Epoch, TakenBack)>, StoreError> {
        let Some(table) = self.table(TAKEN_BACK)? else {
            return Ok(Vec::new());
        };
        let entry = |entry: Result<_, redb::StorageError>| {
            let (epoch, stored): (redb::AccessGuard<'_, u64>, redb::AccessGuard<'_, &[u8]>) =
                entry?;
            Ok((Epoch(epoch.value()), decode(stored.value())?))
        };
        table.range(after.0 + 1..to.0 + 1)?.map(entry).collect()
    }

    /// The receipt that was sealed at this time under this key.
    pub(crate) fn receipt(&self, at: u64, key: DeliveryKey) -> Result<Option<Receipt>, StoreError> {
        let Some(table) = self.table(RECEIPTS)? else {
            return Ok(None);
        };
        let stored = table.get((at, key.0))?;
        stored.map(|stored| receipt(stored.value())).transpose()
    }

    /// Gives each receipt with when it was sealed and its key, the oldest first.
    pub(crate) fn receipts(
        &self,
        mut each: impl FnMut(u64, DeliveryKey, Receipt),
    ) -> Result<(), StoreError> {
        let Some(table) = self.table(RECEIPTS)? else {
            return Ok(());
        };
        for entry in table.iter()? {
            let (place, stored) = entry?;
            let (at, key) = place.value();
            each(at, DeliveryKey(key), receipt(stored.value())?);
        }
        Ok(())
    }

    /// `None` where nothing was ever written into it.
    pub(super) fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<Option<ReadOnlyTable<K, V>>, StoreError> {
        match self.0.begin_read()?.open_table(definition) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The oldest sealed epoch after `epoch`.
    pub(crate) fn next(&self, epoch: Epoch) -> Result<Option<(Epoch, Deltas)>, StoreError> {
        let table = self.0.begin_read()?.open_table(EPOCHS)?;
        let Some(entry) = table.range(epoch.0 + 1..)?.next() else {
            return Ok(None);
        };
        let (epoch, counts) = entry?;
        Ok(Some((Epoch(epoch.value()), decode(counts.value())?)))
    }
}

fn receipt(stored: &[u8]) -> Result<Receipt, StoreError> {
    Ok(decode::<Stored<Receipt>>(stored)?.receipt())
}

#[cfg(test)]
impl Log {
    /// One that is forgotten with the test.
    pub(crate) fn in_memory() -> Self {
        let database = redb::Builder::new()
            .create_with_backend(redb::backends::InMemoryBackend::new())
            .unwrap();
        let write = database.begin_write().unwrap();
        write.open_table(REMEMBERED).unwrap();
        write.open_table(file::META).unwrap();
        write.open_table(SETTINGS).unwrap();
        write.commit().unwrap();
        Self(database, Commits::default())
    }

    /// Makes an entry one that cannot be read.
    pub(crate) fn damage(&self, epoch: Epoch) {
        let write = self.0.begin_write().unwrap();
        write
            .open_table(EPOCHS)
            .unwrap()
            .insert(epoch.0, [0xff; 9].as_slice())
            .unwrap();
        write.commit().unwrap();
    }
}
