//! How a page is called, and what a link to it looks like elsewhere: a title, a sentence and the picture
//! of the board (Open Graph, and the card of X).
//!
//! What must stay true: it holds text of strangers, so it goes into the document as attributes that are
//! escaped, without letters that turn their neighbours around.

use leptos::{html, prelude::*};
use model::{Answer, Ranking, Row, TagAnswer, TagDetail, Top, View};

use crate::{
    address::{self, Mode},
    ask::{TagView, Told},
    chart::{label::shown, svg},
    page::{TITLE, board, tag},
    place::Place,
    words,
};

const DESCRIPTION: &str = "The hashtags that are mentioned most, counted while people write.";

/// Pictures of links are as high as one with so many rows.
const ROWS: u8 = 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Card {
    title: String,
    description: String,
    /// Of the page, and of its picture; where it is not known how the server is called, neither is.
    addresses: Option<(String, String)>,
    /// What is to be seen on the picture.
    alt: String,
}

impl Card {
    /// Of the page that is sent, with what it is sent with. `origin` is how the server is called from
    /// outside: `https://example.org`.
    pub(crate) fn of(place: &Place, first: Option<&Told>, origin: Option<&str>) -> Self {
        match (place, first) {
            (Place::Board(view), Some(Told::Board(Answer::Board(board)))) => {
                Self::of_board(*view, Some(&board.top), origin)
            }
            (Place::Board(view), _) => Self::of_board(*view, None, origin),
            (Place::Tag(view), Some(Told::Tag(TagAnswer::Tag(detail)))) => {
                Self::of_tag(view, Some(detail), origin)
            }
            // Its name is not to be spread.
            (Place::Tag(_), Some(Told::Tag(TagAnswer::Blocked))) | (Place::Nowhere, _) => {
                Self::plain()
            }
            (Place::Tag(view), _) => Self::of_tag(view, None, origin),
        }
    }

    /// Of a page that has nothing to tell yet.
    fn plain() -> Self {
        Self {
            title: TITLE.to_owned(),
            description: DESCRIPTION.to_owned(),
            addresses: None,
            alt: String::new(),
        }
    }

    /// Of a board; `top` is what it shows, where that is known.
    fn of_board(view: View, top: Option<&Top>, origin: Option<&str>) -> Self {
        let page = address::href(view, Mode::default());
        let card = Self {
            alt: format!("Bars of the hashtags: {}", words::title(view)),
            addresses: addresses(origin, &page, view),
            ..Self::plain()
        };
        let Some(top) = top.filter(|top| !top.rows.is_empty()) else {
            return card;
        };
        let first = top.rows.iter().take(board::NAMED);
        let numbered: Vec<String> = first
            .map(|row| format!("{} ({})", shown(&row.tag), number(row, top.by)))
            .collect();
        Self {
            title: board::title(view, &top.rows),
            description: format!(
                "{}: {}. Counted until {}.",
                words::title(view),
                numbered.join(", "),
                words::date_and_time(&top.at)
            ),
            ..card
        }
    }

    /// Of a tag's page, as [`Card::of_board`].
    fn of_tag(view: &TagView, detail: Option<&TagDetail>, origin: Option<&str>) -> Self {
        let page = address::tag_href(&view.name, view.window, Mode::default());
        let board = View {
            window: view.window,
            ..View::default()
        };
        let card = Self {
            title: tag::title(&shown(detail.map_or(&view.name, |detail| &detail.tag))),
            alt: format!("Bars of the hashtags: {}", words::title(board)),
            addresses: addresses(origin, &page, board),
            ..Self::plain()
        };
        let Some(detail) = detail else {
            return card;
        };
        let mut description = format!(
            "{}: {}",
            shown(&detail.tag),
            words::counted(detail.count, "mention", "mentions")
        );
        if let Some(people) = detail.people {
            description.push_str(" by ");
            description.push_str(&words::counted(people, "person", "people"));
        }
        description.push(' ');
        description.push_str(words::window_span(detail.window));
        if let Some(since) = &detail.rising_since {
            description.push_str(", rising since ");
            description.push_str(&words::moment_in(None, since, &detail.at));
        }
        description.push('.');
        Self {
            description,
            ..card
        }
    }

    /// For the head of the document.
    pub(crate) fn head(self) -> impl IntoView + use<> {
        let Self {
            title,
            description,
            addresses,
            alt,
        } = self;
        let property = |name: &'static str, content: String| {
            html::meta().attr("property", name).content(content)
        };
        let picture = addresses.map(|(page, picture)| {
            [
                property("og:url", page),
                property("og:image", picture),
                property("og:image:type", "image/png".to_owned()),
                property("og:image:width", svg::WIDTH.to_string()),
                property("og:image:height", svg::height(ROWS.into()).to_string()),
                property("og:image:alt", alt),
            ]
        });
        view! {
            <title>{title.clone()}</title>
            <meta name="description" content=description.clone() />
            <meta name="twitter:card" content="summary_large_image" />
            {property("og:type", "website".to_owned())}
            {property("og:site_name", "tagtide".to_owned())}
            {property("og:title", title)}
            {property("og:description", description)}
            {picture}
        }
    }
}

