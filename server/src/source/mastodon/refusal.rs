//! What a server says instead of what it was asked for, and what is done about it where it was the stream.
//!
//! | it says | what is done |
//! |---|---|
//! | 401; 422, a token of no account | nothing more: the sentence says what token is needed |
//! | 400, 403, 404, another 4xx, something else than a stream | nothing more where it has never been otherwise, else asked again as after an error: a proxy in front of a server that is being mended says such things |
//! | 429 | asked again when it says, else after a minute, doubling |
//! | 5xx | asked again when it says, else as after a lost connection |
//! | no connection, or a lost one | asked again after 250 ms, doubling up to 30 s |

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{RequestBuilder, Response, StatusCode};
use tokio::time::timeout;

use super::{
    super::{
        http::{self, Refusal},
        reconnect::{End, Next},
    },
    allowance::Allowance,
    token::{NAME, Token},
};

/// Why there is no answer to use.
#[derive(Clone, Debug)]
pub(super) enum Refused {
    Network(String),
    /// In its own words, and how long to wait where it says that.
    Says(StatusCode, String, Option<Duration>),
    /// An answer of another kind than was asked for.
    Unexpected(&'static str),
    /// What is asked for is shown to nobody but moderators.
    Closed,
}

/// Asks, and gives an answer that is no refusal.
pub(super) async fn answer(
    request: RequestBuilder,
    patience: Duration,
) -> Result<Response, Refused> {
    let response = match timeout(patience, request.send()).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(Refused::Network(http::why(&error))),
        Err(_) => return Err(Refused::Network("no answer in time".to_owned())),
    };
    if response.status().is_success() {
        return Ok(response);
    }
    let wait = Allowance::of(response.headers(), Timestamp::now()).resets_in;
    let refusal = Refusal::of(response).await;
    Err(Refused::Says(refusal.status, refusal.says(), wait))
}

/// The whole of an answer that is no larger than `most`.
pub(super) async fn body(
    mut response: Response,
    most: usize,
    patience: Duration,
) -> Result<Vec<u8>, Refused> {
    let mut body = Vec::new();
    let read = async {
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > most {
                return Ok(false);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(true)
    };
    match timeout(patience, read).await {
        Ok(Ok(true)) => Ok(body),
        Ok(Ok(false)) => Err(Refused::Unexpected("an answer of no end")),
        Ok(Err(error)) => Err(Refused::Network(http::why(&error))),
        Err(_) => Err(Refused::Network(
            "its answer did not end in time".to_owned(),
        )),
    }
}

impl Refused {
    /// Whether the same may be answered otherwise in a moment.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Network(_) => true,
            Self::Says(status, ..) => passes(*status),
            Self::Unexpected(_) | Self::Closed => false,
        }
    }

    /// In plain words, without the host.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Network(why) => why.clone(),
            Self::Says(_, says, _) => format!("it refuses ({says})"),
            Self::Unexpected(what) => format!("it sent {what}"),
            Self::Closed => "it shows these posts to its moderators only".to_owned(),
        }
    }

    /// What it means for the stream of `host`.
    pub(super) fn end(&self, host: &str, token: &Token, has_served: bool) -> End {
        let lost = |why: String, next| End::Lost { why, next };
        match self {
            Self::Network(why) => lost(format!("{host}: {why}"), Next::Network),
            Self::Says(StatusCode::UNAUTHORIZED | StatusCode::UNPROCESSABLE_ENTITY, says, _) => {
                End::Failed(no_entry(host, says, token))
            }
            Self::Says(StatusCode::TOO_MANY_REQUESTS, says, wait) => {
                let next = wait.map_or(Next::Limited, Next::In);
                lost(format!("{host} was asked too often ({says})"), next)
            }
            Self::Says(status, says, wait) if passes(*status) => {
                let next = wait.map_or(Next::Network, Next::In);
                lost(format!("{host} has an error ({says})"), next)
            }
            Self::Closed => End::Failed(format!(
                "{host} shows these posts to its moderators only, and would stream nothing but deletions; \
                 choose another server"
            )),
            Self::Says(..) | Self::Unexpected(_) => {
                let why = self.no_stream(host);
                match has_served {
                    true => lost(why, Next::Refused),
                    false => End::Failed(why),
                }
            }
        }
    }

    fn no_stream(&self, host: &str) -> String {
        match self {
            Self::Says(StatusCode::NOT_FOUND, says, _) => format!(
                "{host} has no public stream ({says}): it is no Mastodon server, or does not stream"
            ),
            Self::Says(StatusCode::FORBIDDEN, says, _) => {
                format!("{host} does not let this program in ({says})")
            }
            Self::Says(StatusCode::BAD_REQUEST, says, _) => {
                format!("{host} knows no such stream ({says})")
            }
            other => format!("{host} is no Mastodon server: {}", other.sentence()),
        }
    }
}

