//! What people see, and what the browser and the server say to each other.
//!
//! * `shell` the document around the page, and the policy it is sent with (server only)
//! * `card` how a page is called, and what a link to it looks like elsewhere (server only)
//! * `place` which page an address shows, `address` what of it and how
//! * `ask` what pages ask the server, and who answers it
//! * `poll` when to ask again: pure, no clock and no network of its own
//! * `page` the views: the board, its states, a tag in depth, the page for a wrong address
//! * `words` numbers, times and names as people read them
//! * `chart` the picture of the board, and the only place that names plotters
//!
//! Built for the server with the feature `ssr`, for the browser with `hydrate`, never with both.

// The type of a page has all its elements in it.
#![recursion_limit = "256"]

pub mod address;
pub mod ask;
#[cfg(feature = "ssr")]
mod card;
pub mod chart;
pub mod page;
pub mod place;
pub mod poll;
#[cfg(feature = "ssr")]
pub mod shell;
pub mod words;

#[cfg(feature = "ssr")]
pub use ask::{Boards, Held, Pending, TagView, Told};
pub use page::App;
#[cfg(feature = "hydrate")]
pub use page::this_page;
#[cfg(feature = "ssr")]
pub use shell::{Assets, Page, shell};
