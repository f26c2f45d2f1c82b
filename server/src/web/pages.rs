//! The pages and their server functions, rendered and answered by crate `app`.

use std::sync::Arc;

use app::{Boards, Held, Page, Told, place::Place};
use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header::CACHE_CONTROL, uri::PathAndQuery},
    response::{IntoResponse, Response},
};
use leptos::context::provide_context;
use model::TagAnswer;

use super::{Web, origin::origin};

/// Called once before the first request.
pub(super) fn prepare() {
    // Fails when it was done before, which is what is wanted.
    let _ = any_spawner::Executor::init_tokio();
}

pub(super) async fn page(State(web): State<Web>, request: Request) -> Response {
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

pub(super) async fn server_function(State(web): State<Web>, mut request: Request) -> Response {
    // Leptos knows its functions by their method; what a HEAD is not sent, the router leaves out.
    *request.method_mut() = Method::GET;
    let answer = leptos_axum::handle_server_fns_with_context(context(web), request).await;
    answer.into_response()
}

fn context(web: Web) -> impl Fn() + Clone + Send + Sync + 'static {
    let boards: Arc<dyn Boards> = Arc::new(web);
    move || provide_context(Arc::clone(&boards))
}
