//! Times as boards state them, on an axis: seconds, and the round ones of a reader's clock.

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Ways to cut a clock into round parts.
const STEPS: [i64; 17] = [
    1,
    2,
    5,
    10,
    15,
    30,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Seconds since 1970 of a time in UTC (RFC 3339); what is behind the point is left out.
pub fn seconds(at: &str) -> Option<i64> {
    let (date, time) = at.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = three(date, '-')?;
    let [hours, minutes, seconds] = three(time.split('.').next()?, ':')?;
    let fits = year <= 9999 && (1..=12).contains(&month) && (1..=31).contains(&day);
    let fits = fits && hours < 24 && minutes < 60 && seconds <= 60;
    fits.then(|| days(year, month, day) * DAY + hours * HOUR + minutes * MINUTE + seconds)
}

fn three(text: &str, between: char) -> Option<[i64; 3]> {
    let mut parts = text.split(between).map(|part| {
        let number: Option<u32> = part.parse().ok();
        number.map(i64::from)
    });
    let three = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(three)
}

/// Round times from `first` to `last`, at most `parts + 1`, in a zone that is so many minutes east
/// of UTC, each with what stands at it.
pub fn round_times(first: i64, last: i64, zone: i32, parts: i64) -> Vec<(i64, String)> {
    let parts = parts.max(1);
    let span = (last - first).max(0);
    let fits = |step: &i64| span / step <= parts;
    let days = span.div_euclid(DAY * parts) + 1;
    let step = STEPS.into_iter().find(fits).unwrap_or(days * DAY);
    let east = i64::from(zone) * MINUTE;
    let begin = (first + east + step - 1).div_euclid(step);
    let end = (last + east).div_euclid(step);
    (begin..=end)
        .map(|number| {
            let local = number * step;
            (local - east, clock(local, step))
        })
        .collect()
}

/// As much of a local time as tells round times apart; of midnight its day.
fn clock(local: i64, step: i64) -> String {
    let time = local.rem_euclid(DAY);
    let (hours, minutes, seconds) = (time / HOUR, time / MINUTE % 60, time % MINUTE);
    if time == 0 && step >= HOUR {
        date(local)
    } else if step < MINUTE {
        format!("{hours:02}:{minutes:02}:{seconds:02}")
    } else {
        format!("{hours:02}:{minutes:02}")
    }
}

/// The day of a local time: `24 Nov`.
pub fn date(local: i64) -> String {
    // The day's number in years that begin in March (Hinnant's `civil_from_days`).
    let shifted = local.div_euclid(DAY) + 719_468;
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let name = MONTHS.get((month as usize + 2) % 12);
    format!("{day} {}", name.copied().unwrap_or_default())
}

/// Days from 1970 on (Hinnant's `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = year.rem_euclid(400) * 365 + year.rem_euclid(400) / 4 - year.rem_euclid(400) / 100
        + of_year;
    year.div_euclid(400) * 146_097 + of_era - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_seconds() {
        for (at, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-22T18:30:24.120Z", Some(1_795_372_224)),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800)),
            ("2026-11-22T24:00:00Z", None),
            ("2026-13-22T18:30:24Z", None),
            ("2026-11-22 18:30:24", None),
            ("now", None),
            ("", None),
        ] {
            assert_eq!(seconds(at), expected, "{at}");
        }
    }

    #[test]
    fn round_times_are_those_of_the_readers_clock() {
        let first = seconds("2026-11-22T18:32:00Z").expect("a time");
        let texts = |last: i64, zone, parts| {
            let times = round_times(first, first + last, zone, parts).into_iter();
            times.map(|(_, text)| text).collect::<Vec<_>>()
        };
        assert_eq!(texts(HOUR, 0, 4), ["18:45", "19:00", "19:15", "19:30"]);
        assert_eq!(
            texts(50, 345, 5),
            [
                "00:17:00", "00:17:10", "00:17:20", "00:17:30", "00:17:40", "00:17:50"
            ]
        );
        assert_eq!(texts(DAY, 0, 4), ["23 Nov", "06:00", "12:00", "18:00"]);
        assert_eq!(texts(9 * DAY, 0, 4), ["24 Nov", "27 Nov", "30 Nov"]);
        assert_eq!(texts(0, 0, 4), ["18:32:00"]);
    }

    #[test]
    fn days_have_names() {
        for (at, day) in [
            ("1970-01-01T00:00:00Z", "1 Jan"),
            ("2024-02-29T12:00:00Z", "29 Feb"),
            ("2025-12-31T23:59:59Z", "31 Dec"),
        ] {
            assert_eq!(date(seconds(at).expect("a time")), day);
        }
    }

    proptest! {
        #[test]
        fn round_times_are_few_and_within(
            first in 0_i64..4_000_000_000,
            span in 0_i64..400 * DAY,
            zone in -840_i32..=840,
            parts in -1_i64..20,
        ) {
            let times = round_times(first, first + span, zone, parts);
            prop_assert!(times.len() as i64 <= parts.max(1) + 1);
            for (at, _) in times {
                prop_assert!((first..=first + span).contains(&at));
            }
        }
    }
}
