//! How sources speak HTTP: one client each, through the proxy that the environment names; and what a server's
//! refusal says.

use std::{error::Error, time::Duration};

use reqwest::{Client, Response, StatusCode, redirect};

use super::protocol::OpenError;

/// A host that does not answer at all is given up, to be tried again.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a server may take until its answer begins.
pub(super) const ANSWER: Duration = Duration::from_secs(30);

const KEEPALIVE: Duration = Duration::from_secs(60);

/// As much of an error's body is read.
const LONGEST_ERROR: usize = 16 << 10;

pub(super) fn client() -> Result<Client, OpenError> {
    crate::client::builder()
        .connect_timeout(CONNECT)
        .tcp_keepalive(KEEPALIVE)
        .redirect(redirect::Policy::limited(5))
        .build()
        .map_err(OpenError::Client)
}

/// Why there was no answer, in words for people, without the address that they know.
pub(super) fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    // The innermost reason is the one that says something.
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let innermost = innermost.to_string();
    if error.is_connect() {
        format!("no connection: {innermost}")
    } else {
        innermost
    }
}

/// An answer that is a refusal.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The beginning of what it says.
    pub(super) body: String,
    /// How long to wait, by `Retry-After` or a limit's reset header.
    pub(super) wait: Option<Duration>,
}

impl Refusal {
    /// Reads what it says.
    pub(super) async fn of(mut response: Response) -> Self {
        let status = response.status();
        let wait = wait_of(&response, unix_seconds());
        let mut body = Vec::new();
        let read = async {
            while let Ok(Some(chunk)) = response.chunk().await {
                body.extend_from_slice(&chunk);
                if body.len() > LONGEST_ERROR {
                    break;
                }
            }
        };
        // What has come by then is enough to tell.
        let _ = tokio::time::timeout(ANSWER, read).await;
        body.truncate(LONGEST_ERROR);
        Self {
            status,
            body: String::from_utf8_lossy(&body).into_owned(),
            wait,
        }
    }

    /// What a person is told: the first line of a text, or what a JSON error says of itself.
    pub(super) fn says(&self) -> String {
        let text = said_in(&self.body).unwrap_or_else(|| {
            let html = self.body.trim_start().starts_with('<');
            let line = self.body.lines().find(|line| !line.trim().is_empty());
            line.filter(|_| !html).unwrap_or_default().trim().to_owned()
        });
        let code = self.status.as_u16();
        let reason = self.status.canonical_reason().unwrap_or_default();
        match shortened(&text) {
            text if text.is_empty() => format!("{code} {reason}").trim_end().to_owned(),
            text => format!("{code}: {text}"),
        }
    }
}

/// The sentence in a JSON error of any of the networks.
fn said_in(body: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(body).ok()?;
    let first = json["errors"].get(0).unwrap_or(&json);
    ["detail", "message", "error_description", "error", "title"]
        .iter()
        .find_map(|name| first[name].as_str().or_else(|| json[name].as_str()))
        .map(str::to_owned)
}

/// As much as fits on a line, without what would not be seen.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 200;
    let seen = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = seen.clone().take(LONGEST).collect();
    if seen.count() > LONGEST {
        short.push('…');
    }
    short
}

/// `Retry-After` in seconds, or the moment at which a limit begins anew: in Unix seconds as X writes it, or
/// by RFC 3339 as Mastodon does.
fn wait_of(response: &Response, now: u64) -> Option<Duration> {
    let value = |name: &str| response.headers().get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| value(name)?.parse::<u64>().ok();
    let moment = || {
        let at: jiff::Timestamp = value("x-ratelimit-reset")?.parse().ok()?;
        u64::try_from(at.as_second()).ok()
    };
    let after = number("retry-after").or_else(|| {
        let reset = number("x-rate-limit-reset").or_else(moment)?;
        Some(reset.saturating_sub(now).max(1))
    });
    // Whatever it says, an hour is enough to be asked again.
    after.map(|seconds| Duration::from_secs(seconds.min(3600)))
}

/// The wall clock, in seconds of the Unix epoch: for moments that a server names by its own.
pub(super) fn unix_seconds() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
