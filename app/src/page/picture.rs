//! The first ranks as bars, drawn from the same rows as the table beside it.
//!
//! The table is the content and this its picture, so nobody who listens to the page hears it twice.
//! The canvas comes when the page is alive; the style sheet keeps its place from the first paint
//! where scripts may run, and takes none where they may not.

use leptos::prelude::*;

use super::{live::Live, words};

#[component]
pub fn Picture(live: Live) -> impl IntoView {
    let canvas = NodeRef::<leptos::html::Canvas>::new();
    let alive = Memo::new(move |_| live.line.zone.with(Option::is_some));

    #[cfg(feature = "hydrate")]
    {
        use crate::chart::canvas::Painter;

        // Out here, since all that an effect makes goes when it runs again.
        let painter = StoredValue::new_local(None::<Painter>);
        Effect::new(move || {
            let (rows, by) = (live.rows.get(), live.by.get());
            let canvas = canvas.get();
            painter.update_value(|painter| {
                // The board may have been away, and come back with another canvas.
                *painter = canvas.map(|canvas| match painter.take() {
                    Some(painter) if painter.is_on(&canvas) => painter,
                    _ => Painter::new(canvas),
                });
                if let Some(painter) = painter {
                    painter.show(rows, by);
                }
            });
        });
    }

    view! {
        <figure class="picture" aria-hidden="true">
            <figcaption>{move || words::measure(live.by.get())}</figcaption>
            {move || alive.get().then(|| view! { <canvas dir="ltr" node_ref=canvas></canvas> })}
        </figure>
    }
}
