//! The ranks as a table: the content of the page, with or without WebAssembly.
//!
//! What a reader can do to a row is heard on the table, so that a row costs little.

use leptos::{prelude::*, web_sys};
use model::{Origin, Ranking, Row, View, Window};

use super::{
    arrange::Arranged,
    live::Live,
    said,
    spark::{self, spark},
};
use crate::{
    address::{self, Mode},
    words,
};

#[component]
pub fn Ranks(live: Live) -> impl IntoView {
    let of = Memo::new(move |_| live.shown.with(|shown| shown.of));
    let class = said(move || {
        let of = of.get();
        let recent = live.ranked.with(|rows| has_recent(rows));
        class(of, recent)
    });
    let mode = live.line.mode;
    let rows = move || {
        let (of, mode) = (of.get(), mode.get());
        let rows = live.rows.get();
        let past = is_compared(&rows);
        let lines = rows.into_iter().map(|row| rank(row, of, mode, past));
        lines.collect_view()
    };
    let arranged = live.arranged;
    let nothing = said(move || {
        let letters = arranged.letters.get();
        match letters.trim() {
            _ if live.rows.with(|rows| !rows.is_empty()) => String::new(),
            "" => "You have muted all hashtags of this board.".to_owned(),
            letters => format!("No hashtag of this board has \u{2068}{letters}\u{2069} in it."),
        }
    });
    view! {
        <div class="sheet" on:click=move |event| clicked(&event, arranged)>
            <table class=class>
                <caption>{said(move || caption(of.get()))}</caption>
                <thead>
                    <tr>
                        <th scope="col" class="rank">
                            "Rank"
                        </th>
                        <th scope="col" class="tag">
                            "Tag"
                        </th>
                        {head("number mentions", words::measure(Ranking::Count))}
                        {head("number people", words::measure(Ranking::People))}
                        {head("number rise", words::measure(Ranking::Rising))}
                        {head("number share", "Share")}
                        {head("recent", "Last 5 min")}
                        {head("change", "Change")}
                        <td class="mute alive"></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="note">{nothing}</p>
            {move || muted(arranged.muted.get())}
        </div>
    }
}

/// What is muted, with the way back.
fn muted(tags: Vec<String>) -> impl IntoView {
    let number = tags.len() as u64;
    (number > 0).then(|| {
        let lines = tags.into_iter().map(|tag| {
            view! {
                <li>
                    <bdi>{tag.clone()}</bdi>
                    " "
                    <button type="button" data-unmute=tag.clone()>
                        "Show again"
                        <span class="spoken">" "{tag.clone()}</span>
                    </button>
                </li>
            }
        });
        view! {
            <details class="muted">
                <summary>{words::counted(number, "muted hashtag", "muted hashtags")}</summary>
                <ul>{lines.collect_view()}</ul>
            </details>
        }
    })
}

/// Mutes a tag or takes that back, where it was a button for it that was clicked.
fn clicked(event: &leptos::ev::MouseEvent, arranged: Arranged) {
    let button = event_target::<web_sys::Element>(event);
    if let Some(tag) = button.get_attribute("data-mute") {
        arranged.mute(&tag);
    } else if let Some(tag) = button.get_attribute("data-unmute") {
        arranged.unmute(&tag);
    }
}

/// Whether of any row the last minutes are known.
fn has_recent(rows: &[Row]) -> bool {
    rows.iter().any(|row| row.recent.len() > 1)
}

fn head(class: &'static str, name: &'static str) -> impl IntoView {
    view! {
        <th scope="col" class=class>
            {name}
        </th>
    }
}

/// By what the rows are ranked, and which columns have nothing in them.
fn class(of: View, recent: bool) -> String {
    let mut class = format!("ranks by-{}", of.by);
    for (there, without) in [
        (is_counted(of), " uncounted"),
        (has_past(of), " unpast"),
        (recent, " unrecent"),
    ] {
        if !there {
            class.push_str(without);
        }
    }
    class
}

/// More is known of a tag than how often it was mentioned.
fn is_counted(of: View) -> bool {
    matches!(of.origin, Origin::Counted(_))
}

/// There is a window before this one to compare it with.
fn has_past(of: View) -> bool {
    is_counted(of) && of.window != Window::All
}

/// There is a past to be new against: right after the start of the count there is none.
fn is_compared(rows: &[Row]) -> bool {
    rows.iter().any(|row| row.change.is_some())
}

