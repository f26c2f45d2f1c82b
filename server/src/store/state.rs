//! `state.redb`: the count of each key group, as rows that are written where they change.
//!
//! A group's rows are of one epoch, the one its [`SavedGroup`] names; other groups may be some epochs
//! ahead or behind, as each is written when its worker has time for it.

use std::path::Path;

use engine::{
    count::{Changes, Pane, Saved, SavedGroup, Spellings},
    key::Key,
};
use redb::{Database, Range, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};

use super::{
    OpenError, StoreError, crash, file,
    format::{checked, decode, encode, parse},
};

const NAME: &str = "state.redb";
/// Group → [`SavedGroup`].
const GROUPS: TableDefinition<u8, &[u8]> = TableDefinition::new("groups");
/// (group, key) → (all-time count, [`Spellings`]).
const TAGS: TableDefinition<(u8, &str), &[u8]> = TableDefinition::new("tags");
/// (group, epoch) → [`Pane`].
const PANES: TableDefinition<(u8, u64), &[u8]> = TableDefinition::new("panes");

#[derive(Debug)]
pub(crate) struct State(Database);

/// What has changed in some groups, as bytes.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    heads: Vec<(u8, Vec<u8>)>,
    tags: Vec<(u8, Key, Vec<u8>)>,
    panes: Vec<(u8, u64, Vec<u8>)>,
    /// Panes of these groups before these epochs are void.
    panes_from: Vec<(u8, u64)>,
    bytes: usize,
}

impl Batch {
    pub(crate) fn add(&mut self, group: u8, changes: &Changes<'_>) -> Result<(), StoreError> {
        let head = encode(&changes.group)?;
        self.bytes += head.len();
        self.heads.push((group, head));
        for (key, count, spellings) in &changes.tags {
            let tag = encode(&(count, spellings))?;
            self.bytes += tag.len() + key.as_str().len();
            self.tags.push((group, (*key).clone(), tag));
        }
        for pane in &changes.panes {
            let bytes = encode(pane)?;
            self.bytes += bytes.len();
            self.panes.push((group, pane.epoch.0, bytes));
        }
        self.panes_from.push((group, changes.panes_from.0));
        Ok(())
    }

    /// How many bytes it holds.
    pub(crate) fn len(&self) -> usize {
        self.bytes
    }
}

/// A row of a group's stored state, as bytes that are what was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) group: u8,
    part: Part,
    bytes: Vec<u8>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Part {
    Head,
    Tag(Key),
    Pane(u64),
}

impl Row {
    /// How many bytes it holds.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn decode(self) -> Result<Saved, StoreError> {
        let bytes = &self.bytes;
        Ok(match self.part {
            Part::Head => Saved::Group(parse(bytes)?),
            Part::Tag(key) => {
                let (count, spellings): (u64, Spellings) = parse(bytes)?;
                Saved::Tag {
                    key,
                    count,
                    spellings,
                }
            }
            Part::Pane(epoch) => {
                let pane: Pane = parse(bytes)?;
                if pane.epoch.0 != epoch {
                    return Err(StoreError::Damaged("a pane is not where it belongs"));
                }
                Saved::Pane(pane)
            }
        })
    }
}

/// Every row of every group, heads first.
pub(crate) struct Rows {
    heads: Range<'static, u8, &'static [u8]>,
    tags: Range<'static, (u8, &'static str), &'static [u8]>,
    panes: Range<'static, (u8, u64), &'static [u8]>,
}

impl Rows {
    fn of(database: &Database) -> Result<Self, StoreError> {
        let read = database.begin_read()?;
        Ok(Self {
            heads: read.open_table(GROUPS)?.range::<u8>(..)?,
            tags: read.open_table(TAGS)?.range::<(u8, &str)>(..)?,
            panes: read.open_table(PANES)?.range::<(u8, u64)>(..)?,
        })
    }

    pub(crate) fn next(&mut self) -> Result<Option<Row>, StoreError> {
        let row = |group, part, value: &[u8]| {
            Ok(Some(Row {
                group,
                part,
                bytes: checked(value)?.to_vec(),
            }))
        };
        if let Some(entry) = self.heads.next() {
            let (group, head) = entry?;
            return row(group.value(), Part::Head, head.value());
        }
        if let Some(entry) = self.tags.next() {
            let (id, tag) = entry?;
            let (group, key) = id.value();
            return row(group, Part::Tag(Key::verbatim(key)), tag.value());
        }
        if let Some(entry) = self.panes.next() {
            let (id, pane) = entry?;
            let (group, epoch) = id.value();
            return row(group, Part::Pane(epoch), pane.value());
        }
        Ok(None)
    }
}

impl State {
    pub(super) fn open(directory: &Path) -> Result<Self, OpenError> {
        let database = file::open(directory, NAME, |write| {
            write.open_table(GROUPS)?;
            write.open_table(TAGS)?;
            write.open_table(PANES)?;
            Ok(())
        })?;
        Ok(Self(database))
    }

    pub(super) fn open_untouched(directory: &Path) -> Result<Self, OpenError> {
        Ok(Self(file::open_untouched(directory, NAME)?))
    }

    /// Writes what has changed in some groups, in one commit.
    pub(crate) fn save(&self, batches: &[Batch]) -> Result<(), StoreError> {
        let write = file::begin_write(&self.0)?;
        {
            let mut heads = write.open_table(GROUPS)?;
            let mut tags = write.open_table(TAGS)?;
            let mut panes = write.open_table(PANES)?;
            for batch in batches {
                for (group, epoch) in &batch.panes_from {
                    panes.retain_in((*group, 0)..(*group, *epoch), |_, _| false)?;
                }
                for (group, head) in &batch.heads {
                    heads.insert(group, head.as_slice())?;
                }
                let half = batch.tags.len() / 2;
                for (i, (group, key, tag)) in batch.tags.iter().enumerate() {
                    tags.insert((*group, key.as_str()), tag.as_slice())?;
                    if i == half {
                        crash::point("state.half");
                    }
                }
                for (group, epoch, pane) in &batch.panes {
                    panes.insert((*group, *epoch), pane.as_slice())?;
                }
            }
        }
        crash::point("state.commit.before");
        write.commit()?;
        crash::point("state.commit.after");
        Ok(())
    }

    /// The groups that are stored.
    pub(crate) fn groups(&self) -> Result<Vec<(u8, SavedGroup)>, StoreError> {
        let table = self.0.begin_read()?.open_table(GROUPS)?;
        let mut groups = Vec::new();
        for entry in table.iter()? {
            let (group, head) = entry?;
            groups.push((group.value(), decode(head.value())?));
        }
        Ok(groups)
    }

    /// Every row of every group.
    pub(crate) fn rows(&self) -> Result<Rows, StoreError> {
        Rows::of(&self.0)
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}

#[cfg(test)]
impl State {
    /// Makes a group's head one that cannot be read.
    pub(crate) fn damage(&self) {
        let write = self.0.begin_write().unwrap();
        let bad = [0xff; 30];
        write
            .open_table(GROUPS)
            .unwrap()
            .insert(3, bad.as_slice())
            .unwrap();
        write.commit().unwrap();
    }
}
