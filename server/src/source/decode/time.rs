//! Times as posts carry them: milliseconds since the Unix epoch; a time before it is none.

use super::loose::Value;

/// The end of the year 9999 in milliseconds; no later time can be written in RFC 3339.
const LAST: f64 = 253_402_300_799_999.0;
/// Seconds up to the year 5138; milliseconds from March 1973 on.
const MILLISECONDS_FROM: f64 = 1e11;

/// RFC 3339, or Unix seconds or milliseconds.
pub(super) fn any(at: &Value<'_>) -> Option<i64> {
    let number = match at {
        Value::Whole(number) => *number as f64,
        Value::Number(number) => *number,
        Value::Text(text) => match rfc3339(text) {
            Some(at) => return Some(at),
            None => text.parse().ok()?,
        },
        Value::Truth(_) | Value::Other => return None,
    };
    let millis = if number < MILLISECONDS_FROM {
        number * 1000.0
    } else {
        number
    };
    (0.0..=LAST).contains(&millis).then_some(millis as i64)
}

pub(super) fn rfc3339(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(time.as_millisecond()).filter(|at| *at >= 0)
}

/// As in tweets of the API v1.1: `Fri Feb 23 22:34:37 +0000 2018`.
pub(super) fn of_tweet(text: &str) -> Option<i64> {
    let time = jiff::fmt::strtime::parse("%a %b %d %H:%M:%S %z %Y", text).ok()?;
    let time = time.to_timestamp().ok()?;
    Some(time.as_millisecond()).filter(|at| *at >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_tweet() {
        let at = of_tweet("Fri Feb 23 22:34:37 +0000 2018");
        assert_eq!(at, Some(1_519_425_277_000));
        let at = of_tweet("Sat Feb 24 00:04:37 +0130 2018");
        assert_eq!(at, Some(1_519_425_277_000));
        for none in ["", "Fri Feb 23 2018", "Thu Jan 01 00:00:00 +0000 1960"] {
            assert_eq!(of_tweet(none), None, "{none}");
        }
    }
}
