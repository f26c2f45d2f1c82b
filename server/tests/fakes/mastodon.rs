//! A Mastodon server: its description, its public timeline, and the streams of it as server-sent events.
//!
//! Boosts never come in the timeline. Mastodon itself keeps them out of the streams as well, servers
//! derived from it may not; here they are streamed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use super::{
    allowance::Allowance,
    http::{Answer, Connection, Request},
    server::{Fake, Server, Service, Shared},
    written_now,
};

mod status;
mod timeline;

use status::is_local;
pub(crate) use status::{boost, status};

/// The token of a user, which is let in.
pub(crate) const TOKEN: &str = "fake-user-token";
pub(crate) const INSTANCE: &str = "/api/v2/instance";
pub(crate) const TIMELINE: &str = "/api/v1/timelines/public";
pub(crate) const STREAM: &str = "/api/v1/streaming/public";
pub(crate) const HEALTH: &str = "/api/v1/streaming/health";
const THUMP: Duration = Duration::from_secs(15);

/// Who may see the local or the remote posts of the public feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Public,
    Authenticated,
    Disabled,
}

pub(crate) type Mastodon = Fake<Site>;

#[derive(Debug)]
pub(crate) struct Site {
    shared: Shared<Told>,
    state: Mutex<State>,
    /// Its streams are at a host of their own.
    is_apart: bool,
}

#[derive(Debug)]
struct State {
    statuses: BTreeMap<u64, Value>,
    last_id: u64,
    allowance: Allowance,
    local: Access,
    remote: Access,
    instance: Value,
    thump: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Told {
    event: String,
    data: String,
    /// Of the status it is about, if it is about one.
    is_local: Option<bool>,
}

/// The host of the streams of a site that has one.
struct Streaming(Arc<Site>);

impl Mastodon {
    pub(crate) async fn start() -> Self {
        Self::with(false).await
    }

    /// With a second host for the streams, which only its description knows of.
    pub(crate) async fn start_apart() -> Self {
        Self::with(true).await
    }

    async fn with(is_apart: bool) -> Self {
        let mut mastodon = Self::open(Site::new(is_apart)).await;
        if is_apart {
            let host = Arc::new(Streaming(Arc::clone(&mastodon.service)));
            let (seen, script) = (mastodon.seen.clone(), mastodon.script.clone());
            mastodon
                .servers
                .push(Server::start(host, seen, script).await);
        }
        let streams_at = mastodon.servers.last().unwrap().address;
        mastodon.describe(|instance| {
            let url = format!("ws://{streams_at}");
            instance["configuration"]["urls"]["streaming"] = json!(url);
        });
        mastodon.access(Access::Public, Access::Public);
        mastodon
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// A [`status`] in the timeline and to the open streams; gives its id.
    pub(crate) fn publish(&self, mut status: Value) -> String {
        let mut state = self.service.state.lock().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let id = ((now.as_millis() as u64) << 16).max(state.last_id + 1);
        state.last_id = id;
        status["id"] = json!(id.to_string());
        self.tell("update", status.to_string(), Some(is_local(&status)));
        state.statuses.insert(id, status);
        id.to_string()
    }

    /// Changes a published status as its author does.
    pub(crate) fn edit(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let mut state = self.service.state.lock().unwrap();
        let status = state.statuses.get_mut(&id.parse().unwrap()).unwrap();
        change(status);
        status["edited_at"] = json!(written_now());
        let (text, is_local) = (status.to_string(), is_local(status));
        self.tell("status.update", text, Some(is_local));
    }

    pub(crate) fn delete(&self, id: &str) {
        let mut state = self.service.state.lock().unwrap();
        let status = state.statuses.remove(&id.parse().unwrap()).unwrap();
        self.tell("delete", id.to_owned(), Some(is_local(&status)));
    }

    /// Any other event to all streams: `announcement`, `filters_changed` with `undefined`.
    pub(crate) fn emit(&self, event: &str, data: &str) {
        self.tell(event, data.to_owned(), None);
    }

    fn tell(&self, event: &str, data: String, is_local: Option<bool>) {
        let event = event.to_owned();
        self.live.event(Told {
            event,
            data,
            is_local,
        });
    }

    /// What a thump is: `":thump\n"` until this is called; newer servers send `":thump\n\n"`.
    pub(crate) fn thump_as(&self, thump: &'static str) {
        self.service.state.lock().unwrap().thump = thump;
    }

    /// How many requests may be made in each window; 300 in 5 minutes until this is called.
    pub(crate) fn allow(&self, requests: u32, window: Duration) {
        self.service.state.lock().unwrap().allowance = Allowance::new(requests, window);
    }

    pub(crate) fn access(&self, local: Access, remote: Access) {
        let name = |access: Access| format!("{access:?}").to_lowercase();
        let feeds = json!({"live_feeds": {"local": name(local), "remote": name(remote)}});
        let mut state = self.service.state.lock().unwrap();
        state.instance["configuration"]["timelines_access"] = feeds;
        (state.local, state.remote) = (local, remote);
    }

    /// Makes the server describe itself otherwise, as an older one without `timelines_access`.
    pub(crate) fn describe(&self, change: impl FnOnce(&mut Value)) {
        change(&mut self.service.state.lock().unwrap().instance);
    }
}

impl Service for Site {
    type Event = Told;

