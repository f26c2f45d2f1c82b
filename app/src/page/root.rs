//! What the style sheet is told of the mode: attributes of the document's root. The server writes
//! them, so that a page never shows itself in another theme first.

use crate::address::{Mode, Theme};

/// Names and values; `None` where there is nothing to say.
pub fn attributes(mode: Mode) -> [(&'static str, Option<&'static str>); 3] {
    let theme = (mode.theme != Theme::System).then(|| mode.theme.name());
    let set = |set: bool| set.then_some("");
    [
        ("data-theme", theme),
        ("data-kiosk", set(mode.kiosk)),
        ("data-embed", set(mode.embed)),
    ]
}

#[cfg(feature = "hydrate")]
pub(super) fn keep(mode: leptos::prelude::Memo<Mode>) {
    use leptos::prelude::*;

    Effect::new(move || {
        let root = document().document_element();
        for (name, value) in attributes(mode.get()) {
            let Some(root) = &root else { return };
            // Neither fails: the names are good ones.
            let _ = match value {
                Some(value) => root.set_attribute(name, value),
                None => root.remove_attribute(name),
            };
        }
        super::kiosk::stay_awake(mode.get().kiosk);
    });
}
