//! What only the processes of a cluster know.

use std::{fs, io, path::Path};

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Anything shorter can be guessed.
const LEAST: usize = 16;

/// A key for proofs.
#[derive(Clone)]
pub(crate) struct Secret(Hmac<Sha256>);

impl Secret {
    /// White space around it, such as the end of a line, is none of it.
    pub(crate) fn of_file(path: &Path) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        let secret = Self::of_bytes(bytes.trim_ascii());
        secret.ok_or_else(|| io::Error::other(format!("it has less than {LEAST} bytes")))
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let long = bytes.len() >= LEAST;
        long.then(|| Hmac::new_from_slice(bytes).ok().map(Self))?
    }

    /// What nobody can make of `parts` without the secret.
    pub(super) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.over(parts).finalize().into_bytes().into()
    }

    /// Compares in a time that tells nothing.
    pub(super) fn is_signed(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.over(parts).verify_slice(signature).is_ok()
    }

    /// The key that the cluster's new data directories hash people with: the same in each.
    pub(crate) fn author_key(&self) -> [u8; 16] {
        let mut key = [0; 16];
        key.copy_from_slice(&self.sign(&[b"tagtide author key"])[..16]);
        key
    }

    /// What hides the key of authors on its way to a process that is new.
    pub(crate) fn mask(&self) -> [u8; 16] {
        let mut mask = [0; 16];
        mask.copy_from_slice(&self.sign(&[b"tagtide mask of the author key"])[..16]);
        mask
    }

    fn over(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_line_is_none_of_it_and_a_short_one_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let of = |text: &str| {
            let path = directory.path().join("secret");
            fs::write(&path, text).unwrap();
            Secret::of_file(&path)
        };
        let signed = of("0123456789abcdef\n").unwrap().sign(&[b"a", b"b"]);
        let secret = of("0123456789abcdef").unwrap();
        assert!(secret.is_signed(&[b"a", b"b"], &signed));
        assert!(!secret.is_signed(&[b"a", b"c"], &signed));
        assert!(of("0123456789abcde\n").is_err());
    }
}
