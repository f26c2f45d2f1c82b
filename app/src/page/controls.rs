//! What a reader can choose, each a link or a field of a form: it stands in the address, and works
//! before the page is alive. What only a live page can do is not shown before.

use leptos::{prelude::*, web_sys};
use model::{Board, Kind, Lang, Origin, Ranking, View};

use super::{
    Here,
    keys::Keys,
    live::Live,
    masthead::{Way, counted},
    said,
    take::Take,
};
use crate::{
    address::{self, Mode, Theme},
    words,
};

#[component]
pub fn Controls(live: Live) -> impl IntoView {
    let (view, mode) = (live.view, live.line.mode);
    let rankings = Ranking::ALL.map(|by| {
        let to = move || View {
            by,
            ..counted(view.get())
        };
        Way::to(view, mode, to, words::ranking_name(by)).shown()
    });
    let toggle = move |change: fn(&mut Mode)| {
        said(move || {
            let mut mode = mode.get();
            change(&mut mode);
            address::href(view.get(), mode)
        })
    };
    let named = move |is: fn(Mode) -> bool, on: &'static str, off: &'static str| {
        said(move || if is(mode.get()) { on } else { off }.to_owned())
    };
    let pause = toggle(|mode| mode.paused = !mode.paused);
    let kiosk = toggle(|mode| mode.kiosk = !mode.kiosk);
    let letters = live.arranged.letters;
    view! {
        <div class="controls">
            <nav aria-label="Ranking">{rankings.into_iter().collect_view()}</nav>
            <Picks live />
            <input
                class="alive"
                type="search"
                aria-label="Only hashtags with these letters"
                placeholder="Filter"
                aria-keyshortcuts="/"
                autocomplete="off"
                prop:value=letters
                on:input=move |event| letters.set(event_target_value(&event))
            />
            <span class="ways">
                <a class="alive" href=pause aria-keyshortcuts="Space" data-noscroll="">
                    {named(|mode| mode.paused, "Resume", "Pause")}
                </a>
                <a
                    href=kiosk
                    aria-keyshortcuts="f"
                    data-noscroll=""
                    on:click=move |_| {
                        #[cfg(feature = "hydrate")]
                        super::kiosk::full_screen(!mode.get_untracked().kiosk);
                    }
                >
                    {named(|mode| mode.kiosk, "Leave full screen", "Full screen")}
                </a>
                <Take live />
                <Keys />
            </span>
        </div>
    }
}

/// Fields of which one value is chosen.
#[component]
fn Picks(live: Live) -> impl IntoView {
    let (view, mode) = (live.view, live.line.mode);
    let filter = Signal::derive(move || match view.get().origin {
        Origin::Counted(filter) => Some(filter),
        Origin::External => None,
    });
    let lang = move || filter.get().and_then(|filter| filter.lang);
    let kind = move || filter.get().and_then(|filter| filter.source);
    let languages = offered(live, |board| board.languages.clone(), lang);
    let kinds = offered(live, |board| board.kinds.clone(), kind);
    let languages = Signal::derive(move || {
        let language = |lang: Lang| (lang.to_string(), words::language(Some(lang)));
        let mut languages: Vec<_> = languages.get().into_iter().map(language).collect();
        languages.insert(0, (String::new(), "All languages".to_owned()));
        languages
    });
    let kinds = Signal::derive(move || {
        let kind = |kind: Kind| (kind.to_string(), kind.to_string());
        let mut kinds: Vec<_> = kinds.get().into_iter().map(kind).collect();
        kinds.insert(0, (String::new(), "All sources".to_owned()));
        kinds
    });
    let rows = Signal::derive(move || {
        let mut rows = Vec::from(address::ROWS);
        let asked = view.get().rows;
        if !rows.contains(&asked) {
            let place = rows.partition_point(|rows| *rows < asked);
            rows.insert(place, asked);
        }
        let rows = rows.into_iter();
        rows.map(|rows| (rows.to_string(), format!("Top {rows}")))
            .collect()
    });
    let themes =
        Signal::stored(Vec::from(Theme::ALL.map(|theme| {
            (theme.name().to_owned(), words::theme_name(theme).to_owned())
        })));
    let chosen_lang = Signal::derive(move || lang().map_or_else(String::new, String::from));
    let chosen_kind = Signal::derive(move || kind().map_or_else(String::new, |k| k.to_string()));
    let chosen_rows = Signal::derive(move || view.get().rows.to_string());
    let chosen_theme = Signal::derive(move || mode.get().theme.name().to_owned());

    let here = expect_context::<Here>();
    let changed = move |event| {
        let field: web_sys::HtmlSelectElement = event_target(&event);
        let (view, mode) = (view.get_untracked(), mode.get_untracked());
        here.go(&address::href_with(
            view,
            mode,
            &field.name(),
            &field.value(),
        ));
    };
    // Where the form is sent by itself, the page has not changed since it came.
    let (sent, mut rest) = (
        view.get_untracked(),
        address::parameters(view.get_untracked()),
    );
    rest.append(&mut address::mode_parameters(mode.get_untracked()));
    let external = sent.origin == Origin::External;
    let picked = |name: &str| match name {
        "lang" | "k" | "theme" => true,
        "source" => !external,
        _ => false,
    };
    rest.retain(|(name, _)| !picked(name));
    let field = |(name, value)| view! { <input type="hidden" name=name value=value /> };
    let posted = Signal::derive(move || filter.get().is_none());
    let never = Signal::stored(false);
    view! {
        <form class="picks" action="/" on:change=changed>
            {rest.into_iter().map(field).collect_view()}
            {pick("lang", "Language", languages, chosen_lang, posted)}
            {pick("source", "Source", kinds, chosen_kind, posted)}
            {pick("k", "Rows", rows, chosen_rows, never)}
            {pick("theme", "Theme", themes, chosen_theme, never)}
            <button class="still-note">"Show"</button>
        </form>
    }
}

/// What there is, and what is chosen whether or not there is any of it.
fn offered<T: Copy + PartialEq + Send + Sync + 'static>(
    live: Live,
    all: fn(&Board) -> Vec<T>,
    chosen: impl Fn() -> Option<T> + Send + Sync + 'static,
) -> Signal<Vec<T>> {
    let all = live.part(all);
    Signal::derive(move || {
        let mut offered = all.get().unwrap_or_default();
        if let Some(chosen) = chosen().filter(|chosen| !offered.contains(chosen)) {
            offered.push(chosen);
        }
        offered
    })
}

/// A value and its name.
type Choices = Signal<Vec<(String, String)>>;

fn pick(
    name: &'static str,
    label: &'static str,
    choices: Choices,
    chosen: Signal<String>,
    hidden: Signal<bool>,
) -> impl IntoView {
    let options = move || {
        let chosen = chosen.get();
        let option = |(value, name): (String, String)| {
            let selected = value == chosen;
            view! {
                <option value=value selected=selected>
                    {name}
                </option>
            }
        };
        choices.get().into_iter().map(option).collect_view()
    };
    view! {
        // What cannot be chosen is not sent either.
        <select name=name aria-label=label prop:value=chosen hidden=hidden disabled=hidden>
            {options}
        </select>
    }
}