fn caption(of: View) -> String {
    if is_counted(of) {
        format!("Hashtags: {}", words::title(of))
    } else {
        "Hashtags as another program posted them".to_owned()
    }
}

fn rank(row: Row, of: View, mode: Mode, past: bool) -> impl IntoView {
    let (count, doubt) = count(&row);
    let href = address::row_href(&row.tag, of, mode);
    let people = row.people.map(words::grouped);
    let rise = row.score.map(words::rise);
    let Change {
        class,
        mark,
        ranks,
        rest,
    } = change(row.change, past);
    view! {
        <tr>
            <td class="rank">{row.rank}</td>
            <th scope="row" class="tag">
                <a href=href target=mode.embed.then_some("_blank")>
                    <bdi title=row.tag.clone()>{row.tag.clone()}</bdi>
                </a>
            </th>
            <td class="number mentions" title=doubt>
                {count}
            </td>
            <td class="number people">{people.unwrap_or_else(none)}</td>
            <td class="number rise">{rise.unwrap_or_else(none)}</td>
            <td class="number share">{words::percent(row.share)}</td>
            <td class="recent">{spark(spark::line(&row.recent))}</td>
            <td class=class>
                <span aria-hidden="true">{mark}</span>
                {ranks}
                <span class="rest">{rest}</span>
            </td>
            <td class="mute alive">
                <button type="button" data-mute=row.tag.clone() title="Mute">
                    <span class="spoken">"Mute "{row.tag.clone()}</span>
                </button>
            </td>
        </tr>
    }
}

fn none() -> String {
    "–".to_owned()
}

/// The count, and what is to be said of one that is not exact.
fn count(row: &Row) -> (String, Option<String>) {
    let count = words::grouped(row.count);
    match row.error {
        0 => (count, None),
        error => {
            let error = words::grouped(error);
            let doubt = format!("at most {error} too high");
            (format!("{count} ±{error}"), Some(doubt))
        }
    }
}

/// What has become of a tag's rank against one window ago, in a sign and in words; nothing where
/// there is no past.
#[derive(Debug, PartialEq)]
struct Change {
    class: &'static str,
    mark: &'static str,
    ranks: String,
    /// Left out of sight where there is no room.
    rest: &'static str,
}

fn change(change: Option<i32>, past: bool) -> Change {
    let ranks = change.map_or(0, i32::unsigned_abs);
    let many = ranks != 1;
    let (class, mark, rest) = match change {
        None => ("change new", "", ""),
        Some(0) => ("change same", "=", "unchanged"),
        Some(1..) if many => ("change up", "▲ ", " ranks up"),
        Some(1..) => ("change up", "▲ ", " rank up"),
        Some(_) if many => ("change down", "▼ ", " ranks down"),
        Some(_) => ("change down", "▼ ", " rank down"),
    };
    let ranks = match change {
        None if past => "new".to_owned(),
        None | Some(0) => String::new(),
        Some(_) => ranks.to_string(),
    };
    Change {
        class,
        mark,
        ranks,
        rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_marked_as_one() {
        let exact = Row::counted(1, "#a".to_owned(), 12_345, 123_450);
        assert_eq!(count(&exact), ("12,345".to_owned(), None));
        let (text, doubt) = count(&Row {
            error: 1_200,
            ..exact
        });
        assert_eq!(text, "12,345 ±1,200");
        assert_eq!(doubt.as_deref(), Some("at most 1,200 too high"));
    }

    #[test]
    fn a_change_is_a_sign_and_words() {
        for (gained, told) in [
            (Some(2), "▲ 2 ranks up"),
            (Some(1), "▲ 1 rank up"),
            (Some(0), "=unchanged"),
            (Some(-1), "▼ 1 rank down"),
            (Some(i32::MIN), "▼ 2147483648 ranks down"),
            (None, "new"),
        ] {
            let Change {
                mark, ranks, rest, ..
            } = change(gained, true);
            assert_eq!(format!("{mark}{ranks}{rest}"), told);
        }
    }

    #[test]
    fn nothing_is_new_before_there_is_a_past() {
        let first = Row::counted(1, "#a".to_owned(), 2, 3);
        assert!(!is_compared(std::slice::from_ref(&first)));
        assert_eq!(change(None, false).ranks, "");
        let second = Row {
            change: Some(0),
            ..first.clone()
        };
        assert!(is_compared(&[first, second]));
    }
}
