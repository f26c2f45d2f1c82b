//! Said while the server is away. It lies over the page's lower edge and moves nothing, and goes by
//! itself.

use leptos::prelude::*;

use super::{live::Line, said};
use crate::poll::Health;

#[component]
pub fn Banner(line: Line) -> impl IntoView {
    let hidden = Signal::derive(move || line.health.get() != Health::Offline);
    let time = line.time();
    let seen = said(move || match time.get() {
        time if time.is_empty() => " ".to_owned(),
        time => format!(" You see the counts of {time}. "),
    });
    let next = said(move || match line.next_try.get() {
        Some(time) => format!("Next try at {time}."),
        None => "Trying now …".to_owned(),
    });
    view! {
        <aside class="banner" aria-label="Connection" hidden=hidden>
            <p>
                <strong>"No connection to tagtide."</strong>
                {seen}
                <span class="next">{next}</span>
            </p>
            <button type="button" on:click=move |_| line.urge.notify()>
                "Try now"
            </button>
        </aside>
    }
}
