//! Python's strings and bytes: prefixes, quotes, escapes, and what their senders meant by them.
//!
//! A Python 2 program that encoded its text before it printed the list sends the *bytes* of UTF-8 as
//! one escape each (`'caf\xc3\xa9'`). So a string without the prefix `u`, whose characters all fit
//! into a byte and are, as bytes, valid UTF-8, is decoded; bytes always are, and stand for
//! themselves (as Latin-1) where they are not UTF-8.
//!
//! Two escaped halves of a surrogate pair become the character they stand for, a lone half U+FFFD.

use super::Reason;

/// Adjacent strings, read one after the other and decoded as a whole.
#[derive(Debug, Default)]
pub(super) struct Text {
    chars: String,
    /// The first half of a surrogate pair, waiting for its second.
    high: Option<u16>,
    /// All parts are bytes, or none is.
    bytes: Option<bool>,
    /// A part had the prefix `u`: its characters are what they are.
    unicode: bool,
}

/// What the letters before a quote say.
#[derive(Clone, Copy)]
struct Prefix {
    length: usize,
    raw: bool,
    bytes: bool,
    unicode: bool,
}

fn prefix(source: &str) -> Option<Prefix> {
    let letters = source
        .bytes()
        .take(3)
        .position(|byte| matches!(byte, b'\'' | b'"'))?;
    let lower = source.as_bytes()[..letters].to_ascii_lowercase();
    let (raw, bytes, unicode) = match lower.as_slice() {
        b"" => (false, false, false),
        b"u" => (false, false, true),
        b"r" => (true, false, false),
        b"b" => (false, true, false),
        b"br" | b"rb" => (true, true, false),
        _ => return None,
    };
    Some(Prefix {
        length: letters,
        raw,
        bytes,
        unicode,
    })
}

/// Whether a string starts here.
pub(super) fn begins(source: &str) -> bool {
    prefix(source).is_some()
}

type Failure = (Reason, usize);

impl Text {
    /// Reads the string that `source` begins with and gives its length in bytes.
    pub(super) fn push(&mut self, source: &str) -> Result<usize, Failure> {
        let prefix = prefix(source).ok_or((Reason::Unexpected, 0))?;
        if *self.bytes.get_or_insert(prefix.bytes) != prefix.bytes {
            return Err((Reason::Bytes, 0));
        }
        self.unicode |= prefix.unicode;
        let open = &source[prefix.length..];
        let quote = if open.starts_with("'''") || open.starts_with("\"\"\"") {
            &open[..3]
        } else {
            &open[..1]
        };
        let mut at = prefix.length + quote.len();
        loop {
            let rest = &source[at..];
            if rest.starts_with(quote) {
                return Ok(at + quote.len());
            }
            let Some(next) = rest.chars().next() else {
                return Err((Reason::Unterminated, at));
            };
            at += match next {
                '\0' => return Err((Reason::Unexpected, at)),
                '\\' => self
                    .backslash(rest, prefix)
                    .map_err(|reason| (reason, at))?,
                '\n' | '\r' if quote.len() == 1 => return Err((Reason::Unterminated, at)),
                // A line's end in a program's text is one character, however it was written.
                '\r' => {
                    self.char('\n');
                    1 + usize::from(rest[1..].starts_with('\n'))
                }
                _ if prefix.bytes && !next.is_ascii() => return Err((Reason::Bytes, at)),
                _ => {
                    self.char(next);
                    next.len_utf8()
                }
            };
        }
    }

    /// Reads what a backslash begins and gives its length.
    fn backslash(&mut self, rest: &str, prefix: Prefix) -> Result<usize, Reason> {
        let Some(next) = rest[1..].chars().next() else {
            return Err(Reason::Unterminated);
        };
        if next == '\0' {
            return Err(Reason::Unexpected);
        }
        if prefix.bytes && !next.is_ascii() {
            return Err(Reason::Bytes);
        }
        let line = if rest[1..].starts_with("\r\n") { 3 } else { 2 };
        if prefix.raw {
            self.char('\\');
            self.char(if next == '\r' { '\n' } else { next });
            return Ok(if next == '\r' {
                line
            } else {
                1 + next.len_utf8()
            });
        }
        let simple = match next {
            '\n' | '\r' => return Ok(line),
            '\\' | '\'' | '"' => next,
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            '0'..='7' => return Ok(self.octal(&rest[1..], prefix)),
            'x' => return self.hex(&rest[2..], 2),
            'u' if !prefix.bytes => return self.hex(&rest[2..], 4),
            'U' if !prefix.bytes => return self.hex(&rest[2..], 8),
            'N' if !prefix.bytes => return Err(Reason::Escape),
            // An escape that means nothing stays as it is.
            _ => {
                self.char('\\');
                next
            }
        };
        self.char(simple);
        Ok(1 + next.len_utf8())
    }

    fn octal(&mut self, digits: &str, prefix: Prefix) -> usize {
        let length = digits
            .bytes()
            .take(3)
            .take_while(|byte| matches!(byte, b'0'..=b'7'))
            .count();
        let code = u32::from_str_radix(&digits[..length], 8).unwrap_or_default();
        // Three digits reach 0o777; a byte keeps its low eight bits.
        self.code(if prefix.bytes { code & 0xff } else { code });
        1 + length
    }

    fn hex(&mut self, digits: &str, length: usize) -> Result<usize, Reason> {
        let digits = digits.get(..length).ok_or(Reason::Escape)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Reason::Escape);
        }
        let code = u32::from_str_radix(digits, 16).map_err(|_| Reason::Escape)?;
        if code > 0x0010_ffff {
            return Err(Reason::Escape);
        }
        self.code(code);
        Ok(2 + length)
    }

    fn code(&mut self, code: u32) {
        match char::from_u32(code) {
            Some(char) => self.char(char),
            None => self.surrogate(u16::try_from(code).unwrap_or(0xfffd)),
        }
    }

    fn surrogate(&mut self, half: u16) {
        if let Some(high) = self.high.take() {
            if let Some(Ok(char)) = char::decode_utf16([high, half]).next() {
                self.chars.push(char);
                return;
            }
            self.chars.push(char::REPLACEMENT_CHARACTER);
        }
        match half {
            0xd800..=0xdbff => self.high = Some(half),
            _ => self.chars.push(char::REPLACEMENT_CHARACTER),
        }
    }

    fn char(&mut self, char: char) {
        if self.high.take().is_some() {
            self.chars.push(char::REPLACEMENT_CHARACTER);
        }
        self.chars.push(char);
    }

    pub(super) fn finish(mut self) -> String {
        if self.high.take().is_some() {
            self.chars.push(char::REPLACEMENT_CHARACTER);
        }
        if self.unicode || self.chars.is_ascii() {
            return self.chars;
        }
        let bytes: Option<Vec<u8>> = self.chars.chars().map(|c| u8::try_from(c).ok()).collect();
        bytes
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .unwrap_or(self.chars)
    }
}
