//! The board while there is nothing to rank: starting, or nobody has said anything yet.

use leptos::{either::Either, prelude::*};
use model::{Board, Filter, Origin, Ranking, Source, View, Window};

use super::live::Live;
use crate::{address, words};

#[component]
pub fn Starting() -> impl IntoView {
    view! {
        <section class="notice starting">
            <h1>"Starting up"</h1>
            <p>"Reading what was counted before. The board appears as soon as it is complete."</p>
            <p class="still-note">"This page stays as it is; reload it in a moment."</p>
        </section>
    }
}

#[component]
pub fn Empty(live: Live) -> impl IntoView {
    let why = Memo::new(move |_| {
        live.shown.with(|shown| {
            shown
                .board
                .as_deref()
                .map(|board| why_empty(board, shown.of))
        })
    });
    let door = live.part(|board| door(&board.sources));
    let posted = live.part(|board| board.external);
    // What is asked for leaves out what there is: the way out is to ask for more.
    let mode = live.line.mode;
    let narrow = Memo::new(move |_| {
        let of = live.shown.with(|shown| shown.of);
        let tags = live
            .shown
            .with(|shown| shown.board.as_ref().is_some_and(|board| board.top.tags > 0));
        let wide = View {
            by: Ranking::Count,
            origin: Origin::default(),
            ..of
        };
        (of.origin != wide.origin || tags).then(|| address::href(wide, mode.get()))
    });
    let help = move || match narrow.get() {
        Some(href) => Either::Left(view! {
            <p>
                <a class="button" href=href>
                    "Show all that is mentioned"
                </a>
            </p>
        }),
        None => Either::Right(door.get().unwrap_or_default().shown()),
    };
    let told = move || match live.origin.get() {
        Origin::Counted(_) => Either::Left(view! {
            <h2>"Nothing to rank yet"</h2>
            <p>{move || why.get()}</p>
            {help}
        }),
        Origin::External => {
            let (title, why) = if posted.get() == Some(true) {
                (
                    "Nothing to show in this board",
                    "Another program has posted one to /updateData, without a label that has a count.",
                )
            } else {
                (
                    "No such board yet",
                    "No other program has posted one to /updateData since this one started.",
                )
            };
            Either::Right(view! {
                <h2>{title}</h2>
                <p>{why}</p>
            })
        }
    };
    view! { <section class="notice">{told}</section> }
}

fn why_empty(board: &Board, of: View) -> String {
    let span = words::window_span(board.top.window);
    let filter = match of.origin {
        Origin::Counted(filter) => filter,
        Origin::External => Filter::default(),
    };
    let part = words::part(filter).map_or_else(String::new, |part| format!(" {part}"));
    if board.top.posts == 0 {
        return format!("No posts{part} have come {span}.");
    }
    let posts = board.top.posts;
    let noun = if posts == 1 { "post" } else { "posts" };
    let have = if posts == 1 { "has" } else { "have" };
    let came = format!("{} {noun}{part} {have} come {span}", words::grouped(posts));
    if board.top.tags == 0 {
        return format!("{came}, and none of them bears a hashtag.");
    }
    match (of.by, of.window) {
        (Ranking::Rising, Window::All) => "All time has no past to rise from.".to_owned(),
        (Ranking::Rising, _) => format!("{came}, and no tag is above its own past."),
        (Ranking::People, _) => format!("{came}, and it is not known by whom."),
        (Ranking::Count, _) => format!("{came}."),
    }
}

/// Where a line of text can be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Door {
    at: String,
    /// It is open already.
    open: bool,
}

impl Door {
    /// What to type to be on the board.
    fn shown(self) -> impl IntoView {
        let (host, port) = self.at.rsplit_once(':').unwrap_or((&self.at, ""));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let send = format!("echo 'hello #world' | nc {host} {port}");
        let open = (!self.open).then(|| {
            view! {
                <p>"Open a door for posts:"</p>
                <pre>
                    <code>{format!("tagtide --source listen:{}", self.at)}</code>
                </pre>
            }
        });
        view! {
            {open}
            <p>"Say something:"</p>
            <pre>
                <code>{send}</code>
            </pre>
        }
    }
}

impl Default for Door {
    fn default() -> Self {
        Self {
            at: "127.0.0.1:9009".to_owned(),
            open: false,
        }
    }
}

/// The first source that takes lines at a known place, as seen from the same machine.
fn door(sources: &[Source]) -> Door {
    sources
        .iter()
        .filter_map(|source| source.name.strip_prefix("listen:"))
        .filter(|at| at.rsplit_once(':').is_some_and(|(_, port)| port != "0"))
        .map(|at| Door {
            at: at
                .replace("0.0.0.0:", "127.0.0.1:")
                .replace("[::]:", "[::1]:"),
            open: true,
        })
        .next()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use model::{Lang, Pulse, SourceState};

    use super::*;

    fn source(name: &str) -> Source {
        Source::new(name.to_owned(), SourceState::Waiting)
    }

    #[test]
    fn the_line_to_send_goes_to_a_door_that_is_open() {
        let open = door(&[source("demo"), source("listen:0.0.0.0:7007")]);
        assert_eq!(
            open,
            Door {
                at: "127.0.0.1:7007".to_owned(),
                open: true
            }
        );
    }

    #[test]
    fn without_such_a_door_it_says_how_to_open_one() {
        assert_eq!(
            door(&[source("demo"), source("listen:127.0.0.1:0")]),
            Door::default()
        );
    }

    #[test]
    fn says_why_there_is_nothing() {
        let view = View {
            window: Window::FiveMinutes,
            ..View::default()
        };
        let mut board = Board {
            top: model::Top {
                window: view.window,
                by: view.by,
                epoch: model::Epoch(1),
                at: String::new(),
                posts: 0,
                mentions: 0,
                tags: 0,
                rows: Vec::new(),
            },
            batch_ms: 2000,
            sources: Vec::new(),
            pulse: Pulse::default(),
            languages: Vec::new(),
            kinds: Vec::new(),
            external: false,
            behind: false,
            alerts: Vec::new(),
        };
        assert_eq!(
            why_empty(&board, view),
            "No posts have come in the last five minutes."
        );
        board.top.posts = 1;
        let told = "1 post has come in the last five minutes, and none of them bears a hashtag.";
        assert_eq!(why_empty(&board, view), told);
        board.top.tags = 1;
        let rising = View {
            by: Ranking::Rising,
            ..view
        };
        let told = "1 post has come in the last five minutes, and no tag is above its own past.";
        assert_eq!(why_empty(&board, rising), told);
        board.top.window = Window::All;
        board.top.posts = 0;
        assert_eq!(
            why_empty(&board, view),
            "No posts have come since the count began."
        );
        let german = View {
            origin: Origin::Counted(Filter {
                lang: Lang::of_tag("de"),
                ..Filter::default()
            }),
            ..view
        };
        assert_eq!(
            why_empty(&board, german),
            "No posts in German have come since the count began."
        );
    }
}
