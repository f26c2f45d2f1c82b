//! Where the posts come from, and how each source does.

use leptos::prelude::*;
use model::{Source, SourceState};

use super::{live::Live, words};

#[component]
pub fn Sources(live: Live) -> impl IntoView {
    let sources = live.part(|board| board.sources.clone());
    let until = live.part(|board| words::date_and_time(&board.top.at));
    view! {
        <footer class="sources">
            <h2>"Sources"</h2>
            <ul>
                {move || {
                    sources.get().unwrap_or_default().into_iter().map(source).collect_view()
                }}
            </ul>
            <p>
                "Counted up to " {move || until.get()} ". "
                <span class="still-note">
                    "This page does not renew itself; reload it for newer counts."
                </span>
            </p>
        </footer>
    }
}

fn source(source: Source) -> impl IntoView {
    let (class, name) = match source.state {
        SourceState::Connecting => ("source connecting", "connecting"),
        SourceState::Live => ("source live", "live"),
        SourceState::Waiting => ("source waiting", "waiting"),
        SourceState::Ended => ("source ended", "ended"),
        SourceState::Failed => ("source failed", "failed"),
    };
    view! {
        <li class=class>
            <bdi>{source.name}</bdi>
            <span class="how">{name}</span>
            <span class="posts">{words::counted(source.posts, "post", "posts")}</span>
            {source.detail.map(|detail| view! { <span class="detail">{detail}</span> })}
        </li>
    }
}
