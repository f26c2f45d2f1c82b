//! A Nostr relay: stored events, then live ones.
//!
//! Signatures are made up, and nothing that clients send is stored.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
    time::Duration,
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_tungstenite::tungstenite::Message;

use super::{
    http::{Connection, Request},
    server::{Fake, Service, Shared},
    websocket::{Speaker, converse},
};

const PING: Duration = Duration::from_secs(30);

/// Several relays have what is published to several relays.
pub(crate) type Relay = Fake<Store>;

#[derive(Debug)]
pub(crate) struct Store {
    shared: Shared<Told>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    events: Vec<Value>,
    /// How many have ever been told to those who listen.
    told: u64,
    refusals: VecDeque<String>,
    most: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum Told {
    Event(u64, Value),
    /// All subscriptions end for this reason.
    Closed(String),
}

impl Relay {
    pub(crate) async fn start() -> Self {
        Self::open(Store {
            shared: Shared::new(PING),
            state: Mutex::new(State {
                events: Vec::new(),
                told: 0,
                refusals: VecDeque::new(),
                most: usize::MAX,
            }),
        })
        .await
    }

    /// `ws://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address())
    }

    /// Stored and sent to whom it concerns. What an event says of itself is not checked.
    pub(crate) fn publish(&self, event: &Value) {
        let mut state = self.service.state.lock().unwrap();
        state.events.push(event.clone());
        self.tell(&mut state, event);
    }

    /// Sent to whom it concerns, stored or not: a duplicate, if it was published before.
    pub(crate) fn repeat(&self, event: &Value) {
        self.tell(&mut self.service.state.lock().unwrap(), event);
    }

    fn tell(&self, state: &mut State, event: &Value) {
        state.told += 1;
        self.live.event(Told::Event(state.told, event.clone()));
    }

    /// The next `REQ` is answered by `CLOSED`: `auth-required: …`, `rate-limited: …`, `error: …`.
    pub(crate) fn refuse_next(&self, reason: &str) {
        let mut state = self.service.state.lock().unwrap();
        state.refusals.push_back(reason.to_owned());
    }

    /// Ends all subscriptions by `CLOSED`; the connections stay.
    pub(crate) fn close_subscriptions(&self, reason: &str) {
        self.live.event(Told::Closed(reason.to_owned()));
    }

    pub(crate) fn notice(&self, text: &str) {
        self.live.text(json!(["NOTICE", text]).to_string());
    }

    /// The most stored events that a filter gets, whatever limit it has.
    pub(crate) fn most_stored(&self, most: usize) {
        self.service.state.lock().unwrap().most = most;
    }
}

impl Service for Store {
    type Event = Told;

    fn shared(&self) -> &Shared<Told> {
        &self.shared
    }

    async fn serve(&self, request: Request, connection: Connection) -> Option<Connection> {
        let client = Client {
            store: self,
            subscriptions: BTreeMap::new(),
        };
        let parts = (|| self.shared.live.join([]), client);
        converse(connection, &request, &self.shared, parts).await
    }
}

struct Client<'a> {
    store: &'a Store,
    subscriptions: BTreeMap<String, Subscription>,
}

struct Subscription {
    filters: Vec<Value>,
    /// What was told until then has been in the stored events.
    since: u64,
}

impl Speaker for Client<'_> {
    type Event = Told;

    fn tell(&mut self, told: &Told) -> Vec<Message> {
        let subscriptions = self.subscriptions.iter();
        match told {
            Told::Event(number, event) => subscriptions
                .filter(|(_, subscription)| subscription.since < *number)
                .filter(|(_, subscription)| {
                    subscription
                        .filters
                        .iter()
                        .any(|filter| matches(filter, event))
                })
                .map(|(name, _)| said(&json!(["EVENT", name, event])))
                .collect(),
            Told::Closed(reason) => {
                let closed = subscriptions.map(|(name, _)| said(&json!(["CLOSED", name, reason])));
                let closed = closed.collect();
                self.subscriptions.clear();
                closed
            }
        }
    }

    fn hear(&mut self, text: &str) -> Vec<Message> {
        let message: Value = serde_json::from_str(text).unwrap_or_default();
        let name = message[1].as_str().unwrap_or_default();
        match message[0].as_str() {
            Some("REQ") if (1..=64).contains(&name.len()) => self.request(name, &message),
            Some("CLOSE") => {
                self.subscriptions.remove(name);
                Vec::new()
            }
            Some("EVENT") => {
                let reason = "restricted: nobody writes here";
                vec![said(&json!(["OK", message[1]["id"], false, reason]))]
            }
            _ => vec![said(&json!(["NOTICE", "invalid: what was that?"]))],
        }
    }
}

