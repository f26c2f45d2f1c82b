//! An event of the stream's first form with its place in the stream, for whoever follows it.

use std::hash::Hasher;

use twox_hash::XxHash64;

use super::{
    super::{
        decoded::{Decoded, NotAPost},
        loose::Value,
        object::{self, Object},
    },
    event, knows,
};

/// An event with its place in the stream.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::source) struct Frame<'a> {
    /// When this Jetstream took it in: microseconds of the Unix epoch, growing from event to event.
    pub(in crate::source) time_us: u64,
    /// The same for this event from every Jetstream, and for hardly another.
    pub(in crate::source) identity: u64,
    pub(in crate::source) event: Decoded<'a>,
}

/// What a Jetstream sends.
pub(in crate::source) fn frame(text: &str) -> Result<Frame<'_>, NotAPost> {
    let object = object::strictly(text).map_err(|_| NotAPost::NoObject)?;
    let Value::Whole(time_us) = object.time_us else {
        return Err(NotAPost::UnknownObject);
    };
    if !knows(&object) {
        return Err(NotAPost::UnknownObject);
    }
    Ok(Frame {
        time_us,
        identity: identity(&object),
        event: event(object),
    })
}

/// By the account and what counts its changes: `rev` of its repository, or `seq` of the network.
fn identity(object: &Object<'_>) -> u64 {
    let commit = &object.commit;
    let mut hasher = XxHash64::with_seed(0);
    for value in [
        &object.did,
        &object.kind,
        &commit.rev,
        &commit.operation,
        &commit.collection,
        &commit.rkey,
        &object.account.seq,
        &object.account.status,
        &object.identity.seq,
    ] {
        if let Value::Text(text) = value {
            hasher.write(text.as_bytes());
        }
        if let Value::Whole(number) = value {
            hasher.write(&number.to_le_bytes());
        }
        // No byte of UTF-8: texts cannot run into each other.
        hasher.write(&[0xFF]);
    }
    hasher.finish()
}
