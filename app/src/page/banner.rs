//! Said while the server is away. It lies over the page's lower edge and moves nothing, and goes by
//! itself.

use leptos::prelude::*;

use super::live::Live;
use crate::poll::Health;

#[component]
pub fn Banner(live: Live) -> impl IntoView {
    let offline = Memo::new(move |_| live.health.get() == Health::Offline);
    let time = live.time();
    let next = move || match live.next_try.get() {
        Some(time) => format!("Next try at {time}."),
        None => "Trying now …".to_owned(),
    };
    view! {
        {move || offline.get().then(|| view! {
            <aside class="banner" aria-label="Connection">
                <p>
                    <strong>"No connection to tagtide."</strong>
                    " You see the counts of "
                    {move || time.get().0}
                    ". "
                    <span class="next">{next}</span>
                </p>
                <button type="button" on:click=move |_| live.urge.notify()>
                    "Try now"
                </button>
            </aside>
        })}
    }
}
