//! What X says instead of posts, and what is done about it.
//!
//! | X says | what is done |
//! |---|---|
//! | 401, 403, another 4xx | nothing more: asking again would not help, and be held against the account |
//! | 409, the stream has no rules | asked again as after an error |
//! | 429, too often or too many connections | asked again when X says, else after a minute, doubling |
//! | 5xx | asked again after 5 seconds, doubling up to 320 |
//! | no connection, or a lost one | asked again after 250 ms, each time 250 ms longer, up to 16 s |
//! | the stream is closed, or silent for 20 s | connected again at once where it had brought posts |
//!
//! The pauses are those of X's own guide to its streams.

use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode, header::AUTHORIZATION};
use serde::Deserialize;
use tokio::time::timeout;

use super::{
    super::{
        http::{self, Refusal},
        reconnect::{End, Next},
    },
    Error, Ready, is,
};

/// Why there is no answer to use.
#[derive(Debug)]
pub(super) enum Refused {
    Network(String),
    NoRules,
    /// Too often, or too many at once; when to come back, where it says.
    Limited(String, Option<Duration>),
    /// It has an error.
    Server(String),
    /// It will say the same again.
    ForGood(String),
}

impl From<Refused> for End {
    fn from(refused: Refused) -> Self {
        let lost = |why, next| Self::Lost { why, next };
        match refused {
            Refused::Network(why) => lost(why, Next::Network),
            Refused::NoRules => {
                let why = "X has no rules for this token: say with --x-rule what to look for";
                lost(why.to_owned(), Next::Refused)
            }
            Refused::Limited(why, Some(wait)) => lost(why, Next::In(wait)),
            Refused::Limited(why, None) => lost(why, Next::Limited),
            Refused::Server(why) => lost(why, Next::Refused),
            Refused::ForGood(why) => Self::Failed(why),
        }
    }
}

/// Asks, with the token, and gives an answer that is none of X's refusals.
pub(super) async fn answer(ready: &Ready, request: RequestBuilder) -> Result<Response, Refused> {
    let asked = request.header(AUTHORIZATION, ready.token.bearer()).send();
    let response = match timeout(http::ANSWER.min(ready.silence), asked).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(Refused::Network(format!("X: {}", http::why(&error)))),
        Err(_) => return Err(Refused::Network("X: no answer in time".to_owned())),
    };
    if response.status().is_success() {
        return Ok(response);
    }
    Err(refused(&Refusal::of(response).await))
}

fn refused(refusal: &Refusal) -> Refused {
    let says = refusal.says();
    match refusal.status {
        StatusCode::UNAUTHORIZED => Refused::ForGood(format!(
            "X does not know the token of TAGTIDE_X_TOKEN ({says})"
        )),
        StatusCode::CONFLICT => Refused::NoRules,
        StatusCode::TOO_MANY_REQUESTS => {
            let why = if refusal.body.contains("TooManyConnections") {
                format!("another program holds the connection that X gives to this token ({says})")
            } else {
                format!("X was asked too often ({says})")
            };
            Refused::Limited(why, refusal.wait)
        }
        status if status.is_server_error() => Refused::Server(format!("X has an error ({says})")),
        _ => Refused::ForGood(format!("X refuses this ({says})")),
    }
}

/// What X says in the stream before it closes it, or how that was lost.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    why: String,
    next: Option<Next>,
}

impl Problem {
    /// Of a line that is no post; `None` where it tells of none.
    pub(super) fn in_line(line: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Line {
            #[serde(default)]
            errors: Vec<Error>,
            #[serde(flatten)]
            own: Error,
        }
        let line: Line = serde_json::from_slice(line).ok()?;
        let error = line.errors.into_iter().next().unwrap_or(line.own);
        let ends = error.disconnect_type.is_some() || error.connection_issue.is_some();
        let capped = is(&error.kind, "usage-capped");
        if !ends && !capped {
            return None;
        }
        let says = error.sentence();
        Some(if capped {
            let why = format!("the account's use of X is at its cap ({says})");
            Self { why, next: None }
        } else {
            let why = format!("X ends the stream ({says})");
            let next = match is(&error.connection_issue, "TooManyConnections") {
                true => Next::Limited,
                false => Next::AtOnce,
            };
            let next = Some(next);
            Self { why, next }
        })
    }

    pub(super) fn closed() -> Self {
        Self {
            why: "X closed the stream".to_owned(),
            next: Some(Next::AtOnce),
        }
    }

    pub(super) fn lost(error: &reqwest::Error) -> Self {
        Self {
            why: format!("the connection to X was lost: {}", http::why(error)),
            next: Some(Next::AtOnce),
        }
    }
}

impl From<Problem> for End {
    fn from(Problem { why, next }: Problem) -> Self {
        match next {
            Some(next) => Self::Lost { why, next },
            None => Self::Failed(why),
        }
    }
}