impl Client<'_> {
    fn request(&mut self, name: &str, message: &Value) -> Vec<Message> {
        let filters = message.as_array().unwrap()[2..].to_vec();
        let mut state = self.store.state.lock().unwrap();
        let is_bad = filters.is_empty() || !filters.iter().all(Value::is_object);
        let invalid = is_bad.then(|| "invalid: a filter is an object".to_owned());
        if let Some(reason) = invalid.or_else(|| state.refusals.pop_front()) {
            self.subscriptions.remove(name);
            return vec![said(&json!(["CLOSED", name, reason]))];
        }
        let mut messages: Vec<Message> = stored(&state, &filters)
            .iter()
            .map(|event| said(&json!(["EVENT", name, event])))
            .collect();
        messages.push(said(&json!(["EOSE", name])));
        let since = state.told;
        let subscription = Subscription { filters, since };
        self.subscriptions.insert(name.to_owned(), subscription);
        messages
    }
}

fn said(message: &Value) -> Message {
    Message::text(message.to_string())
}

/// What each filter gets is limited for itself; what several get comes once. Newest first, of the same
/// second by id.
fn stored<'a>(state: &'a State, filters: &[Value]) -> Vec<&'a Value> {
    let order = |event: &Value| {
        let at = event["created_at"].as_i64().unwrap_or(0);
        (-at, event["id"].as_str().unwrap_or_default().to_owned())
    };
    let mut all = BTreeMap::new();
    for filter in filters {
        let matching = state.events.iter().filter(|event| matches(filter, event));
        let matching: BTreeMap<_, _> = matching.map(|event| (order(event), event)).collect();
        let limit = filter["limit"]
            .as_u64()
            .map_or(usize::MAX, |limit| limit as usize);
        all.extend(matching.into_iter().take(limit.min(state.most)));
    }
    all.into_values().collect()
}

fn matches(filter: &Value, event: &Value) -> bool {
    let at = event["created_at"].as_i64().unwrap_or(0);
    let has =
        |list: &Value, value: &Value| list.as_array().is_some_and(|list| list.contains(value));
    filter
        .as_object()
        .unwrap()
        .iter()
        .all(|(name, wanted)| match name.as_str() {
            "ids" => has(wanted, &event["id"]),
            "authors" => has(wanted, &event["pubkey"]),
            "kinds" => has(wanted, &event["kind"]),
            "since" => wanted.as_i64().is_some_and(|since| at >= since),
            "until" => wanted.as_i64().is_some_and(|until| at <= until),
            "limit" => true,
            tag => event["tags"].as_array().into_iter().flatten().any(|known| {
                known[0]
                    .as_str()
                    .is_some_and(|known| tag.strip_prefix('#') == Some(known))
                    && has(wanted, &known[1])
            }),
        })
}

/// A note (kind 1) with a `t` tag for each of `tags`, and an id that is the hash of what it says.
pub(crate) fn note(author: &str, created_at: i64, content: &str, tags: &[&str]) -> Value {
    let tags: Vec<[&str; 2]> = tags.iter().map(|tag| ["t", tag]).collect();
    event(author, created_at, 1, json!(tags), content)
}

pub(crate) fn event(author: &str, created_at: i64, kind: u16, tags: Value, content: &str) -> Value {
    let pubkey = hex_hash(author);
    let said = json!([0, pubkey, created_at, kind, tags, content]);
    json!({
        "id": hex_hash(&said.to_string()),
        "pubkey": pubkey,
        "created_at": created_at,
        "kind": kind,
        "tags": tags,
        "content": content,
        "sig": "0f".repeat(64),
    })
}

fn hex_hash(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
