//! Rows of a top as text.
//!
//! **Invariant:** no control character of a tag reaches the reader's terminal, nor one that turns the
//! direction of the line around.

use model::Row;
use unicode_width::UnicodeWidthStr;

/// The `rows` of `/api/v1/top`.
pub(super) fn json(rows: &[Row]) -> serde_json::Result<String> {
    let json = serde_json::to_string(rows)?;
    let mut text = String::with_capacity(json.len() + 1);
    // What is left of them is in texts, where it can be written as an escape.
    for c in json.chars() {
        if c.is_control() {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text.push('\n');
    Ok(text)
}

/// A table with rank, tag and count, in columns also where characters are two cells wide.
pub(super) fn table(rows: &[Row]) -> String {
    let cells = rows.iter().map(|row| {
        [
            row.rank.to_string(),
            printable(&row.tag),
            row.count.to_string(),
        ]
    });
    let head = ["rank", "tag", "count"].map(str::to_owned);
    let cells: Vec<_> = std::iter::once(head).chain(cells).collect();
    let width = |column: usize| {
        cells
            .iter()
            .map(|row| row[column].width())
            .max()
            .unwrap_or(0)
    };
    let (ranks, tags, counts) = (width(0), width(1), width(2));
    let mut text = String::new();
    for [rank, tag, count] in &cells {
        // Padding by hand: the formatter counts characters and not cells.
        let gap = " ".repeat(tags - tag.width());
        text.push_str(&format!("{rank:>ranks$}  {tag}{gap}  {count:>counts$}\n"));
    }
    text
}

fn printable(tag: &str) -> String {
    let safe = |c: char| {
        let turns = matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}') {
            '\u{FFFD}'
        } else {
            c
        }
    };
    tag.chars().map(safe).collect()
}
