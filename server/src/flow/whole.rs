//! What all conclude from what their stores hold: where the count begins, whose copy of a group counts, and
//! which shape begins.

use std::collections::BTreeMap;

use engine::key::GROUPS;
use model::Epoch;

use super::{holdings::Holdings, refusal::Refusal, shape::Present};
use crate::store::{Held, Lost, Membership, Place};

/// What all conclude.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Whole {
    replay_after: Epoch,
    show_from: Epoch,
    /// Groups that are stored, by the process whose copy counts.
    holders: BTreeMap<u8, u64>,
    /// The shape to begin; `None`: all goes on as it was.
    pub(super) next: Option<Next>,
}

/// A shape to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Next {
    number: u64,
    mark: u128,
    lost: Vec<Lost>,
    /// New stores seal nothing up to this epoch.
    pub(super) after: Epoch,
    /// What new stores hash people with.
    pub(super) author_key: [u8; 16],
}

/// Where a process begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// Sealed epochs after this one are replayed.
    pub(super) replay_after: Epoch,
    /// The first epoch whose results are shown, or shown again.
    pub(super) show_from: Epoch,
    /// The groups whose stored rows this process gives.
    pub(super) given: Groups,
}

/// Some key groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Groups(u64);

const _: () = assert!(GROUPS as u32 <= u64::BITS);

impl Groups {
    pub(super) fn has(self, group: u8) -> bool {
        self.0 & 1 << group != 0
    }
}

impl FromIterator<u8> for Groups {
    fn from_iter<I: IntoIterator<Item = u8>>(groups: I) -> Self {
        Self(groups.into_iter().fold(0, |all, group| all | 1 << group))
    }
}

/// Whether a store may be that of the process that it is asked to be, as far as it can tell alone.
pub(super) fn may_be(mine: &Holdings) -> Result<(), Refusal> {
    let Membership { held, given_to, .. } = &mine.membership;
    if let Some(to) = given_to {
        return Err(Refusal::GivenAway(*to));
    }
    // Two that were exchanged.
    if let Some(part) = held.parts.first()
        && held.processes == mine.processes
        && !held.parts.contains(&mine.process)
    {
        return Err(Refusal::OtherPlace {
            recorded: (*part, held.processes),
            asked: mine.process,
        });
    }
    if mine.processes == 1 {
        return conclude(std::slice::from_ref(mine), 0).map(drop);
    }
    is_behind_log(std::slice::from_ref(mine))
}

/// An epoch is counted when every log has come to it.
fn is_behind_log(some: &[Holdings]) -> Result<(), Refusal> {
    let newest = |one: &Holdings| one.groups.iter().map(|(_, held)| *held).max();
    let held = some.iter().filter_map(newest).max().unwrap_or_default();
    let counted = |one: &&Holdings| !one.groups.is_empty() || !one.membership.held.parts.is_empty();
    let last = some.iter().filter(counted).map(|one| one.last).min();
    match last {
        Some(last) if held > last => Err(Refusal::LogOlder { last, held }),
        _ => Ok(()),
    }
}

/// From what all processes hold. `fresh` is nobody's yet.
pub(super) fn conclude(all: &[Holdings], fresh: u128) -> Result<Whole, Refusal> {
    let present = Present::of(all)?;
    is_behind_log(all)?;
    let dropped = all.iter().map(|one| one.dropped).max().unwrap_or_default();
    let mut copies = copies(all);
    let number = match present.is_as_begun(all) {
        true => present.shape,
        false => number_after(all, fresh),
    };
    let lost = lost(&present, number, &copies, dropped);
    copies.retain(|group, (as_of, _)| *as_of >= begins_after(&lost, *group));
    let held = |group: u8| match copies.get(&group) {
        Some((as_of, _)) => *as_of,
        None => begins_after(&lost, group),
    };
    let show_from = (0..GROUPS).map(held).max().unwrap_or_default();
    let oldest = (0..GROUPS).min_by_key(|group| held(*group));
    let group = oldest.unwrap_or_default();
    let replay_after = held(group);
    if replay_after < dropped {
        return Err(Refusal::Gap {
            group,
            held: replay_after,
            dropped,
        });
    }
    let goes_on = present.is_as_begun(all) && present.is_known(all);
    let next = (!goes_on && !is_alone(all)).then(|| {
        // That of the cluster, or of the first where there is none yet.
        let key = all.iter().find(|one| !present.is_new(one.process));
        Next {
            number,
            mark: mark(all, &present, fresh),
            lost,
            after: all.iter().map(|one| one.last).max().unwrap_or_default(),
            author_key: key.or(all.first()).map_or([0; 16], |one| one.author_key),
        }
    });
    Ok(Whole {
        replay_after,
        show_from,
        holders: copies
            .into_iter()
            .map(|(group, (_, holder))| (group, holder))
            .collect(),
        next,
    })
}

