//! One tag in depth: how much, who, where, beside what, and when.
//!
//! * `times` its mentions over time, as a picture and as a table
//! * `lists` what it goes with

mod lists;
pub mod times;

use leptos::{either::EitherOf3, prelude::*};
use model::{TagDetail, View, Window};

use super::{
    banner::Banner,
    headline::length,
    live::{Known, LiveTag, ShownTag},
    masthead::{Masthead, WINDOW_KEYS, Way},
    states::Starting,
};
use crate::{
    address::{self, Mode},
    ask::{TagView, Told},
    words,
};
use times::Canvas;

#[component]
pub fn TagPage(view: Memo<TagView>, mode: Memo<Mode>, first: Option<Told>) -> impl IntoView {
    let live = LiveTag::new(view, mode, first);
    #[cfg(feature = "hydrate")]
    {
        super::live::keep(live.line, live);
        Effect::new(move || {
            // What it is shown as, whatever it was asked for.
            if let Known::Tag(detail) = &live.shown.read().tag {
                super::navigation::call(&title(&detail.tag));
            }
        });
    }

    let way = move |(window, key)| Way {
        name: words::window_name(window),
        href: Signal::derive(move || address::tag_href(&view.get().name, window, mode.get())),
        current: Signal::derive(move || view.get().window == window),
        key,
        hidden: Signal::stored(false),
    };
    let keyed = Window::ALL.into_iter().zip(WINDOW_KEYS);
    let ways = keyed.map(way).collect();
    let zone = live.line.zone;
    let canvas = NodeRef::new();
    #[cfg(feature = "hydrate")]
    times::hand::draw(live, canvas);
    // Elements stay where they are while the same is shown: hands may be on the picture.
    let main = move || {
        let ShownTag { of, tag } = live.shown.get();
        let mode = mode.get();
        match tag {
            Known::NotYet => EitherOf3::A(view! { <Starting /> }),
            Known::Never => EitherOf3::B(none(of, NEVER, mode)),
            Known::Blocked => EitherOf3::B(none(of, BLOCKED, mode)),
            Known::Tag(detail) => EitherOf3::C(depth(&detail, zone.get(), mode, canvas)),
        }
    };
    view! {
        <Masthead line=live.line ways />
        <main class="board">{main}</main>
        <Banner line=live.line />
    }
}

/// The name of the document.
pub fn title(name: &str) -> String {
    format!("{name} · tagtide")
}

fn board_href(window: Window, mode: Mode) -> String {
    let view = View {
        window,
        ..View::default()
    };
    address::href(view, mode)
}

const NEVER: &str = "No post that was counted bears this hashtag.";
const BLOCKED: &str = "This hashtag is not shown here: whoever runs this board has blocked it.";

fn none(of: TagView, why: &'static str, mode: Mode) -> impl IntoView {
    let board = board_href(of.window, mode);
    view! {
        <section class="notice">
            <h1>
                <bdi>{of.name}</bdi>
            </h1>
            <p>{why}</p>
            <p>
                <a class="button" href=board>
                    "See what is trending"
                </a>
            </p>
        </section>
    }
}

fn depth(
    detail: &TagDetail,
    zone: Option<i32>,
    mode: Mode,
    canvas: Canvas,
) -> impl IntoView + use<> {
    let window = detail.window;
    let mut count = words::grouped(detail.count);
    if detail.error > 0 {
        count.push_str(" ±");
        count.push_str(&words::grouped(detail.error));
    }
    let totals = [
        Some(("Mentions", count)),
        detail
            .people
            .map(|people| ("People", words::grouped(people))),
        detail.score.map(|score| ("Rise", words::rise(score))),
    ];
    let totals = totals.into_iter().flatten().map(|(name, number)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{number}</dd>
            </div>
        }
    });
    let rising = detail.rising_since.as_ref().map(|since| {
        let since = to_minute(&words::moment_in(zone, since, &detail.at));
        view! { <strong>{format!("Rising since {since}.")}</strong> }
    });
    view! {
        <header class="heading">
            <p class="back">
                <a href=board_href(window, mode)>"All hashtags"</a>
            </p>
            <h1 class="leader">
                <bdi class=length(&detail.tag)>{detail.tag.clone()}</bdi>
            </h1>
            <p class="meaning">
                {format!("What was said of it {}. ", words::window_span(window))} {rising}
            </p>
            <dl class="totals">{totals.collect_view()}</dl>
        </header>
        {times::times(detail, zone, canvas)}
        <div class="depth">{lists::lists(detail, zone, mode).into_iter().map(lists::list).collect_view()}</div>
    }
}

/// A time without its seconds: `18:20 UTC` of `18:20:24 UTC`.
fn to_minute(time: &str) -> String {
    let cut = time.rfind(':').unwrap_or(time.len());
    let (minute, rest) = time.split_at(cut);
    let zone = rest.trim_start_matches(|letter: char| letter == ':' || letter.is_ascii_digit());
    format!("{minute}{zone}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_is_told_to_the_minute() {
        for (time, minute) in [
            ("18:20:24", "18:20"),
            ("18:20:24 UTC", "18:20 UTC"),
            ("2026-11-22 18:20:24 UTC", "2026-11-22 18:20 UTC"),
            ("", ""),
        ] {
            assert_eq!(to_minute(time), minute);
        }
    }
}
