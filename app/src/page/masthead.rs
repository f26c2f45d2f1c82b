//! The top of a page: its name, the ways to other views, and how far what is shown can be trusted.

use leptos::prelude::*;
use model::{Origin, View, Window};

use super::{
    live::{Line, Live},
    words,
};
use crate::{address, poll::Health};

#[component]
pub fn Masthead(line: Line, children: Children) -> impl IntoView {
    view! {
        <header class="masthead">
            <a class="name" href="/">
                <svg viewBox="0 0 32 32" aria-hidden="true">
                    <path d="M2 12c4.7-5.3 9.3-5.3 14 0s9.3 5.3 14 0" />
                    <path d="M2 21c4.7-5.3 9.3-5.3 14 0s9.3 5.3 14 0" />
                </svg>
                "tagtide"
            </a>
            <nav aria-label="Time">{children()}</nav>
            <State line />
        </header>
    }
}

/// The ways to a board's windows, and to the one that another program posted.
#[component]
pub fn Windows(live: Live) -> impl IntoView {
    let view = live.view;
    let external = Memo::new(move |_| {
        let posted = live
            .shown
            .with(|shown| shown.board.as_ref().is_some_and(|board| board.external));
        posted || view.get().origin == Origin::External
    });
    let ways = Window::ALL.map(|window| {
        let to = Memo::new(move |_| View {
            window,
            ..counted(view.get())
        });
        way(view, to, words::window_name(window))
    });
    let external = move || {
        let to = Memo::new(move |_| View {
            window: Window::All,
            origin: Origin::External,
            rows: view.get().rows,
            ..View::default()
        });
        external.get().then(|| way(view, to, "External"))
    };
    view! {
        {ways.into_iter().collect_view()}
        {external}
    }
}

/// The view itself where it is of counts made here, else the one of them that is most like it.
pub fn counted(view: View) -> View {
    match view.origin {
        Origin::Counted(_) => view,
        Origin::External => View {
            rows: view.rows,
            ..View::default()
        },
    }
}

/// A link to a view.
pub fn way(view: Memo<View>, to: Memo<View>, name: &'static str) -> impl IntoView {
    let current = move || (view.get() == to.get()).then_some("page");
    view! {
        <a href=move || address::href(to.get()) aria-current=current data-noscroll="">
            {name}
        </a>
    }
}

#[component]
pub fn State(line: Line) -> impl IntoView {
    let time = line.time();
    let known = Memo::new(move |_| line.at.with(Option::is_some));
    let name = move || match line.health.get() {
        Health::Sent => "As of",
        Health::Live => "Live",
        Health::Delayed => "Delayed",
        Health::Offline => "Offline",
    };
    let class = move || match line.health.get() {
        Health::Sent => "state sent",
        Health::Live => "state live",
        Health::Delayed => "state delayed",
        Health::Offline => "state offline",
    };
    let at = move || line.at.get().unwrap_or_default();
    view! {
        <p class=class>
            {move || {
                known
                    .get()
                    .then(|| {
                        view! {
                            <span>{name}</span>
                            " "
                            <time datetime=at title=move || words::date_and_time(&at())>
                                {time}
                            </time>
                        }
                    })
            }}
        </p>
    }
}
