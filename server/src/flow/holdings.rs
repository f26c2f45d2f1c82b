//! What a process brings to the start of a generation.

use model::Epoch;
use serde::{Deserialize, Serialize};

use super::Parts;
use crate::store::{Log, Membership, State, StoreError};

/// Of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holdings {
    /// Which process this is.
    pub(super) process: u64,
    /// Of how many processes.
    pub(super) processes: u64,
    /// What its store is to the cluster.
    pub(super) membership: Membership,
    /// The parts that it was told to go on without.
    pub(super) given_up: Vec<u64>,
    /// The groups that are stored, and as of which epoch.
    pub(super) groups: Vec<(u8, Epoch)>,
    /// The newest sealed epoch.
    pub(super) last: Epoch,
    /// The log begins after this epoch.
    pub(super) dropped: Epoch,
    /// What people are hashed with, hidden from who does not know the secret.
    pub(super) author_key: [u8; 16],
}

/// What a process brings.
pub(super) fn brought(parts: &Parts) -> Result<Holdings, StoreError> {
    let place = (parts.place.0 as u64, parts.place.1 as u64);
    let author_key = parts.log.author_key()?.unwrap_or_default();
    Ok(Holdings {
        given_up: parts.given_up.clone(),
        author_key: hidden(author_key, parts),
        ..holdings(&parts.log, &parts.state, place)?
    })
}

/// A key as it is sent, or back again.
pub(super) fn hidden(key: [u8; 16], parts: &Parts) -> [u8; 16] {
    std::array::from_fn(|place| key[place] ^ parts.mask[place])
}

/// What the store of process `place` of so many holds.
pub(super) fn holdings(
    log: &Log,
    state: &State,
    place: (u64, u64),
) -> Result<Holdings, StoreError> {
    let (process, processes) = place;
    Ok(Holdings {
        process,
        processes,
        membership: log.membership()?,
        given_up: Vec::new(),
        groups: state.groups()?,
        last: log.last()?,
        dropped: log.dropped()?,
        author_key: [0; 16],
    })
}
