//! Numbers, times and names as people read them.

use model::{Filter, Lang, Origin, Ranking, View, Window};

use crate::address::Theme;

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
    match ((share * 1000.0).round() as u64).min(1000) {
        0 if share > 0.0 => "<0.1%".to_owned(),
        0 => "0%".to_owned(),
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

/// A moment that is named at `now`: by its time of day as in [`time_in`], and in full where it is on
/// another day (of UTC).
pub fn moment_in(zone: Option<i32>, at: &str, now: &str) -> String {
    let day = |at: &str| at.split_once('T').map(|(day, _)| day.to_owned());
    if day(at) == day(now) {
        time_in(zone, at)
    } else {
        date_and_time(at)
    }
}

/// How many posts come in a second: `0.3 posts/s`, `1,234 posts/s`.
pub fn per_second(posts: f64) -> String {
    format!("{} posts/s", rate(posts))
}

/// To a tenth, and to a whole one from a hundred on: `0.3`, `1,234`.
pub fn rate(rate: f64) -> String {
    // In tenths and in whole numbers: the same digits on the server and in the browser.
    let tenths = if rate.is_finite() {
        (rate.max(0.0) * 10.0).round() as u64
    } else {
        0
    };
    match tenths {
        0 => "0".to_owned(),
        1..1_000 => format!("{}.{}", tenths / 10, tenths % 10),
        _ => grouped((tenths + 5) / 10),
    }
}

/// An amount of money, never more than it is: `$1,234.56`.
pub fn dollars(micro_dollars: u64) -> String {
    match micro_dollars / 10_000 {
        0 if micro_dollars > 0 => "<$0.01".to_owned(),
        cents => format!("${}.{:02}", grouped(cents / 100), cents % 100),
    }
}

/// How far a tag is above its own past, in its usual swings: `8.2`.
pub fn rise(score: f64) -> String {
    // In tenths and in whole numbers: the same digits on the server and in the browser.
    let tenths = if score.is_finite() {
        (score.max(0.0) * 10.0).round() as u64
    } else {
        0
    };
    format!("{}.{}", grouped(tenths / 10), tenths % 10)
}

/// What a board's rows are ordered by, as the head of a column.
pub fn measure(by: Ranking) -> &'static str {
    match by {
        Ranking::Count => "Mentions",
        Ranking::People => "People",
        Ranking::Rising => "Rise",
    }
}

/// What stands on the way to this ranking.
pub fn ranking_name(by: Ranking) -> &'static str {
    match by {
        Ranking::Count => "Most mentioned",
        Ranking::People => "By people",
        Ranking::Rising => "Rising",
    }
}

/// What is chosen of the themes.
pub fn theme_name(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "System colours",
        Theme::Light => "Light",
        Theme::Dark => "Dark",
    }
}

/// The name of a view.
pub fn title(view: View) -> String {
    let Origin::Counted(_) = view.origin else {
        return "Posted by another program".to_owned();
    };
    let span = window_span(view.window);
    match view.by {
        Ranking::Count => format!("Most mentioned {span}"),
        Ranking::People => format!("Used by most people {span}"),
        Ranking::Rising => format!("Rising {span}"),
    }
}

/// What a view means.
pub fn meaning(view: View) -> String {
    let Origin::Counted(filter) = view.origin else {
        return "Ranked and counted by the program that posted it.".to_owned();
    };
    let mut told = match (view.by, view.window) {
        (Ranking::Count, _) => "Hashtags by the number of posts that bear them.",
        (Ranking::People, _) => {
            "Hashtags by the number of different people who used them, however often each did. \
             Large numbers are estimates."
        }
        (Ranking::Rising, Window::All) => {
            "A rise is against a tag's own past, and before the first post there is none: \
             choose a shorter window."
        }
        (Ranking::Rising, _) => {
            "Hashtags that are mentioned more than they usually are. The rise is measured in the \
             tag's usual ups and downs; it takes at least five mentions by three people."
        }
    }
    .to_owned();
    if let Some(part) = part(filter) {
        told.push_str(" Only posts ");
        told.push_str(&part);
        told.push_str(" are counted.");
    }
    told
}

/// Which posts a filter lets through, within a sentence; `None` where that is all.
pub fn part(filter: Filter) -> Option<String> {
    let lang = filter
        .lang
        .map(|lang| format!("in {}", language(Some(lang))));
    let source = filter.source.map(|source| format!("from {source}"));
    match (lang, source) {
        (Some(lang), Some(source)) => Some(format!("{lang} and {source}")),
        (lang, source) => lang.or(source),
    }
}

/// The name of a language, or its code where it is a rare one.
pub fn language(lang: Option<Lang>) -> String {
    let Some(lang) = lang else {
        return "Not known".to_owned();
    };
    let code = lang.as_str();
    let found = LANGUAGES.iter().find(|(known, _)| *known == code);
    found.map_or(code, |(_, name)| name).to_owned()
}

