//! What a tag goes with: other tags, languages, sources, spellings and posts.

use leptos::prelude::*;
use model::{Filter, Link, Origin, TagDetail, View};

use crate::address::{self, Mode};
use crate::words;

/// Lines of each list.
const LINES: usize = 10;

/// A list of what a tag goes with.
pub(super) struct List {
    title: &'static str,
    note: &'static str,
    lines: Vec<Line>,
}

struct Line {
    text: String,
    href: Option<String>,
    /// It leads away from here.
    out: bool,
    number: String,
}

impl Line {
    fn to(text: String, href: Option<String>, count: u64) -> Self {
        Self {
            text,
            href,
            out: false,
            number: words::grouped(count),
        }
    }
}

/// Those that have something in them.
pub(super) fn lists(detail: &TagDetail, zone: Option<i32>, mode: Mode) -> Vec<List> {
    let board = |filter| {
        let view = View {
            window: detail.window,
            origin: Origin::Counted(filter),
            ..View::default()
        };
        address::href(view, mode)
    };
    let all = Filter::default();
    let languages = detail.languages.iter().map(|part| {
        let href = part.lang.map(|lang| {
            board(Filter {
                lang: Some(lang),
                ..all
            })
        });
        Line::to(words::language(part.lang), href, part.count)
    });
    let sources = detail.sources.iter().map(|part| {
        let href = board(Filter {
            source: Some(part.source),
            ..all
        });
        Line::to(part.source.to_string(), Some(href), part.count)
    });
    let spellings = detail
        .spellings
        .iter()
        .map(|spelling| Line::to(spelling.tag.clone(), None, spelling.count));
    let together = detail.together.iter().map(|other| {
        let href = address::tag_href(&other.tag, detail.window, mode);
        Line::to(other.tag.clone(), Some(href), other.count)
    });
    let posts = detail.posts.iter().map(|post| post_line(post, zone));
    let lists = [
        List {
            title: "Together with",
            note: "From a sample of the posts that bear several hashtags.",
            lines: together.take(LINES).collect(),
        },
        List {
            title: "Languages",
            note: "",
            lines: languages.take(LINES).collect(),
        },
        List {
            title: "Sources",
            note: "",
            lines: sources.take(LINES).collect(),
        },
        List {
            title: "Spellings",
            note: "Since the count began.",
            lines: spellings.take(LINES).collect(),
        },
        List {
            title: "Latest posts",
            note: "A sample; they open where they were written.",
            lines: posts.take(LINES).collect(),
        },
    ];
    let mut lists = Vec::from(lists);
    lists.retain(|list| !list.lines.is_empty());
    lists
}

fn post_line(post: &Link, zone: Option<i32>) -> Line {
    let web = ["https://", "http://"];
    let bare = web.iter().find_map(|scheme| post.url.strip_prefix(scheme));
    Line {
        text: bare.unwrap_or(&post.url).to_owned(),
        // An address from strangers is followed only where it is one of the web.
        href: bare.map(|_| post.url.clone()),
        out: true,
        number: words::time_in(zone, &post.at),
    }
}

pub(super) fn list(list: List) -> impl IntoView {
    let lines = list.lines.into_iter().map(|line| {
        view! {
            <li>
                <a href=line.href rel=line.out.then_some("noopener nofollow")>
                    <bdi>{line.text}</bdi>
                </a>
                <span class="number">{line.number}</span>
            </li>
        }
    });
    let lines = lines.collect_view();
    view! {
        <section>
            <h2>{list.title}</h2>
            <p class="note">{list.note}</p>
            <ul>{lines}</ul>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use model::{Epoch, Kind, Lang, LangCount, Window};

    use super::*;

    #[test]
    fn a_list_is_shown_where_there_is_something_in_it() {
        let detail = TagDetail {
            tag: "#a".to_owned(),
            key: "a".to_owned(),
            window: Window::All,
            epoch: Epoch(1),
            at: String::new(),
            count: 1,
            error: 0,
            people: None,
            score: None,
            rising_since: None,
            languages: vec![
                LangCount {
                    lang: Lang::of_tag("en"),
                    count: 2,
                },
                LangCount {
                    lang: None,
                    count: 1,
                },
            ],
            sources: Vec::new(),
            spellings: Vec::new(),
            together: Vec::new(),
            series: Vec::new(),
            posts: Vec::new(),
        };
        let lists = lists(&detail, None, Mode::default());
        let [languages] = &lists[..] else {
            panic!("{} lists", lists.len());
        };
        let hrefs: Vec<_> = languages
            .lines
            .iter()
            .map(|line| line.href.as_deref())
            .collect();
        assert_eq!(hrefs, [Some("/?window=all&lang=en"), None]);
    }

    #[test]
    fn only_addresses_of_the_web_are_followed() {
        let line = |url: &str| {
            let post = Link {
                url: url.to_owned(),
                source: Kind::Nostr,
                at: String::new(),
            };
            let line = post_line(&post, None);
            (line.text, line.href.is_some())
        };
        assert_eq!(
            line("https://a.example/b"),
            ("a.example/b".to_owned(), true)
        );
        let script = "javascript:alert(1)";
        assert_eq!(line(script), (script.to_owned(), false));
    }
}
