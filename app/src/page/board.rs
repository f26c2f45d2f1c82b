//! The board: its parts in the order they stand on the page.

use leptos::{either::Either, prelude::*};
use leptos_router::hooks::use_query_map;
use model::{Board, Filter, Origin, Ranking, Row, View};

use super::{
    arrival::{Page, arrival},
    banner::Banner,
    live::Live,
    masthead::{Masthead, Way, counted, windows},
    picture::Picture,
    ranks::Ranks,
    sources::Sources,
    states::{Empty, Starting},
    words,
};
use crate::{address, ask::Told};

#[component]
pub fn BoardPage() -> impl IntoView {
    let query = use_query_map();
    let view = Memo::new(move |_| {
        query.with(|query| {
            let given = address::Query {
                window: query.get_str("window"),
                by: query.get_str("by"),
                lang: query.get_str("lang"),
                source: query.get_str("source"),
                k: query.get_str("k"),
            };
            given.view_or_default()
        })
    });
    arrival(Page::Board(view))
}

#[component]
pub fn Open(view: Memo<View>, first: Option<Told>) -> impl IntoView {
    let live = Live::new(view, first);
    #[cfg(feature = "hydrate")]
    super::live::keep(live.line, live);

    let started = Memo::new(move |_| live.shown.with(|shown| shown.board.is_some()));
    let filled = Memo::new(move |_| live.rows.with(|rows| !rows.is_empty()));
    // Chosen by hand and not with `Show`, whose every use weighs kilobytes in the browser.
    let ranking = move || match filled.get() {
        true => Either::Left(view! {
            <div class="ranking">
                <Picture live />
                <Ranks live />
            </div>
        }),
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
            <Choice view />
            {board}
        </main>
        <Banner line=live.line />
        <p class="spoken" role="status" aria-live="polite">
            {live.line.announcement}
        </p>
    }
}

/// By what to rank, and what is left out with the way back.
#[component]
pub fn Choice(view: Memo<View>) -> impl IntoView {
    let ways = Ranking::ALL.map(|by| {
        let to = move || View {
            by,
            ..counted(view.get())
        };
        Way::to(view, to, words::ranking_name(by)).shown()
    });
    let filters = move || {
        let view = view.get();
        let Origin::Counted(filter) = view.origin else {
            return Vec::new();
        };
        let back = |filter| {
            address::href(View {
                origin: Origin::Counted(filter),
                ..view
            })
        };
        let lang = filter.lang.map(|lang| {
            let name = words::language(Some(lang));
            (
                name,
                "Show all languages",
                back(Filter {
                    lang: None,
                    ..filter
                }),
            )
        });
        let source = filter.source.map(|source| {
            let back = back(Filter {
                source: None,
                ..filter
            });
            (source.to_string(), "Show all sources", back)
        });
        lang.into_iter().chain(source).map(filtered).collect()
    };
    view! {
        <div class="choice">
            <nav aria-label="Ranking">{ways.into_iter().collect_view()}</nav>
            {filters}
        </div>
    }
}

/// A filter that is set; a click takes it away.
fn filtered((name, back, href): (String, &'static str, String)) -> impl IntoView {
    view! {
        <a class="filter" href=href title=back data-noscroll="">
            "Only "
            {name}
            <span aria-hidden="true">" ✕"</span>
            <span class="spoken">". " {back}</span>
        </a>
    }
}

/// What is shown, who leads it, and how much it is made of.
#[component]
pub fn Heading(live: Live) -> impl IntoView {
    let of = Memo::new(move |_| live.shown.with(|shown| shown.of));
    let leader = Memo::new(move |_| {
        let of = of.get();
        live.rows
            .with(|rows| rows.first().map(|row| leader(row, of)))
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
            </dl>
        </header>
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

fn leader(row: &Row, of: View) -> Leader {
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
        href: tag_href(&row.tag, of),
        told,
    }
}

/// The page of a tag on this board; what another program calls a label has none.
pub fn tag_href(tag: &str, of: View) -> Option<String> {
    let counted = matches!(of.origin, Origin::Counted(_));
    counted.then(|| address::tag_href(tag, of.window))
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
            leader(&row, view).told
        };
        assert_eq!(told(Ranking::Count), "50 mentions, 50.0% of all");
        assert_eq!(told(Ranking::People), "40 people in 50 mentions");
        assert_eq!(told(Ranking::Rising), "50 mentions, a rise of 8.3");
    }
}
