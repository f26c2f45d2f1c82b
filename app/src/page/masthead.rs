//! The top of a page: its name, the ways to other views, and how far what is shown can be trusted.

use leptos::prelude::*;
use model::{Origin, View, Window};

use super::{
    live::{Line, Live},
    said,
};
use crate::{
    address::{self, Mode},
    poll::Health,
    words,
};

/// In the order of [`Window::ALL`].
pub const WINDOW_KEYS: [Option<&str>; 6] = [
    Some("1"),
    Some("2"),
    Some("3"),
    Some("4"),
    Some("5"),
    Some("6"),
];

#[component]
pub fn Masthead(line: Line, ways: Vec<Way>) -> impl IntoView {
    let home = said(move || {
        let theme = line.mode.get().theme;
        let mode = Mode {
            theme,
            ..Mode::default()
        };
        address::href(View::default(), mode)
    });
    // In a frame of another page there is no room for the whole of this one.
    let target = line.mode.get_untracked().embed.then_some("_blank");
    #[cfg(feature = "hydrate")]
    super::root::keep(line.mode);
    view! {
        <header class="masthead">
            <a class="name" href=home target=target>
                <svg viewBox="0 0 32 32" aria-hidden="true">
                    <path d="M2 12c4.7-5.3 9.3-5.3 14 0s9.3 5.3 14 0" />
                    <path d="M2 21c4.7-5.3 9.3-5.3 14 0s9.3 5.3 14 0" />
                </svg>
                "tagtide"
            </a>
            <nav aria-label="Time">
                {ways.into_iter().map(Way::shown).collect_view()}
            </nav>
            <State line />
        </header>
    }
}

/// The ways to a board's windows, and to the one that another program posted.
pub fn windows(live: Live) -> Vec<Way> {
    let view = live.view;
    let external = Memo::new(move |_| {
        let posted = live
            .shown
            .with(|shown| shown.board.as_ref().is_some_and(|board| board.external));
        posted || view.get().origin == Origin::External
    });
    let mode = live.line.mode;
    let window = move |(window, key)| {
        let to = move || View {
            window,
            ..counted(view.get())
        };
        Way {
            key,
            ..Way::to(view, mode, to, words::window_name(window))
        }
    };
    let to = move || View {
        window: Window::All,
        origin: Origin::External,
        rows: view.get().rows,
        ..View::default()
    };
    let posted = Way {
        hidden: Signal::derive(move || !external.get()),
        ..Way::to(view, mode, to, "External")
    };
    let keyed = Window::ALL.into_iter().zip(WINDOW_KEYS);
    keyed.map(window).chain([posted]).collect()
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
    /// The key that goes there.
    pub key: Option<&'static str>,
    /// There is nothing to go to.
    pub hidden: Signal<bool>,
}

impl Way {
    /// To a board.
    pub fn to(
        view: Memo<View>,
        mode: Memo<Mode>,
        to: impl Fn() -> View + Copy + Send + Sync + 'static,
        name: &'static str,
    ) -> Self {
        Self {
            name,
            href: Signal::derive(move || address::href(to(), mode.get())),
            current: Signal::derive(move || view.get() == to()),
            key: None,
            hidden: Signal::stored(false),
        }
    }

    pub fn shown(self) -> impl IntoView {
        let current = self.current;
        let current = Signal::derive(move || current.get().then(|| "page".to_owned()));
        view! {
            <a
                href=self.href
                aria-current=current
                aria-keyshortcuts=self.key
                hidden=self.hidden
                data-noscroll=""
            >
                {self.name}
            </a>
        }
    }
}

#[component]
pub fn State(line: Line) -> impl IntoView {
    let time = line.time();
    let state = Memo::new(move |_| {
        let paused = line.mode.get().paused;
        state(line.health.get(), paused.then(|| line.updates.get()))
    });
    let name = said(move || state.get().0);
    let class = said(move || state.get().1.to_owned());
    let rest = said(move || state.get().2);
    let at = said(move || line.at.get().unwrap_or_default());
    let full = said(move || words::date_and_time(&at.get()));
    // Without counts there is nothing to trust.
    let hidden = Signal::derive(move || line.at.with(Option::is_none));
    view! {
        <p class=class hidden=hidden>
            <span class="how">{name}</span>
            " "
            <span>
                <time datetime=at title=full>
                    {time}
                </time>
                {rest}
            </span>
        </p>
    }
}

/// What is said before the time of the data, its class, and what is said after; `missed` updates
/// where the page is paused.
fn state(health: Health, missed: Option<u32>) -> (String, &'static str, String) {
    let (name, class) = match (health, missed) {
        (Health::Offline, _) => ("Offline".to_owned(), "state offline"),
        (_, Some(_)) => ("Paused at".to_owned(), "state paused"),
        (Health::Sent, _) => ("As of".to_owned(), "state sent"),
        (Health::Live, _) => ("Live".to_owned(), "state live"),
        (Health::Delayed(0), _) => ("Delayed".to_owned(), "state delayed"),
        (Health::Delayed(seconds), _) => (format!("Delayed {seconds} s"), "state delayed"),
    };
    let behind = |missed: u32| {
        let updates = words::counted(missed.into(), "update", "updates");
        format!(", {updates} behind")
    };
    let rest = missed.filter(|missed| *missed > 0).map(behind);
    (name, class, rest.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_says_how_far_to_trust_what_is_shown() {
        let says = |health, missed, words: &str| {
            let (name, _, rest) = state(health, missed);
            assert_eq!(format!("{name} 18:30:24{rest}"), words);
        };
        says(Health::Sent, None, "As of 18:30:24");
        says(Health::Live, None, "Live 18:30:24");
        says(Health::Delayed(0), None, "Delayed 18:30:24");
        says(Health::Delayed(12), None, "Delayed 12 s 18:30:24");
        says(Health::Offline, None, "Offline 18:30:24");
        says(Health::Live, Some(0), "Paused at 18:30:24");
        says(Health::Live, Some(1), "Paused at 18:30:24, 1 update behind");
        says(
            Health::Offline,
            Some(2),
            "Offline 18:30:24, 2 updates behind",
        );
    }
}
