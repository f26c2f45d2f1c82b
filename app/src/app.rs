//! The addresses of the site.

use leptos::prelude::*;

#[component]
pub fn App() -> impl IntoView {
    view! { <main>"tagtide"</main> }
}
