//! The ranks as a table: the content of the page, with or without WebAssembly.
//!
//! What a reader can do to a row is heard on the table, so that a row costs little.
//!
//! * `line` what a row says
//! * `keep` keeps the rows new in the browser

#[cfg(feature = "hydrate")]
mod keep;
mod line;

use leptos::{prelude::*, web_sys};
use model::{Origin, Ranking, Row, View, Window};

use super::{arrange::Arranged, live::Live, said};
use crate::words;
use line::Line;

#[component]
pub fn Ranks(live: Live) -> impl IntoView {
    let of = Memo::new(move |_| live.shown.with(|shown| shown.of));
    let class = said(move || {
        let of = of.get();
        let recent = live.ranked.with(|rows| has_recent(rows));
        class(of, recent)
    });
    let lines = lines(live);
    #[cfg(feature = "hydrate")]
    keep::keep(live, of, lines.clone());
    let rows = lines.into_iter().map(Line::view).collect_view();
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

/// What the rows say now. Where there are none yet, one that says nothing is what others are made after.
fn lines(live: Live) -> Vec<Line> {
    let of = live.shown.with_untracked(|shown| shown.of);
    let mode = live.line.mode.get_untracked();
    live.rows.with_untracked(|rows| {
        let past = is_compared(rows);
        let lines = rows.iter().map(|row| Line::of(row, of, mode, past));
        let lines: Vec<_> = lines.collect();
        if lines.is_empty() {
            return vec![Line::default()];
        }
        lines
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_new_before_there_is_a_past() {
        let first = Row::counted(1, "#a".to_owned(), 2, 3);
        assert!(!is_compared(std::slice::from_ref(&first)));
        let second = Row {
            change: Some(0),
            ..first.clone()
        };
        assert!(is_compared(&[first, second]));
    }
}
