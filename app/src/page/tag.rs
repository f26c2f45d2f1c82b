//! One tag in depth: how much, who, where, beside what, and when.

use leptos::{either::EitherOf3, prelude::*};
use leptos_router::hooks::{use_params_map, use_query_map};
#[cfg(feature = "ssr")]
use model::TagAnswer;
use model::{Filter, Link, Origin, Step, TagDetail, View, Window};

use super::{
    arrival::{Page, arrival},
    banner::Banner,
    live::{Known, LiveTag, ShownTag},
    masthead::{Masthead, Way},
    states::Starting,
    words,
};
use crate::{
    address,
    ask::{TagView, Told},
};

/// Lines of the table of times: more than that is a picture's work.
const TIMES: usize = 12;
/// Lines of each list.
const LINES: usize = 10;

#[component]
pub fn TagPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let view = Memo::new(move |_| TagView {
        name: params.with(|params| address::tag_name(params.get_str("name").unwrap_or_default())),
        window: query.with(|query| address::window_or_default(query.get_str("window"))),
    });
    arrival(Page::Tag(view))
}

#[component]
pub fn OpenTag(view: Memo<TagView>, first: Option<Told>) -> impl IntoView {
    #[cfg(feature = "ssr")]
    if matches!(
        first,
        Some(Told::Tag(TagAnswer::NeverSeen | TagAnswer::Blocked))
    ) {
        super::not_found::tell();
    }
    let live = LiveTag::new(view, first);
    #[cfg(feature = "hydrate")]
    {
        super::live::keep(live.line, live);
        Effect::new(move || document().set_title(&title(&view.get().name)));
    }

    let way = move |window| Way {
        name: words::window_name(window),
        href: Signal::derive(move || address::tag_href(&view.get().name, window)),
        current: Signal::derive(move || view.get().window == window),
    };
    let ways = Signal::stored(Window::ALL.map(way).into());
    let zone = live.line.zone;
    let main = move || {
        let ShownTag { of, tag } = live.shown.get();
        match tag {
            Known::NotYet => EitherOf3::A(view! { <Starting /> }),
            Known::Never => EitherOf3::B(never(of, "No post that was counted bears this hashtag.")),
            Known::Blocked => EitherOf3::B(never(of, "This hashtag is not shown here.")),
            Known::Tag(detail) => EitherOf3::C(depth(&detail, zone.get())),
        }
    };
    view! {
        <Masthead line=live.line ways />
        <main class="board">{main}</main>
        <Banner line=live.line />
    }
}

/// The name of the document.
pub fn title(name: &str) -> String {
    format!("{name} · tagtide")
}

fn board_href(window: Window) -> String {
    address::href(View {
        window,
        ..View::default()
    })
}

fn never(of: TagView, why: &'static str) -> impl IntoView {
    let board = board_href(of.window);
    view! {
        <section class="notice">
            <h1>
                <bdi>{of.name}</bdi>
            </h1>
            <p>{why}</p>
            <p>
                <a class="button" href=board>
                    "See what is trending"
                </a>
            </p>
        </section>
    }
}

fn depth(detail: &TagDetail, zone: Option<i32>) -> impl IntoView + use<> {
    let window = detail.window;
    let count = match detail.error {
        0 => words::grouped(detail.count),
        error => format!(
            "{} ±{}",
            words::grouped(detail.count),
            words::grouped(error)
        ),
    };
    let totals = [
        Some(("Mentions", count)),
        detail
            .people
            .map(|people| ("People", words::grouped(people))),
        detail.score.map(|score| ("Rise", words::rise(score))),
    ];
    let totals = totals.into_iter().flatten().map(|(name, number)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{number}</dd>
            </div>
        }
    });
    let tag = detail.tag.clone();
    view! {
        <header class="heading">
            <p class="back">
                <a href=board_href(window)>"All hashtags"</a>
            </p>
            <h1 class="leader">
                <bdi title=tag.clone()>{tag.clone()}</bdi>
            </h1>
            <p class="meaning">
                {format!("What was said of it {}.", words::window_span(window))}
            </p>
            <dl class="totals">{totals.collect_view()}</dl>
        </header>
        <div class="depth">
            {times(&detail.series, window, zone)}
            {lists(detail, zone).into_iter().map(list).collect_view()}
        </div>
    }
}

/// Mentions over time, newest first.
fn times(series: &[Step], window: Window, zone: Option<i32>) -> impl IntoView + use<> {
    let steps = joined(series);
    let most = steps
        .iter()
        .map(|step| step.count)
        .max()
        .unwrap_or(0)
        .max(1);
    let lines = steps.into_iter().rev().map(|step| {
        let at = match window {
            Window::OneDay | Window::All => words::date_and_time(&step.at),
            _ => words::time_in(zone, &step.at),
        };
        view! {
            <tr>
                <th scope="row">
                    <time datetime=step.at>{at}</time>
                </th>
                <td class="bar" aria-hidden="true">
                    <meter max=most.to_string() value=step.count.to_string()></meter>
                </td>
                <td class="number">{words::grouped(step.count)}</td>
            </tr>
        }
    });
    let lines = lines.collect_view();
    view! {
        <section class="times">
            <h2>"Over time"</h2>
            <table>
                <thead class="spoken">
                    <tr>
                        <th scope="col">"From"</th>
                        <td></td>
                        <th scope="col">"Mentions"</th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        </section>
    }
}

/// At most [`TIMES`] steps of the same sum. The newest is a whole one.
fn joined(series: &[Step]) -> Vec<Step> {
    let width = series.len().div_ceil(TIMES).max(1);
    let groups = series.rchunks(width).rev();
    let step = |group: &[Step]| {
        Some(Step {
            at: group.first()?.at.clone(),
            count: group.iter().map(|step| step.count).sum(),
        })
    };
    groups.filter_map(step).collect()
}

/// A list of what a tag goes with.
struct List {
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
fn lists(detail: &TagDetail, zone: Option<i32>) -> Vec<List> {
    let board = |filter| {
        address::href(View {
            window: detail.window,
            origin: Origin::Counted(filter),
            ..View::default()
        })
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
        let href = address::tag_href(&other.tag, detail.window);
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

fn list(list: List) -> impl IntoView {
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
    use model::{Epoch, Kind, Lang, LangCount};

    use super::*;

    fn step(second: usize, count: u64) -> Step {
        Step {
            at: format!("2026-11-22T18:30:{second:02}Z"),
            count,
        }
    }

    #[test]
    fn many_steps_become_few_of_the_same_sum() {
        assert_eq!(joined(&[]), []);
        assert_eq!(joined(&[step(0, 1), step(2, 3)]), [step(0, 1), step(2, 3)]);
        let series: Vec<_> = (0..25).map(|second| step(second, 2)).collect();
        let joined = joined(&series);
        assert_eq!(joined.len(), 9);
        assert_eq!(joined.iter().map(|step| step.count).sum::<u64>(), 50);
        assert_eq!(joined[0], step(0, 2), "the oldest is the one cut short");
        assert_eq!(joined[8], step(22, 6));
    }

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
        let lists = lists(&detail, None);
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
