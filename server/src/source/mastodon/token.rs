//! Tokens of accounts on servers, of the environment.
//!
//! One token is for all servers that are read; where several are, each can have its own: `HOST=TOKEN`, with
//! commas between them.
//!
//! **Invariant:** where tokens are given for servers by name, none of them is for any other server.

use crate::secret::{Secret, SecretError};

pub(super) const NAME: &str = "TAGTIDE_MASTODON_TOKEN";

/// What is known of the token for one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Is(Secret),
    /// None is set at all.
    NotSet,
    /// There are some, of other servers.
    OfOthers,
}

impl Token {
    /// The token for the server at `host`: `HOST` or `HOST:PORT` in lower case.
    pub(super) fn of_environment(host: &str) -> Result<Self, SecretError> {
        match Secret::of_environment(NAME) {
            Ok(secret) => Self::of(secret, host).ok_or(SecretError::NoToken(NAME)),
            Err(SecretError::Missing(_)) => Ok(Self::NotSet),
            Err(error) => Err(error),
        }
    }

    /// `None` where one that is given by name is none.
    fn of(secret: Secret, host: &str) -> Option<Self> {
        let bearer = secret.bearer();
        let text = bearer.to_str().ok()?.strip_prefix("Bearer ")?;
        let entries: Option<Vec<_>> = text.split(',').map(entry).collect();
        let Some(entries) = entries else {
            return Some(Self::Is(secret));
        };
        let mut found = Self::OfOthers;
        for (name, token) in entries {
            let token = Secret::new(token)?;
            if name.eq_ignore_ascii_case(host) {
                found = Self::Is(token);
            }
        }
        Some(found)
    }

    pub(super) fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Is(secret) => Some(secret),
            Self::NotSet | Self::OfOthers => None,
        }
    }
}

/// `HOST=TOKEN`. A token may end in `=`, but what stands before that is no name of a host.
fn entry(text: &str) -> Option<(&str, &str)> {
    let (host, token) = text.split_once('=')?;
    let has_name = host == "localhost" || host.contains(['.', ':']);
    let is_host = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte));
    (has_name && is_host).then_some((host, token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, host: &str) -> Option<Token> {
        Token::of(Secret::new(text).unwrap(), host)
    }

    fn is(token: &str) -> Option<Token> {
        Some(Token::Is(Secret::new(token).unwrap()))
    }

    #[test]
    fn one_token_is_for_every_server() {
        for token in ["abc", "a-b_c.d", "YWJj==", "a,b"] {
            assert_eq!(of(token, "a.example"), is(token));
        }
    }

    #[test]
    fn tokens_by_name_are_for_no_other_server() {
        let tokens = "A.example=one,b.example:8443=two==,localhost=three";
        assert_eq!(of(tokens, "a.example"), is("one"));
        assert_eq!(of(tokens, "b.example:8443"), is("two=="));
        assert_eq!(of(tokens, "localhost"), is("three"));
        for other in ["b.example", "c.example", "xa.example"] {
            assert_eq!(of(tokens, other), Some(Token::OfOthers));
        }
    }

    #[test]
    fn a_name_without_a_token_is_a_mistake() {
        assert_eq!(of("a.example=one,b.example=", "a.example"), None);
    }
}
