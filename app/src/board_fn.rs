//! The page's question: what does this view show now?

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use model::Answer;

/// Who knows the boards. The server puts an `Arc<dyn Boards>` into the context of every page and
/// every server function.
#[cfg(feature = "ssr")]
pub trait Boards: Send + Sync + 'static {
    /// The newest board for `view`, or [`Answer::Unchanged`] where `after` is that board's epoch.
    fn answer(&self, view: model::View, after: Option<model::Epoch>) -> Answer;
}

#[server(prefix = "/api/fn", endpoint = "board", input = GetUrl)]
pub async fn board(
    window: Option<String>,
    source: Option<String>,
    after: Option<String>,
) -> Result<Answer, ServerFnError> {
    let _ = (window, source, after);
    let boards = expect_context::<std::sync::Arc<dyn Boards>>();
    Ok(boards.answer(model::View::default(), None))
}
