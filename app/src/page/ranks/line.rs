//! What a row of the table says, on the server and in the browser.

use leptos::prelude::*;
use model::{Row, View};

use crate::{
    address::{self, Mode},
    page::spark,
    words,
};

/// Texts and attributes; an attribute that says nothing is not there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    rank: String,
    tag: String,
    href: String,
    target: &'static str,
    count: String,
    doubt: String,
    people: String,
    rise: String,
    share: String,
    recent: String,
    change: Change,
    mute: String,
}

impl Line {
    /// `past` where there is something to be new against.
    pub(super) fn of(row: &Row, of: View, mode: Mode, past: bool) -> Self {
        let (count, doubt) = count(row);
        Self {
            rank: row.rank.to_string(),
            tag: row.tag.clone(),
            href: address::row_href(&row.tag, of, mode).unwrap_or_default(),
            target: if mode.embed { "_blank" } else { "" },
            count,
            doubt,
            people: row.people.map_or_else(none, words::grouped),
            rise: row.score.map_or_else(none, words::rise),
            share: words::percent(row.share),
            recent: spark::line(&row.recent),
            change: change(row.change, past),
            mute: format!("Mute {}", row.tag),
        }
    }

    /// In the order in which `keep` finds their places.
    #[cfg(feature = "hydrate")]
    pub(super) fn parts(&self) -> [&str; 17] {
        [
            &self.rank,
            &self.tag,
            &self.tag,
            &self.href,
            self.target,
            &self.count,
            &self.doubt,
            &self.people,
            &self.rise,
            &self.share,
            &self.recent,
            self.change.class,
            &self.change.ranks,
            self.change.mark,
            self.change.rest,
            &self.tag,
            &self.mute,
        ]
    }

    pub(super) fn view(self) -> impl IntoView {
        let Change {
            class,
            mark,
            ranks,
            rest,
        } = self.change;
        view! {
            <tr>
                <td class="rank">{self.rank}</td>
                <th scope="row" class="tag">
                    <a href=said(self.href) target=said(self.target.to_owned())>
                        <bdi title=self.tag.clone()>{self.tag.clone()}</bdi>
                    </a>
                </th>
                <td class="number mentions" title=said(self.doubt)>
                    {self.count}
                </td>
                <td class="number people">{self.people}</td>
                <td class="number rise">{self.rise}</td>
                <td class="number share">{self.share}</td>
                <td class="recent">{spark::spark(self.recent)}</td>
                <td class=class>
                    <span aria-hidden="true">{mark}</span>
                    {ranks}
                    <span class="rest">{rest}</span>
                </td>
                <td class="mute alive">
                    <button type="button" data-mute=self.tag title="Mute" aria-label=self.mute></button>
                </td>
            </tr>
        }
    }
}

/// An attribute, where it says something.
fn said(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn none() -> String {
    "–".to_owned()
}

/// The count, and what is to be said of one that is not exact.
fn count(row: &Row) -> (String, String) {
    let count = words::grouped(row.count);
    match row.error {
        0 => (count, String::new()),
        error => {
            let error = words::grouped(error);
            let doubt = format!("at most {error} too high");
            (format!("{count} ±{error}"), doubt)
        }
    }
}

/// What has become of a tag's rank against one window ago, in a sign and in words; nothing where
/// there is no past.
#[derive(Clone, Debug, Default, PartialEq)]
struct Change {
    class: &'static str,
    mark: &'static str,
    ranks: String,
    /// Left out of sight where there is no room.
    rest: &'static str,
}

fn change(change: Option<i32>, past: bool) -> Change {
    let ranks = change.map_or(0, i32::unsigned_abs);
    let many = ranks != 1;
    let (class, mark, rest) = match change {
        None => ("change new", "", ""),
        Some(0) => ("change same", "=", "unchanged"),
        Some(1..) if many => ("change up", "▲ ", " ranks up"),
        Some(1..) => ("change up", "▲ ", " rank up"),
        Some(_) if many => ("change down", "▼ ", " ranks down"),
        Some(_) => ("change down", "▼ ", " rank down"),
    };
    let ranks = match change {
        None if past => "new".to_owned(),
        None | Some(0) => String::new(),
        Some(_) => ranks.to_string(),
    };
    Change {
        class,
        mark,
        ranks,
        rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_marked_as_one() {
        let exact = Row::counted(1, "#a".to_owned(), 12_345, 123_450);
        assert_eq!(count(&exact), ("12,345".to_owned(), String::new()));
        let (text, doubt) = count(&Row {
            error: 1_200,
            ..exact
        });
        assert_eq!(text, "12,345 ±1,200");
        assert_eq!(doubt, "at most 1,200 too high");
    }

    #[test]
    fn a_change_is_a_sign_and_words() {
        for (gained, told) in [
            (Some(2), "▲ 2 ranks up"),
            (Some(1), "▲ 1 rank up"),
            (Some(0), "=unchanged"),
            (Some(-1), "▼ 1 rank down"),
            (Some(i32::MIN), "▼ 2147483648 ranks down"),
            (None, "new"),
        ] {
            let Change {
                mark, ranks, rest, ..
            } = change(gained, true);
            assert_eq!(format!("{mark}{ranks}{rest}"), told);
        }
    }

    #[test]
    fn nothing_is_new_where_there_is_no_past() {
        assert_eq!(change(None, false).ranks, "");
    }
}
