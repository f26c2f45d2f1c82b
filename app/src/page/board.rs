//! The board: its parts in the order they stand on the page.

use leptos::{either::Either, prelude::*};
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
    board_fn::{self, Refusal, SentJson},
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
    let first = Resource::<_, SentJson>::new_with_options(
        || (),
        move |()| board_fn::ask(view.get_untracked(), None),
        true,
    );
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
        <Masthead live />
        <main class="board">{board}</main>
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
            <h1>{move || title.get().0}</h1>
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
            <p class="meaning">{move || title.get().1}</p>
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

/// The name of a view, and what it means in a sentence.
fn title(view: View) -> (&'static str, &'static str) {
    match (view.origin, view.window) {
        (Origin::External, _) => (
            "Posted by another program",
            "Ranked and counted by the program that posted it.",
        ),
        (Origin::Counted(_), window) if window != Window::All => (
            "Trending now",
            "The hashtags mentioned most in the last five minutes. \
             A post counts once for each of its tags.",
        ),
        (Origin::Counted(_), _) => (
            "Most mentioned of all time",
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
