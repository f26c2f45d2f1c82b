//! WebSocket (RFC 6455) as a client: text messages in, and what a close means for people.
//!
//! The connection is that of [`http`](super::http), so that a refused upgrade tells why, and proxies and
//! certificates are the same.

use std::{io, mem, time::Duration};

use futures::{FutureExt, SinkExt, StreamExt};
use reqwest::{
    Client, StatusCode, Upgraded, Url,
    header::{
        CONNECTION, HeaderMap, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
        UPGRADE,
    },
};
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Bytes, Message,
        error::CapacityError,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{CloseFrame, Role, WebSocketConfig},
    },
};

use super::{
    http::{self, Refusal},
    reconnect::Next,
};

/// A larger message ends the connection: no post of any network is near it.
const LARGEST: usize = 4 << 20;

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum NoConnection {
    /// Not reached, or lost on the way; in words for people.
    Network(String),
    /// It does not want to.
    Refused(Refusal),
    /// What answered speaks no WebSocket.
    NoWebSocket,
}

impl NoConnection {
    /// In words for people, and when to try again. `what` should have answered.
    pub(super) fn told(self, what: &str) -> (String, Next) {
        match self {
            Self::Network(why) => (why, Next::Network),
            Self::NoWebSocket => (format!("what answers there is no {what}"), Next::Refused),
            Self::Refused(refusal) => {
                let next = match refusal.wait {
                    Some(wait) => Next::In(wait),
                    None if refusal.status == StatusCode::TOO_MANY_REQUESTS => Next::Limited,
                    None if refusal.status.is_server_error() => Next::Network,
                    None => Next::Refused,
                };
                (format!("it refuses: {}", refusal.says()), next)
            }
        }
    }
}

/// Why no more messages come.
#[derive(Debug)]
pub(super) enum Gone {
    /// The other side has said so: with its code (1005: none was given), in words for people.
    Closed { code: u16, why: String },
    /// The connection broke, or was silent for too long.
    Lost(String),
}

impl std::fmt::Display for Gone {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed { why, .. } | Self::Lost(why) => to.write_str(why),
        }
    }
}

#[derive(Debug)]
pub(super) struct WebSocket {
    stream: WebSocketStream<Upgraded>,
    /// So long nothing may come, not even a ping.
    silence: Duration,
    /// After half of that it is asked whether it is still there.
    asks: bool,
    /// It has said that it is over.
    closed: Option<Gone>,
}

impl WebSocket {
    /// Connects to a `ws:` or `wss:` address.
    pub(super) async fn connect(
        client: &Client,
        url: &Url,
        silence: Duration,
    ) -> Result<Self, NoConnection> {
        let network = |error: reqwest::Error| NoConnection::Network(http::why(&error));
        let key = generate_key();
        let mut address = url.clone();
        let scheme = if url.scheme() == "wss" {
            "https"
        } else {
            "http"
        };
        // Both are schemes with a host: always so.
        let _ = address.set_scheme(scheme);
        let asked = client
            .get(address)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key)
            .send();
        let answer = timeout(http::ANSWER, asked)
            .await
            .map_err(|_| NoConnection::Network("no answer in time".to_owned()))?
            .map_err(network)?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(match answer.status() {
                status if status.is_success() => NoConnection::NoWebSocket,
                _ => NoConnection::Refused(Refusal::of(answer).await),
            });
        }
        if !accepts(answer.headers(), &key) {
            return Err(NoConnection::NoWebSocket);
        }
        let upgraded = answer.upgrade().await.map_err(network)?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(LARGEST))
            .max_frame_size(Some(LARGEST));
        let stream = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        Ok(Self {
            stream,
            silence,
            asks: false,
            closed: None,
        })
    }

    /// For a server that may be silent: one that is there answers a ping.
    pub(super) fn asks_whether_it_is_there(self) -> Self {
        Self { asks: true, ..self }
    }

    pub(super) async fn send(&mut self, text: String) -> Result<(), Gone> {
        self.say(Message::text(text)).await
    }

    async fn say(&mut self, message: Message) -> Result<(), Gone> {
        match timeout(self.silence, self.stream.send(message)).await {
            Ok(sent) => sent.map_err(|error| gone(&error)),
            Err(_) => Err(Gone::Lost("it takes nothing".to_owned())),
        }
    }

    /// Waits for the next text message. Pings are answered meanwhile; binary messages, which none of the
    /// networks sends, are passed over.
    pub(super) async fn next(&mut self) -> Result<tungstenite::Utf8Bytes, Gone> {
        let patience = self.silence / if self.asks { 2 } else { 1 };
        let mut may_ask = self.asks;
        loop {
            if self.closed.is_some() {
                // Its answer goes out while the end is read.
                let _ = timeout(Duration::from_millis(200), self.stream.next()).await;
            }
            if let Some(closed) = self.closed.take() {
                return Err(closed);
            }
            match timeout(patience, self.stream.next()).await {
                Err(_) if mem::take(&mut may_ask) => {
                    self.say(Message::Ping(Bytes::new())).await?;
                }
                Err(_) => {
                    let seconds = self.silence.as_secs_f32();
                    return Err(Gone::Lost(format!("nothing came for {seconds:.0} s")));
                }
                Ok(None) => return Err(Gone::Lost("the connection was closed".to_owned())),
                Ok(Some(Err(error))) => return Err(gone(&error)),
                Ok(Some(Ok(Message::Text(text)))) => return Ok(text),
                Ok(Some(Ok(Message::Close(frame)))) => self.closed = Some(closed(frame)),
                Ok(Some(Ok(_))) => may_ask = self.asks,
            }
        }
    }

    /// The next text message where one is there already.
    pub(super) fn next_if_there(&mut self) -> Option<Result<tungstenite::Utf8Bytes, Gone>> {
        // Dropped while it waits, `next` has taken nothing.
        self.next().now_or_never()
    }
}

fn accepts(headers: &HeaderMap, key: &str) -> bool {
    let accept = headers.get(SEC_WEBSOCKET_ACCEPT);
    accept.is_some_and(|accept| accept.as_bytes() == derive_accept_key(key.as_bytes()).as_bytes())
}

fn gone(error: &tungstenite::Error) -> Gone {
    use tungstenite::Error;
    Gone::Lost(match error {
        Error::ConnectionClosed | Error::AlreadyClosed => "the connection was closed".to_owned(),
        Error::Io(error) if error.kind() == io::ErrorKind::ConnectionReset => {
            "the connection was reset".to_owned()
        }
        Error::Protocol(_) => "the connection was closed without a word".to_owned(),
        Error::Capacity(CapacityError::MessageTooLong { size, .. }) => {
            format!("a message of {size} bytes came")
        }
        other => http::shortened(&other.to_string()),
    })
}

fn closed(frame: Option<CloseFrame>) -> Gone {
    let (code, said) = frame.map_or((1005, String::new()), |frame| {
        (u16::from(frame.code), frame.reason.to_string())
    });
    let meaning = match code {
        1000 => "it has ended the stream",
        1001 => "it is going away",
        1002 | 1003 | 1007 => "it did not understand this client",
        1008 => "it refuses this client by its rules",
        1009 => "something was too large for it",
        1011 => "it has met an error",
        1012 => "it restarts",
        1013 => "it is overloaded",
        _ => "it has closed the connection",
    };
    let why = match http::shortened(&said) {
        said if said.is_empty() => format!("{meaning} ({code})"),
        said => format!("{meaning} ({code}: {said})"),
    };
    Gone::Closed { code, why }
}
