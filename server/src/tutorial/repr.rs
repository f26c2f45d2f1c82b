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

/// `str.isprintable`, beyond ASCII: no control, format, private or unassigned character, and no blank.
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

    /// Python's tables are of another version of Unicode, so what it does not know is left out.
    #[test]
    fn printable_is_what_python_prints() {
        let script = "import unicodedata as u\n\
                      for c in map(chr, range(0x7f, 0x110000)):\n\
                      \x20 if u.category(c) not in ('Cn', 'Cs'):\n\
                      \x20   print(ord(c), int(c.isprintable()))";
        let output = std::process::Command::new("python3")
            .args(["-c", script])
            .output();
        let lines = String::from_utf8(output.expect("this test needs python3").stdout).unwrap();
        assert!(lines.lines().count() > 100_000);
        for line in lines.lines() {
            let (code, printable) = line.split_once(' ').unwrap();
            let char = char::from_u32(code.parse().unwrap()).unwrap();
            assert_eq!(super::is_printable(char), printable == "1", "{char:?}");
        }
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