/// Of each group that is stored the newest copy, and who has it.
fn copies(all: &[Holdings]) -> BTreeMap<u8, (Epoch, u64)> {
    let mut copies = BTreeMap::new();
    for one in all {
        for (group, as_of) in &one.groups {
            let newest = copies.entry(*group).or_insert((*as_of, one.process));
            if newest.0 < *as_of {
                *newest = (*as_of, one.process);
            }
        }
    }
    copies
}

/// What was given up before the shape of this number, and for it. There may be copies of a lost group that are of an
/// earlier shape: one from which the logs still lead on is as good as the lost one.
fn lost(
    present: &Present,
    number: u64,
    copies: &BTreeMap<u8, (Epoch, u64)>,
    dropped: Epoch,
) -> Vec<Lost> {
    let is_lost = |group: u8| {
        let part = u64::from(group).checked_rem(present.processes);
        part.is_some_and(|part| present.given_up.contains(&part))
    };
    let stands = |group: u8| copies.get(&group).map_or(Epoch(0), |(as_of, _)| *as_of);
    let usable = (0..GROUPS).filter(|group| !is_lost(*group) || stands(*group) >= dropped);
    let after = usable.map(stands).min().unwrap_or_default();
    let given_up = present.given_up.iter().map(|part| Lost {
        before: number,
        part: *part,
        processes: present.processes,
        after,
    });
    present.lost.iter().copied().chain(given_up).collect()
}

/// The epoch after which a group begins anew where it is not stored; 0 for one that was never lost.
fn begins_after(lost: &[Lost], group: u8) -> Epoch {
    let is_its = |lost: &&Lost| u64::from(group) % lost.processes == lost.part;
    let after = lost.iter().filter(is_its).map(|lost| lost.after);
    after.max().unwrap_or_default()
}

/// Higher than any before, and no other's: of an attempt that came to nothing there may be records somewhere.
fn number_after(all: &[Holdings], fresh: u128) -> u64 {
    let known = all.iter().map(|one| {
        let next = one.membership.next.map_or(0, |next| next.shape);
        next.max(one.membership.held.shape)
    });
    let before = known.max().unwrap_or(0) >> u32::BITS;
    (before + 1) << u32::BITS | u64::from(fresh as u32)
}

/// A process that has always been alone, and is so now, records nothing.
fn is_alone(all: &[Holdings]) -> bool {
    matches!(all, [one] if one.processes == 1 && one.membership.mark == 0)
}

/// The mark that all stores have from now on: one that is there already, or `fresh`.
fn mark(all: &[Holdings], present: &Present, fresh: u128) -> u128 {
    let met = all.iter().map(|one| one.membership.mark);
    let mut there = std::iter::once(present.mark).chain(met);
    there.find(|mark| *mark != 0).unwrap_or(fresh)
}

impl Whole {
    pub(super) fn start(&self, process: u64) -> Start {
        let given = self
            .holders
            .iter()
            .filter(|(_, holder)| **holder == process);
        Start {
            replay_after: self.replay_after,
            show_from: self.show_from,
            given: given.map(|(group, _)| *group).collect(),
        }
    }
}

impl Next {
    /// What whoever runs it shall know.
    pub(super) fn tell(&self, mine: &Holdings) {
        for lost in self.lost.iter().filter(|lost| lost.before == self.number) {
            let (part, after) = (lost.part, lost.after.0);
            tracing::warn!(
                "the store of process {part} is given up: the tags that it counted begin anew after epoch \
                 {after}, and what it had sealed and was not counted is lost"
            );
        }
        match mine.processes {
            1 => tracing::info!("this process counts alone from now on"),
            processes => {
                let process = mine.process;
                tracing::info!(
                    "{processes} processes count from now on, this is process {process}"
                );
            }
        }
    }

    /// What a store records first.
    pub(super) fn to_come(&self, mine: &Holdings) -> Membership {
        Membership {
            mark: self.mark,
            next: Some(Place {
                shape: self.number,
                processes: mine.processes,
                index: mine.process,
            }),
            lost: self.lost.clone(),
            ..mine.membership.clone()
        }
    }

    /// What it records when all have done so.
    pub(super) fn begun(&self, mine: &Holdings) -> Membership {
        Membership {
            held: Held {
                shape: self.number,
                processes: mine.processes,
                parts: [mine.process].into(),
            },
            next: None,
            ..self.to_come(mine)
        }
    }
}

#[cfg(test)]
mod tests;
