//! What is told of the bar that is pointed at.

use model::Row;

use crate::words;

/// All that is known of a row; `past` where there is something to be new against.
pub(super) fn told(row: &Row, past: bool) -> Vec<(&'static str, String)> {
    let mut count = words::grouped(row.count);
    if row.error > 0 {
        count.push_str(" ±");
        count.push_str(&words::grouped(row.error));
    }
    let lines = [
        Some(("Mentions", count)),
        row.people.map(|people| ("People", words::grouped(people))),
        row.score.map(|score| ("Rise", words::rise(score))),
        Some(("Share", words::percent(row.share))),
        past.then(|| ("Change", change(row.change))),
    ];
    lines.into_iter().flatten().collect()
}

/// What has become of a rank against one window ago.
fn change(gained: Option<i32>) -> String {
    let (ranks, way) = match gained {
        None => return "new".to_owned(),
        Some(0) => return "unchanged".to_owned(),
        Some(ranks @ 1..) => (ranks, "up"),
        Some(ranks) => (ranks, "down"),
    };
    let ranks = words::counted(ranks.unsigned_abs().into(), "rank", "ranks");
    format!("{ranks} {way}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_known_is_told() {
        let row = Row::counted(1, "#a".to_owned(), 1_234, 2_468);
        let lines = |row: &Row, past| {
            let lines = told(row, past).into_iter();
            let lines: Vec<_> = lines.map(|(name, text)| format!("{name} {text}")).collect();
            lines.join(", ")
        };
        assert_eq!(lines(&row, false), "Mentions 1,234, Share 50.0%");
        let more = Row {
            error: 5,
            people: Some(40),
            score: Some(8.2),
            ..row
        };
        assert_eq!(
            lines(&more, true),
            "Mentions 1,234 ±5, People 40, Rise 8.2, Share 50.0%, Change new"
        );
    }

    #[test]
    fn a_change_is_told_in_words() {
        for (gained, told) in [
            (None, "new"),
            (Some(0), "unchanged"),
            (Some(1), "1 rank up"),
            (Some(i32::MIN), "2,147,483,648 ranks down"),
        ] {
            assert_eq!(change(gained), told);
        }
    }
}
