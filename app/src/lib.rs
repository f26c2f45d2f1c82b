//! What people see, and what the browser and the server say to each other.

use leptos::prelude::*;

#[component]
pub fn App() -> impl IntoView {
    view! { <main>"tagtide"</main> }
}
