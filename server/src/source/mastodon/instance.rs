//! What a server says of itself: where it streams, what its people are called, and which of its feeds it
//! shows.
//!
//! Mastodon 4 says it at `/api/v2/instance`, older ones at `/api/v1/instance`; other software may say nothing,
//! and is then asked where it was found.
//!
//! **Invariant:** where a server streams is spoken to as securely as the server itself: nothing is sent from
//! `https:` to `http:`.

use reqwest::{Response, StatusCode, Url};
use serde_json::Value;

use super::{
    Server,
    feed::{Feed, Part},
    refusal::{Refused, body},
};

const PATHS: [&str; 2] = ["/api/v2/instance", "/api/v1/instance"];

/// Bytes.
const LARGEST: usize = 1 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instance {
    streaming: Url,
    /// Behind the names of its own people.
    pub(super) domain: Option<String>,
    /// What it shows to its moderators only.
    pub(super) closed: Vec<Part>,
}

impl Instance {
    /// Asks the server.
    pub(super) async fn of(server: &Server) -> Result<Self, Refused> {
        for path in PATHS {
            match server.ask(server.url(path), &[]).await {
                Ok(answer) if is_json(&answer) => {
                    let body = body(answer, LARGEST, server.patience).await?;
                    if let Some(instance) = Self::said(&body, &server.base) {
                        return Ok(instance);
                    }
                }
                Err(refused) if refused.may_pass() => return Err(refused),
                // One that lets nobody in says so of its stream as well.
                Ok(_) | Err(_) => {}
            }
        }
        Ok(Self::unknown(&server.base))
    }

    fn unknown(base: &Url) -> Self {
        Self {
            streaming: base.clone(),
            domain: None,
            closed: Vec::new(),
        }
    }

    fn said(body: &[u8], base: &Url) -> Option<Self> {
        let said: Value = serde_json::from_slice(body).ok()?;
        said.as_object()?;
        let streaming = ["/configuration/urls/streaming", "/urls/streaming_api"]
            .iter()
            .find_map(|place| streaming(said.pointer(place)?.as_str()?, base));
        let domain = ["domain", "uri"]
            .iter()
            .find_map(|name| domain(said[name].as_str()?));
        let closed = [Part::Local, Part::Remote].into_iter().filter(|part| {
            let place = format!("/configuration/timelines_access/live_feeds/{}", part.name());
            said.pointer(&place).and_then(Value::as_str) == Some("disabled")
        });
        Some(Self {
            streaming: streaming.unwrap_or_else(|| base.clone()),
            domain,
            closed: closed.collect(),
        })
    }

    /// Where the posts of the feed are streamed.
    pub(super) fn stream_of(&self, feed: Feed) -> Url {
        let mut url = self.streaming.clone();
        let before = url.path().trim_end_matches('/').to_owned();
        let behind = feed
            .part()
            .map_or(String::new(), |part| format!("/{}", part.name()));
        url.set_path(&format!("{before}/api/v1/streaming/public{behind}"));
        url
    }
}

fn is_json(answer: &Response) -> bool {
    let kind = answer.headers().get(reqwest::header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    answer.status() == StatusCode::OK && kind.contains("json")
}

/// What it names for WebSockets speaks HTTP as well.
fn streaming(text: &str, base: &Url) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let is_secure = match url.scheme() {
        "https" | "wss" => true,
        "http" | "ws" => base.scheme() == "https",
        _ => return None,
    };
    url.host_str().filter(|host| !host.is_empty())?;
    let scheme = if is_secure { "https" } else { "http" };
    url.set_scheme(scheme).ok()?;
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}

/// Version 1 may give an address.
fn domain(text: &str) -> Option<String> {
    let text = text
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    let text = text.trim_end_matches('/');
    let is_host = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte));
    (is_host && (1..=253).contains(&text.len())).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn said(body: &Value, base: &str) -> Instance {
        Instance::said(body.to_string().as_bytes(), &url(base)).unwrap()
    }

    #[test]
    fn a_server_says_where_it_streams() {
        let new = json!({
            "domain": "Example",
            "configuration": {
                "urls": {"streaming": "wss://streaming.example"},
                "timelines_access": {"live_feeds": {"local": "public", "remote": "disabled"}},
            },
        });
        let new = said(&new, "https://social.example");
        assert_eq!(new.domain.as_deref(), Some("example"));
        assert_eq!(new.closed, [Part::Remote]);
        for (feed, path) in [
            (Feed::All, ""),
            (Feed::Local, "/local"),
            (Feed::Remote, "/remote"),
        ] {
            let stream = format!("https://streaming.example/api/v1/streaming/public{path}");
            assert_eq!(new.stream_of(feed).as_str(), stream);
        }
        let old = json!({
            "uri": "https://example/",
            "urls": {"streaming_api": "wss://social.example:8443/of/it/"},
        });
        let old = said(&old, "https://social.example");
        assert_eq!(old.domain.as_deref(), Some("example"));
        assert_eq!(old.closed, []);
        assert_eq!(
            old.stream_of(Feed::All).as_str(),
            "https://social.example:8443/of/it/api/v1/streaming/public"
        );
    }

    #[test]
    fn nothing_is_spoken_to_less_securely_than_the_server() {
        for (base, named, streaming) in [
            ("https://a.example", "wss://b.example", "https://b.example/"),
            ("https://a.example", "ws://b.example", "https://b.example/"),
            (
                "https://a.example",
                "http://b.example:4000",
                "https://b.example:4000/",
            ),
            (
                "http://127.0.0.1:3000",
                "ws://127.0.0.1:4000",
                "http://127.0.0.1:4000/",
            ),
            (
                "http://127.0.0.1:3000",
                "wss://b.example",
                "https://b.example/",
            ),
            (
                "https://a.example",
                "wss://ann:secret@b.example/?x#y",
                "https://b.example/",
            ),
        ] {
            let named = json!({"configuration": {"urls": {"streaming": named}}});
            assert_eq!(said(&named, base).streaming.as_str(), streaming);
        }
    }

    #[test]
    fn a_server_that_says_nothing_of_use_is_asked_where_it_was_found() {
        let base = url("https://a.example");
        for body in [
            json!({}),
            json!({"domain": 7, "configuration": {"urls": {"streaming": null}}}),
            json!({"domain": "a b", "configuration": {"urls": {"streaming": "file:///etc"}}}),
            json!({"domain": "", "configuration": {"urls": {"streaming": "wss://"}}}),
            json!({"configuration": [], "urls": "wss://b.example"}),
        ] {
            assert_eq!(
                said(&body, base.as_str()),
                Instance::unknown(&base),
                "{body}"
            );
        }
        for body in ["", "[]", "\"a\"", "<html>"] {
            assert_eq!(Instance::said(body.as_bytes(), &base), None, "{body:?}");
        }
    }
}
