//! Who may post: whoever knows the token, where there is one.
//!
//! **Invariant:** a server that others than this machine reach takes nothing from those who do not know it.

use axum::http::{HeaderMap, header::AUTHORIZATION};
use sha2::{Digest as _, Sha256};

use crate::secret::Secret;

/// Without a token everybody may.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    token: Option<Secret>,
    public: bool,
}

/// `--public` without a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "--public needs a token that those who post must know: set TAGTIDE_INGEST_TOKEN, or TAGTIDE_INGEST_TOKEN_FILE to the name of a file that holds it"
)]
pub(crate) struct NeedsToken;

impl Access {
    pub(crate) fn new(token: Option<Secret>, public: bool) -> Result<Self, NeedsToken> {
        if public && token.is_none() {
            return Err(NeedsToken);
        }
        Ok(Self { token, public })
    }

    pub(crate) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Whether this request may bring posts.
    pub(super) fn admits_posts(&self, headers: &HeaderMap) -> bool {
        let knows = |token: &Secret| said(headers).is_some_and(|said| token.is(said));
        self.token.as_ref().is_none_or(knows)
    }

    /// Whether this request may bring a board, which the tutorial's programs do without a token.
    pub(super) fn admits_boards(&self, headers: &HeaderMap) -> bool {
        !self.public || self.admits_posts(headers)
    }

    /// Begins what is named by those who know this token: others may give the same names.
    pub(super) fn names(&self) -> Sha256 {
        let mut names = Sha256::new();
        if let Some(token) = &self.token {
            names.update(token.digest());
        }
        names
    }
}

/// What stands behind `Bearer` (RFC 6750).
fn said(headers: &HeaderMap) -> Option<&[u8]> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (only, None) = (all.next()?, all.next()) else {
        return None;
    };
    let (scheme, said) = only.as_bytes().split_at_checked("bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then_some(said.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(public: bool) -> Access {
        Access::new(Secret::new("s3cret"), public).unwrap()
    }

    fn saying(all: &[&str]) -> HeaderMap {
        let header = |value: &&str| (AUTHORIZATION, value.parse().unwrap());
        all.iter().map(header).collect()
    }

    #[test]
    fn only_who_knows_the_token_may() {
        assert!(Access::default().admits_posts(&saying(&[])));
        for knows in ["Bearer s3cret", "bearer  s3cret"] {
            assert!(access(false).admits_posts(&saying(&[knows])), "{knows}");
        }
        for stranger in [
            &[][..],
            &["Bearer"],
            &["Bearer "],
            &["s3cret"],
            &["Basic s3cret"],
            &["Bearer s3cre"],
            &["Bearer s3cret2"],
            &["Bearer s3cret", "Bearer other"],
        ] {
            assert!(
                !access(false).admits_posts(&saying(stranger)),
                "{stranger:?}"
            );
        }
    }

    #[test]
    fn boards_need_it_where_others_reach_them() {
        assert!(access(false).admits_boards(&saying(&[])));
        assert!(!access(true).admits_boards(&saying(&[])));
        assert!(access(true).admits_boards(&saying(&["Bearer s3cret"])));
        assert_eq!(Access::new(None, true).unwrap_err(), NeedsToken);
    }
}
