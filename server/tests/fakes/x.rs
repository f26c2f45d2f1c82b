//! The X API v2: filtered stream, its rules, and the sampled stream.
//!
//! A rule that is one hashtag matches the posts that have it; what other rules mean is not understood
//! here, and they match every post. A post that no rule matches does not come on the filtered stream.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    allowance::Allowance,
    http::{Answer, Connection, Request},
    live::End,
    server::{Fake, Service, Shared},
};

mod post;
mod rules;
mod shape;

pub(crate) use post::{edit, post, reply, retweet};
use rules::Rules;

/// The token that is let in.
pub(crate) const TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAFake";
pub(crate) const STREAM: &str = "/2/tweets/search/stream";
pub(crate) const SAMPLE: &str = "/2/tweets/sample/stream";
pub(crate) const RULES: &str = "/2/tweets/search/stream/rules";
const CONNECTIONS: &str = "/2/connections/all";
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const WINDOW: Duration = Duration::from_secs(15 * 60);

pub(crate) type X = Fake<Api>;

#[derive(Debug)]
pub(crate) struct Api {
    shared: Shared<Arc<Value>>,
    state: Mutex<State>,
    /// Streams that the service still believes in though nobody reads them.
    stuck: AtomicUsize,
    most_streams: AtomicUsize,
}

#[derive(Debug)]
struct State {
    rules: Rules,
    posts: Vec<Arc<Value>>,
    connects: Allowance,
    reads: Allowance,
    changes: Allowance,
    /// Of the newest posts, how many come again at the start of a stream.
    repeated: usize,
}

impl X {
    pub(crate) async fn start() -> Self {
        Self::open(Api {
            shared: Shared::new(KEEP_ALIVE),
            state: Mutex::new(State {
                rules: Rules::new(),
                posts: Vec::new(),
                connects: Allowance::new(50, WINDOW),
                reads: Allowance::new(450, WINDOW),
                changes: Allowance::new(100, WINDOW),
                repeated: 0,
            }),
            stuck: AtomicUsize::new(0),
            most_streams: AtomicUsize::new(1),
        })
        .await
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// To all open streams, and to those that ask for a backfill; gives the post's id.
    pub(crate) fn publish(&self, post: Value) -> String {
        let id = post["data"]["id"].as_str().unwrap().to_owned();
        let post = Arc::new(post);
        let mut state = self.service.state.lock().unwrap();
        state.posts.push(Arc::clone(&post));
        self.live.event(post);
        id
    }

    /// Says that the stream is over for operational reasons, and ends it.
    pub(crate) fn disconnect(&self) {
        self.live.text(format!("{}\r\n", operational_disconnect()));
        self.live.end(End::Clean);
    }

    /// A stream that starts gets this many of the newest posts, though they may have been sent before.
    pub(crate) fn repeat(&self, posts: usize) {
        self.service.state.lock().unwrap().repeated = posts;
    }

    /// How many streams may be open at once; 1 until this is called.
    pub(crate) fn most_streams(&self, streams: usize) {
        self.service.most_streams.store(streams, Ordering::Relaxed);
    }

    /// This many streams count as open until `DELETE /2/connections/all`.
    pub(crate) fn stick(&self, streams: usize) {
        self.service.stuck.store(streams, Ordering::Relaxed);
    }

    /// How many streams may be asked for in each window; 50 in 15 minutes until this is called.
    pub(crate) fn allow(&self, connects: u32, window: Duration) {
        self.service.state.lock().unwrap().connects = Allowance::new(connects, window);
    }

    /// The rules that are set, as they are listed.
    pub(crate) fn rules(&self) -> Vec<Value> {
        self.service.state.lock().unwrap().rules.rules.clone()
    }

    /// A rule that somebody else has set; gives its id.
    pub(crate) fn set_rule(&self, value: &str, tag: Option<&str>) -> String {
        let rule = self.service.state.lock().unwrap().rules.set(value, tag);
        rule["id"].as_str().unwrap().to_owned()
    }

    /// How many rules a page has at most; 1,000 until this is called.
    pub(crate) fn rules_on_a_page(&self, rules: usize) {
        self.service.state.lock().unwrap().rules.page = rules;
    }
}

impl Service for Api {
    type Event = Arc<Value>;

    fn shared(&self) -> &Shared<Arc<Value>> {
        &self.shared
    }

    async fn serve(&self, request: Request, connection: Connection) -> Option<Connection> {
        let is_known = request.bearer() == Some(TOKEN);
        let place = (request.method.as_str(), request.path.as_str());
        let allowance = self.take(place);
        let answer = match place {
            _ if allowance.as_ref().is_some_and(|(_, taken)| !taken) => rate_limited(),
            _ if !is_known => unauthorized(),
            ("GET", STREAM | SAMPLE) => {
                return self.stream(&request, connection, &allowance?.0).await;
            }
            ("GET", RULES) => self.state.lock().unwrap().rules.get(&request),
            ("POST", RULES) => self.state.lock().unwrap().rules.change(&request),
            ("DELETE", CONNECTIONS) => self.forget_streams(),
            _ => problem(404, "Not Found", "Not Found"),
        };
        let answer = match &allowance {
            Some((allowance, _)) => counted(answer, allowance),
            None => answer,
        };
        connection.answer(&answer).await
    }
}

impl Api {
    /// Takes one request from what is allowed at this place; refused ones count as well.
    fn take(&self, place: (&str, &str)) -> Option<(Allowance, bool)> {
        let mut state = self.state.lock().unwrap();
        let allowance = match place {
            ("GET", STREAM | SAMPLE) => &mut state.connects,
            ("GET", RULES) => &mut state.reads,
            ("POST", RULES) => &mut state.changes,
            _ => return None,
        };
        let taken = allowance.take();
        Some((allowance.clone(), taken))
    }

