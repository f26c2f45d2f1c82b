//! Posts that are brought together: all of them are in one epoch or none is, and whoever brings them is
//! told when they are sealed.
//!
//! They are counted apart from all else until they are complete.

use model::{Epoch, Kind};
use tokio::sync::oneshot;

use super::{author::Hashes, open::Open, receipts::Claim, room::Held};
use crate::{
    source::{Event, Taken},
    store::{DeliveryKey, Receipt},
};

/// What somebody brings, as far as it has come.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(super) kind: Kind,
    pub(super) hashes: Hashes,
    pub(super) open: Open,
    pub(super) held: Held,
}

/// Open and unsealed epochs take all the memory that they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no room until what was read before is sealed")]
pub(crate) struct NoRoom;

impl Delivery {
    /// Takes some more of the events.
    pub(crate) fn take(&mut self, events: &[Event<'_>]) -> Result<(), NoRoom> {
        if !self.held.is_room() {
            return Err(NoRoom);
        }
        for event in events {
            self.open.event(event, &self.hashes);
        }
        self.held.grow(self.open.grown());
        Ok(())
    }
}

/// Under which key something is delivered, and what a repeat needs to know.
#[derive(Debug)]
pub(crate) struct Keyed {
    pub(crate) claim: Claim,
    pub(crate) digest: [u8; 32],
    pub(crate) taken: Taken,
}

/// A delivery that waits for its seal, its posts aside.
#[derive(Debug)]
pub(super) struct Awaited {
    pub(super) keyed: Option<Keyed>,
    pub(super) sealed: oneshot::Sender<Epoch>,
}

impl Awaited {
    pub(super) fn receipt(&self, epoch: Epoch) -> Option<(DeliveryKey, Receipt)> {
        let keyed = self.keyed.as_ref()?;
        let receipt = Receipt {
            digest: keyed.digest,
            epoch,
            taken: keyed.taken.clone(),
        };
        Some((keyed.claim.key(), receipt))
    }

    /// It is sealed. A repeat is known from here on, so that whoever is told can repeat it.
    pub(super) fn tell(self, epoch: Epoch, at: u64) {
        if let Some(keyed) = self.keyed {
            keyed.claim.keep(at);
        }
        // Whoever brought it may be gone.
        let _ = self.sealed.send(epoch);
    }
}

/// What is complete and waits for the close of the epoch.
#[derive(Debug, Default)]
pub(super) struct Complete {
    pub(super) waiting: Vec<(Delivery, Awaited)>,
    /// The last epoch is being closed: what comes now would wait for ever.
    pub(super) ended: bool,
}
