//! Taking over the data directory of a process that is gone.
//!
//! **Invariants:** the directory that is taken over says so before anything of it is elsewhere, so that
//! nobody else takes it, and nobody opens it as itself again. Its state is copied first: a group's newest
//! copy counts, wherever it is, so that it does no harm alone. Then its log, in one commit with the record
//! that its parts are here now. Begun again after a crash, it goes on where it was.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::{Path, PathBuf},
};

use engine::count::{Delta, Deltas};
use redb::{Key, ReadableDatabase, ReadableTable, TableDefinition, Value, WriteTransaction};

use super::{
    Held, Log, Membership, OpenError, Place, Settings, State, StoreError, TakenBack, crash, file,
    format::{decode, encode},
    log::{self, CURSORS, EPOCHS, RECEIPTS, REMEMBERED, TAKEN_BACK},
    membership, open, state,
};

/// What was remembered of an epoch's posts in both, as one.
pub(crate) type Join = fn(&[u8], &[u8]) -> Result<Vec<u8>, StoreError>;

/// Why a directory cannot be taken over. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdoptError {
    #[error("--adopt {}: {error}", path.display())]
    Open { path: PathBuf, error: OpenError },
    #[error("--adopt {}: there is no data directory of tagtide: name the one of the process that is gone", .0.display())]
    NotThere(PathBuf),
    #[error("--adopt {}: it holds no part of a cluster's counts: leave it out", .0.display())]
    Empty(PathBuf),
    #[error(
        "--adopt {}: the --data of this process is new and cannot take others over: give it the \
         directory as its --data, or adopt it by a process that has counted",
        .0.display()
    )]
    New(PathBuf),
    #[error("--adopt {}: it is of another cluster", .0.display())]
    OtherCluster(PathBuf),
    #[error(
        "--adopt {}: it was left behind when the cluster went on without it: what it holds was given up \
         or taken over, so leave it out",
        .0.display()
    )]
    LeftBehind(PathBuf),
    #[error("--adopt {}: the --data of this process was left behind by its cluster, or taken over itself: begin with an empty one", .0.display())]
    Older(PathBuf),
    #[error("--adopt {}: what it holds of process {part} is in --data already: it is a copy, leave it out", path.display())]
    Twice { path: PathBuf, part: u64 },
    #[error("--adopt {}: process {to} has taken it over: leave it out here", path.display())]
    GivenAway { path: PathBuf, to: u64 },
    #[error("--adopt {}: it cannot be taken over ({error}): mend that, then start again", path.display())]
    Store { path: PathBuf, error: StoreError },
}

/// Takes over what is in `directory`, which nobody may have open. Whether anything was to be done: it may
/// have been taken over earlier.
pub(crate) fn adopt(
    (log, state): (&Log, &State),
    directory: &Path,
    settings: &Settings,
    join: Join,
) -> Result<bool, AdoptError> {
    let path = || directory.to_owned();
    if ![log::NAME, state::NAME]
        .iter()
        .all(|name| directory.join(name).exists())
    {
        return Err(AdoptError::NotThere(path()));
    }
    let (other_log, other_state) = open(directory, settings).map_err(|error| AdoptError::Open {
        path: path(),
        error,
    })?;
    let broken = |error| AdoptError::Store {
        path: path(),
        error,
    };
    let mine = log.membership().map_err(broken)?;
    let theirs = other_log.membership().map_err(broken)?;
    let Some((joined, claimed)) = joined(directory, &mine, &theirs)? else {
        return Ok(false);
    };
    let take = || {
        other_log.set_membership(&claimed)?;
        crash::point("adopt.claimed");
        state.take_over(&other_state)?;
        log.take_over(&other_log, &joined, join)
    };
    take().map_err(broken)?;
    crash::point("adopt.done");
    Ok(true)
}