    fn shared(&self) -> &Shared<Told> {
        &self.shared
    }

    async fn serve(&self, request: Request, connection: Connection) -> Option<Connection> {
        let answer = match request.path.as_str() {
            INSTANCE => self.web(Site::instance, &request),
            TIMELINE => self.web(timeline::page, &request),
            _ if !self.is_apart => return self.streaming(&request, connection).await,
            _ => error(404, "Not Found"),
        };
        connection.answer(&answer).await
    }
}

impl Service for Streaming {
    type Event = Told;

    fn shared(&self) -> &Shared<Told> {
        &self.0.shared
    }

    async fn serve(&self, request: Request, connection: Connection) -> Option<Connection> {
        self.0.streaming(&request, connection).await
    }
}

impl Site {
    fn new(is_apart: bool) -> Self {
        Self {
            shared: Shared::new(THUMP),
            state: Mutex::new(State {
                statuses: BTreeMap::new(),
                last_id: 0,
                allowance: Allowance::new(300, Duration::from_secs(300)),
                local: Access::Public,
                remote: Access::Public,
                instance: json!({
                    "title": "A fake",
                    "version": "4.5.0",
                    "configuration": {"urls": {}},
                    "api_versions": {"mastodon": 6},
                }),
                thump: ":thump\n",
            }),
            is_apart,
        }
    }

    fn instance(state: &State, _request: &Request) -> Answer {
        Answer::json(200, &state.instance)
    }

    /// An answer of the web server, which counts how often it is asked.
    fn web(&self, page: fn(&State, &Request) -> Answer, request: &Request) -> Answer {
        let mut state = self.state.lock().unwrap();
        let answer = match state.allowance.take() {
            true => page(&state, request),
            false => error(429, "Too many requests"),
        };
        let resets = humantime::format_rfc3339_micros(state.allowance.resets);
        answer
            .header("X-RateLimit-Limit", state.allowance.limit)
            .header("X-RateLimit-Remaining", state.allowance.left)
            .header("X-RateLimit-Reset", resets)
    }

    async fn streaming(&self, request: &Request, connection: Connection) -> Option<Connection> {
        let answer = match request.path.as_str() {
            HEALTH => Answer::text(200, "OK"),
            path if path.starts_with("/api/v1/streaming/") => {
                return self.stream(request, connection).await;
            }
            _ => error(404, "Not Found"),
        };
        connection.answer(&answer).await
    }

    async fn stream(&self, request: &Request, connection: Connection) -> Option<Connection> {
        let wanted = match request.path.strip_prefix(STREAM) {
            Some("") => None,
            Some("/local") => Some(true),
            Some("/remote") => Some(false),
            _ => {
                return connection
                    .answer(&error(400, "Unknown channel requested"))
                    .await;
            }
        };
        let refused = match request.bearer().or(request.parameter("access_token")) {
            Some(TOKEN) => None,
            Some(_) => Some("Invalid access token"),
            None => Some("Missing access token"),
        };
        if let Some(refused) = refused {
            return connection.answer(&error(401, refused)).await;
        }
        // What a feed is open to is looked up once, when a stream of it begins.
        let (thump, local, remote) = {
            let state = self.state.lock().unwrap();
            (state.thump, state.local, state.remote)
        };
        let orders = self.shared.live.join([]);
        let _present = self.shared.seen.enter_stream(usize::MAX).await;
        let start = Answer::new(200, "text/event-stream", ":)\n");
        let start = start.header("Cache-Control", "private, no-store");
        let write = |told: &Told| {
            let is_here = wanted.is_none() || told.is_local.is_none() || told.is_local == wanted;
            let access = match told.is_local {
                Some(true) => local,
                Some(false) => remote,
                None => Access::Public,
            };
            // Nothing of a disabled feed comes but what is deleted from it.
            if !is_here || (access == Access::Disabled && told.event != "delete") {
                return Vec::new();
            }
            let (event, data) = (&told.event, &told.data);
            vec![format!("event: {event}\n"), format!("data: {data}\n\n")]
        };
        let _ = connection
            .stream(&start, orders, (&self.shared.wire, thump), write)
            .await;
        None
    }
}

fn error(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({"error": text}))
}
