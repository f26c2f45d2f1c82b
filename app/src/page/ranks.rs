//! The ranks as a table: the content of the page, with or without WebAssembly.

use leptos::prelude::*;
use model::{Origin, Row};

use super::{live::Live, words};

#[component]
pub fn Ranks(live: Live) -> impl IntoView {
    let span = Memo::new(move |_| {
        live.shown.with(|shown| match shown.of.origin {
            Origin::External => "as another program posted them",
            Origin::Counted(_) => words::window_span(shown.of.window),
        })
    });
    view! {
        <table class="ranks">
            <caption>{move || format!("The ten most mentioned hashtags {}", span.get())}</caption>
            <thead>
                <tr>
                    <th scope="col" class="rank">
                        "Rank"
                    </th>
                    <th scope="col" class="tag">
                        "Tag"
                    </th>
                    <th scope="col" class="number">
                        "Mentions"
                    </th>
                    <th scope="col" class="number share">
                        "Share"
                    </th>
                </tr>
            </thead>
            <tbody>{move || live.rows.get().into_iter().map(rank).collect_view()}</tbody>
        </table>
    }
}

fn rank(row: Row) -> impl IntoView {
    let (count, doubt) = count(&row);
    view! {
        <tr>
            <td class="rank">{row.rank}</td>
            <th scope="row" class="tag">
                <bdi title=row.tag.clone()>{row.tag.clone()}</bdi>
            </th>
            <td class="number" title=doubt>
                {count}
            </td>
            <td class="number share">{words::percent(row.share)}</td>
        </tr>
    }
}

/// The count, and what is to be said of one that is not exact.
fn count(row: &Row) -> (String, Option<String>) {
    let count = words::grouped(row.count);
    match row.error {
        0 => (count, None),
        error => (
            format!("≈ {count}"),
            Some(format!("at most {} too high", words::grouped(error))),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_marked_as_one() {
        let exact = Row {
            rank: 1,
            tag: "#a".to_owned(),
            count: 12_345,
            error: 0,
            people: None,
            score: None,
            share: 0.1,
            change: None,
        };
        assert_eq!(count(&exact), ("12,345".to_owned(), None));
        let (text, doubt) = count(&Row {
            error: 1_200,
            ..exact
        });
        assert_eq!(text, "≈ 12,345");
        assert_eq!(doubt.as_deref(), Some("at most 1,200 too high"));
    }
}