    async fn stream(
        &self,
        request: &Request,
        connection: Connection,
        allowance: &Allowance,
    ) -> Option<Connection> {
        let is_filtered = request.path == STREAM;
        let refused = shape::check(request).err().or_else(|| {
            let has_none = self.state.lock().unwrap().rules.rules.is_empty();
            (is_filtered && has_none).then(without_rules)
        });
        if let Some(refused) = refused {
            return connection.answer(&counted(refused, allowance)).await;
        }
        let orders = {
            let state = self.state.lock().unwrap();
            let again = match request.parameter("backfill_minutes") {
                None | Some("0") => state.repeated.min(state.posts.len()),
                Some(_) => state.posts.len(),
            };
            let first = state.posts[state.posts.len() - again..].to_vec();
            self.shared.live.join(first)
        };
        let most = self.most_streams.load(Ordering::Relaxed);
        let limit = most.saturating_sub(self.stuck.load(Ordering::Relaxed));
        let Some(_present) = self.shared.seen.enter_stream(limit).await else {
            let refused = counted(too_many_connections(), allowance);
            return connection.answer(&refused).await;
        };
        let start = Answer::new(200, "application/json; charset=utf-8", "");
        let start = counted(start, allowance);
        let write = |post: &Arc<Value>| {
            let rules = is_filtered.then(|| self.state.lock().unwrap().rules.matching(post));
            let shaped = shape::shape(post, request, rules);
            shaped.iter().map(|post| format!("{post}\r\n")).collect()
        };
        let _ = connection
            .stream(&start, orders, (&self.shared.wire, "\r\n"), write)
            .await;
        None
    }

    fn forget_streams(&self) -> Answer {
        self.stuck.store(0, Ordering::Relaxed);
        self.shared.live.end(End::Cut);
        let killed = self.shared.seen.streams().now;
        Answer::json(200, &json!({"data": {"killed_connections": killed}}))
    }
}

fn counted(answer: Answer, allowance: &Allowance) -> Answer {
    answer
        .header("x-rate-limit-limit", allowance.limit)
        .header("x-rate-limit-remaining", allowance.left)
        .header("x-rate-limit-reset", allowance.resets_at_second())
}

fn problem(status: u16, title: &str, detail: &str) -> Answer {
    let body = json!({"title": title, "type": "about:blank", "status": status, "detail": detail});
    Answer::json(status, &body)
}

pub(crate) fn unauthorized() -> Answer {
    problem(401, "Unauthorized", "Unauthorized")
}

pub(crate) fn forbidden() -> Answer {
    let body = json!({
        "title": "Client Forbidden",
        "detail": "This app has no access to this endpoint.",
        "reason": "client-not-enrolled",
        "required_enrollment": "Appropriate Level of API Access",
        "type": "https://api.x.com/2/problems/client-forbidden",
    });
    Answer::json(403, &body)
}

pub(crate) fn unavailable() -> Answer {
    problem(503, "Service Unavailable", "Service Unavailable")
}

/// Says nothing of when it ends; [`rate_limited_until`] does.
pub(crate) fn rate_limited() -> Answer {
    let body = json!({"errors": [{"code": 88, "message": "Rate limit exceeded"}]});
    Answer::json(429, &body)
}

/// Until a Unix second.
pub(crate) fn rate_limited_until(second: u64) -> Answer {
    rate_limited()
        .header("x-rate-limit-limit", 50)
        .header("x-rate-limit-remaining", 0)
        .header("x-rate-limit-reset", second)
}

pub(crate) fn too_many_connections() -> Answer {
    let detail = "This stream is currently at the maximum allowed connection limit.";
    Answer::json(429, &connection_exception("TooManyConnections", detail))
}

fn without_rules() -> Answer {
    let detail = "Rules are needed before a connection to the filtered stream.";
    Answer::json(409, &connection_exception("RuleConfigurationIssue", detail))
}

fn connection_exception(issue: &str, detail: &str) -> Value {
    json!({
        "title": "ConnectionException",
        "detail": detail,
        "connection_issue": issue,
        "type": "https://api.x.com/2/problems/streaming-connection",
    })
}

fn operational_disconnect() -> Value {
    json!({"errors": [{
        "title": "operational-disconnect",
        "disconnect_type": "UpstreamOperationalDisconnect",
        "detail": "This stream has been disconnected upstream for operational reasons.",
        "type": "https://api.x.com/2/problems/operational-disconnect",
    }]})
}
