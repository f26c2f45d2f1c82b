//! The ranks as bars, drawn from the same rows as the table beside it.
//!
//! The table is the content and this its picture, so nobody who listens to the page hears it twice.
//! The canvas comes when the page is alive; the style sheet keeps its place from the first paint
//! where scripts may run, and takes none where they may not.
//!
//! * `tip` what is told of the bar that is pointed at
//! * `hand` what a mouse or a finger does to the picture
//!
//! Both change what is here by themselves: what is pointed at is known to the browser alone.

#[cfg(feature = "hydrate")]
mod hand;
#[cfg(any(feature = "hydrate", test))]
mod tip;

use leptos::prelude::*;

use super::live::Live;
use crate::words;

#[component]
pub fn Picture(live: Live) -> impl IntoView {
    let canvas = NodeRef::<leptos::html::Canvas>::new();
    let alive = Memo::new(move |_| live.line.zone.with(Option::is_some));
    #[cfg(feature = "hydrate")]
    hand::draw(live, canvas);

    view! {
        <figure class=class(live.rows.with_untracked(Vec::len)) aria-hidden="true">
            <figcaption>{move || words::measure(live.by.get())}</figcaption>
            {move || alive.get().then(|| view! { <canvas dir="ltr" node_ref=canvas></canvas> })}
            <div class="tip" role="tooltip" hidden>
                <a tabindex="-1">
                    <bdi></bdi>
                </a>
                <dl></dl>
            </div>
        </figure>
    }
}

/// Says how many rows there are, digit by digit: the page's policy allows no inline style.
fn class(rows: usize) -> String {
    format!("picture tens-{} ones-{}", rows / 10, rows % 10)
}
