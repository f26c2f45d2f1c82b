//! What a seal makes durable.

use engine::count::Deltas;
use model::Epoch;

/// A closed epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedEpoch {
    pub(crate) epoch: Epoch,
    pub(crate) deltas: Deltas,
    /// What must be remembered of its posts so that they can be retracted, in the bytes of whoever
    /// remembers them.
    pub(crate) remembered: Vec<u8>,
}
