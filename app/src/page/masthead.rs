//! The top of the page: its name, the ways to other views, and how far what is shown can be trusted.

use leptos::prelude::*;
use model::{Origin, View, Window};

use super::{live::Live, words};
use crate::{address, poll::Health};

#[component]
pub fn Masthead(live: Live) -> impl IntoView {
    let external = Memo::new(move |_| {
        let posted = live
            .shown
            .with(|shown| shown.board.as_ref().is_some_and(|board| board.external));
        posted || live.view.get().origin == Origin::External
    });
    view! {
        <header class="masthead">
            <a class="name" href="/">
                <svg viewBox="0 0 32 32" aria-hidden="true">
                    <path d="M2 12c4.7-5.3 9.3-5.3 14 0s9.3 5.3 14 0" />
                    <path d="M2 21c4.7-5.3 9.3-5.3 14 0s9.3 5.3 14 0" />
                </svg>
                "tagtide"
            </a>
            <nav aria-label="What to show">
                {Window::ALL
                    .map(|window| {
                        let to = View { window, ..View::default() };
                        view! { <Way live to name=words::window_name(window) /> }
                    })
                    .into_iter()
                    .collect_view()}
                {move || {
                    external
                        .get()
                        .then(|| {
                            let to = View {
                                window: Window::All,
                                origin: Origin::External,
                                ..View::default()
                            };
                            view! { <Way live to name="External" /> }
                        })
                }}
            </nav>
            <State live />
        </header>
    }
}

/// A link to a view.
#[component]
pub fn Way(live: Live, to: View, name: &'static str) -> impl IntoView {
    let current = move || (live.view.get() == to).then_some("page");
    view! {
        <a href=address::href(to) aria-current=current data-noscroll="">
            {name}
        </a>
    }
}

#[component]
pub fn State(live: Live) -> impl IntoView {
    let time = live.time();
    let known = Memo::new(move |_| live.shown.with(|shown| shown.board.is_some()));
    let name = move || match live.health.get() {
        Health::Sent => "As of",
        Health::Live => "Live",
        Health::Delayed => "Delayed",
        Health::Offline => "Offline",
    };
    let class = move || match live.health.get() {
        Health::Sent => "state sent",
        Health::Live => "state live",
        Health::Delayed => "state delayed",
        Health::Offline => "state offline",
    };
    view! {
        <p class=class>
            {move || {
                known
                    .get()
                    .then(|| {
                        view! {
                            <span>{name}</span>
                            " "
                            <time
                                datetime=move || time.get().1
                                title=move || words::date_and_time(&time.get().1)
                            >
                                {move || time.get().0}
                            </time>
                        }
                    })
            }}
        </p>
    }
}
