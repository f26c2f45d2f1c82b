//! How often a server may still be asked, as it says with each answer: `X-RateLimit-Remaining` requests
//! until `X-RateLimit-Reset`, and `Retry-After` where there were too many.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

/// Whatever it says, that is enough to be asked again.
const LONGEST: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Allowance {
    limit: Option<u64>,
    remaining: Option<u64>,
    /// How long until there are new ones.
    pub(super) resets_in: Option<Duration>,
}

impl Allowance {
    pub(super) fn of(headers: &HeaderMap, now: Timestamp) -> Self {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
        let resets = text("x-ratelimit-reset").and_then(|at| moment(at, now));
        let retry = text("retry-after").and_then(|after| {
            let seconds = after.parse().ok().map(Duration::from_secs);
            seconds.or_else(|| moment(after, now))
        });
        let number = |name| text(name).and_then(|number| number.parse().ok());
        Self {
            limit: number("x-ratelimit-limit"),
            remaining: number("x-ratelimit-remaining"),
            resets_in: retry.or(resets).map(|wait| wait.min(LONGEST)),
        }
    }

    /// What is left should be left to others: a tenth of what there was.
    pub(super) fn is_low(&self) -> bool {
        let reserve = self.limit.unwrap_or(0) / 10;
        self.remaining.is_some_and(|remaining| remaining <= reserve)
    }
}

/// How long it is until a moment in the form of RFC 3339, in seconds of the Unix epoch, or as HTTP has it.
fn moment(text: &str, now: Timestamp) -> Option<Duration> {
    let seconds = |text: &str| Timestamp::from_second(text.parse().ok()?).ok();
    let http = |text: &str| jiff::fmt::rfc2822::parse(text).ok();
    let at: Option<Timestamp> = text.parse().ok();
    let at = at
        .or_else(|| seconds(text))
        .or_else(|| http(text).map(|at| at.timestamp()))?;
    // Its clock may be ahead of this one.
    let least = Duration::from_secs(1);
    Some(Duration::try_from(at.duration_since(now)).map_or(least, |wait| wait.max(least)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&'static str, &str)]) -> Allowance {
        let headers = headers.iter().map(|(name, value)| {
            let name = reqwest::header::HeaderName::from_static(name);
            (name, value.parse().unwrap())
        });
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        Allowance::of(&headers.collect(), now)
    }

    fn seconds(wait: u64) -> Option<Duration> {
        Some(Duration::from_secs(wait))
    }

    #[test]
    fn what_remains_and_until_when() {
        let allowance = of(&[
            ("x-ratelimit-limit", "300"),
            ("x-ratelimit-remaining", "7"),
            ("x-ratelimit-reset", "2026-01-01T12:05:00.000000Z"),
        ]);
        assert_eq!(
            (allowance.remaining, allowance.resets_in),
            (Some(7), seconds(300))
        );
        assert_eq!(of(&[]), Allowance::default());
    }

    #[test]
    fn a_tenth_is_left_to_others() {
        for (limit, remaining, is_low) in [
            ("300", "31", false),
            ("300", "30", true),
            ("3", "1", false),
            ("3", "0", true),
            ("?", "0", true),
            ("300", "?", false),
        ] {
            let headers = [
                ("x-ratelimit-limit", limit),
                ("x-ratelimit-remaining", remaining),
            ];
            assert_eq!(of(&headers).is_low(), is_low, "{remaining} of {limit}");
        }
    }

    #[test]
    fn a_moment_in_any_of_its_forms() {
        for (header, text, wait) in [
            ("x-ratelimit-reset", "2026-01-01T12:00:30Z", seconds(30)),
            (
                "x-ratelimit-reset",
                "2026-01-01T14:00:30+02:00",
                seconds(30),
            ),
            ("x-ratelimit-reset", "1767268830", seconds(30)),
            ("x-ratelimit-reset", "2026-01-01T11:00:00Z", seconds(1)),
            ("x-ratelimit-reset", "2099-01-01T11:00:00Z", seconds(3600)),
            ("x-ratelimit-reset", "soon", None),
            ("retry-after", "5", seconds(5)),
            ("retry-after", "Thu, 01 Jan 2026 12:00:30 GMT", seconds(30)),
            ("retry-after", "99999999999999", seconds(3600)),
            ("retry-after", "-5", seconds(1)),
        ] {
            assert_eq!(of(&[(header, text)]).resets_in, wait, "{header}: {text}");
        }
    }

    #[test]
    fn when_to_come_back_holds_before_when_the_window_ends() {
        let both = of(&[
            ("x-ratelimit-reset", "2026-01-01T12:05:00Z"),
            ("retry-after", "5"),
        ]);
        assert_eq!(both.resets_in, seconds(5));
    }
}
