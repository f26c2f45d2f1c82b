//! One alert to one address: a POST that is signed, and what came of it.
//!
//! What is answered is not read: its status and `Retry-After` say all.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{CONTENT_TYPE, RETRY_AFTER},
    redirect::Policy,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::signing::SigningKey;
use crate::store::Alert;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const POST_LIMIT: Duration = Duration::from_secs(15);

/// Whatever it says, that is enough to be asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Somebody who is told of alerts.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    /// What tells its address from others, and does not give it away.
    pub(super) id: u64,
    /// The address as anybody may see it: without user, path and query, each of which may be a secret.
    pub(super) shown: String,
    url: Url,
    key: SigningKey,
}

/// Why an alert did not arrive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// One plain sentence.
    pub(super) sentence: String,
    /// How long it asks to be left alone.
    pub(super) wait: Option<Duration>,
    /// It wants no more of them.
    pub(super) gone: bool,
    /// For what is in it: others may well be taken.
    pub(super) is_of_alert: bool,
}

/// What is sent. A name in it is not changed.
#[derive(Debug, Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    alert: &'a model::Alert,
    /// The tag's page.
    url: String,
}

pub(crate) fn client() -> reqwest::Result<Client> {
    crate::client::builder()
        .connect_timeout(CONNECT_LIMIT)
        .timeout(POST_LIMIT)
        // Whoever was named is meant, and no other.
        .redirect(Policy::none())
        .build()
}

impl Receiver {
    pub(super) fn new(url: Url, key: SigningKey) -> Self {
        let digest = Sha256::digest(url.as_str().as_bytes());
        let id = digest
            .first_chunk()
            .map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let host = url.host_str().unwrap_or_default();
        let port = url
            .port()
            .map_or_else(String::new, |port| format!(":{port}"));
        let shown = format!("{}://{host}{port}", url.scheme());
        Self {
            id,
            shown,
            url,
            key,
        }
    }

    /// `site` is where the board is, for the link to the tag's page.
    pub(super) async fn tell(
        &self,
        client: &Client,
        alert: &Alert,
        site: &str,
    ) -> Result<(), Failure> {
        let shown = alert.shown();
        let path = app::address::tag_href(&alert.tag, alert.window, app::address::Mode::default());
        let body = Body {
            alert: &shown,
            url: format!("{site}{path}"),
        };
        let body = serde_json::to_string(&body)
            .map_err(|_| self.failure("cannot be told what has no JSON"))?;
        let timestamp = crate::epoch::now() / 1000;
        let sent = client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &alert.id)
            .header("webhook-timestamp", timestamp)
            .header(
                "webhook-signature",
                self.key.sign(&alert.id, timestamp, &body),
            )
            .body(body);
        match sent.send().await {
            Ok(answer) => self.judge(&answer),
            Err(error) if error.is_timeout() => Err(self.failure("does not answer in time")),
            Err(error) if error.is_connect() => Err(self.failure("cannot be reached")),
            Err(_) => Err(self.failure("has broken the connection off")),
        }
    }

    fn judge(&self, answer: &Response) -> Result<(), Failure> {
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let mut failure = match status {
            StatusCode::GONE => {
                self.failure("wants no more alerts (410): it is told of none until the next start")
            }
            _ if status.is_redirection() => self.failure(&format!(
                "leads elsewhere ({}), where nobody follows: give the new address",
                status.as_u16()
            )),
            _ => self.failure(&format!("answers {status}")),
        };
        let after = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|after| after.to_str().ok());
        failure.wait = after.and_then(|after| wait(after, Timestamp::now()));
        failure.gone = status == StatusCode::GONE;
        let is_of_time = [
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_EARLY,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        failure.is_of_alert =
            status.is_client_error() && failure.wait.is_none() && !is_of_time.contains(&status);
        Err(failure)
    }

    fn failure(&self, what: &str) -> Failure {
        Failure {
            sentence: format!("{} {what}.", self.shown),
            wait: None,
            gone: false,
            is_of_alert: false,
        }
    }
}

/// `Retry-After`, in seconds or as a moment.
fn wait(after: &str, now: Timestamp) -> Option<Duration> {
    let after = after.trim();
    let seconds = after.parse().ok().map(Duration::from_secs);
    let until = || {
        let at = jiff::fmt::rfc2822::parse(after).ok()?.timestamp();
        Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
    };
    Some(seconds.or_else(until)?.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn what_is_shown_of_an_address_is_no_secret() {
        let key = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let key = SigningKey::of(&key).unwrap();
        let of = |url: &str| Receiver::new(url.parse().unwrap(), key.clone());
        let one = of("https://me:secret@a.example:8443/T00/B00/secret?token=secret");
        assert_eq!(one.shown, "https://a.example:8443");
        assert!(!one.failure("answers 500").sentence.contains("secret"));
        assert_ne!(one.id, of("https://a.example:8443/").id);
    }

    #[test]
    fn a_wait_is_in_seconds_or_until_a_moment_and_never_for_ever() {
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        let told = |after| wait(after, now).map(|wait| wait.as_secs());
        assert_eq!(told(" 5"), Some(5));
        assert_eq!(told("Thu, 01 Jan 2026 12:00:30 GMT"), Some(30));
        assert_eq!(told("Thu, 01 Jan 2026 11:00:00 GMT"), Some(0));
        assert_eq!(told("99999999999"), Some(3600));
        assert_eq!(told("soon"), None);
    }
}
