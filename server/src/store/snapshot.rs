//! Both files as they are at one moment, while they go on being written.
//!
//! **Invariant:** the log reaches back to the state, and the state is not ahead of the log. The state is
//! looked at first: it holds only what was sealed before, so a log that is looked at later ends at or
//! behind it. Meanwhile the log may have let go of epochs that only a newer state holds; then both are
//! looked at anew. The other way round the state could hold epochs that the log, and with it the
//! cursors, does not know, and they would be counted again.

use std::io::{BufWriter, Write};

use engine::{count::SavedGroup, key::GROUPS};
use redb::{ReadTransaction, ReadableDatabase, ReadableTable};

use super::{Log, State, StoreError, file, format::decode, log, state, stream::Sender};

/// Sends every row of both files, in the order of their keys: a page at a time is in memory. Where that
/// fails, the stream says so too.
pub(crate) fn send(log: &Log, state: &State, to: impl Write) -> Result<(), StoreError> {
    let mut to = BufWriter::new(to);
    let sent = Snapshot::take(log, state, || ()).and_then(|snapshot| snapshot.rows(&mut to));
    if let Err(error) = &sent {
        Sender::fail(to, &error.to_string());
    }
    sent
}

/// An entry leaves the log some epochs after the state has it, so that even the second look is rare.
const LOOKS: usize = 100;

/// While it is held, the files' room that becomes free is not used again, and nothing else waits.
struct Snapshot {
    log: ReadTransaction,
    state: ReadTransaction,
}

impl Snapshot {
    /// `between` is what happens from the one look to the other.
    fn take(log: &Log, state: &State, mut between: impl FnMut()) -> Result<Self, StoreError> {
        for _ in 0..LOOKS {
            let state = state.database().begin_read()?;
            between();
            let log = log.database().begin_read()?;
            let snapshot = Self { log, state };
            if snapshot.is_whole()? {
                return Ok(snapshot);
            }
        }
        Err(StoreError::Damaged(
            "log.redb does not reach back to what state.redb holds",
        ))
    }

    fn is_whole(&self) -> Result<bool, StoreError> {
        let dropped = self.log.open_table(file::META)?.get("dropped")?;
        let dropped = dropped.map_or(0, |epoch| epoch.value());
        let mut oldest = u64::MAX;
        let mut groups = 0;
        for head in self.state.open_table(state::GROUPS)?.iter()? {
            let head: SavedGroup = decode(head?.1.value())?;
            oldest = oldest.min(head.as_of.0);
            groups += 1;
        }
        // One that was never written holds nothing.
        let oldest = if groups < GROUPS { 0 } else { oldest };
        Ok(dropped <= oldest)
    }

