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
    live::{End, Listeners, Order, Wire},
    seen::Seen,
    server::{Script, Server, Service},
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

#[derive(Debug)]
pub(crate) struct Mastodon {
    pub(crate) seen: Seen,
    pub(crate) script: Script,
    pub(crate) wire: Wire,
    site: Arc<Site>,
    web: Server,
    /// Where it streams, if that is a host of its own.
    streaming: Option<Server>,
}

#[derive(Debug)]
struct Site {
    seen: Seen,
    wire: Wire,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    statuses: BTreeMap<u64, Value>,
    last_id: u64,
    listeners: Listeners<Told>,
    allowance: Allowance,
    local: Access,
    remote: Access,
    instance: Value,
    thump: &'static str,
}

#[derive(Debug, Clone)]
struct Told {
    event: String,
    data: String,
    /// Of the status it is about, if it is about one.
    is_local: Option<bool>,
}

/// One of a site's hosts.
struct Door {
    site: Arc<Site>,
    is_web: bool,
    is_streaming: bool,
}

impl Mastodon {
    pub(crate) async fn start() -> Self {
        Self::open(false).await
    }

    /// With a second host for the streams, which only its description knows of.
    pub(crate) async fn start_apart() -> Self {
        Self::open(true).await
    }

    async fn open(is_apart: bool) -> Self {
        let (seen, script) = (Seen::default(), Script::default());
        let wire = Wire::new(THUMP);
        let site = Arc::new(Site {
            seen: seen.clone(),
            wire: wire.clone(),
            state: Mutex::new(State {
                statuses: BTreeMap::new(),
                last_id: 0,
                listeners: Listeners::default(),
                allowance: Allowance::new(300, Duration::from_secs(300)),
                local: Access::Public,
                remote: Access::Public,
                instance: Value::Null,
                thump: ":thump\n",
            }),
        });
        let door = |is_web, is_streaming| {
            let site = Arc::clone(&site);
            let door = Door {
                site,
                is_web,
                is_streaming,
            };
            Server::start(Arc::new(door), seen.clone(), script.clone())
        };
        let web = door(true, !is_apart).await;
        let streaming = match is_apart {
            true => Some(door(false, true).await),
            false => None,
        };
        let streams_at = streaming.as_ref().unwrap_or(&web).address;
        site.state.lock().unwrap().instance = json!({
            "domain": web.address.to_string(),
            "title": "A fake",
            "version": "4.5.0",
            "configuration": {"urls": {"streaming": format!("ws://{streams_at}")}},
            "api_versions": {"mastodon": 6},
        });
        let mastodon = Self {
            seen,
            script,
            wire,
            site,
            web,
            streaming,
        };
        mastodon.access(Access::Public, Access::Public);
        mastodon
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.web.address)
    }

    /// A [`status`] in the timeline and to the open streams; gives its id.
    pub(crate) fn publish(&self, mut status: Value) -> String {
        let mut state = self.site.state.lock().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let id = ((now.as_millis() as u64) << 16).max(state.last_id + 1);
        state.last_id = id;
        status["id"] = json!(id.to_string());
        state.tell("update", status.to_string(), Some(is_local(&status)));
        state.statuses.insert(id, status);
        id.to_string()
    }

    /// Changes a published status as its author does.
    pub(crate) fn edit(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let mut state = self.site.state.lock().unwrap();
        let status = state.statuses.get_mut(&id.parse().unwrap()).unwrap();
        change(status);
        status["edited_at"] = json!(written_now());
        let (text, is_local) = (status.to_string(), is_local(status));
        state.tell("status.update", text, Some(is_local));
    }

    pub(crate) fn delete(&self, id: &str) {
        let mut state = self.site.state.lock().unwrap();
        let status = state.statuses.remove(&id.parse().unwrap()).unwrap();
        state.tell("delete", id.to_owned(), Some(is_local(&status)));
    }

    /// Any other event to all streams: `announcement`, `filters_changed` with `undefined`.
    pub(crate) fn emit(&self, event: &str, data: &str) {
        let mut state = self.site.state.lock().unwrap();
        state.tell(event, data.to_owned(), None);
    }

    /// As it is, to all open streams, as one chunk.
    pub(crate) fn send(&self, bytes: impl Into<Vec<u8>>) {
        self.order(&Order::Raw(bytes.into()));
    }

    /// Ends all open streams.
    pub(crate) fn end(&self, end: End) {
        self.order(&Order::End(end));
    }

    fn order(&self, order: &Order<Told>) {
        self.site.state.lock().unwrap().listeners.tell(order);
    }

    /// What a thump is: `":thump\n"` until this is called; newer servers send `":thump\n\n"`.
    pub(crate) fn thump_as(&self, thump: &'static str) {
        self.site.state.lock().unwrap().thump = thump;
    }

    /// How many requests may be made in each window; 300 in 5 minutes until this is called.
    pub(crate) fn allow(&self, requests: u32, window: Duration) {
        self.site.state.lock().unwrap().allowance = Allowance::new(requests, window);
    }

    pub(crate) fn access(&self, local: Access, remote: Access) {
        let name = |access: Access| format!("{access:?}").to_lowercase();
        let feeds = json!({"live_feeds": {"local": name(local), "remote": name(remote)}});
        let mut state = self.site.state.lock().unwrap();
        state.instance["configuration"]["timelines_access"] = feeds;
        (state.local, state.remote) = (local, remote);
    }

    /// Makes the server describe itself otherwise, as an older one without `timelines_access`.
    pub(crate) fn describe(&self, change: impl FnOnce(&mut Value)) {
        change(&mut self.site.state.lock().unwrap().instance);
    }
}

impl State {
    fn tell(&mut self, event: &str, data: String, is_local: Option<bool>) {
        let event = event.to_owned();
        self.listeners.tell(&Order::Event(Told {
            event,
            data,
            is_local,
        }));
    }

    /// Nothing of a feed that is disabled, but what is deleted from it.
    fn shows(&self, told: &Told) -> bool {
        let access = match told.is_local {
            Some(true) => self.local,
            Some(false) => self.remote,
            None => Access::Public,
        };
        access != Access::Disabled || told.event == "delete"
    }
}

impl Service for Door {
    async fn serve(&self, request: Request, connection: Connection) -> Option<Connection> {
        let path = request.path.as_str();
        let is_streaming = self.is_streaming && path.starts_with("/api/v1/streaming/");
        if is_streaming && path != HEALTH {
            return self.site.stream(&request, connection).await;
        }
        let answer = match path {
            HEALTH if self.is_streaming => Answer::text(200, "OK"),
            INSTANCE if self.is_web => self.site.web(Site::instance, &request),
            TIMELINE if self.is_web => self.site.web(timeline::page, &request),
            _ => error(404, "Not Found"),
        };
        connection.answer(&answer).await
    }
}

impl Site {
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
        let (orders, thump) = {
            let mut state = self.state.lock().unwrap();
            (state.listeners.join([]), state.thump)
        };
        let _present = self.seen.enter_stream(usize::MAX).await;
        let start = Answer::new(200, "text/event-stream", ":)\n");
        let start = start.header("Cache-Control", "private, no-store");
        let write = |told: &Told| {
            let is_here = wanted.is_none() || told.is_local.is_none() || told.is_local == wanted;
            let is_shown = is_here && self.state.lock().unwrap().shows(told);
            is_shown.then(|| format!("event: {}\ndata: {}\n\n", told.event, told.data))
        };
        let _ = connection
            .stream(&start, orders, (&self.wire, thump), write)
            .await;
        None
    }
}

fn error(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({"error": text}))
}