/// What both directories are from then on; `None`: it was done before.
fn joined(
    directory: &Path,
    mine: &Membership,
    theirs: &Membership,
) -> Result<Option<(Membership, Membership)>, AdoptError> {
    let path = || directory.to_owned();
    let shape = mine.held.shape.max(theirs.held.shape);
    let processes = match mine.held.shape {
        number if number == shape => mine.held.processes,
        _ => theirs.held.processes,
    };
    if mine.given_to.is_some() {
        return Err(AdoptError::Older(path()));
    }
    let known = |adopted: &Place| {
        let parts = theirs.parts_of(adopted.shape);
        parts.is_some_and(|parts| parts.contains(&adopted.index))
    };
    if mine.mark == theirs.mark && mine.mark != 0 && mine.adopted.iter().any(known) {
        return Ok(None);
    }
    let (Some(here), Some(there)) = (mine.parts_of(shape), theirs.parts_of(shape)) else {
        return Err(match mine.mark == theirs.mark {
            false => AdoptError::OtherCluster(path()),
            true if theirs.held.shape < shape => AdoptError::LeftBehind(path()),
            true => AdoptError::Older(path()),
        });
    };
    let Some(first) = there.first() else {
        return Err(AdoptError::Empty(path()));
    };
    let Some(me) = here.first() else {
        return Err(AdoptError::New(path()));
    };
    // Two that were always alone have no mark, and nothing in common.
    if mine.mark != theirs.mark || mine.mark == 0 {
        return Err(AdoptError::OtherCluster(path()));
    }
    if let Some(to) = theirs.given_to.filter(|to| !here.contains(to)) {
        let path = path();
        return Err(AdoptError::GivenAway { path, to });
    }
    if let Some(part) = here.intersection(&there).next() {
        let (path, part) = (path(), *part);
        return Err(AdoptError::Twice { path, part });
    }
    let claimed = Membership {
        given_to: Some(*me),
        ..theirs.clone()
    };
    let mut joined = mine.clone();
    joined.held = Held {
        shape,
        processes,
        parts: &here | &there,
    };
    joined.next = None;
    joined.adopted.extend(&theirs.adopted);
    joined.adopted.push(Place {
        shape,
        processes,
        index: *first,
    });
    Ok(Some((joined, claimed)))
}

impl Log {
    /// Takes in what another log holds, in one commit with the record that it is here.
    fn take_over(&self, other: &Self, joined: &Membership, join: Join) -> Result<(), StoreError> {
        let last = self.last()?.max(other.last()?);
        let dropped = self.dropped()?.max(other.dropped()?);
        let write = file::begin_write(self.database())?;
        other.give_epochs(&write, join)?;
        // What either has let go of, the states hold.
        write
            .open_table(EPOCHS)?
            .retain_in(..=dropped.0, |_, _| false)?;
        // A source that is read here as well goes on as it is read here.
        other.give_missing(&write, CURSORS)?;
        other.give_missing(&write, RECEIPTS)?;
        self.give_alerts(other, &write)?;
        self.write_heard(&write, other.said()?)?;
        file::record(&write, "last", last.0)?;
        file::record(&write, "dropped", dropped.0)?;
        membership::record(&write, joined)?;
        crash::point("adopt.log");
        write.commit()?;
        Ok(())
    }

    fn give_epochs(&self, to: &WriteTransaction, join: Join) -> Result<(), StoreError> {
        let from = self.database().begin_read()?;
        let mut epochs = to.open_table(EPOCHS)?;
        for row in from.open_table(EPOCHS)?.iter()? {
            let (epoch, theirs) = row?;
            let theirs: Deltas = decode(theirs.value())?;
            let here = epochs.get(epoch.value())?.map(|here| decode(here.value()));
            let both = match here.transpose()? {
                Some(here) => joined_deltas(here, theirs),
                None => theirs,
            };
            epochs.insert(epoch.value(), encode(&both)?.as_slice())?;
        }
        let mut remembered = to.open_table(REMEMBERED)?;
        for row in from.open_table(REMEMBERED)?.iter()? {
            let (epoch, theirs) = row?;
            let theirs: Vec<u8> = decode(theirs.value())?;
            let here = remembered.get(epoch.value())?;
            let here = here.map(|here| decode::<Vec<u8>>(here.value()));
            let both = match here.transpose()? {
                Some(here) => join(&here, &theirs)?,
                None => theirs,
            };
            remembered.insert(epoch.value(), encode(&both)?.as_slice())?;
        }
        let Some(from) = self.table(TAKEN_BACK)? else {
            return Ok(());
        };
        let mut taken_back = to.open_table(TAKEN_BACK)?;
        for row in from.iter()? {
            let (epoch, theirs) = row?;
            let mut both: TakenBack = decode(theirs.value())?;
            if let Some(here) = taken_back.get(epoch.value())? {
                both.join(decode(here.value())?);
            }
            taken_back.insert(epoch.value(), encode(&both)?.as_slice())?;
        }
        Ok(())
    }

    /// Rows whose keys are not there.
    fn give_missing<K: Key + 'static, V: Value + 'static>(
        &self,
        to: &WriteTransaction,
        table: TableDefinition<'_, K, V>,
    ) -> Result<(), StoreError> {
        let Some(from) = self.table(table)? else {
            return Ok(());
        };
        let mut to = to.open_table(table)?;
        for row in from.range::<K::SelfType<'_>>(..)? {
            let (key, value) = row?;
            if to.get(key.value())?.is_none() {
                to.insert(key.value(), value.value())?;
            }
        }
        Ok(())
    }
}

fn joined_deltas(here: Deltas, theirs: Deltas) -> Deltas {
    let mut both = BTreeMap::<u8, Delta>::new();
    for (group, delta) in here.into_iter().chain(theirs) {
        match both.entry(group) {
            Entry::Vacant(place) => {
                place.insert(delta);
            }
            Entry::Occupied(mut here) => here.get_mut().join(delta),
        }
    }
    both.into_iter().collect()
}

#[cfg(test)]
mod tests;
