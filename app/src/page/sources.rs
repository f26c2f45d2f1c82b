//! Where the posts come from, and how each source does.

use leptos::prelude::*;
use model::{Source, SourceState, Spend};

use super::{live::Live, said};
use crate::words;

/// Between two facts. It ends a line and begins none.
const DOT: &str = "\u{a0}· ";

#[component]
pub fn Sources(live: Live) -> impl IntoView {
    let sources = live.part(|board| board.sources.clone());
    let at = live.part(|board| board.top.at.clone());
    let at = move || at.get().unwrap_or_default();
    let zone = live.line.zone;
    let shown = move || {
        let sources = sources.get().unwrap_or_default();
        let line = |source| line(source, zone.get(), &at());
        sources.into_iter().map(line).collect_view()
    };
    view! {
        <footer class="sources">
            <h2>"Sources"</h2>
            <ul>{shown}</ul>
            <p>
                "Counted up to " {said(move || words::date_and_time(&at()))} ". "
                <span class="still-note">
                    "This page does not renew itself; reload it for newer counts."
                </span>
            </p>
        </footer>
    }
}

/// A source in one line; `now` is about when this is read.
fn line(source: Source, zone: Option<i32>, now: &str) -> impl IntoView + use<> {
    let how = how(&source, zone, now);
    let facts = facts(&source).into_iter().map(|fact| {
        view! {
            {DOT}
            <span class="fact">{fact}</span>
        }
    });
    let detail = source.detail.map(|detail| {
        view! {
            {DOT}
            <bdi>{detail}</bdi>
        }
    });
    view! {
        <li class=format!("source {}", source.state.name())>
            <bdi>{source.name}</bdi>
            " "
            <span class="how">{how}</span>
            {facts.collect_view()}
            {detail}
        </li>
    }
}

fn how(source: &Source, zone: Option<i32>, now: &str) -> String {
    let state = source.state.name();
    match &source.next_try {
        Some(at) => format!("{state}, next try at {}", words::moment_in(zone, at, now)),
        None => state.to_owned(),
    }
}

/// What is known of its posts, each in a few words.
fn facts(source: &Source) -> Vec<String> {
    // One that is not live brings nothing, whatever it has brought a moment ago.
    let rate = (source.state == SourceState::Live).then(|| words::per_second(source.rate));
    let posts = Some(words::counted(source.posts, "post", "posts"));
    let bots = (source.bots > 0).then(|| {
        let share = source.bots as f64 / source.posts.max(1) as f64;
        format!("{} by bots", words::percent(share))
    });
    let facts = [rate, posts, bots, source.spend.map(spent)];
    facts.into_iter().flatten().collect()
}

fn spent(spend: Spend) -> String {
    let spent = words::dollars(spend.spent);
    match spend.budget {
        Some(budget) => format!("{spent} of {} spent", words::dollars(budget)),
        None => format!("{spent} spent"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live() -> Source {
        Source {
            posts: 2_000,
            rate: 12.3,
            ..Source::new("x".to_owned(), SourceState::Live)
        }
    }

    #[test]
    fn a_source_says_how_much_it_brings_and_what_there_is_to_say() {
        assert_eq!(facts(&live()), ["12.3 posts/s", "2,000 posts"]);
        let mut source = Source {
            bots: 240,
            spend: Some(Spend {
                spent: 1_250_000,
                budget: None,
            }),
            ..live()
        };
        let more = ["12.0% by bots", "$1.25 spent"];
        assert_eq!(facts(&source)[2..], more);
        source.spend = Some(Spend {
            spent: 1_250_000,
            budget: Some(5_000_000),
        });
        assert_eq!(facts(&source)[3], "$1.25 of $5.00 spent");
    }

    #[test]
    fn only_a_live_source_has_a_rate() {
        for state in SourceState::ALL {
            let source = Source { state, ..live() };
            let rates = facts(&source)
                .into_iter()
                .filter(|fact| fact.ends_with("posts/s"));
            assert_eq!(rates.count() == 1, state == SourceState::Live, "{state:?}");
        }
    }

    #[test]
    fn a_wait_says_until_when() {
        let mut source = Source::new("x".to_owned(), SourceState::Waiting);
        let now = "2026-11-22T18:30:12Z";
        assert_eq!(how(&source, None, now), "waiting");
        source.next_try = Some("2026-11-22T18:30:24Z".to_owned());
        let until = "waiting, next try at 18:30:24 UTC";
        assert_eq!(how(&source, None, now), until);
        let until = "waiting, next try at 19:30:24";
        assert_eq!(how(&source, Some(60), now), until);
    }
}
