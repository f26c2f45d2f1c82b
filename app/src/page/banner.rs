//! Said while the server is away. It lies over the page's lower edge and moves nothing, and goes by
//! itself.

use leptos::prelude::*;

use super::live::Line;
use crate::poll::Health;

#[component]
pub fn Banner(line: Line) -> impl IntoView {
    let offline = Memo::new(move |_| line.health.get() == Health::Offline);
    let time = line.time();
    let seen = move || match time.get() {
        time if time.is_empty() => " ".to_owned(),
        time => format!(" You see the counts of {time}. "),
    };
    let next = move || match line.next_try.get() {
        Some(time) => format!("Next try at {time}."),
        None => "Trying now …".to_owned(),
    };
    let banner = move || {
        view! {
            <aside class="banner" aria-label="Connection">
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
    };
    move || offline.get().then(banner)
}
