//! The page for an address that shows nothing.

use leptos::prelude::*;

#[component]
pub fn NotFound() -> impl IntoView {
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
