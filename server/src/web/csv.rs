//! Tops as a table for spreadsheets and scripts: CSV by RFC 4180, in UTF-8.
//!
//! What must stay true: no cell of a stranger's text is a formula. A spreadsheet takes what begins with
//! one of [`RUN`] for one, so such text stands behind an apostrophe. And no such text is obeyed by a terminal:
//! control characters, which a tag may have where its source names it, are U+FFFD.

use axum::http::{HeaderMap, header::ACCEPT};
use model::{Top, View};
use serde::Serialize;

pub(super) const TYPE: &str = "text/csv; charset=utf-8";

const NAMES: [&str; 8] = [
    "rank", "tag", "count", "error", "people", "score", "share", "change",
];

const RUN: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A row under [`NAMES`].
#[derive(Serialize)]
struct Line<'a> {
    rank: u32,
    tag: &'a str,
    count: u64,
    error: u64,
    people: Option<u64>,
    score: Option<f64>,
    share: f64,
    change: Option<i32>,
}

pub(super) fn table(top: &Top) -> csv::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        // Also where no row follows.
        .has_headers(false)
        .from_writer(Vec::new());
    writer.write_record(NAMES)?;
    for row in &top.rows {
        writer.serialize(Line {
            rank: row.rank,
            tag: &defused(&row.tag),
            count: row.count,
            error: row.error,
            people: row.people,
            score: row.score,
            share: row.share,
            change: row.change,
        })?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

fn defused(text: &str) -> String {
    let mark = if text.starts_with(RUN) { "'" } else { "" };
    format!("{mark}{text}").replace(char::is_control, "\u{fffd}")
}

/// What the table is called when it is saved.
pub(super) fn file_name(view: View) -> String {
    format!("tagtide-{}-{}.csv", view.window, view.by)
}

/// Whether a client that takes several formats likes this one better than JSON.
pub(super) fn is_preferred(headers: &HeaderMap) -> bool {
    if !headers.contains_key(ACCEPT) {
        return false;
    }
    let accepted = headers.get_all(ACCEPT).iter();
    let accepted: Vec<&str> = accepted.filter_map(|value| value.to_str().ok()).collect();
    let accepted = accepted.join(",");
    let csv = liking(&accepted, "text/csv");
    csv > 0.0 && csv > liking(&accepted, "application/json")
}

/// From 0 to 1, by the most specific range that a type is in (RFC 9110, 12.5.1).
fn liking(accepted: &str, wanted: &str) -> f64 {
    let (kind, _) = wanted.split_once('/').unwrap_or_default();
    let mut best = (0, 0.0);
    for range in accepted.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let closeness = match name.split_once('/') {
            _ if name == wanted => 3,
            Some((of, "*")) if of == kind => 2,
            Some(("*", "*")) => 1,
            _ => continue,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        let weight: f64 = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        if closeness > best.0 {
            best = (closeness, weight.clamp(0.0, 1.0));
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use model::{Epoch, Ranking, Row, Window};

    use super::*;

    fn top(rows: Vec<Row>) -> Top {
        Top {
            window: Window::FiveMinutes,
            by: Ranking::Count,
            epoch: Epoch(1),
            at: String::new(),
            posts: 0,
            mentions: 0,
            tags: 0,
            rows,
        }
    }

    fn text(top: &Top) -> String {
        String::from_utf8(table(top).unwrap()).unwrap()
    }

    #[test]
    fn the_names_are_those_of_the_json() {
        let row = Row::counted(1, "#a".to_owned(), 1, 1);
        let json = serde_json::to_value(row).unwrap();
        let mut names: Vec<&str> = json
            .as_object()
            .unwrap()
            .keys()
            .map(|name| &**name)
            .collect();
        names.retain(|name| *name != "recent");
        let mut ours = NAMES;
        ours.sort_unstable();
        names.sort_unstable();
        assert_eq!(names, ours);
        assert_eq!(
            text(&top(Vec::new())),
            "rank,tag,count,error,people,score,share,change\r\n"
        );
    }

    #[test]
    fn what_is_not_known_is_empty_and_what_must_be_is_quoted() {
        let full = Row {
            error: 2,
            people: Some(3),
            score: Some(8.25),
            share: 0.125,
            change: Some(-4),
            recent: vec![1, 2],
            ..Row::counted(1, "#a,\"b\"\nc".to_owned(), 5, 1)
        };
        let plain = Row::counted(2, "#日本".to_owned(), 1, 2);
        let table = text(&top(vec![full, plain]));
        let rows = table.split_once("\r\n").unwrap().1;
        assert_eq!(
            rows,
            "1,\"#a,\"\"b\"\"\u{fffd}c\",5,2,3,8.25,0.125,-4\r\n2,#日本,1,0,,,0.5,\r\n"
        );
    }

    #[test]
    fn no_text_is_a_formula() {
        for tag in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            let table = text(&top(vec![Row::counted(1, tag.to_owned(), 1, 1)]));
            let read = csv::Reader::from_reader(table.as_bytes())
                .into_records()
                .next();
            let cell = read.unwrap().unwrap()[1].to_owned();
            assert_eq!(cell, format!("'{}", tag.replace(['\t', '\r'], "\u{fffd}")));
        }
        assert_eq!(defused("#=1"), "#=1");
    }

    #[test]
    fn who_likes_it_better_than_json_gets_it() {
        let preferred = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            is_preferred(&headers)
        };
        for accept in [
            "text/csv",
            "TEXT/CSV",
            "text/*",
            "text/csv, application/json;q=0.9",
            "text/csv;header=present",
            "application/json;q=0, */*",
        ] {
            assert!(preferred(accept), "{accept}");
        }
        for accept in [
            "*/*",
            "application/json",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "text/csv;q=0.5, application/json",
            "text/csv;q=0",
            "text/csv;q=x",
            "text/*, text/csv;q=0",
            "",
        ] {
            assert!(!preferred(accept), "{accept}");
        }
        assert!(!is_preferred(&HeaderMap::new()));
    }
}
