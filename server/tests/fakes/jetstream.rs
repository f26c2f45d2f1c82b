//! Bluesky's Jetstream, version 1: `/subscribe`. Several hosts may serve one network, each by its own clock.
//!
//! What clients of tagtide do not ask for is refused here with 400: `compress`, `requireHello`.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{
    http::{Answer, Connection, Request},
    live::{Live, Orders, close},
    server::{Fake, Service, Shared},
    websocket::{Speaker, converse},
};

mod event;
mod filter;

pub(crate) use event::{POST, account, create, delete, identity, post, update};
use filter::Filter;

pub(crate) const SUBSCRIBE: &str = "/subscribe";
const PING: Duration = Duration::from_secs(30);
/// Smaller cursors are sequence numbers.
const FIRST_TIME: i64 = 1_000_000_000_000_000;

/// One host.
pub(crate) type Jetstream = Fake<Host>;

#[derive(Debug)]
pub(crate) struct Host {
    shared: Shared<Arc<Event>>,
    network: Arc<Mutex<Network>>,
    /// Microseconds that its clock is ahead of the network's.
    offset: i64,
    is_ready: AtomicBool,
}

/// What all hosts have seen.
#[derive(Debug, Default)]
struct Network {
    events: Vec<Arc<Event>>,
    last_time: i64,
    last_seq: i64,
    /// Of each host.
    lives: Vec<Live<Arc<Event>>>,
}

#[derive(Debug)]
pub(crate) struct Event {
    time_us: i64,
    seq: i64,
    frame: Value,
}

impl Network {
    fn publish(&mut self, time_us: i64, frame: Value) {
        self.last_time = time_us;
        self.last_seq += 1;
        let seq = self.last_seq;
        let event = Arc::new(Event {
            time_us,
            seq,
            frame,
        });
        for live in &self.lives {
            live.event(Arc::clone(&event));
        }
        self.events.push(event);
    }
}

impl Jetstream {
    pub(crate) async fn start() -> Self {
        Self::hosts(&[0]).await.remove(0)
    }

    /// Hosts with the same events, each with its `time_us` so many microseconds ahead.
    pub(crate) async fn hosts(offsets: &[i64]) -> Vec<Self> {
        let network = Arc::new(Mutex::new(Network::default()));
        let mut hosts = Vec::new();
        for &offset in offsets {
            let shared = Shared::new(PING);
            network.lock().unwrap().lives.push(shared.live.clone());
            let host = Host {
                shared,
                network: Arc::clone(&network),
                offset,
                is_ready: AtomicBool::new(true),
            };
            hosts.push(Self::open(host).await);
        }
        hosts
    }

    /// `ws://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address())
    }

    /// An event ([`create`] and its like) on all hosts, now; gives its `time_us` on this one.
    pub(crate) fn publish(&self, event: Value) -> i64 {
        let mut network = self.service.network.lock().unwrap();
        let time_us = now().max(network.last_time + 1);
        network.publish(time_us, event);
        time_us + self.service.offset
    }

    /// At a `time_us` of the network, later than any before.
    pub(crate) fn publish_at(&self, time_us: i64, frame: Value) -> i64 {
        let mut network = self.service.network.lock().unwrap();
        assert!(time_us > network.last_time, "time grows strictly");
        network.publish(time_us, frame);
        time_us + self.service.offset
    }

    /// Forgets all but the newest events: what lies before is out of the look-back.
    pub(crate) fn forget_all_but(&self, newest: usize) {
        let events = &mut self.service.network.lock().unwrap().events;
        let gone = events.len().saturating_sub(newest);
        events.drain(..gone);
    }

    /// 503 while it is not.
    pub(crate) fn set_ready(&self, is_ready: bool) {
        self.service.is_ready.store(is_ready, Ordering::Relaxed);
    }
}

impl Service for Host {
    type Event = Arc<Event>;

