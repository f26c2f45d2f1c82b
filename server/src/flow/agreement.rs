//! The start of a generation: every process says what its store holds, and all conclude alike.
//!
//! Groups may be stored as of different epochs, since each is written for itself. Nothing is rolled
//! back: sealed epochs are replayed from behind the oldest of them, a group passes over what it holds
//! already, and results are shown from the newest of them on, when all stand at the same epoch. For
//! this each group's rows must come from one store alone: so a store stays that of one process of as many
//! as it was begun with.
//!
//! **Invariant:** nothing that is stored of a group is newer than the newest sealed epoch of any process, since
//! an epoch is counted when every process has come to it. So no process ever seals what is passed over.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::{Duration, Instant},
};

use engine::key::GROUPS;
use model::Epoch;
use serde::{Deserialize, Serialize};
use timely::{
    ExchangeData,
    dataflow::{
        InputHandle, ProbeHandle,
        operators::{Inspect, Probe, vec::Broadcast},
    },
    worker::Worker,
};

use super::{
    failure::{Failure, FlowError},
    feeder::IDLE,
};
use crate::store::{Log, Membership, State, StoreError};

/// How long it may take until all have heard that the stores do not make a whole.
const PARTING: Duration = Duration::from_secs(2);

/// What a process brings to the start of a generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holdings {
    /// Which process's store this is.
    pub(super) process: u64,
    /// Of how many processes.
    pub(super) processes: u64,
    /// What all stores of a cluster have in common; 0 before they have met.
    pub(super) mark: u128,
    /// It has counted together with the others.
    pub(super) begun: bool,
    /// The groups that are stored, and as of which epoch.
    pub(super) groups: Vec<(u8, Epoch)>,
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
        "the store of process {0} is of another cluster: give it the one that it was begun with"
    )]
    OtherCluster(u64),
    #[error(
        "the data directory is that of process {} of {}, now it is asked to be process {} of {}: it stays \
         what it was begun as, so give this process another --data",
        recorded.0, recorded.1, asked.0, asked.1
    )]
    OtherPlace {
        recorded: (u64, u64),
        asked: (u64, u64),
    },
    #[error(
        "--source {source_name} runs on process {process} already, and it allows one connection: give it to one \
         process alone"
    )]
    RunsElsewhere { source_name: String, process: usize },
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

/// What the store of this process holds.
pub(super) fn holdings(log: &Log, state: &State) -> Result<Holdings, StoreError> {
    let Membership {
        index,
        processes,
        mark,
        begun,
    } = log.membership()?;
    Ok(Holdings {
        process: index,
        processes,
        mark,
        begun,
        groups: state.groups()?,
        last: log.last()?,
        dropped: log.dropped()?,
    })
}

/// From what all processes hold.
pub(super) fn conclude(all: &[Holdings]) -> Result<Start, Refusal> {
    let here: BTreeSet<u64> = all.iter().map(|one| one.process).collect();
    let processes = all.iter().map(|one| one.processes).max().unwrap_or(0);
    if let Some(missing) = (0..processes).find(|process| !here.contains(process)) {
        return Err(Refusal::StoreMissing(missing));
    }
    // Whoever has counted knows that all had the mark then.
    if let Some(begun) = all.iter().find(|one| one.begun) {
        match all.iter().find(|one| one.mark != begun.mark) {
            Some(new) if new.mark == 0 => return Err(Refusal::StoreMissing(new.process)),
            Some(other) => return Err(Refusal::OtherCluster(other.process)),
            None => {}
        }
    }
    conclude_here(all)
}

