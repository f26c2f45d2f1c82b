//! Values as bytes: postcard (<https://postcard.jamesmunns.com/wire-format>), which is not
//! self-describing; the file's format number says what the bytes are. Behind them stands their
//! checksum, so that none is taken for another value than was written.

use std::hash::Hasher;

use serde::{Serialize, de::DeserializeOwned};
use twox_hash::XxHash64;

use super::StoreError;

/// xxHash64 of all that stands before it, little-endian.
const CHECKSUM: usize = size_of::<u64>();

pub(super) fn encode(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let mut bytes = postcard::to_stdvec(value)?;
    let checksum = checksum(&bytes);
    bytes.extend(checksum);
    Ok(bytes)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    parse(checked(bytes)?)
}

/// The bytes of a value, when their checksum says that they are what was written.
pub(super) fn checked(bytes: &[u8]) -> Result<&[u8], StoreError> {
    match bytes.split_last_chunk::<CHECKSUM>() {
        Some((value, sum)) if *sum == checksum(value) => Ok(value),
        _ => Err(StoreError::Damaged("an entry is not what was written")),
    }
}

/// All of `bytes`: a rest would be another value's.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    match postcard::take_from_bytes(bytes)? {
        (value, []) => Ok(value),
        _ => Err(StoreError::Damaged("an entry is longer than what it holds")),
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = XxHash64::with_seed(0);
    hasher.write(bytes);
    hasher.finish().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_anywhere_is_found() {
        let value = ("tag".to_owned(), 300_u64, vec![1_u8, 2, 3]);
        let bytes = encode(&value).unwrap();
        assert_eq!(decode::<(String, u64, Vec<u8>)>(&bytes).unwrap(), value);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            decode::<(String, u64, Vec<u8>)>(&flipped).unwrap_err();
        }
        for end in 0..bytes.len() {
            decode::<(String, u64, Vec<u8>)>(&bytes[..end]).unwrap_err();
        }
    }
}
