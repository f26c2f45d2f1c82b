//! `state.redb`: the count of each key group, as rows that are written where they change.
//!
//! A group's rows are of one epoch, the one its [`SavedGroup`] names; other groups may be some epochs
//! ahead or behind, as each worker writes its own groups in a commit of its own.

use std::path::Path;

use engine::{
    count::{Changes, Pane, Saved, SavedGroup, Spellings},
    key::Key,
};
use model::Epoch;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::{
    OpenError, StoreError, file,
    format::{decode, encode},
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

    /// Writes what has changed in some groups, in one commit.
    pub(crate) fn save<'a>(
        &self,
        groups: impl IntoIterator<Item = (u8, Changes<'a>)>,
    ) -> Result<(), StoreError> {
        let write = self.0.begin_write()?;
        {
            let mut heads = write.open_table(GROUPS)?;
            let mut tags = write.open_table(TAGS)?;
            let mut panes = write.open_table(PANES)?;
            for (group, changes) in groups {
                heads.insert(group, encode(&changes.group)?.as_slice())?;
                for (key, count, spellings) in changes.tags {
                    tags.insert(
                        (group, key.as_str()),
                        encode(&(count, spellings))?.as_slice(),
                    )?;
                }
                for pane in changes.panes {
                    panes.insert((group, pane.epoch.0), encode(pane)?.as_slice())?;
                }
                let void = (group, 0)..(group, changes.panes_from.0);
                panes.retain_in(void, |_, _| false)?;
            }
        }
        write.commit()?;
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

    /// Visits every row of every group.
    pub(crate) fn read(&self, mut row: impl FnMut(u8, Saved)) -> Result<(), StoreError> {
        let read = self.0.begin_read()?;
        for entry in read.open_table(GROUPS)?.iter()? {
            let (group, head) = entry?;
            row(group.value(), Saved::Group(decode(head.value())?));
        }
        for entry in read.open_table(TAGS)?.iter()? {
            let (id, tag) = entry?;
            let (group, key) = id.value();
            let (count, spellings): (u64, Spellings) = decode(tag.value())?;
            row(
                group,
                Saved::Tag {
                    key: Key::verbatim(key),
                    count,
                    spellings,
                },
            );
        }
        for entry in read.open_table(PANES)?.iter()? {
            let (id, pane) = entry?;
            let (group, epoch) = id.value();
            let pane: Pane = decode(pane.value())?;
            debug_assert_eq!(pane.epoch, Epoch(epoch));
            row(group, Saved::Pane(pane));
        }
        Ok(())
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
