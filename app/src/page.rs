//! The views: which address shows what.
//!
//! * `board` the board and its parts in the order they stand on the page
//! * `masthead`, `controls`, `ranks`, `picture`, `states`, `sources`, `banner` those parts
//! * `keys`, `take`, `spark` parts of these
//! * `arrange` what the reader does to the rows
//! * `root`, `kiosk` what a mode does to the whole page
//! * `stored` what the reader's browser remembers
//! * `tag` one tag in depth
//! * `arrival` what a page arrives with
//! * `live` what is shown now and, in the browser, who keeps it new
//! * `announce` what is said to those who listen to the page
//! * `words` numbers, times and names as people read them
//!
//! Everything is rendered on the server first and must be the same in the browser until it is
//! hydrated; what only the browser knows (its time zone, its canvas) comes after that.

pub mod announce;
pub mod arrange;
pub mod arrival;
pub mod banner;
pub mod board;
pub mod controls;
pub mod keys;
#[cfg(feature = "hydrate")]
mod kiosk;
pub mod live;
pub mod masthead;
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
pub mod words;

use leptos::prelude::*;
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

use board::BoardPage;
use not_found::NotFound;
use tag::TagPage;

/// A text or the value of an attribute that changes.
///
/// What the browser needs for a thing that changes it needs anew for every type of such things, and
/// every closure is one: two kilobytes each. So here they all have the same.
fn said(text: impl Fn() -> String + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(text)
}

#[component]
pub fn App() -> impl IntoView {
    view! {
        <Router>
            <FlatRoutes fallback=NotFound>
                <Route path=path!("/") view=BoardPage ssr=SsrMode::Async />
                <Route path=path!("/tag/*name") view=TagPage ssr=SsrMode::Async />
            </FlatRoutes>
        </Router>
    }
}
