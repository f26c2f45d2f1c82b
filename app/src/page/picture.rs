//! The ranks as bars, drawn from the same rows as the table beside it.
//!
//! The table is the content and this its picture, so nobody who listens to the page hears it twice.
//! The canvas comes when the page is alive; the style sheet keeps its place from the first paint
//! where scripts may run, and takes none where they may not.

use leptos::prelude::*;

use super::live::Live;

#[component]
pub fn Picture(live: Live) -> impl IntoView {
    let canvas = NodeRef::<leptos::html::Canvas>::new();
    let alive = Memo::new(move |_| live.zone.with(Option::is_some));

    #[cfg(feature = "hydrate")]
    {
        use crate::chart::canvas::Painter;

        let painter = Effect::new(
            move |painter: Option<Option<StoredValue<Painter, LocalStorage>>>| {
                let rows = live.rows.get();
                let canvas = canvas.get()?;
                let painter = match painter.flatten() {
                    Some(painter) if painter.with_value(|painter| painter.is_on(&canvas)) => {
                        painter
                    }
                    _ => StoredValue::new_local(Painter::new(canvas)),
                };
                painter.with_value(|painter| painter.show(rows));
                Some(painter)
            },
        );
        let _ = painter;
    }

    view! {
        <figure class="picture" aria-hidden="true">
            <figcaption>"Mentions"</figcaption>
            <Show when=move || alive.get()>
                <canvas dir="ltr" node_ref=canvas></canvas>
            </Show>
        </figure>
    }
}
