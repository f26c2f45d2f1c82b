//! `state.redb`: the count of each key group, as rows that are written where they change.
//!
//! A group's rows are of one epoch, the one its [`SavedGroup`] names; other groups may be some epochs
//! ahead or behind, as each is written when its worker has time for it.

use std::{collections::BTreeMap, ops::RangeBounds, path::Path, time::Instant};

use engine::count::{Changes, Day, Pane, Saved, SavedGroup};
use model::Epoch;
use redb::{
    Database, Key, Range, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition,
    WriteTransaction,
};
use serde::{Deserialize, Serialize};

use super::{
    Commits, OpenError, StoreError, crash, file,
    format::{checked, decode, encode, parse},
    tables::{Lacking, Tables, Values},
};

pub(super) const NAME: &str = "state.redb";
/// Group → [`SavedGroup`].
pub(super) const GROUPS: TableDefinition<u8, &[u8]> = TableDefinition::new("groups");
/// (group, number) → [`Segment`](engine::count::Segment): some neighbouring tags, about a page of them.
const SEGMENTS: TableDefinition<(u8, u32), &[u8]> = TableDefinition::new("segments");
/// (group, first epoch) → [`Pane`].
const PANES: TableDefinition<(u8, u64), &[u8]> = TableDefinition::new("panes");
/// (group, number) → [`Day`].
const DAYS: TableDefinition<(u8, u64), &[u8]> = TableDefinition::new("days");

/// Every table there is.
pub(super) fn each_table(tables: &mut impl Tables) -> Result<(), StoreError> {
    tables.table(file::META, Values::Plain)?;
    tables.table(GROUPS, Values::Summed)?;
    tables.table(SEGMENTS, Values::Summed)?;
    tables.table(PANES, Values::Summed)?;
    tables.table(DAYS, Values::Summed)
}

#[derive(Debug)]
pub(crate) struct State(Database, Commits);

/// What has changed in some groups, as bytes.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Groups of which nothing that is stored stays.
    anew: Vec<u8>,
    heads: Vec<(u8, Vec<u8>)>,
    segments: Vec<((u8, u32), Vec<u8>)>,
    /// Stored panes that are no more.
    void_panes: Vec<(u8, u64)>,
    panes: Vec<((u8, u64), Vec<u8>)>,
    /// Stored days that are told of no more.
    void_days: Vec<(u8, u64)>,
    days: Vec<((u8, u64), Vec<u8>)>,
    bytes: usize,
}

impl Batch {
    /// Lets go of groups that another store has now.
    pub(crate) fn without(groups: Vec<u8>) -> Self {
        Self {
            anew: groups,
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, group: u8, changes: &Changes<'_>) -> Result<(), StoreError> {
        let head = encode(changes.group)?;
        self.bytes += head.len();
        self.heads.push((group, head));
        for (number, segment) in &changes.segments {
            let segment = encode(segment)?;
            self.bytes += segment.len();
            self.segments.push(((group, *number), segment));
        }
        let void = changes.void_panes.iter().map(|from| (group, from.0));
        self.void_panes.extend(void);
        for pane in &changes.panes {
            let bytes = encode(pane)?;
            self.bytes += bytes.len();
            self.panes.push(((group, pane.from.0), bytes));
        }
        let void = changes.void_days.iter().map(|number| (group, *number));
        self.void_days.extend(void);
        for day in &changes.days {
            let bytes = encode(day)?;
            self.bytes += bytes.len();
            self.days.push(((group, day.number), bytes));
        }
        Ok(())
    }

    /// The same where the changes are all of the group: what is stored of it is of earlier owners.
    pub(crate) fn add_anew(&mut self, group: u8, changes: &Changes<'_>) -> Result<(), StoreError> {
        self.anew.push(group);
        self.add(group, changes)
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
    Segment(u32),
    Pane(u64),
    Day(u64),
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
            Part::Segment(number) => Saved::Segment(number, parse(bytes)?),
            Part::Pane(from) => {
                let pane: Pane = parse(bytes)?;
                if pane.from.0 != from {
                    return Err(StoreError::Damaged("a pane is not where it belongs"));
                }
                Saved::Pane(pane)
            }
            Part::Day(number) => {
                let day: Day = parse(bytes)?;
                if day.number != number {
                    return Err(StoreError::Damaged("a day is not where it belongs"));
                }
                Saved::Day(day)
            }
        })
    }
}

/// Every row of every group: heads first, then segments, then panes, then days.
pub(crate) struct Rows {
    heads: Range<'static, u8, &'static [u8]>,
    segments: Range<'static, (u8, u32), &'static [u8]>,
    panes: Range<'static, (u8, u64), &'static [u8]>,
    days: Range<'static, (u8, u64), &'static [u8]>,
}