fn passes(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
        )
}

fn no_entry(host: &str, says: &str, token: &Token) -> String {
    match token {
        Token::NotSet => format!(
            "{host} shows its stream only to whoever has an account there ({says}): make an application in \
             that account's settings, under Development, with the scope read:statuses, and put its access \
             token into {NAME}"
        ),
        Token::OfOthers => format!(
            "{host} shows its stream only to whoever has an account there ({says}), and {NAME} has tokens \
             of other servers only: add {host}=TOKEN behind a comma"
        ),
        Token::Is(_) => format!(
            "{host} does not take the token of {NAME} ({says}): it has to be of an account there, with the \
             scope read:statuses"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn says(status: u16, wait: Option<u64>) -> Refused {
        let status = StatusCode::from_u16(status).unwrap();
        let wait = wait.map(Duration::from_secs);
        Refused::Says(status, format!("{}: words", status.as_u16()), wait)
    }

    fn token() -> Token {
        Token::Is(Secret::new("hidden").unwrap())
    }

    #[track_caller]
    fn failed(end: End) -> String {
        match end {
            End::Failed(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn next(end: End) -> Next {
        match end {
            End::Lost { next, .. } => next,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_entry_the_variable_is_named_whatever_was_before() {
        for status in [401, 422] {
            for (token, part) in [
                (Token::NotSet, "make an application"),
                (Token::OfOthers, "a.example=TOKEN"),
                (token(), "does not take the token"),
            ] {
                let why = failed(says(status, None).end("a.example", &token, true));
                assert!(why.contains("TAGTIDE_MASTODON_TOKEN"), "{why}");
                assert!(why.contains(part) && why.contains(": words)"), "{why}");
                assert!(!why.contains("hidden") && !why.contains('\n'), "{why}");
            }
        }
    }

    #[test]
    fn what_has_never_been_otherwise_is_not_asked_for_again() {
        for (refused, part) in [
            (says(400, None), "knows no such stream (400: words)"),
            (says(403, None), "does not let this program in"),
            (
                says(404, None),
                "it is no Mastodon server, or does not stream",
            ),
            (says(410, None), "it refuses (410: words)"),
            (Refused::Unexpected("a page"), "it sent a page"),
        ] {
            let why = failed(refused.end("a.example", &token(), false));
            assert!(why.starts_with("a.example ") && why.contains(part), "{why}");
            assert_eq!(
                next(refused.end("a.example", &token(), true)),
                Next::Refused
            );
        }
    }

    #[test]
    fn what_may_pass_is_asked_for_again_when_it_says() {
        let second = Next::In(Duration::from_secs(1));
        for (refused, then) in [
            (Refused::Network("reset".to_owned()), Next::Network),
            (says(429, None), Next::Limited),
            (says(429, Some(1)), second),
            (says(408, None), Next::Network),
            (says(500, None), Next::Network),
            (says(503, Some(1)), second),
        ] {
            assert!(refused.may_pass());
            assert_eq!(next(refused.end("a.example", &token(), false)), then);
        }
        for refused in [
            says(401, None),
            says(404, None),
            Refused::Unexpected("a page"),
        ] {
            assert!(!refused.may_pass());
        }
    }
}
