//! The page for an address that shows nothing.

use leptos::prelude::*;

#[component]
pub fn NotFound() -> impl IntoView {
    #[cfg(feature = "ssr")]
    tell();
    view! {
        <main class="notice">
            <h1>"Nothing here"</h1>
            <p>"This address shows nothing. The board is one step away."</p>
            <p>
                <a class="button" href="/">
                    "See what is trending"
                </a>
            </p>
        </main>
    }
}

/// Says so to programs too.
#[cfg(feature = "ssr")]
pub(crate) fn tell() {
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
}
