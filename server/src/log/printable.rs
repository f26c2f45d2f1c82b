//! What strangers sent, made safe for a terminal and for whatever reads lines.

use std::borrow::Cow;

/// Ends a line, turns its direction around, or does something else than be seen.
fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{061C}'
                | '\u{200E}'
                | '\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// The text with Rust's escapes in place of all that is not to be printed.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if is_unsafe(char) {
            printable.extend(char.escape_default());
        } else {
            printable.push(char);
        }
    }
    Cow::Owned(printable)
}

/// A line of JSON with the same characters as JSON's escapes, which mean the same. Those below U+0020
/// are escaped already, but for the line's end.
pub(super) fn json(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let mut safe = String::with_capacity(line.len());
    for char in line.chars() {
        if is_unsafe(char) && char != '\n' {
            // None of them is beyond U+FFFF.
            safe.push_str(&format!("\\u{:04x}", u32::from(char)));
        } else {
            safe.push(char);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str =
        "a\x1b[31m\r\n\u{9b}2J\u{2028}\u{2029}\u{202e}\u{2066}\u{200f}\u{61c}\u{7f}z";

    #[test]
    fn nothing_is_left_that_does_something() {
        let safe = printable(HOSTILE);
        assert!(
            safe.starts_with("a\\u{1b}[31m\\r\\n\\u{9b}2J\\u{2028}"),
            "{safe}"
        );
        assert!(safe.ends_with('z') && !safe.contains(is_unsafe));
    }

    #[test]
    fn what_is_only_seen_stays() {
        for text in ["#タグ", "#שלום", "#العربية", "e\u{301}", "👩\u{200d}💻"] {
            assert_eq!(printable(text), text);
        }
    }

    #[test]
    fn json_means_the_same_as_before() {
        let line = format!("{}\n", serde_json::json!({"why": HOSTILE}));
        let safe = json(line.as_bytes());
        assert!(!safe.trim_end_matches('\n').contains(is_unsafe), "{safe:?}");
        let read: serde_json::Value = serde_json::from_str(&safe).unwrap();
        assert_eq!(read["why"], HOSTILE);
    }
}
