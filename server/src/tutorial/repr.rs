//! Writes text and numbers as Python 3 prints a list of them: what the tutorial's Spark job puts into
//! its form fields.

use std::fmt::Write;

use icu_properties::{CodePointMapData, props::GeneralCategory};

/// `str(list_of_str)`.
pub(crate) fn strings<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    list(items, string)
}

/// `str(list_of_int)`.
pub(crate) fn integers(items: impl IntoIterator<Item = u64>) -> String {
    list(items, |out, item| {
        let _ = write!(out, "{item}");
    })
}

fn list<T>(items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut String, T)) -> String {
    let mut out = String::from("[");
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write(&mut out, item);
    }
    out.push(']');
    out
}

/// `repr(text)`: single quotes, or double ones where that saves an escape.
fn string(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for char in text.chars() {
        match char {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if char == quote => {
                out.push('\\');
                out.push(char);
            }
            ' '..='~' => out.push(char),
            _ if is_printable(char) => out.push(char),
            // Writing to a string cannot fail.
            _ => {
                let code = u32::from(char);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// `str.isprintable`: no control, format, private or unassigned character, and no blank but U+0020.
fn is_printable(char: char) -> bool {
    use GeneralCategory as Category;
    !matches!(
        CodePointMapData::<GeneralCategory>::new().get(char),
        Category::Control
            | Category::Format
            | Category::Surrogate
            | Category::PrivateUse
            | Category::Unassigned
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::SpaceSeparator
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{integers, strings};
    use crate::tutorial::literal::{Literal, parse};

    #[test]
    fn as_python_prints_them() {
        assert_eq!(
            strings(["#rust", "#café", "#🦀"]),
            "['#rust', '#café', '#🦀']"
        );
        assert_eq!(strings(["it's", "\"", "'\""]), r#"["it's", '"', '\'"']"#);
        assert_eq!(
            strings(["\\\n\r\t\0\x7f\u{a0}\u{ad}\u{200d}\u{e000}\u{e0001}"]),
            r"['\\\n\r\t\x00\x7f\xa0\xad\u200d\ue000\U000e0001']"
        );
        assert_eq!(strings([]), "[]");
        assert_eq!(integers([12, 3]), "[12, 3]");
    }

    proptest! {
        /// Text that looks like UTF-8 read one byte a character is the exception that the reader
        /// mends on purpose.
        #[test]
        fn what_is_written_is_read_back(items in prop::collection::vec(".*", 0..5)) {
            let mended = |text: &String| {
                let bytes: Option<Vec<u8>> =
                    text.chars().map(|char| u8::try_from(char).ok()).collect();
                bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(text.clone())
            };
            let expected = items.iter().map(|text| Literal::Text(mended(text))).collect();
            let written = strings(items.iter().map(String::as_str));
            prop_assert_eq!(parse(&written), Ok(Literal::List(expected)));
        }
    }
}
