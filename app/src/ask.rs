//! What pages ask: what does this view show now? `GET /api/fn/board?window=all&after=904613312`, and
//! the same of one tag, `GET /api/fn/tag?name=%23rust&after=904613312`.
//!
//! A page asks every second, so the answer where nothing has changed is a few bytes. What is asked
//! comes from an address that anybody can type: it is read in the function and not by its
//! parameters' types, so that a slip is a 400 with a reason and not a failure of the server.

#[cfg(feature = "hydrate")]
mod browser;
mod read;

#[cfg(feature = "ssr")]
use std::pin::Pin;

use codee::{Decoder, Encoder};
use leptos::prelude::*;
use leptos::server_fn::{
    ServerFn,
    codec::{GetUrl, JsonEncoding},
    error::{FromServerFnError, ServerFnErrorErr},
};
use model::{Answer, Epoch, TagAnswer, View, Window};
use serde::{Deserialize, Serialize};

use crate::address;

/// Who knows the counts. The server puts an `Arc<dyn Boards>` into the context of every page and
/// every server function.
#[cfg(feature = "ssr")]
pub trait Boards: Send + Sync + 'static {
    /// The newest board for `view`, or [`Answer::Unchanged`] where `held` is of that board's epoch.
    fn board(&self, view: View, held: Held) -> Pending<Answer>;

    /// The tag in depth, or [`TagAnswer::Unchanged`] where `after` is the newest epoch.
    fn tag(&self, view: TagView, after: Option<Epoch>) -> Pending<TagAnswer>;
}

/// An answer on its way. Where nothing has to be counted for it, it is there already.
#[cfg(feature = "ssr")]
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What an asker has of the view that it asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The epoch of its board.
    pub epoch: Option<Epoch>,
    /// Of its sources, by [`model::states`].
    pub states: Option<u32>,
}

/// What the page of a tag is asked to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagView {
    /// With its `#`, spelled in any way.
    pub name: String,
    pub window: Window,
}

/// Why there is no answer, in the form of all errors here: `{"error":{"code":…,"message":…}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub error: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// For programs, such as `bad_window`.
    pub code: String,
    /// For people.
    pub message: String,
}

impl Refusal {
    fn new(code: &str, message: impl ToString) -> Self {
        Self {
            error: Reason {
                code: code.to_owned(),
                message: message.to_string(),
            },
        }
    }
}

impl FromServerFnError for Refusal {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(trouble: ServerFnErrorErr) -> Self {
        // What it says repeats what was asked.
        #[cfg(feature = "ssr")]
        if let ServerFnErrorErr::Args(_) = trouble {
            return on_server::bad("bad_query", "a query is name=value, each name once");
        }
        Self::new("unanswered", trouble)
    }
}

/// What a page asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Board(View, Held),
    /// With the epoch of what the asker holds of the same view.
    Tag(TagView, Option<Epoch>),
}

/// What it is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Told {
    Board(Answer),
    Tag(TagAnswer),
}

/// How the server writes the first answer into the page. Read as every later answer is.
#[derive(Debug)]
pub struct SentJson;

impl Encoder<Option<Told>> for SentJson {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(told: &Option<Told>) -> Result<String, serde_json::Error> {
        serde_json::to_string(told)
    }
}

impl Decoder<Option<Told>> for SentJson {
    type Error = std::convert::Infallible;
    type Encoded = str;

    fn decode(told: &str) -> Result<Option<Told>, Self::Error> {
        Ok(read::told(told))
    }
}

/// Asks; `None` where the server refuses, is away or is not understood.
#[cfg(not(feature = "hydrate"))]
pub async fn ask(asked: Asked) -> Option<Told> {
    match asked {
        Asked::Board(view, held) => {
            let mut given = address::parameters(view);
            let mut given = |wanted| {
                let found = given.iter_mut().find(|(name, _)| *name == wanted);
                found.map(|(_, value)| std::mem::take(value))
            };
            let answer = board(
                given("window"),
                given("by"),
                given("lang"),
                given("source"),
                given("k"),
                held.epoch.map(|epoch| epoch.0.to_string()),
                held.states.map(|states| states.to_string()),
            );
            answer.await.ok().map(Told::Board)
        }
        Asked::Tag(view, after) => {
            let answer = tag(
                Some(view.name),
                Some(view.window.name().to_owned()),
                after.map(|epoch| epoch.0.to_string()),
            );
            answer.await.ok().map(Told::Tag)
        }
    }
}

/// As on the server, by one request of its own: what each server function would bring along to
/// ask for itself is a twentieth of the page.
#[cfg(feature = "hydrate")]
pub async fn ask(asked: Asked) -> Option<Told> {
    let text = browser::get(address_of(&asked)).await?;
    match asked {
        Asked::Board(..) => read::answer(&text).map(Told::Board),
        Asked::Tag(..) => read::tag_answer(&text).map(Told::Tag),
    }
}

