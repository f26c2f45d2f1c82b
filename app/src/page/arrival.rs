//! What a page arrives with: rendered on the server, and asked for by the browser where the reader
//! comes by a link.

use leptos::{either::Either, prelude::*};
use model::View;

use super::{board::Open, tag::OpenTag};
use crate::{
    address::Mode,
    ask::{self, Asked, Held, SentJson, TagView},
};

/// A page that waits for an answer.
#[derive(Clone, Copy, Debug)]
pub enum Page {
    Board(Memo<View>, Memo<Mode>),
    Tag(Memo<TagView>, Memo<Mode>),
}

/// Opens the page with the first answer; all that follows is asked for by `live`.
///
/// One for all pages, and of a type of its own: what waits weighs more in the browser than what
/// is shown then.
pub fn arrival(page: Page) -> impl IntoView {
    let asked = match page {
        Page::Board(view, _) => Asked::Board(view.get_untracked(), Held::default()),
        Page::Tag(view, _) => Asked::Tag(view.get_untracked(), None),
    };
    let first =
        Resource::<_, SentJson>::new_with_options(|| (), move |()| ask::ask(asked.clone()), true);
    view! {
        <Suspense fallback=|| view! { <main class="notice" aria-busy="true"></main> }>
            {move || Suspend::new(async move {
                let first = first.await;
                match page {
                    Page::Board(view, mode) => Either::Left(view! { <Open view mode first /> }),
                    Page::Tag(view, mode) => Either::Right(view! { <OpenTag view mode first /> }),
                }
            })}
        </Suspense>
    }
}