    fn shared(&self) -> &Shared<Arc<Event>> {
        &self.shared
    }

    async fn serve(&self, request: Request, connection: Connection) -> Option<Connection> {
        let asked = match request.path.as_str() {
            SUBSCRIBE if !self.is_ready.load(Ordering::Relaxed) => Err((503, "service not ready")),
            SUBSCRIBE => options(&request).map_err(|error| (400, error)),
            _ => Err((404, "404 page not found")),
        };
        let (filter, cursor) = match asked {
            Ok(options) => options,
            Err((status, text)) => {
                let answer = Answer::text(status, &format!("{text}\n"));
                return connection.answer(&answer).await;
            }
        };
        let offset = self.offset;
        let parts = (|| self.join(cursor), Reader { filter, offset });
        converse(connection, &request, &self.shared, parts).await
    }
}

impl Host {
    /// From the cursor on, itself included; from the oldest event that is left if it is older than that;
    /// live only if it lies in the future.
    fn join(&self, cursor: Option<i64>) -> Orders<Arc<Event>> {
        let network = self.network.lock().unwrap();
        let newest = now().max(network.last_time) + self.offset;
        let is_wanted = |event: &&Arc<Event>| match cursor {
            None => false,
            Some(time) if time > newest => false,
            Some(time @ FIRST_TIME..) => event.time_us + self.offset >= time,
            Some(seq) => seq <= network.last_seq && event.seq >= seq,
        };
        let wanted = network.events.iter().filter(is_wanted).cloned();
        self.shared.live.join(wanted)
    }
}

struct Reader {
    filter: Filter,
    offset: i64,
}

impl Speaker for Reader {
    type Event = Arc<Event>;

    fn tell(&mut self, event: &Arc<Event>) -> Vec<Message> {
        if !self.filter.wants(&event.frame) {
            return Vec::new();
        }
        let mut frame = event.frame.clone();
        frame["time_us"] = json!(event.time_us + self.offset);
        let text = event::in_order(&frame);
        let is_too_long = self.filter.most_bytes > 0 && text.len() > self.filter.most_bytes;
        if is_too_long {
            return Vec::new();
        }
        vec![Message::text(text)]
    }

    fn hear(&mut self, text: &str) -> Vec<Message> {
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            return vec![close(1007, "no message")];
        };
        if message["type"] != "options_update" {
            return Vec::new();
        }
        let payload = &message["payload"];
        let list = |name: &str| payload[name].as_array().cloned().unwrap_or_default();
        let texts = |name: &str| {
            let list = list(name).into_iter();
            list.filter_map(|one| one.as_str().map(str::to_owned))
                .collect()
        };
        let most = payload["maxMessageSizeBytes"].as_i64().unwrap_or(0);
        match Filter::new(texts("wantedCollections"), texts("wantedDids"), most) {
            Ok(filter) => self.filter = filter,
            Err(error) => return vec![close(1008, error)],
        }
        Vec::new()
    }
}

fn options(request: &Request) -> Result<(Filter, Option<i64>), &'static str> {
    let has = |name, value| request.parameter(name) == Some(value);
    if has("compress", "true")
        || has("requireHello", "true")
        || request.header("socket-encoding").is_some()
    {
        return Err("this host has no such option");
    }
    let texts = |name| request.parameters(name).map(str::to_owned).collect();
    let most = request.parameter("maxMessageSizeBytes");
    let most = most.and_then(|most| most.parse().ok()).unwrap_or(0);
    let filter = Filter::new(texts("wantedCollections"), texts("wantedDids"), most)?;
    let cursor = request
        .parameter("cursor")
        .filter(|cursor| !cursor.is_empty());
    match cursor.map(str::parse) {
        None => Ok((filter, None)),
        Some(Ok(cursor @ 0..)) => Ok((filter, Some(cursor))),
        Some(_) => Err("invalid cursor"),
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_micros() as i64
}
