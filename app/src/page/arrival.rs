//! What a page arrives with: rendered on the server, and asked for by the browser where the reader
//! comes by a link.

use leptos::{either::Either, prelude::*};
use model::View;

use super::{board::Open, tag::OpenTag};
use crate::{
    address::Mode,
    ask::{self, Asked, Held, SentJson, TagView, Told},
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
    Suspend::new(async move {
        let first = first(asked).await;
        let page = match page {
            Page::Board(view, mode) => Either::Left(view! { <Open view mode first /> }),
            Page::Tag(view, mode) => Either::Right(view! { <OpenTag view mode first /> }),
        };
        // On the server, for the compiler's sake. In the browser it would be a third more: what may
        // be of any type is able to wait everywhere in it.
        #[cfg(feature = "ssr")]
        let page = page.into_any();
        page
    })
}

/// The server writes the answer into the page.
#[cfg(not(feature = "hydrate"))]
async fn first(asked: Asked) -> Option<Told> {
    let told = ask::ask(asked).await;
    sent(|| told)
}

/// The browser finds it there while it takes the page over, and asks ever after.
///
/// A `Resource` in a `Suspense` would do so too, and be a twentieth of the page.
#[cfg(feature = "hydrate")]
async fn first(asked: Asked) -> Option<Told> {
    let mut came = true;
    let told = sent(|| {
        came = false;
        None
    });
    if came { told } else { ask::ask(asked).await }
}

/// What stands in the page; where nothing does, `otherwise`.
fn sent(otherwise: impl FnOnce() -> Option<Told>) -> Option<Told> {
    SharedValue::<_, SentJson>::new_with_encoding(otherwise).into_inner()
}
