//! Python's numbers: integers in four bases, floats, underscores between digits, and Python 2's `L`.

use super::Literal;

/// Past this CPython 3 refuses an integer as well; it keeps the reading of one linear.
const MAX_DIGITS: usize = 4300;

/// The number that `source` begins with and its length in bytes; `None` when it is not a number that
/// stands for itself.
pub(super) fn parse(source: &str) -> Option<(Literal, usize)> {
    let bytes = source.as_bytes();
    let radix = match bytes {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => return decimal(source),
    };
    // An underscore may stand behind the prefix as well as between digits.
    let start = 2 + usize::from(bytes.get(2) == Some(&b'_'));
    let length = digits(&bytes[start..], |byte| char::from(byte).is_digit(radix))?;
    let mut end = start + length;
    let number = integer(&source[start..end], radix)?;
    if matches!(bytes.get(end), Some(b'l' | b'L')) {
        end += 1;
    }
    ends(source, end).then_some((number, end))
}

fn decimal(source: &str) -> Option<(Literal, usize)> {
    let bytes = source.as_bytes();
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let whole = digits(bytes, is_digit);
    let mut end = whole.unwrap_or(0);
    let mut float = false;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(&bytes[end + 1..], is_digit);
        if whole.is_none() && fraction.is_none() {
            return None;
        }
        end += 1 + fraction.unwrap_or(0);
        float = true;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        end += 1 + sign + digits(&bytes[end + 1 + sign..], is_digit)?;
        float = true;
    }
    let number = if float {
        let text: String = source[..end].chars().filter(|&c| c != '_').collect();
        Literal::Float(text.parse().ok()?)
    } else {
        // `0777` was octal once and is an error now; `00` is not.
        let text = &source[..end];
        if text.starts_with('0') && text.bytes().any(|byte| matches!(byte, b'1'..=b'9')) {
            return None;
        }
        integer(text, 10)?
    };
    if !float && matches!(bytes.get(end), Some(b'l' | b'L')) {
        end += 1;
    }
    ends(source, end).then_some((number, end))
}

/// Length of the digits in front, with single underscores between them; `None` without any.
fn digits(bytes: &[u8], is_digit: impl Fn(u8) -> bool) -> Option<usize> {
    let mut end = 0;
    loop {
        let run = bytes[end..]
            .iter()
            .take_while(|&&byte| is_digit(byte))
            .count();
        if run == 0 {
            return None;
        }
        end += run;
        match bytes.get(end) {
            Some(b'_') => end += 1,
            _ => return Some(end),
        }
    }
}

fn integer(text: &str, radix: u32) -> Option<Literal> {
    if text.len() > MAX_DIGITS {
        return None;
    }
    let digits: String = text.chars().filter(|&c| c != '_').collect();
    if let Ok(number) = i128::from_str_radix(&digits, radix) {
        return Some(Literal::Int(number));
    }
    let number = match radix {
        10 => digits.parse().ok()?,
        _ => digits
            .chars()
            .filter_map(|c| c.to_digit(radix))
            .fold(0.0, |sum, digit| sum * f64::from(radix) + f64::from(digit)),
    };
    Some(Literal::Float(number))
}

/// Whether nothing that would belong to the number or to a name follows it.
fn ends(source: &str, end: usize) -> bool {
    !source[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.')
}
