//! The board: its parts in the order they stand on the page.

use leptos::{either::EitherOf3, prelude::*};
use model::{Origin, Pulse, Ranking, Row, View};

use super::{
    TITLE,
    alerts::Alerts,
    banner::Banner,
    controls::Controls,
    headline::length,
    live::Live,
    masthead::{Masthead, windows},
    picture::Picture,
    ranks::Ranks,
    said,
    sources::Sources,
    spark,
    states::{Empty, Starting},
};
use crate::{
    address::{self, Mode},
    ask::Told,
    chart::label::shown,
    words,
};

#[component]
pub fn BoardPage(view: Memo<View>, mode: Memo<Mode>, first: Option<Told>) -> impl IntoView {
    let live = Live::new(view, mode, first);
    #[cfg(feature = "hydrate")]
    {
        super::live::keep(live.line, live);
        super::hold::keep(live.arranged);
        Effect::new(move || {
            let of = live.shown.with(|shown| shown.of);
            let title = live.ranked.with(|rows| title(of, rows));
            super::navigation::call(&title);
        });
        super::kiosk::keep(live.line.mode, live.arranged);
    }

    let filled = live.part(|board| !board.top.rows.is_empty());
    // Chosen by hand and not with `Show`, whose every use weighs kilobytes in the browser.
    let board = move || match filled.get() {
        Some(true) => EitherOf3::A(view! {
            <Heading live />
            <Ranking live />
            <Sources live />
        }),
        Some(false) => EitherOf3::B(view! {
            <Heading live />
            <Empty live />
            <Sources live />
        }),
        None => EitherOf3::C(view! { <Starting /> }),
    };
    view! {
        <Masthead line=live.line ways=windows(live) />
        <main class="board">
            <Controls live />
            <Alerts live />
            {board}
        </main>
        <Banner line=live.line />
        <p class="spoken" role="status" aria-live="polite">
            {live.line.announcement}
        </p>
    }
}

/// Tags that a title names.
pub(crate) const NAMED: usize = 3;

/// The name of a document that shows these rows.
pub(crate) fn title(of: View, rows: &[Row]) -> String {
    let mut title = String::new();
    for row in rows.iter().take(NAMED) {
        let comma = if title.is_empty() { "" } else { ", " };
        title.push_str(comma);
        title.push_str(&shown(&row.tag));
    }
    if title.is_empty() {
        return TITLE.to_owned();
    }
    title.push_str(" · ");
    title.push_str(&words::title(of));
    title
}

/// The rows as a picture and as a table.
#[component]
fn Ranking(live: Live) -> impl IntoView {
    view! {
        <div class="ranking">
            <Picture live />
            <Ranks live />
        </div>
    }
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
    let leading =
        move |part: fn(Leader) -> String| said(move || leader.get().map(part).unwrap_or_default());
    let tag = leading(|leader| leader.tag);
    let href = Signal::derive(move || leader.get().and_then(|leader| leader.href));
    let class = said(move || match live.origin.get() {
        Origin::Counted(_) => "heading".to_owned(),
        Origin::External => "heading external".to_owned(),
    });
    view! {
        <header class=class>
            <h1>{said(move || words::title(of.get()))}</h1>
            <p class="leader">
                <a href=href>
                    <bdi class=leading(|leader| length(&leader.tag).to_owned()) title=tag>
                        {tag}
                    </bdi>
                </a>
                <span>{leading(|leader| leader.told)}</span>
            </p>
            <p class="meaning">{said(move || words::meaning(of.get()))}</p>
            {numbers(live)}
        </header>
    }
}

/// Of how much the board is made, and how much comes in just now. Another program says what it counted,
/// and not in how many posts.
fn numbers(live: Live) -> impl IntoView {
    let told = live.part(|board| Numbers {
        posts: board.top.posts,
        mentions: board.top.mentions,
        tags: board.top.tags,
        pulse: board.pulse.clone(),
    });
    let number = move |class: &'static str, name: &'static str, number: fn(&Numbers) -> String| {
        let number = said(move || told.with(|told| told.as_ref().map(number).unwrap_or_default()));
        view! {
            <div class=class>
                <dt>{name}</dt>
                <dd>{number}</dd>
            </div>
        }
    };
    let line = said(move || {
        told.with(|told| {
            let recent = told.as_ref().map(|told| &told.pulse.recent[..]);
            spark::line(recent.unwrap_or_default())
        })
    });
    view! {
        <dl class="totals">
            {number("own", "Posts", |told| words::grouped(told.posts))}
            {number("", "Mentions", |told| words::grouped(told.mentions))}
            {number("", "Tags", |told| words::grouped(told.tags))}
            <div class="own">
                <dt>"Last 5 min"</dt>
                <dd>{spark::spark(line)}</dd>
            </div>
            {number("own", "Posts a second", |told| words::rate(told.pulse.posts_per_second))}
            {number("own", "Tags a second", |told| words::rate(told.pulse.mentions_per_second))}
            {number(
                "own",
                "Behind",
                |told| format!("{} s", words::rate(told.pulse.lag_ms as f64 / 1000.0)),
            )}
        </dl>
    }
}

#[derive(Clone, PartialEq)]
struct Numbers {
    posts: u64,
    mentions: u64,
    tags: u64,
    pulse: Pulse,
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
        href: address::row_href(&row.tag, of, mode),
        told,
    }
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
