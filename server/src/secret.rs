//! What only this program and the network it talks to may know.
//!
//! **Invariant:** a secret comes from the environment or a file, never from the command line, which other
//! users of the machine can read; and it is written nowhere: not to a log, an error, a status.

use std::{env, fmt, fs, path::PathBuf};

use reqwest::header::HeaderValue;
use sha2::{Digest as _, Sha256};

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    #[error("{0} is not set; set it, or {0}_FILE to the name of a file that holds it")]
    Missing(&'static str),
    #[error("{name}_FILE={path:?} cannot be read: {error}")]
    Read {
        name: &'static str,
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("{0} holds what no token has: one line of visible ASCII characters is needed")]
    NoToken(&'static str),
}

impl Secret {
    /// Of the environment variable `name`, or of the file that `NAME_FILE` names.
    pub(crate) fn of_environment(name: &'static str) -> Result<Self, SecretError> {
        let text = match (env::var_os(name), env::var_os(format!("{name}_FILE"))) {
            (Some(text), _) => text.into_string().map_err(|_| SecretError::NoToken(name))?,
            (None, Some(path)) => {
                let path = PathBuf::from(path);
                fs::read_to_string(&path).map_err(|error| SecretError::Read {
                    name,
                    path,
                    error,
                })?
            }
            (None, None) => return Err(SecretError::Missing(name)),
        };
        Self::new(&text).ok_or(SecretError::NoToken(name))
    }

    /// White space around it, such as the end of a file's line, is none of it.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let seen = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        seen.then(|| Self(text.to_owned()))
    }

    /// Whether somebody knows it. How long that takes to tell depends on nothing that is secret: digests
    /// are compared.
    pub(crate) fn is(&self, said: &[u8]) -> bool {
        Sha256::digest(said) == self.digest()
    }

    /// What tells it from others, and does not give it away.
    pub(crate) fn digest(&self) -> sha2::digest::Output<Sha256> {
        Sha256::digest(self.0.as_bytes())
    }

    /// What stands behind `prefix`, for whoever makes a key of it.
    pub(crate) fn after(&self, prefix: &str) -> Option<&str> {
        self.0.strip_prefix(prefix)
    }

    /// The value of an `Authorization` header.
    pub(crate) fn bearer(&self) -> HeaderValue {
        let value = HeaderValue::from_str(&format!("Bearer {}", self.0));
        let mut value = value.unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_not_shown() {
        let secret = Secret::new(" AAAA%2Fx\n").unwrap();
        assert_eq!(secret.bearer().to_str().unwrap(), "Bearer AAAA%2Fx");
        assert!(!format!("{secret:?} {:?}", secret.bearer()).contains("AAAA"));
    }

    #[test]
    fn it_is_known_by_all_of_it() {
        let secret = Secret::new("AAAA%2Fx").unwrap();
        assert!(secret.is(b"AAAA%2Fx"));
        for other in [&b""[..], b"AAAA%2F", b"AAAA%2Fxx", b"aaaa%2fx"] {
            assert!(!secret.is(other));
        }
    }

    #[test]
    fn what_no_token_has_is_refused() {
        for text in ["", " \n", "a b", "a\nb", "ä"] {
            assert_eq!(Secret::new(text), None, "{text:?}");
        }
    }
}
