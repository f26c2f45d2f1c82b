//! Where a text is, by its hash.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Places of texts that are kept elsewhere.
#[derive(Debug, Default)]
pub(super) struct Index {
    seed: RandomState,
    places: HashTable<Place>,
}

/// The hash is kept beside: a place with another text is passed over without a look at its text, and a
/// table that grows looks at none.
#[derive(Debug)]
struct Place {
    hash: u32,
    at: u32,
}

/// What the table keeps of a place: itself, and a byte of its hash.
const PLACE_BYTES: usize = size_of::<Place>() + 1;

impl Index {
    #[inline]
    pub(super) fn hash(&self, text: &[u8]) -> u32 {
        self.seed.hash_one(Bytes(text)) as u32
    }

    #[inline]
    pub(super) fn find(&self, hash: u32, is: impl Fn(u32) -> bool) -> Option<u32> {
        let place = self
            .places
            .find(wide(hash), |place| place.hash == hash && is(place.at))?;
        Some(place.at)
    }

    /// Of a text that is not there yet.
    pub(super) fn insert(&mut self, hash: u32, at: u32) {
        self.places
            .insert_unique(wide(hash), Place { hash, at }, |place| wide(place.hash));
    }

    /// Bytes held, roughly.
    pub(super) fn held(&self) -> usize {
        self.places.capacity() * PLACE_BYTES * 8 / 7
    }
}

/// The table takes its buckets from the lower bits, and tells texts in one apart by the highest.
fn wide(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// Hashed without the length that a slice puts before itself.
struct Bytes<'a>(&'a [u8]);

impl std::hash::Hash for Bytes<'_> {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        hasher.write(self.0);
    }
}