    fn rows(&self, to: impl Write) -> Result<(), StoreError> {
        let mut sender = Sender::begin(to)?;
        sender.file(&self.log, |tables| log::each_table(tables))?;
        sender.file(&self.state, |tables| state::each_table(tables))?;
        sender.end()
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use engine::{
        count::{Delta, Group, Shape},
        grammar::Grammar,
    };
    use model::Epoch;

    use super::*;
    use crate::{
        source::Cursor,
        store::{Batch, Copy, SealedEpoch, SealedReceipts, Settings, open},
    };

    const SETTINGS: Settings = Settings {
        batch: Duration::from_secs(2),
        grammar: Grammar::Twitter,
    };

    fn seal(log: &Log, epoch: u64, drop_to: u64) {
        let sealed = SealedEpoch {
            epoch: Epoch(epoch),
            deltas: Vec::new(),
            remembered: vec![epoch as u8],
            taken_back: crate::store::TakenBack::default(),
        };
        let cursors = [(Arc::from("file:/posts"), Cursor(epoch.to_string()))];
        let receipts = SealedReceipts::default();
        log.seal(&[sealed], &cursors, &receipts, Epoch(drop_to), Epoch(0))
            .unwrap();
    }

    fn save(state: &State, epoch: u64) {
        let mut batch = Batch::default();
        for number in 0..GROUPS {
            let shape = Shape {
                batch_ms: 2000,
                max_tags: 10_000,
            };
            let mut group = Group::new(number, shape);
            group.apply(Epoch(epoch), Delta::default());
            batch.add(number, &group.changes()).unwrap();
        }
        state.save(&[batch]).unwrap();
    }

    /// The copy of a snapshot: how far its log and its state go.
    fn copied(snapshot: &Snapshot) -> (Log, State) {
        let directory = tempfile::tempdir().unwrap();
        let copy = Copy::begin(directory.path()).unwrap();
        let mut bytes = Vec::new();
        snapshot.rows(&mut bytes).unwrap();
        copy.receive(bytes.as_slice()).unwrap();
        copy.open().unwrap()
    }

    #[test]
    fn whatever_is_written_between_the_two_looks_they_fit_together() {
        let directory = tempfile::tempdir().unwrap();
        let (log, state) = open(directory.path(), &SETTINGS).unwrap();
        seal(&log, 1, 0);
        save(&state, 1);
        // A whole checkpoint comes between, and then the log lets go of what it holds.
        let mut looks = 0;
        let snapshot = Snapshot::take(&log, &state, || {
            looks += 1;
            if looks < 3 {
                seal(&log, 1 + looks, 0);
                save(&state, 1 + looks);
                seal(&log, 10 + looks, 1 + looks);
            }
        });
        assert_eq!(looks, 3);
        // What is written later is not in it.
        seal(&log, 20, 13);
        save(&state, 20);
        let (log, state) = copied(&snapshot.unwrap());
        assert_eq!(log.last().unwrap(), Epoch(12));
        assert_eq!(log.dropped().unwrap(), Epoch(3));
        assert_eq!(
            log.cursor("file:/posts").unwrap(),
            Some(Cursor("12".into()))
        );
        let groups = state.groups().unwrap();
        assert_eq!(groups.len(), usize::from(GROUPS));
        assert!(groups.iter().all(|(_, as_of)| *as_of == Epoch(3)));
        let mut remembered = Vec::new();
        log.remembered(|_, bytes| {
            remembered.extend(bytes);
            Ok(())
        })
        .unwrap();
        assert_eq!(remembered, [1, 2, 3, 11, 12]);
    }

    /// The state may be ahead of what was replayed, never of the log.
    #[test]
    fn a_state_that_is_saved_between_the_two_looks_is_not_in_it() {
        let directory = tempfile::tempdir().unwrap();
        let (log, state) = open(directory.path(), &SETTINGS).unwrap();
        seal(&log, 1, 0);
        save(&state, 1);
        let snapshot = Snapshot::take(&log, &state, || {
            seal(&log, 2, 0);
            save(&state, 2);
        });
        let (log, state) = copied(&snapshot.unwrap());
        let last = log.last().unwrap();
        assert!(
            state
                .groups()
                .unwrap()
                .iter()
                .all(|(_, as_of)| *as_of <= last)
        );
        assert_eq!(state.groups().unwrap()[0].1, Epoch(1));
    }

    #[test]
    fn a_stream_that_is_cut_anywhere_or_damaged_is_no_copy() {
        let directory = tempfile::tempdir().unwrap();
        let (log, state) = open(directory.path(), &SETTINGS).unwrap();
        seal(&log, 1, 0);
        save(&state, 1);
        let mut bytes = Vec::new();
        send(&log, &state, &mut bytes).unwrap();
        let to = tempfile::tempdir().unwrap();
        let receive = |bytes: &[u8]| {
            let copy = Copy::begin(to.path()).unwrap();
            copy.receive(bytes)
        };
        for length in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
            receive(&bytes[..length]).unwrap_err();
            assert!(open(to.path(), &SETTINGS).is_err());
        }
        receive(&bytes).unwrap();

        log.damage(Epoch(1));
        let mut bytes = Vec::new();
        send(&log, &state, &mut bytes).unwrap_err();
        let told = receive(&bytes).unwrap_err().to_string();
        assert!(told.contains("not what was written"), "{told}");
    }
}
