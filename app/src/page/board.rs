//! The board: its parts in the order they stand on the page.

use leptos::{either::Either, prelude::*, web_sys};
use leptos_router::hooks::use_query_map;
use model::{Board, Origin, Pulse, Ranking, Row, View};

use super::{
    arrival::{Page, arrival},
    banner::Banner,
    controls::Controls,
    live::Live,
    masthead::{Masthead, windows},
    picture::Picture,
    ranks::Ranks,
    sources::Sources,
    spark::spark,
    states::{Empty, Starting},
    words,
};
use crate::{
    address::{self, Mode},
    ask::Told,
};

#[component]
pub fn BoardPage() -> impl IntoView {
    let query = use_query_map();
    let view = Memo::new(move |_| {
        query.with(|query| address::Query::of(|name| query.get_str(name)).view_or_default())
    });
    let mode = Memo::new(move |_| {
        query.with(|query| address::Query::of(|name| query.get_str(name)).mode())
    });
    arrival(Page::Board(view, mode))
}

#[component]
pub fn Open(view: Memo<View>, mode: Memo<Mode>, first: Option<Told>) -> impl IntoView {
    let live = Live::new(view, mode, first);
    #[cfg(feature = "hydrate")]
    {
        super::live::keep(live.line, live);
        super::kiosk::keep(live.line, live.arranged);
        live.arranged.keep();
    }

    let started = Memo::new(move |_| live.shown.with(|shown| shown.board.is_some()));
    let filled = live.part(|board| !board.top.rows.is_empty());
    let filled = move || filled.get().unwrap_or(false);
    // Chosen by hand and not with `Show`, whose every use weighs kilobytes in the browser.
    let ranking = move || match filled() {
        true => Either::Left(view! { <Ranking live /> }),
        false => Either::Right(view! { <Empty live /> }),
    };
    let board = move || match started.get() {
        true => Either::Left(view! {
            <Heading live />
            {ranking}
            <Sources live />
        }),
        false => Either::Right(view! { <Starting /> }),
    };
    view! {
        <Masthead line=live.line ways=windows(live) />
        <main class="board">
            <Controls live />
            {board}
        </main>
        <Banner line=live.line />
        <p class="spoken" role="status" aria-live="polite">
            {live.line.announcement}
        </p>
    }
}

/// The rows as a picture and as a table. They stay where they are while somebody points at one.
#[component]
fn Ranking(live: Live) -> impl IntoView {
    let held = live.arranged.held;
    view! {
        <div
            class="ranking"
            on:pointerenter=move |_| held.set(true)
            on:pointerleave=move |_| held.set(false)
            on:focusin=move |event| held.set(is_by_keyboard(&event))
            on:focusout=move |_| held.set(false)
        >
            <Picture live />
            <Ranks live />
        </div>
    }
}

/// Whether the focus came there by keys: where a click has left it, nobody looks for it.
fn is_by_keyboard(event: &leptos::ev::FocusEvent) -> bool {
    let target: web_sys::Element = event_target(event);
    target.matches(":focus-visible").unwrap_or(false)
}

/// What is shown, who leads it, and how much it is made of.
#[component]
pub fn Heading(live: Live) -> impl IntoView {
    let of = Memo::new(move |_| live.shown.with(|shown| shown.of));
    let leader = Memo::new(move |_| {
        let of = of.get();
        let mode = live.line.mode.get();
        live.ranked
            .with(|rows| rows.first().map(|row| leader(row, of, mode)))
    });
    let total = move |number: fn(&Board) -> u64| {
        let number = live.part(number);
        move || words::grouped(number.get().unwrap_or_default())
    };
    // Another program says what it counted, and not in how much.
    let posts = move || {
        matches!(live.origin.get(), Origin::Counted(_)).then(|| {
            view! {
                <div>
                    <dt>"Posts"</dt>
                    <dd>{total(|board| board.top.posts)}</dd>
                </div>
            }
        })
    };
    view! {
        <header class="heading">
            <h1>{move || words::title(of.get())}</h1>
            {move || {
                leader
                    .get()
                    .map(|leader| {
                        view! {
                            <p class="leader">
                                <a href=leader.href>
                                    <bdi title=leader.tag.clone()>{leader.tag.clone()}</bdi>
                                </a>
                                <span>{leader.told}</span>
                            </p>
                        }
                    })
            }}
            <p class="meaning">{move || words::meaning(of.get())}</p>
            <dl class="totals">
                {posts}
                <div>
                    <dt>"Mentions"</dt>
                    <dd>{total(|board| board.top.mentions)}</dd>
                </div>
                <div>
                    <dt>"Tags"</dt>
                    <dd>{total(|board| board.top.tags)}</dd>
                </div>
                {pulse(live)}
            </dl>
        </header>
    }
}

/// How much comes in just now, of whatever is counted here.
fn pulse(live: Live) -> impl IntoView {
    let pulse = live.part(|board| board.pulse.clone());
    let number = move |number: fn(&Pulse) -> f64| {
        move || pulse.with(|pulse| words::rate(pulse.as_ref().map_or(0.0, number)))
    };
    let line = move || pulse.with(|pulse| pulse.as_ref().map(|pulse| spark(&pulse.recent)));
    let lag = move || {
        let lag = pulse.with(|pulse| pulse.as_ref().map_or(0, |pulse| pulse.lag_ms));
        format!("{} s", words::rate(lag as f64 / 1000.0))
    };
    view! {
        <div class="pulse">
            <dt>"Posts a second"</dt>
            <dd>{number(|pulse| pulse.posts_per_second)} {line}</dd>
        </div>
        <div>
            <dt>"Tags a second"</dt>
            <dd>{number(|pulse| pulse.mentions_per_second)}</dd>
        </div>
        <div>
            <dt>"Behind"</dt>
            <dd>{lag}</dd>
        </div>
    }
}

/// Who leads the board.
#[derive(Clone, PartialEq)]
struct Leader {
    tag: String,
    /// Its page, where it has one.
    href: Option<String>,
    told: String,
}

fn leader(row: &Row, of: View, mode: Mode) -> Leader {
    let mentions = words::counted(row.count, "mention", "mentions");
    let share = words::percent(row.share);
    let told = match (of.by, row.people, row.score) {
        (Ranking::People, Some(people), _) => {
            let people = words::counted(people, "person", "people");
            format!("{people} in {mentions}")
        }
        (Ranking::Rising, _, Some(score)) => {
            format!("{mentions}, a rise of {}", words::rise(score))
        }
        _ => format!("{mentions}, {share} of all"),
    };
    Leader {
        tag: row.tag.clone(),
        href: tag_href(&row.tag, of, mode),
        told,
    }
}

/// The page of a tag on this board; what another program calls a label has none.
pub fn tag_href(tag: &str, of: View, mode: Mode) -> Option<String> {
    let counted = matches!(of.origin, Origin::Counted(_));
    counted.then(|| address::tag_href(tag, of.window, mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leader_is_told_by_what_it_leads_in() {
        let row = Row {
            people: Some(40),
            score: Some(8.25),
            share: 0.5,
            ..Row::counted(1, "#a".to_owned(), 50, 100)
        };
        let told = |by| {
            let view = View {
                by,
                ..View::default()
            };
            leader(&row, view, Mode::default()).told
        };
        assert_eq!(told(Ranking::Count), "50 mentions, 50.0% of all");
        assert_eq!(told(Ranking::People), "40 people in 50 mentions");
        assert_eq!(told(Ranking::Rising), "50 mentions, a rise of 8.3");
    }
}