const LANGUAGES: [(&str, &str); 40] = [
    ("ar", "Arabic"),
    ("bn", "Bengali"),
    ("ca", "Catalan"),
    ("cs", "Czech"),
    ("da", "Danish"),
    ("de", "German"),
    ("el", "Greek"),
    ("en", "English"),
    ("es", "Spanish"),
    ("et", "Estonian"),
    ("eu", "Basque"),
    ("fa", "Persian"),
    ("fi", "Finnish"),
    ("fr", "French"),
    ("he", "Hebrew"),
    ("hi", "Hindi"),
    ("hu", "Hungarian"),
    ("id", "Indonesian"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ko", "Korean"),
    ("lt", "Lithuanian"),
    ("lv", "Latvian"),
    ("ms", "Malay"),
    ("nl", "Dutch"),
    ("no", "Norwegian"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("ro", "Romanian"),
    ("ru", "Russian"),
    ("sr", "Serbian"),
    ("sv", "Swedish"),
    ("ta", "Tamil"),
    ("th", "Thai"),
    ("tl", "Tagalog"),
    ("tr", "Turkish"),
    ("uk", "Ukrainian"),
    ("ur", "Urdu"),
    ("vi", "Vietnamese"),
    ("zh", "Chinese"),
];

/// What stands on the way to this window.
pub fn window_name(window: Window) -> &'static str {
    match window {
        Window::OneMinute => "1 min",
        Window::FiveMinutes => "5 min",
        Window::FifteenMinutes => "15 min",
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
    fn a_moment_of_another_day_says_which() {
        let now = "2026-11-22T18:30:20Z";
        for (zone, at, text) in [
            (None, "2026-11-22T18:30:24Z", "18:30:24 UTC"),
            (Some(60), "2026-11-22T18:30:24Z", "19:30:24"),
            (None, "2026-11-23T00:00:00Z", "2026-11-23 00:00:00 UTC"),
            (Some(60), "2026-11-23T00:00:00Z", "2026-11-23 00:00:00 UTC"),
        ] {
            assert_eq!(moment_in(zone, at, now), text);
        }
    }

    #[test]
    fn rates_have_as_many_digits_as_matter() {
        for (rate, text) in [
            (0.0, "0 posts/s"),
            (0.04, "0 posts/s"),
            (0.3, "0.3 posts/s"),
            (12.0, "12.0 posts/s"),
            (99.94, "99.9 posts/s"),
            (99.95, "100 posts/s"),
            (1234.5, "1,235 posts/s"),
            (f64::NAN, "0 posts/s"),
        ] {
            assert_eq!(per_second(rate), text);
        }
    }

    #[test]
    fn a_budget_is_not_used_up_before_it_is() {
        for (micro_dollars, text) in [
            (0, "$0.00"),
            (5_000, "<$0.01"),
            (10_000, "$0.01"),
            (4_999_999, "$4.99"),
            (5_000_000, "$5.00"),
            (1_234_560_000, "$1,234.56"),
        ] {
            assert_eq!(dollars(micro_dollars), text);
        }
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(counted(1, "post", "posts"), "1 post");
        assert_eq!(counted(2_000, "post", "posts"), "2,000 posts");
    }

    #[test]
    fn a_rise_has_one_digit_behind_the_point() {
        for (score, text) in [
            (0.0, "0.0"),
            (8.249, "8.2"),
            (1234.96, "1,235.0"),
            (-3.0, "0.0"),
            (f64::NAN, "0.0"),
        ] {
            assert_eq!(rise(score), text);
        }
    }

    #[test]
    fn every_view_has_a_name_and_a_meaning() {
        let mut names = std::collections::HashSet::new();
        for window in Window::ALL {
            for by in Ranking::ALL {
                let view = View {
                    window,
                    by,
                    ..View::default()
                };
                assert!(names.insert(title(view)));
                assert!(meaning(view).ends_with('.'));
            }
        }
        let filter = Filter {
            source: Some(model::Kind::Bluesky),
            lang: Lang::of_tag("ja"),
        };
        let view = View {
            origin: Origin::Counted(filter),
            ..View::default()
        };
        assert_eq!(
            meaning(view),
            "Hashtags by the number of posts that bear them. \
             Only posts in Japanese and from bluesky are counted."
        );
    }

    #[test]
    fn languages_are_named_or_at_least_told_apart() {
        assert_eq!(language(Lang::of_tag("pt-BR")), "Portuguese");
        assert_eq!(language(Lang::of_tag("haw")), "haw");
        assert_eq!(language(None), "Not known");
        assert!(LANGUAGES.is_sorted());
    }
}
