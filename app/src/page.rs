//! The views: which address shows what.
//!
//! * `board` the board and its parts in the order they stand on the page
//! * `masthead`, `controls`, `alerts`, `ranks`, `picture`, `states`, `sources`, `banner` those parts
//! * `keys`, `take`, `spark` parts of these
//! * `headline` how large the name of what leads, or of a tag, is
//! * `arrange` what the reader does to the rows, `hold` when they stay in place
//! * `root`, `kiosk` what a mode does to the whole page
//! * `stored` what the reader's browser remembers
//! * `tag` one tag in depth
//! * `navigation` links between the pages
//! * `live` what is shown now and, in the browser, who keeps it new
//! * `announce` what is said to those who listen to the page
//!
//! Everything is rendered on the server first and must be the same in the browser until it is
//! hydrated; what only the browser knows (its time zone, its canvas) comes after that.

pub mod alerts;
pub mod announce;
pub mod arrange;
pub mod banner;
pub mod board;
pub mod controls;
mod headline;
#[cfg(feature = "hydrate")]
mod hold;
pub mod keys;
#[cfg(feature = "hydrate")]
mod kiosk;
pub mod live;
pub mod masthead;
#[cfg(feature = "hydrate")]
mod navigation;
pub mod not_found;
pub mod picture;
pub mod ranks;
pub mod root;
pub mod sources;
pub mod spark;
pub mod states;
#[cfg(feature = "hydrate")]
mod stored;
pub mod tag;
pub mod take;

use leptos::{either::EitherOf3, prelude::*};
use model::View;

use crate::{
    ask::{SentJson, TagView, Told},
    place::Place,
};
use board::BoardPage;
use not_found::NotFound;
use tag::TagPage;

/// The address of what is shown.
#[derive(Clone, Copy, Debug)]
pub struct Here(RwSignal<String>);

impl Here {
    /// Goes to another page of this document.
    pub(crate) fn go(self, _address: &str) {
        #[cfg(feature = "hydrate")]
        navigation::go(self, _address);
    }
}

/// What stands at an address; `first` is what the server knows of it.
///
/// The server writes that into the document, and the browser finds it there while it takes the document
/// over. Which page it is, is known on both sides before anything is shown, so that nothing waits.
#[component]
pub fn App(at: String, first: Option<Told>) -> impl IntoView {
    let first = SharedValue::<_, SentJson>::new_with_encoding(|| first).into_inner();
    let here = Here(RwSignal::new(at));
    provide_context(here);
    let place = Memo::new(move |_| Place::of(&here.0.read()));
    let mode = Memo::new(move |_| place.read().1);
    let view = Memo::new(move |before: Option<&View>| match place.read().0 {
        Place::Board(view) => view,
        _ => before.copied().unwrap_or_default(),
    });
    let tag = Memo::new(move |before: Option<&TagView>| match &place.read().0 {
        Place::Tag(view) => view.clone(),
        _ => before.cloned().unwrap_or_default(),
    });
    let kind = Memo::new(move |_| match place.read().0 {
        Place::Board(_) => Kind::Board,
        Place::Tag(_) => Kind::Tag,
        Place::Nowhere => Kind::Nothing,
    });
    #[cfg(feature = "hydrate")]
    {
        navigation::keep(here);
        keys::keep();
        Effect::new(move |before: Option<(Kind, TagView)>| {
            let now = (kind.get(), tag.get());
            if before.is_some_and(|before| before != now) {
                navigation::arrive(&match &now {
                    (Kind::Tag, view) => tag::title(&view.name),
                    _ => TITLE.to_owned(),
                });
            }
            now
        });
    }
    // Of the page that came with it.
    let first = StoredValue::new(first);
    let first = move || first.try_update_value(Option::take).flatten();
    move || match kind.get() {
        Kind::Board => EitherOf3::A(view! { <BoardPage view mode first=first() /> }),
        Kind::Tag => EitherOf3::B(view! { <TagPage view=tag mode first=first() /> }),
        Kind::Nothing => EitherOf3::C(view! { <NotFound /> }),
    }
}

/// What stands at the address of the document that has been loaded.
#[cfg(feature = "hydrate")]
pub fn this_page() -> impl IntoView {
    view! { <App at=navigation::address() first=None /> }
}

/// The name of a document that shows a board or nothing.
pub const TITLE: &str = "tagtide: trending hashtags";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Board,
    Tag,
    Nothing,
}

/// A text or the value of an attribute that changes.
///
/// What the browser needs for a thing that changes it needs anew for every type of such things, and
/// every closure is one: two kilobytes each. So here they all have the same.
fn said(text: impl Fn() -> String + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(text)
}
