//! Whether somebody points at the rows, with a pointer or by keys: they stay where they are then.

use leptos::{prelude::*, web_sys::Element};
use wasm_bindgen::JsCast;
use web_sys::Event;

use super::arrange::Arranged;
use crate::chart::canvas::Listener;

const NAMES: &[&str] = &["pointerover", "pointerleave", "focusin", "focusout"];

pub(super) fn keep(arranged: Arranged) {
    let Some(root) = document().document_element() else {
        return;
    };
    let heard = move |event| {
        let event: Event = JsCast::unchecked_into(event);
        let target: Option<Element> = event.target().and_then(|target| target.dyn_into().ok());
        let is = |what: &str| {
            target
                .as_ref()
                .is_some_and(|target| target.closest(what).is_ok_and(|found| found.is_some()))
        };
        let held = match event.type_().as_str() {
            "pointerover" => is(".ranking"),
            // Where a click has left the focus, nobody looks for it.
            "focusin" => is(".ranking :focus-visible"),
            _ => false,
        };
        if arranged.held.get_untracked() != held {
            arranged.held.set(held);
        }
    };
    let listener = Listener::on(root.as_ref(), NAMES, Box::new(heard));
    // Until the page goes.
    StoredValue::new_local(listener);
}
