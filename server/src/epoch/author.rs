//! People and posts as numbers.
//!
//! **Invariant:** nothing that is kept says who somebody is: an author is a keyed hash, and the key does
//! not leave the data directory.

use std::{hash::Hasher, io, path::Path};

use engine::count::Author;
use model::Kind;
use siphasher::{sip::SipHasher24, sip128};

/// The least that a file with a key must hold.
const LEAST: usize = 16;

/// The key of a data directory: [`Log::author_key`](crate::store::Log::author_key).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct AuthorKey([u8; 16]);

impl AuthorKey {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self(key)
    }

    /// A key of nobody yet.
    pub(crate) fn fresh() -> io::Result<[u8; 16]> {
        let mut key = [0; 16];
        getrandom::fill(&mut key)?;
        Ok(key)
    }

    /// A key made of all that is in a file, so that runs on several data directories can be compared.
    pub(crate) fn of_file(path: &Path) -> io::Result<[u8; 16]> {
        let bytes = std::fs::read(path)?;
        if bytes.len() < LEAST {
            return Err(io::Error::other(format!("it has less than {LEAST} bytes")));
        }
        Ok(sip128::SipHasher24::new().hash(&bytes).as_bytes())
    }

    /// A name for something of this data directory, that no other one gives.
    pub(crate) fn name(&self, what: &[u8]) -> u128 {
        sip128::SipHasher24::new_with_key(&self.0)
            .hash(what)
            .as_u128()
    }

    pub(super) fn hashes(&self, kind: Kind) -> Hashes {
        let of = |what: &[u8]| {
            let mut hasher = SipHasher24::new_with_key(&self.0);
            hasher.write(what);
            hasher.write(kind.name().as_bytes());
            hasher.write_u8(0);
            hasher
        };
        Hashes {
            author: of(b"author "),
            post: of(b"post "),
        }
    }
}

impl std::fmt::Debug for AuthorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthorKey")
    }
}

/// What makes numbers of the authors and ids of one kind of source: equal names on different networks are
/// different people.
#[derive(Clone)]
pub(super) struct Hashes {
    author: SipHasher24,
    post: SipHasher24,
}

impl Hashes {
    pub(super) fn author(&self, name: &str) -> Author {
        Author(hash(&self.author, name) as u32)
    }

    pub(super) fn post(&self, id: &str) -> PostId {
        PostId(hash(&self.post, id))
    }
}

impl std::fmt::Debug for Hashes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hashes")
    }
}

/// A post's id, as a keyed hash.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub(super) struct PostId(pub(super) u64);

impl PostId {
    /// What the post draws for a sample: uniform, and known again when the post is deleted.
    pub(super) fn priority(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

fn hash(prefixed: &SipHasher24, text: &str) -> u64 {
    let mut hasher = *prefixed;
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_who_depends_on_key_and_kind() {
        let key = AuthorKey::new([1; 16]);
        let ann = key.hashes(Kind::X).author("ann");
        assert_eq!(key.hashes(Kind::X).author("ann"), ann);
        assert_ne!(key.hashes(Kind::X).author("bob"), ann);
        assert_ne!(key.hashes(Kind::Bluesky).author("ann"), ann);
        assert_ne!(AuthorKey::new([2; 16]).hashes(Kind::X).author("ann"), ann);
        let post = key.hashes(Kind::X).post("ann");
        assert_ne!(Author(post.0 as u32), ann);
    }

    #[test]
    fn a_file_gives_a_key_when_it_is_long_enough() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, "fifteen bytes..").unwrap();
        assert!(AuthorKey::of_file(&path).is_err());
        std::fs::write(&path, "sixteen bytes...").unwrap();
        let key = AuthorKey::of_file(&path).unwrap();
        assert_eq!(AuthorKey::of_file(&path).unwrap(), key);
        std::fs::write(&path, "sixteen bytes...\n").unwrap();
        assert_ne!(AuthorKey::of_file(&path).unwrap(), key);
        assert_ne!(AuthorKey::fresh().unwrap(), AuthorKey::fresh().unwrap());
    }
}