/// Where a question is answered.
#[cfg_attr(not(any(test, feature = "hydrate")), expect(dead_code))]
fn address_of(asked: &Asked) -> String {
    let (path, mut parameters) = match asked {
        Asked::Board(view, held) => {
            let mut parameters = address::parameters(*view);
            if let Some(states) = held.states {
                parameters.push(("states", states.to_string()));
            }
            (<Board as ServerFn>::PATH, parameters)
        }
        Asked::Tag(view, _) => {
            let window = view.window.name().to_owned();
            let parameters = vec![("name", view.name.clone()), ("window", window)];
            (<Tag as ServerFn>::PATH, parameters)
        }
    };
    let (Asked::Board(_, Held { epoch: after, .. }) | Asked::Tag(_, after)) = asked;
    if let Some(after) = after {
        parameters.push(("after", after.0.to_string()));
    }
    address::with_parameters(path, &parameters)
}

#[server(prefix = "/api/fn", endpoint = "board", input = GetUrl)]
pub async fn board(
    window: Option<String>,
    by: Option<String>,
    lang: Option<String>,
    source: Option<String>,
    k: Option<String>,
    after: Option<String>,
    states: Option<String>,
) -> Result<Answer, Refusal> {
    let query = address::Query {
        window: window.as_deref(),
        by: by.as_deref(),
        lang: lang.as_deref(),
        source: source.as_deref(),
        k: k.as_deref(),
        ..address::Query::default()
    };
    let view = query.view().or_else(on_server::bad_name)?;
    let held = Held {
        epoch: on_server::after(after)?,
        // Of no use where it is no number, and then all is sent.
        states: states.and_then(|states| states.parse().ok()),
    };
    Ok(on_server::boards()?.board(view, held).await)
}

#[server(prefix = "/api/fn", endpoint = "tag", input = GetUrl)]
pub async fn tag(
    name: Option<String>,
    window: Option<String>,
    after: Option<String>,
) -> Result<TagAnswer, Refusal> {
    let name = name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| on_server::bad("bad_name", "name is a hashtag"))?;
    let view = TagView {
        name: address::tag_name(&name),
        window: address::window(window.as_deref()).or_else(on_server::bad_name)?,
    };
    let after = on_server::after(after)?;
    Ok(on_server::boards()?.tag(view, after).await)
}

#[cfg(feature = "ssr")]
mod on_server {
    //! What the functions have in common.

    use std::sync::Arc;

    use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
    use leptos::prelude::use_context;
    use leptos_axum::ResponseOptions;
    use model::Epoch;

    use super::{Boards, Refusal};
    use crate::address::BadName;

    pub(super) fn boards() -> Result<Arc<dyn Boards>, Refusal> {
        if let Some(response) = use_context::<ResponseOptions>() {
            // Counts are old in two seconds: nothing on the way may give them out again. Not
            // `no-store`: the page is sent with this header too, and going back to it should be
            // instant.
            response.insert_header(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        use_context::<Arc<dyn Boards>>().ok_or_else(|| {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            refusal(status, "no_boards", "this server has no boards")
        })
    }

    pub(super) fn after(epoch: Option<String>) -> Result<Option<Epoch>, Refusal> {
        let epoch = epoch.filter(|epoch| !epoch.is_empty());
        let epoch = epoch.map(|epoch| epoch.parse().map(Epoch)).transpose();
        epoch.map_err(|_| bad("bad_after", "after is the number of an epoch"))
    }

    pub(super) fn bad_name<T>(bad_name: BadName) -> Result<T, Refusal> {
        Err(bad(bad_name.code(), bad_name))
    }

    pub(super) fn bad(code: &str, message: impl ToString) -> Refusal {
        refusal(StatusCode::BAD_REQUEST, code, message)
    }

    fn refusal(status: StatusCode, code: &str, message: impl ToString) -> Refusal {
        if let Some(response) = use_context::<ResponseOptions>() {
            response.set_status(status);
        }
        Refusal::new(code, message)
    }
}

#[cfg(test)]
mod tests {
    use model::Lang;

    use super::*;

    #[test]
    fn a_question_has_an_address() {
        let view = View {
            origin: model::Origin::Counted(model::Filter {
                lang: Lang::of_tag("en"),
                ..model::Filter::default()
            }),
            ..View::default()
        };
        let held = Held {
            epoch: Some(Epoch(7)),
            states: Some(9),
        };
        assert_eq!(
            address_of(&Asked::Board(View::default(), Held::default())),
            "/api/fn/board"
        );
        assert_eq!(
            address_of(&Asked::Board(view, held)),
            "/api/fn/board?lang=en&states=9&after=7"
        );
        let view = TagView {
            name: "#a&b".to_owned(),
            window: Window::All,
        };
        assert_eq!(
            address_of(&Asked::Tag(view, None)),
            "/api/fn/tag?name=%23a%26b&window=all"
        );
    }
}
