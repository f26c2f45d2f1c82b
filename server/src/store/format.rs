//! Values as bytes: postcard (<https://postcard.jamesmunns.com/wire-format>), which is not
//! self-describing; the file's format number says what the bytes are.

use serde::{Serialize, de::DeserializeOwned};

use super::StoreError;

pub(super) fn encode(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    Ok(postcard::to_stdvec(value)?)
}

/// All of `bytes`: a rest would be another value's, or damage.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    match postcard::take_from_bytes(bytes)? {
        (value, []) => Ok(value),
        _ => Err(StoreError::Missing("an entry is longer than what it holds")),
    }
}