/// Of a page and of the picture of `view`, which has the height of any link's.
fn addresses(origin: Option<&str>, page: &str, view: View) -> Option<(String, String)> {
    let origin = origin?;
    let view = View {
        rows: view.rows.min(ROWS),
        ..view
    };
    let picture = address::with_parameters("/api/v1/top.png", &address::parameters(view));
    Some((format!("{origin}{page}"), format!("{origin}{picture}")))
}

fn number(row: &Row, by: Ranking) -> String {
    match by {
        Ranking::Count => words::grouped(row.count),
        Ranking::People => words::grouped(row.people.unwrap_or(0)),
        Ranking::Rising => words::rise(row.score.unwrap_or(0.0)),
    }
}

#[cfg(test)]
mod tests {
    use model::{Epoch, Window};

    use super::*;

    fn top(tags: &[&str]) -> Top {
        let rows = (1..).zip(tags);
        Top {
            window: Window::OneHour,
            by: Ranking::Count,
            epoch: Epoch(7),
            at: "2026-11-22T18:30:24Z".to_owned(),
            posts: 9,
            mentions: 9,
            tags: 2,
            rows: rows
                .map(|(rank, tag)| Row::counted(rank, (*tag).to_owned(), 1234, 9))
                .collect(),
        }
    }

    const HOUR: View = View {
        window: Window::OneHour,
        rows: 50,
        by: Ranking::Count,
        origin: model::Origin::Counted(model::Filter {
            source: None,
            lang: None,
        }),
    };

    #[test]
    fn a_board_is_called_by_what_leads() {
        let card = Card::of_board(
            HOUR,
            Some(&top(&["#a", "#b", "#c", "#d"])),
            Some("https://x.example"),
        );
        assert_eq!(card.title, "#a, #b, #c · Most mentioned in the last hour");
        assert_eq!(
            card.description,
            "Most mentioned in the last hour: #a (1,234), #b (1,234), #c (1,234). \
             Counted until 2026-11-22 18:30:24 UTC."
        );
        let (page, picture) = card.addresses.unwrap();
        assert_eq!(page, "https://x.example/?window=1h&k=50");
        assert_eq!(picture, "https://x.example/api/v1/top.png?window=1h");
    }

    #[test]
    fn a_tags_page_is_called_by_what_it_is_shown_as() {
        let view = TagView {
            name: "#worldcup26".to_owned(),
            window: Window::OneHour,
        };
        let card = |detail| Card::of_tag(&view, detail, None);
        assert_eq!(card(None).title, "#worldcup26 · tagtide");
        let detail = TagDetail {
            tag: "#WorldCup2026".to_owned(),
            key: "worldcup2026".to_owned(),
            window: Window::OneHour,
            epoch: Epoch(1),
            at: "2026-11-22T18:30:24Z".to_owned(),
            count: 6,
            error: 0,
            people: Some(3),
            score: None,
            rising_since: None,
            languages: Vec::new(),
            sources: Vec::new(),
            spellings: Vec::new(),
            together: Vec::new(),
            series: Vec::new(),
            posts: Vec::new(),
        };
        let shown = card(Some(&detail));
        assert_eq!(shown.title, "#WorldCup2026 · tagtide");
        let description = "#WorldCup2026: 6 mentions by 3 people in the last hour.";
        assert_eq!(shown.description, description);
    }

    #[test]
    fn without_an_answer_the_name_is_the_plain_one() {
        for top in [None, Some(&top(&[]))] {
            let card = Card::of_board(HOUR, top, None);
            assert_eq!((card.title.as_str(), card.addresses), (TITLE, None));
        }
    }

    #[test]
    fn hostile_tags_stay_text_in_an_attribute() {
        let hostile = [
            "\"><script>alert(1)</script>",
            "#\u{202e}a&amp;",
            "'#</title>",
        ];
        let card = Card::of_board(HOUR, Some(&top(&hostile)), Some("http://a"));
        assert!(!card.title.contains('\u{202e}'), "{card:?}");
        let owner = Owner::new();
        let head = owner.with(|| card.head().to_html());
        assert!(!head.contains("<script"), "{head}");
        assert_eq!(head.matches("</title>").count(), 1, "{head}");
        // In a title a quotation mark is one; what follows is attributes.
        let attributes = |head: &str| head.split_once("</title>").expect("a title").1.to_owned();
        let plain = Card::of_board(HOUR, Some(&top(&["#a", "#b", "#c"])), Some("http://a"));
        let plain = attributes(&owner.with(|| plain.head().to_html()));
        let hostile = attributes(&head);
        for sign in ["\"", "<", ">"] {
            let number = |text: &str| text.matches(sign).count();
            assert_eq!(number(&hostile), number(&plain), "{sign}: {hostile}");
        }
    }
}