impl Rows {
    fn of(database: &Database) -> Result<Self, StoreError> {
        let read = database.begin_read()?;
        Ok(Self {
            heads: read.open_table(GROUPS)?.range::<u8>(..)?,
            segments: read.open_table(SEGMENTS)?.range::<(u8, u32)>(..)?,
            panes: read.open_table(PANES)?.range::<(u8, u64)>(..)?,
            days: read.open_table(DAYS)?.range::<(u8, u64)>(..)?,
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
        if let Some(entry) = self.segments.next() {
            let (id, segment) = entry?;
            let (group, number) = id.value();
            return row(group, Part::Segment(number), segment.value());
        }
        if let Some(entry) = self.panes.next() {
            let (id, pane) = entry?;
            let (group, from) = id.value();
            return row(group, Part::Pane(from), pane.value());
        }
        if let Some(entry) = self.days.next() {
            let (id, day) = entry?;
            let (group, number) = id.value();
            return row(group, Part::Day(number), day.value());
        }
        Ok(None)
    }
}

fn make_tables(write: &WriteTransaction) -> Result<(), StoreError> {
    each_table(&mut Lacking(write))
}

impl State {
    pub(super) fn open(directory: &Path) -> Result<Self, OpenError> {
        let database = file::open(directory, NAME, make_tables, |_| Ok(()))?;
        Ok(Self(database, Commits::default()))
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

    /// Writes what has changed in some groups, in one commit.
    pub(crate) fn save(&self, batches: &[Batch]) -> Result<(), StoreError> {
        let begun = Instant::now();
        let write = file::begin_write(&self.0)?;
        for group in batches.iter().flat_map(|batch| &batch.anew) {
            remove(&write, *group)?;
        }
        {
            let mut heads = write.open_table(GROUPS)?;
            let mut segments = write.open_table(SEGMENTS)?;
            let mut panes = write.open_table(PANES)?;
            let mut days = write.open_table(DAYS)?;
            for batch in batches {
                for (group, head) in &batch.heads {
                    heads.insert(group, head.as_slice())?;
                }
                let half = batch.segments.len() / 2;
                for (i, (id, segment)) in batch.segments.iter().enumerate() {
                    segments.insert(id, segment.as_slice())?;
                    if i == half {
                        crash::point("state.half");
                    }
                }
                // A later pane may begin where one was that is no more.
                for id in &batch.void_panes {
                    panes.remove(id)?;
                }
                for (id, pane) in &batch.panes {
                    panes.insert(id, pane.as_slice())?;
                }
                for id in &batch.void_days {
                    days.remove(id)?;
                }
                for (id, day) in &batch.days {
                    days.insert(id, day.as_slice())?;
                }
            }
        }
        crash::point("state.commit.before");
        write.commit()?;
        crash::point("state.commit.after");
        self.1.add(begun, batches.iter().map(Batch::len).sum());
        Ok(())
    }

    /// Takes what another store holds of groups that are older here, or not here, in one commit.
    pub(super) fn take_over(&self, other: &Self) -> Result<(), StoreError> {
        let here: BTreeMap<u8, Epoch> = self.groups()?.into_iter().collect();
        let mut newer = other.groups()?;
        newer.retain(|(group, as_of)| here.get(group).is_none_or(|here| here < as_of));
        let (read, write) = (other.0.begin_read()?, file::begin_write(&self.0)?);
        for (group, _) in newer {
            remove(&write, group)?;
            copy(&read, &write, GROUPS, group..=group)?;
            copy(&read, &write, SEGMENTS, (group, 0)..=(group, u32::MAX))?;
            copy(&read, &write, PANES, (group, 0)..=(group, u64::MAX))?;
            copy(&read, &write, DAYS, (group, 0)..=(group, u64::MAX))?;
        }
        crash::point("adopt.state");
        write.commit()?;
        Ok(())
    }

    /// What writing the state down has cost.
    pub(crate) fn commits(&self) -> Commits {
        self.1.clone()
    }

    /// The groups that are stored, and as of which epoch.
    pub(crate) fn groups(&self) -> Result<Vec<(u8, Epoch)>, StoreError> {
        let table = self.0.begin_read()?.open_table(GROUPS)?;
        let mut groups = Vec::new();
        for entry in table.iter()? {
            let (group, head) = entry?;
            let head: SavedGroup = decode(head.value())?;
            groups.push((group.value(), head.as_of));
        }
        Ok(groups)
    }

    /// Every row of every group.
    pub(crate) fn rows(&self) -> Result<Rows, StoreError> {
        Rows::of(&self.0)
    }
}

/// Every row of a group.
fn remove(write: &WriteTransaction, group: u8) -> Result<(), StoreError> {
    write.open_table(GROUPS)?.remove(group)?;
    let (first, last) = ((group, 0), (group, u64::MAX));
    let mut segments = write.open_table(SEGMENTS)?;
    segments.retain_in((group, 0)..=(group, u32::MAX), |_, _| false)?;
    let mut panes = write.open_table(PANES)?;
    panes.retain_in(first..=last, |_, _| false)?;
    let mut days = write.open_table(DAYS)?;
    days.retain_in(first..=last, |_, _| false)?;
    Ok(())
}

/// Rows as they are; their checksums are looked at.
fn copy<K>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    table: TableDefinition<'_, K, &'static [u8]>,
    rows: impl RangeBounds<K>,
) -> Result<(), StoreError>
where
    K: for<'k> Key<SelfType<'k> = K> + 'static,
{
    let mut into = to.open_table(table)?;
    for row in from.open_table(table)?.range(rows)? {
        let (key, value) = row?;
        checked(value.value())?;
        into.insert(key.value(), value.value())?;
    }
    Ok(())
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
