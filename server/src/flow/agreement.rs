//! The start of a generation: every process says what its store holds, and all conclude alike.
//!
//! Groups may be stored as of different epochs, since each is written for itself. Nothing is rolled
//! back: sealed epochs are replayed from behind the oldest of them, a group passes over what it holds
//! already, and results are shown from the newest of them on, when all stand at the same epoch. For
//! this each group's rows must come from one store alone, as they do while there is one process.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use engine::{count::SavedGroup, key::GROUPS};
use model::Epoch;
use serde::{Deserialize, Serialize};
use timely::{
    dataflow::{
        InputHandle, ProbeHandle,
        operators::{Inspect, Probe, vec::Broadcast},
    },
    worker::Worker,
};

/// What a process brings to the start of a generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holdings {
    /// Which process's store this is.
    pub(super) process: u64,
    /// Of how many processes the count last was.
    pub(super) processes: u64,
    pub(super) groups: Vec<(u8, SavedGroup)>,
    /// The newest sealed epoch.
    pub(super) last: Epoch,
    /// The log begins after this epoch.
    pub(super) dropped: Epoch,
}

/// What all conclude from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// Sealed epochs after this one are replayed.
    pub(super) replay_after: Epoch,
    /// The first epoch whose results are shown, or shown again.
    pub(super) show_from: Epoch,
}

/// Why the stores that are here do not make a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the store of process {0} is missing: bring it back, nothing was counted without it")]
    StoreMissing(u64),
    #[error(
        "state.redb is lost, or not of this log.redb: it counts up to epoch {} (key group {group}), \
         log.redb begins after epoch {}. Restore both files from one backup, or begin anew with \
         another --data",
        held.0, dropped.0
    )]
    Gap {
        group: u8,
        held: Epoch,
        dropped: Epoch,
    },
    #[error(
        "log.redb is lost, or not of this state.redb: it ends at epoch {}, state.redb counts up to \
         epoch {}. Restore both files from one backup, or begin anew with another --data",
        last.0, held.0
    )]
    LogOlder { last: Epoch, held: Epoch },
}

pub(super) fn conclude(all: &[Holdings]) -> Result<Start, Refusal> {
    let here: BTreeSet<u64> = all.iter().map(|one| one.process).collect();
    let processes = all.iter().map(|one| one.processes).max().unwrap_or(0);
    if let Some(missing) = (0..processes).find(|process| !here.contains(process)) {
        return Err(Refusal::StoreMissing(missing));
    }
    let mut held = [Epoch(0); GROUPS as usize];
    for (group, saved) in all.iter().flat_map(|one| &one.groups) {
        if let Some(held) = held.get_mut(usize::from(*group)) {
            *held = saved.as_of.max(*held);
        }
    }
    let dropped = all.iter().map(|one| one.dropped).max().unwrap_or_default();
    let oldest = (0..GROUPS).zip(held).min_by_key(|(_, held)| *held);
    let (group, oldest) = oldest.unwrap_or_default();
    if oldest < dropped {
        return Err(Refusal::Gap {
            group,
            held: oldest,
            dropped,
        });
    }
    let show_from = held.into_iter().max().unwrap_or_default();
    let last = all.iter().map(|one| one.last).max().unwrap_or_default();
    if show_from > last {
        return Err(Refusal::LogOlder {
            last,
            held: show_from,
        });
    }
    Ok(Start {
        replay_after: oldest,
        show_from,
    })
}

/// Tells every worker what all processes hold. `mine` is given by one worker of each process.
pub(super) fn exchange(worker: &mut Worker, mine: Option<Holdings>) -> Vec<Holdings> {
    let all = Rc::new(RefCell::new(Vec::new()));
    let probe = ProbeHandle::new();
    let mut input = InputHandle::<u64, _>::new();
    worker.dataflow(|scope| {
        let all = all.clone();
        input
            .to_stream(scope)
            .container::<Vec<Holdings>>()
            .broadcast()
            .inspect(move |holdings: &Holdings| all.borrow_mut().push(holdings.clone()))
            .probe_with(&probe);
    });
    if let Some(mine) = mine {
        input.send(mine);
    }
    input.close();
    while !probe.done() {
        worker.step_or_park(None);
    }
    all.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holdings(process: u64, groups: impl IntoIterator<Item = (u8, u64)>) -> Holdings {
        let saved = |epoch| {
            let mut saved = SavedGroup::default();
            saved.as_of = Epoch(epoch);
            saved
        };
        Holdings {
            process,
            processes: 1,
            groups: groups
                .into_iter()
                .map(|(group, epoch)| (group, saved(epoch)))
                .collect(),
            last: Epoch(20),
            dropped: Epoch(0),
        }
    }

    #[test]
    fn a_first_start_replays_and_shows_everything() {
        let start = conclude(&[holdings(0, [])]);
        assert_eq!(
            start,
            Ok(Start {
                replay_after: Epoch(0),
                show_from: Epoch(0)
            })
        );
    }

    #[test]
    fn groups_that_are_ahead_wait_for_the_others() {
        let ahead = (0..GROUPS).map(|group| (group, if group < 32 { 12 } else { 10 }));
        let mut mine = holdings(0, ahead);
        mine.dropped = Epoch(10);
        let start = conclude(&[mine]);
        assert_eq!(
            start,
            Ok(Start {
                replay_after: Epoch(10),
                show_from: Epoch(12)
            })
        );
    }

    #[test]
    fn a_state_that_is_older_than_the_log_is_refused() {
        let mut mine = holdings(
            0,
            (0..GROUPS)
                .filter(|group| *group != 7)
                .map(|group| (group, 12)),
        );
        mine.dropped = Epoch(10);
        let refusal = Refusal::Gap {
            group: 7,
            held: Epoch(0),
            dropped: Epoch(10),
        };
        assert_eq!(conclude(&[mine]), Err(refusal));
    }

    #[test]
    fn a_log_that_is_older_than_the_state_is_refused() {
        let mut mine = holdings(0, (0..GROUPS).map(|group| (group, 12)));
        mine.last = Epoch(11);
        let refusal = Refusal::LogOlder {
            last: Epoch(11),
            held: Epoch(12),
        };
        assert_eq!(conclude(&[mine]), Err(refusal));
    }

    #[test]
    fn a_missing_store_is_refused_by_its_number() {
        let mut second = holdings(1, []);
        second.processes = 2;
        assert_eq!(conclude(&[second]), Err(Refusal::StoreMissing(0)));
    }
}
