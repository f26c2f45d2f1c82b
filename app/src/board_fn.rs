//! The page's question: what does this view show now? `GET /api/fn/board?window=all&after=904613312`
//!
//! A page asks every second, so the answer where nothing has changed is a few bytes. What is asked
//! comes from an address that anybody can type: it is read in the function and not by its
//! parameters' types, so that a slip is a 400 with a reason and not a failure of the server.

use codee::{Decoder, Encoder};
use leptos::prelude::*;
use leptos::server_fn::{
    codec::{GetUrl, JsonEncoding},
    error::{FromServerFnError, ServerFnErrorErr},
};
use model::{Answer, Epoch, View};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::address;

/// Who knows the boards. The server puts an `Arc<dyn Boards>` into the context of every page and
/// every server function.
#[cfg(feature = "ssr")]
pub trait Boards: Send + Sync + 'static {
    /// The newest board for `view`, or [`Answer::Unchanged`] where `after` is that board's epoch.
    fn answer(&self, view: View, after: Option<Epoch>) -> Answer;
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
        Self::new("unanswered", trouble)
    }
}

/// How the server writes the first answer into the page. Read from bytes, as every later answer is:
/// the code that reads an answer from a string would be a second one.
#[derive(Debug)]
pub struct SentJson;

impl<T: Serialize> Encoder<T> for SentJson {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(answer: &T) -> Result<String, serde_json::Error> {
        serde_json::to_string(answer)
    }
}

impl<T: DeserializeOwned> Decoder<T> for SentJson {
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(answer: &str) -> Result<T, serde_json::Error> {
        serde_json::from_slice(answer.as_bytes())
    }
}

/// Asks for `view`; `after` is the epoch of the board that the asker holds of the same view.
pub async fn ask(view: View, after: Option<Epoch>) -> Result<Answer, Refusal> {
    let source = address::source_name(view.origin).map(str::to_owned);
    board(
        Some(view.window.name().to_owned()),
        Some(view.by.name().to_owned()),
        source,
        after.map(|epoch| epoch.0.to_string()),
    )
    .await
}

#[server(prefix = "/api/fn", endpoint = "board", input = GetUrl)]
pub async fn board(
    window: Option<String>,
    by: Option<String>,
    source: Option<String>,
    after: Option<String>,
) -> Result<Answer, Refusal> {
    use http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
    use leptos_axum::ResponseOptions;

    let response = use_context::<ResponseOptions>();
    if let Some(response) = &response {
        // A board is old in two seconds: nothing on the way may give one out again. Not `no-store`:
        // the page is sent with this header too, and going back to it should be instant.
        response.insert_header(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    let refuse = |status: StatusCode, refusal: Refusal| {
        if let Some(response) = &response {
            response.set_status(status);
        }
        Err(refusal)
    };

    let view = match address::view(window.as_deref(), by.as_deref(), source.as_deref()) {
        Ok(view) => view,
        Err(bad) => {
            let code = match bad {
                address::BadName::Window => "bad_window",
                address::BadName::Ranking => "bad_by",
                address::BadName::Source => "bad_source",
            };
            return refuse(StatusCode::BAD_REQUEST, Refusal::new(code, bad));
        }
    };
    let after = match after
        .filter(|after| !after.is_empty())
        .map(|after| after.parse())
    {
        None => None,
        Some(Ok(epoch)) => Some(Epoch(epoch)),
        Some(Err(_)) => {
            let refusal = Refusal::new("bad_after", "after is the number of an epoch");
            return refuse(StatusCode::BAD_REQUEST, refusal);
        }
    };
    let Some(boards) = use_context::<std::sync::Arc<dyn Boards>>() else {
        let refusal = Refusal::new("no_boards", "this server has no boards");
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, refusal);
    };
    Ok(boards.answer(view, after))
}
