//! The board: its parts in the order they stand on the page.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{Answer, Board, Origin, Row, View, Window};

use super::{
    banner::Banner,
    live::Live,
    masthead::Masthead,
    picture::Picture,
    ranks::Ranks,
    sources::Sources,
    states::{Empty, Starting},
    words,
};
use crate::{
    address,
    board_fn::{self, Refusal},
};

#[component]
pub fn BoardPage() -> impl IntoView {
    let query = use_query_map();
    let view = Memo::new(move |_| {
        query.with(|query| {
            let (window, by, source) = (
                query.get_str("window"),
                query.get_str("by"),
                query.get_str("source"),
            );
            address::view_or_default(window, by, source)
        })
    });
    // Only what the page arrives with: `Live` asks for all that follows, also for another view.
    let first = Resource::new_blocking(|| (), move |()| board_fn::ask(view.get_untracked(), None));
    view! {
        <Suspense fallback=|| view! { <main class="notice" aria-busy="true"></main> }>
            {move || Suspend::new(async move {
                let first = first.await;
                view! { <Open view first /> }
            })}
        </Suspense>
    }
}

#[component]
pub fn Open(view: Memo<View>, first: Result<Answer, Refusal>) -> impl IntoView {
    let live = Live::new(view, first);
    #[cfg(feature = "hydrate")]
    super::live::keep(live);

    let started = Memo::new(move |_| live.shown.with(|shown| shown.board.is_some()));
    let filled = Memo::new(move |_| live.rows.with(|rows| !rows.is_empty()));
    view! {
        <Masthead live />
        <main class="board">
            <Show when=move || started.get() fallback=move || view! { <Starting live /> }>
                <Heading live />
                <Show when=move || filled.get() fallback=move || view! { <Empty live /> }>
                    <div class="ranking">
                        <Picture live />
                        <Ranks live />
                    </div>
                </Show>
                <Sources live />
            </Show>
        </main>
        <Banner live />
        <p class="spoken" role="status" aria-live="polite">
            {live.announcement}
        </p>
    }
}

/// What is shown, who leads it, and how much it is made of.
#[component]
pub fn Heading(live: Live) -> impl IntoView {
    let title = Memo::new(move |_| live.shown.with(|shown| title(shown.of)));
    let leader = Memo::new(move |_| live.rows.with(|rows| rows.first().map(leader)));
    let totals = live.part(totals);
    view! {
        <header class="heading">
            <div class="title">
                <h1>{move || title.get().0}</h1>
                <p>{move || title.get().1}</p>
            </div>
            {move || {
                leader
                    .get()
                    .map(|(tag, told)| {
                        view! {
                            <p class="leader">
                                <bdi title=tag.clone()>{tag.clone()}</bdi>
                                <span>{told}</span>
                            </p>
                        }
                    })
            }}
            <dl class="totals">
                {move || {
                    totals
                        .get()
                        .into_iter()
                        .flatten()
                        .map(|(name, number)| {
                            view! {
                                <div>
                                    <dt>{name}</dt>
                                    <dd>{words::grouped(number)}</dd>
                                </div>
                            }
                        })
                        .collect_view()
                }}
            </dl>
        </header>
    }
}

/// The name of a view, and what it means in a sentence.
fn title(view: View) -> (&'static str, &'static str) {
    match (view.origin, view.window) {
        (Origin::External, _) => (
            "Posted by another program",
            "Ranked and counted by the program that posted it.",
        ),
        (Origin::Counted, Window::FiveMinutes) => (
            "Trending now",
            "The hashtags mentioned most in the last five minutes. \
             A post counts once for each of its tags.",
        ),
        (Origin::Counted, Window::All) => (
            "Trending of all time",
            "The hashtags mentioned most since the count began. \
             A post counts once for each of its tags.",
        ),
    }
}

fn leader(row: &Row) -> (String, String) {
    let mentions = words::counted(row.count, "mention", "mentions");
    (
        row.tag.clone(),
        format!("{mentions}, {} of all", words::percent(row.share)),
    )
}

fn totals(board: &Board) -> Vec<(&'static str, u64)> {
    let top = &board.top;
    [
        ("Posts", top.posts),
        ("Mentions", top.mentions),
        ("Tags", top.tags),
    ]
    .into()
}
