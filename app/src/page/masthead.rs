//! The top of a page: its name, the ways to other views, and how far what is shown can be trusted.

use leptos::prelude::*;
use model::{Origin, View, Window};

use super::{
    live::{Line, Live},
    words,
};
use crate::{address, poll::Health};

#[component]
pub fn Masthead(line: Line, ways: Signal<Vec<Way>>) -> impl IntoView {
    view! {
        <header class="masthead">
            <a class="name" href="/">
                <svg viewBox="0 0 32 32" aria-hidden="true">
                    <path d="M2 12c4.7-5.3 9.3-5.3 14 0s9.3 5.3 14 0" />
                    <path d="M2 21c4.7-5.3 9.3-5.3 14 0s9.3 5.3 14 0" />
                </svg>
                "tagtide"
            </a>
            <nav aria-label="Time">
                {move || ways.get().into_iter().map(Way::shown).collect_view()}
            </nav>
            <State line />
        </header>
    }
}

/// The ways to a board's windows, and to the one that another program posted.
pub fn windows(live: Live) -> Signal<Vec<Way>> {
    let view = live.view;
    let external = Memo::new(move |_| {
        let posted = live
            .shown
            .with(|shown| shown.board.as_ref().is_some_and(|board| board.external));
        posted || view.get().origin == Origin::External
    });
    let window = move |window| {
        let to = move || View {
            window,
            ..counted(view.get())
        };
        Way::to(view, to, words::window_name(window))
    };
    Signal::derive(move || {
        let mut ways = Vec::from(Window::ALL.map(window));
        if external.get() {
            let to = move || View {
                window: Window::All,
                origin: Origin::External,
                rows: view.get().rows,
                ..View::default()
            };
            ways.push(Way::to(view, to, "External"));
        }
        ways
    })
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

/// A link to another view.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub name: &'static str,
    pub href: Signal<String>,
    /// It leads to where the reader is.
    pub current: Signal<bool>,
}

impl Way {
    /// To a board.
    pub fn to(
        view: Memo<View>,
        to: impl Fn() -> View + Copy + Send + Sync + 'static,
        name: &'static str,
    ) -> Self {
        Self {
            name,
            href: Signal::derive(move || address::href(to())),
            current: Signal::derive(move || view.get() == to()),
        }
    }

    pub fn shown(self) -> impl IntoView {
        let current = move || self.current.get().then_some("page");
        view! {
            <a href=self.href aria-current=current data-noscroll="">
                {self.name}
            </a>
        }
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