/// From what some processes hold, as far as it concerns their groups.
pub(super) fn conclude_here(some: &[Holdings]) -> Result<Start, Refusal> {
    let mut held = BTreeMap::new();
    for one in some {
        let own =
            (0..GROUPS).filter(|group| u64::from(*group) % one.processes.max(1) == one.process);
        held.extend(own.map(|group| (group, Epoch(0))));
        held.extend(one.groups.iter().copied());
    }
    let dropped = some.iter().map(|one| one.dropped).max().unwrap_or_default();
    let oldest = held.iter().min_by_key(|(_, held)| **held);
    let (group, oldest) = oldest.map_or_else(Default::default, |(group, held)| (*group, *held));
    if oldest < dropped {
        return Err(Refusal::Gap {
            group,
            held: oldest,
            dropped,
        });
    }
    let show_from = held.into_values().max().unwrap_or_default();
    // An epoch is counted when every log has come to it.
    let last = some.iter().map(|one| one.last).min().unwrap_or_default();
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

/// The mark that all stores have from now on: one that is there already, or `fresh`.
fn mark(all: &[Holdings], fresh: u128) -> u128 {
    let there = all.iter().filter(|one| one.mark != 0);
    let first = there.min_by_key(|one| one.process);
    first.map_or(fresh, |one| one.mark)
}

/// Agrees with all others on where to begin, on every worker; `log` is given by one of each process. Before a
/// cluster counts for the first time, all of its stores are given its mark. `None`: the generation has failed
/// meanwhile.
pub(super) fn agree(
    worker: &mut Worker,
    log: Option<&Log>,
    mine: &Holdings,
    failed: &Failure,
) -> Result<Option<Start>, FlowError> {
    let brings = log.map(|_| Ok::<_, FlowError>((mine.clone(), random()?)));
    let goes_on = || !failed.is_told();
    let Some(mut all) = exchange(worker, brings.transpose()?, goes_on) else {
        return Ok(None);
    };
    all.sort_unstable_by_key(|(one, _)| one.process);
    // That of process 0.
    let fresh = all.first().map_or(0, |(_, fresh)| *fresh);
    let all: Vec<_> = all.into_iter().map(|(one, _)| one).collect();
    let start = match conclude(&all) {
        Ok(start) => start,
        Err(refusal) => {
            failed.tell(refusal.into());
            // Who has not heard of all yet would take this for a loss, and wait.
            let begun = Instant::now();
            exchange(worker, log.map(|_| ()), || begun.elapsed() < PARTING);
            return Ok(None);
        }
    };
    if all.len() == 1 || all.iter().all(|one| one.begun) {
        return Ok(Some(start));
    }
    let marked = Membership {
        mark: mark(&all, fresh),
        ..Membership::new(mine.process, mine.processes)
    };
    if let Some(log) = log {
        log.set_membership(marked)?;
    }
    // When it has come from all, all have done so.
    if exchange(worker, log.map(|_| ()), goes_on).is_none() {
        return Ok(None);
    }
    if let Some(log) = log {
        let begun = true;
        log.set_membership(Membership { begun, ..marked })?;
    }
    Ok(Some(start))
}

fn random() -> Result<u128, FlowError> {
    let mut random = [0; 16];
    let filled = getrandom::fill(&mut random);
    filled.map_err(|error| FlowError::Worker(format!("there are no random numbers: {error}")))?;
    Ok(u128::from_be_bytes(random))
}

/// Tells every worker what all processes bring, unless it does not go on for so long. `mine` is given by one
/// worker of each process.
pub(super) fn exchange<T: ExchangeData + Clone>(
    worker: &mut Worker,
    mine: Option<T>,
    goes_on: impl Fn() -> bool,
) -> Option<Vec<T>> {
    let all = Rc::new(RefCell::new(Vec::new()));
    let probe = ProbeHandle::new();
    let mut input = InputHandle::<u64, _>::new();
    worker.dataflow(|scope| {
        let all = all.clone();
        input
            .to_stream(scope)
            .container::<Vec<T>>()
            .broadcast()
            .inspect(move |one: &T| all.borrow_mut().push(one.clone()))
            .probe_with(&probe);
    });
    if let Some(mine) = mine {
        input.send(mine);
    }
    input.close();
    while !probe.done() {
        if !goes_on() {
            return None;
        }
        worker.step_or_park(Some(IDLE));
    }
    Some(all.take())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holdings(process: u64, groups: impl IntoIterator<Item = (u8, u64)>) -> Holdings {
        Holdings {
            process,
            processes: 1,
            mark: 0,
            begun: false,
            groups: groups
                .into_iter()
                .map(|(group, epoch)| (group, Epoch(epoch)))
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

    /// Both stores of a cluster, each with its groups as of an epoch.
    fn pair() -> [Holdings; 2] {
        [0, 1].map(|process| {
            let own = (0..GROUPS).filter(|group| u64::from(*group) % 2 == process);
            Holdings {
                processes: 2,
                mark: 9,
                begun: true,
                ..holdings(process, own.map(|group| (group, 10 + process)))
            }
        })
    }

    #[test]
    fn the_groups_of_all_processes_make_a_whole() {
        let start = Start {
            replay_after: Epoch(10),
            show_from: Epoch(11),
        };
        let [mut one, mut other] = pair();
        one.dropped = Epoch(10);
        other.dropped = Epoch(9);
        assert_eq!(conclude(&[other.clone(), one.clone()]), Ok(start));
        let own = conclude_here(std::slice::from_ref(&other));
        assert_eq!(own.map(|start| start.replay_after), Ok(Epoch(11)));
        one.dropped = Epoch(11);
        assert!(matches!(
            conclude(&[one, other]),
            Err(Refusal::Gap { group: 0, .. })
        ));
    }

    #[test]
    fn one_that_has_not_come_to_what_is_counted_has_lost_something() {
        let [one, mut other] = pair();
        other.last = Epoch(10);
        assert!(matches!(
            conclude(&[one, other]),
            Err(Refusal::LogOlder { .. })
        ));
    }

    #[test]
    fn an_empty_store_among_those_that_have_counted_is_refused_by_name() {
        let [one, mut other] = pair();
        other.mark = 8;
        assert_eq!(
            conclude(&[one.clone(), other.clone()]),
            Err(Refusal::OtherCluster(1))
        );
        other.mark = 0;
        other.begun = false;
        assert_eq!(conclude(&[one, other]), Err(Refusal::StoreMissing(1)));
    }

    #[test]
    fn before_they_count_one_may_have_its_mark_earlier_than_the_other() {
        let mut all = pair();
        for one in &mut all {
            one.groups.clear();
            one.begun = false;
        }
        all[0].mark = 0;
        assert!(conclude(&all).is_ok());
        assert_eq!(mark(&all, 5), 9);
        all[1].mark = 0;
        assert_eq!(mark(&all, 5), 5);
    }
}
