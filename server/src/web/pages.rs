//! The pages and their server functions, rendered and answered by crate `app`.

use std::sync::Arc;

use app::{Boards, Held, Page, Told, address, place::Place};
use axum::{
    extract::{Query, Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{ACCEPT, CACHE_CONTROL},
        uri::PathAndQuery,
    },
    response::{IntoResponse, Response},
};
use leptos::context::provide_context;
use model::{Epoch, TagAnswer, View};

use super::{Web, api::Parameters, error::ApiError, origin::origin};

/// Called once before the first request.
pub(super) fn prepare() {
    // Fails when it was done before, which is what is wanted.
    let _ = any_spawner::Executor::init_tokio();
}

pub(super) async fn page(State(web): State<Arc<Web>>, request: Request) -> Response {
    // Leptos takes the address apart without asking whether it is one (`GET host:80`, `GET *`).
    if !request.uri().path().starts_with('/') {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let at = request.uri().path_and_query().map(PathAndQuery::as_str);
    let at = at.unwrap_or("/").to_owned();
    let first = match Place::of(&at).0 {
        Place::Board(view) => Some(Told::Board(web.answer(view, Held::default()).await)),
        Place::Tag(view) => Some(Told::Tag(web.tag_answer(&view, None).await)),
        Place::Nowhere => None,
    };
    let found = !matches!(
        first,
        None | Some(Told::Tag(TagAnswer::NeverSeen | TagAnswer::Blocked))
    );
    let page = Page {
        at,
        first,
        origin: origin(request.headers()),
    };
    let site = web.site.clone();
    let render = leptos_axum::render_app_async_with_context(context(web), move || {
        app::shell(site.assets(), site.watch(), page.clone())
    });
    let mut response = render(request).await;
    // The counts are in it. The app says so too, but not on every page.
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if !found && response.status().is_success() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// The server function of that name, which many pages ask every second. A question that is as the pages
/// ask it is read here, without the machinery of Leptos; any other is left to it.
pub(super) async fn board(state: State<Arc<Web>>, request: Request) -> Response {
    let Some((view, held)) = plain(&request) else {
        return server_function(state, request).await;
    };
    match state.answer_json(view, held).await {
        Some(json) => json.text(request.headers(), "application/json"),
        None => ApiError::internal().into_response(),
    }
}

/// What is asked, where every parameter is known, right and given once, and nobody wants a page.
fn plain(request: &Request) -> Option<(View, Held)> {
    let accept = request.headers().get(ACCEPT);
    if accept.is_some_and(|accept| accept.as_bytes() != b"application/json" && accept != "*/*") {
        return None;
    }
    let Query(parameters) = Query::<Parameters>::try_from_uri(request.uri()).ok()?;
    let mut query = address::Query::default();
    let (mut after, mut states) = (None, None);
    for (name, value) in &parameters {
        let known = match name.as_str() {
            "window" => &mut query.window,
            "by" => &mut query.by,
            "lang" => &mut query.lang,
            "source" => &mut query.source,
            "k" => &mut query.k,
            "after" => &mut after,
            "states" => &mut states,
            _ => return None,
        };
        if known.replace(value).is_some() {
            return None;
        }
    }
    let after = after.filter(|epoch| !epoch.is_empty());
    let held = Held {
        epoch: after.map(str::parse).transpose().ok()?.map(Epoch),
        states: states.and_then(|states| states.parse().ok()),
    };
    Some((query.view().ok()?, held))
}

pub(super) async fn server_function(State(web): State<Arc<Web>>, mut request: Request) -> Response {
    // Leptos knows its functions by their method; what a HEAD is not sent, the router leaves out.
    *request.method_mut() = Method::GET;
    let answer = leptos_axum::handle_server_fns_with_context(context(web), request).await;
    answer.into_response()
}

fn context(web: Arc<Web>) -> impl Fn() + Clone + Send + Sync + 'static {
    let boards: Arc<dyn Boards> = web;
    move || provide_context(Arc::clone(&boards))
}
