//! Halves of characters in JSON. Whoever cuts a text in units of UTF-16 leaves `\ud83e` of `\ud83e\udd8b`:
//! JSON all the same, which writers of archives keep and a strict reader refuses.

use memchr::memchr;

/// The line with U+FFFD for each half; `None` where there is none.
pub(super) fn replaced(line: &str) -> Option<String> {
    let mut bytes = line.as_bytes().to_vec();
    let mut found = false;
    let mut at = 0;
    while let Some(more) = memchr(b'\\', &bytes[at..]) {
        at += more;
        at += match (unit(&bytes[at..]), bytes.get(at + 6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                bytes[at + 2..at + 6].copy_from_slice(b"fffd");
                found = true;
                6
            }
            // Whatever it is, what is escaped begins no other escape.
            _ => 2.min(bytes.len() - at),
        };
    }
    if found {
        String::from_utf8(bytes).ok()
    } else {
        None
    }
}

/// The unit of UTF-16 whose escape these bytes begin with.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_are_replaced_and_pairs_are_not() {
        for (line, expected) in [
            (r#""\ud83e""#, Some(r#""\ufffd""#)),
            (r#""\uD83E\uDd8b\uDD8B""#, Some(r#""\uD83E\uDd8b\ufffd""#)),
            (r#""\udd8b\ud83e""#, Some(r#""\ufffd\ufffd""#)),
            (r#""\ud83e\ud83e\udd8b""#, Some(r#""\ufffd\ud83e\udd8b""#)),
            (r#""\ud83eé\\ud83e""#, Some(r#""\ufffdé\\ud83e""#)),
            (r#""\ud83e\u00e9""#, Some(r#""\ufffd\u00e9""#)),
            (r#""\ud83e\udd8b""#, None),
            (r#""\\ud83e\n""#, None),
            (r"\ud83", None),
            (r"\", None),
            ("", None),
        ] {
            assert_eq!(replaced(line).as_deref(), expected, "{line}");
        }
    }

    proptest! {
        /// As JavaScript writes any units, whole characters or not, and reads them again.
        #[test]
        fn what_is_read_is_what_utf_16_says(
            units in prop::collection::vec(
                prop_oneof![0xD7FE..=0xE001_u16, Just(0xD83E), Just(0xDD8B), any::<u16>()],
                0..9,
            ),
        ) {
            let escapes: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let line = format!("\"{escapes}\"");
            let mended = replaced(&line);
            let read: String = serde_json::from_str(mended.as_ref().unwrap_or(&line)).unwrap();
            prop_assert_eq!(read, String::from_utf16_lossy(&units));
            prop_assert_eq!(mended.is_some(), String::from_utf16(&units).is_err());
        }

        #[test]
        fn no_line_is_too_strange(line in "(\\\\|u|d83e|dd8b|é|[0-9a-f]){0,20}") {
            let _ = replaced(&line);
        }
    }
}
