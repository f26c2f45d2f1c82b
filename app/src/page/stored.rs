//! What a reader's browser remembers of this site: nothing that the server is ever told.

use leptos::prelude::window;
use web_sys::Storage;

/// `None` where it is not there, or the reader lets nothing be remembered.
fn storage() -> Option<Storage> {
    window().local_storage().ok()?
}

pub(super) fn read(name: &str) -> Option<String> {
    let text = storage()?.get_item(name).ok()??;
    (!text.is_empty()).then_some(text)
}

/// An empty text is none. Where nothing can be remembered, it holds until the page is closed.
pub(super) fn write(name: &str, text: &str) {
    if let Some(storage) = storage() {
        let _ = if text.is_empty() {
            storage.remove_item(name)
        } else {
            storage.set_item(name, text)
        };
    }
}
