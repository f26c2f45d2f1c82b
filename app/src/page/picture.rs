//! The ranks as bars, drawn from the same rows as the table beside it.
//!
//! The table is the content and this its picture, so nobody who listens to the page hears it twice.
//! The canvas comes when the page is alive; the style sheet keeps its place from the first paint
//! where scripts may run, and takes none where they may not.
//!
//! * `tip` what is told of the bar that is pointed at
//! * `hand` what a mouse or a finger does to the picture

#[cfg(feature = "hydrate")]
mod hand;
pub mod tip;

use leptos::prelude::*;
use model::Origin;

use super::{live::Live, words};
use tip::{Spot, Tip};

/// `pointed` is the tag whose bar is pointed at, for whoever else marks it.
#[component]
pub fn Picture(
    live: Live,
    #[prop(optional)] pointed: Option<RwSignal<Option<String>>>,
) -> impl IntoView {
    let canvas = NodeRef::<leptos::html::Canvas>::new();
    let alive = Memo::new(move |_| live.line.zone.with(Option::is_some));
    let pointed = pointed.unwrap_or_else(|| RwSignal::new(None));
    let spot = RwSignal::new(Spot::default());
    #[cfg(feature = "hydrate")]
    hand::draw(live, canvas, pointed, spot);

    let rows = Memo::new(move |_| live.rows.with(Vec::len));
    // A class says how many rows there are, digit by digit: no inline style is allowed.
    let class = move || {
        let rows = rows.get();
        let leads = pointed.with(Option::is_some) && live.origin.get() != Origin::External;
        let leads = if leads { " leads" } else { "" };
        format!("picture tens-{} ones-{}{leads}", rows / 10, rows % 10)
    };
    view! {
        <figure class=class aria-hidden="true">
            <figcaption>{move || words::measure(live.by.get())}</figcaption>
            {move || alive.get().then(|| view! { <canvas dir="ltr" node_ref=canvas></canvas> })}
            <Tip live pointed spot />
        </figure>
    }
}
