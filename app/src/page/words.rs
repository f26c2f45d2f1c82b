//! Numbers, times and names as people read them.

use model::Window;

/// `12,345,678`
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A round number in a few letters: `500`, `1.5k`, `20M`, `3B`.
pub fn short(number: u64) -> String {
    let (unit, name) = match number {
        0..1_000 => return number.to_string(),
        1_000..1_000_000 => (1_000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        1_000_000_000..1_000_000_000_000 => (1_000_000_000, "B"),
        _ => (1_000_000_000_000, "T"),
    };
    let tenths = number / (unit / 10);
    match tenths % 10 {
        0 => format!("{}{name}", grouped(tenths / 10)),
        tenth => format!("{}.{tenth}{name}", grouped(tenths / 10)),
    }
}

/// A part of one: `8.2%`.
pub fn percent(share: f64) -> String {
    // In thousandths and in whole numbers: the same digits on the server and in the browser.
    let share = if share.is_finite() {
        share.clamp(0.0, 1.0)
    } else {
        0.0
    };
    match (share * 1000.0).round() as u64 {
        _ if share == 0.0 => "0%".to_owned(),
        0 => "<0.1%".to_owned(),
        1000 if share < 1.0 => ">99.9%".to_owned(),
        1000 => "100%".to_owned(),
        thousandths => format!("{}.{}%", thousandths / 10, thousandths % 10),
    }
}

/// `one thing`, `1,000 things`
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(number),
        if number == 1 { one } else { many }
    )
}

/// The time of day in a time as boards state it, for readers in a zone that is so many minutes east
/// of UTC: `18:30:24 UTC` in `2026-11-22T18:30:24Z`, and `19:30:24` for those an hour east. What is
/// not of that form is left as it is, since it is better than nothing.
pub fn time_in(zone: Option<i32>, at: &str) -> String {
    let Some((hours, minutes, seconds)) = time_of_day(at) else {
        return at.to_owned();
    };
    match zone {
        None => format!("{} UTC", clock(hours, minutes, seconds)),
        Some(zone) => {
            let day = 24 * 60;
            let local = (hours as i32 * 60 + minutes as i32 + zone)
                .rem_euclid(day)
                .unsigned_abs();
            clock(local / 60, local % 60, seconds)
        }
    }
}

pub fn clock(hours: u32, minutes: u32, seconds: u32) -> String {
    format!("{hours:02}:{minutes:02}:{seconds:02}")
}

fn time_of_day(at: &str) -> Option<(u32, u32, u32)> {
    let time = at.strip_suffix('Z')?.split_once('T')?.1;
    let mut parts = time
        .split('.')
        .next()?
        .split(':')
        .map(|part| part.parse().ok());
    match (parts.next()??, parts.next()??, parts.next()??, parts.next()) {
        (hours @ 0..24, minutes @ 0..60, seconds @ 0..=60, None) => Some((hours, minutes, seconds)),
        _ => None,
    }
}

/// Date and time in full, in UTC: `2026-11-22 18:30:24 UTC`.
pub fn date_and_time(at: &str) -> String {
    match (at.split_once('T'), time_of_day(at)) {
        (Some((date, _)), Some((hours, minutes, seconds))) => {
            format!("{date} {} UTC", clock(hours, minutes, seconds))
        }
        _ => at.to_owned(),
    }
}

/// What stands on the way to this window.
pub fn window_name(window: Window) -> &'static str {
    match window {
        Window::OneMinute => "1 minute",
        Window::FiveMinutes => "5 minutes",
        Window::FifteenMinutes => "15 minutes",
        Window::OneHour => "1 hour",
        Window::OneDay => "24 hours",
        Window::All => "All time",
    }
}

/// Within a sentence.
pub fn window_span(window: Window) -> &'static str {
    match window {
        Window::OneMinute => "in the last minute",
        Window::FiveMinutes => "in the last five minutes",
        Window::FifteenMinutes => "in the last fifteen minutes",
        Window::OneHour => "in the last hour",
        Window::OneDay => "in the last 24 hours",
        Window::All => "since the count began",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_in_threes() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345_678_901, "12,345,678,901"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn round_numbers_are_short() {
        for (number, text) in [
            (0, "0"),
            (500, "500"),
            (1_000, "1k"),
            (1_500, "1.5k"),
            (20_000_000, "20M"),
            (3_000_000_000, "3B"),
            (5_000_000_000_000_000, "5,000T"),
        ] {
            assert_eq!(short(number), text);
        }
    }

    #[test]
    fn shares_are_never_rounded_to_nothing_or_all() {
        for (share, text) in [
            (0.0, "0%"),
            (0.0001, "<0.1%"),
            (0.0824, "8.2%"),
            (0.9996, ">99.9%"),
            (1.0, "100%"),
            (f64::NAN, "0%"),
            (7.0, "100%"),
        ] {
            assert_eq!(percent(share), text);
        }
    }

    #[test]
    fn a_time_is_the_time_of_day_where_the_reader_is() {
        assert_eq!(time_in(None, "2026-11-22T18:30:24Z"), "18:30:24 UTC");
        assert_eq!(time_in(Some(0), "2026-11-22T18:30:24.120Z"), "18:30:24");
        assert_eq!(time_in(Some(345), "2026-11-22T18:30:24Z"), "00:15:24");
        assert_eq!(time_in(Some(-1140), "2026-11-22T18:30:24Z"), "23:30:24");
    }

    #[test]
    fn what_is_no_time_is_left_as_it_is() {
        for at in [
            "",
            "just now",
            "2026T1é:30:24Z",
            "2026-11-22T18:30Z",
            "2026-11-22T99:30:24Z",
        ] {
            assert_eq!(time_in(Some(60), at), at);
            assert_eq!(date_and_time(at), at);
        }
        assert_eq!(
            date_and_time("2026-11-22T18:30:24.5Z"),
            "2026-11-22 18:30:24 UTC"
        );
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(counted(1, "post", "posts"), "1 post");
        assert_eq!(counted(2_000, "post", "posts"), "2,000 posts");
    }
}
