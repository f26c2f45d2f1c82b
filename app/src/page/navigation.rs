//! Links from page to page without loading one anew; back and forward too.
//!
//! What is needed of a router for two pages: `leptos_router` would be a tenth of all that is sent, and
//! its pages of any type keep all there is of every view.

use leptos::{leptos_dom::helpers::window_event_listener_untyped, prelude::*, web_sys};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlAnchorElement, MouseEvent};

use super::Here;
use crate::place::Place;

/// Follows what is clicked and what the browser goes back to, as long as the page is there.
pub(super) fn keep(here: Here) {
    let clicked = window_event_listener_untyped("click", move |event| {
        let event: MouseEvent = event.unchecked_into();
        if let Some(link) = followed(&event) {
            event.prevent_default();
            let address = link.pathname() + &link.search();
            go(here, &address);
            if !link.has_attribute("data-noscroll") {
                window().scroll_to_with_x_and_y(0.0, 0.0);
            }
        }
    });
    let went = window_event_listener_untyped("popstate", move |_| here.0.set(address()));
    Owner::on_cleanup(move || {
        clicked.remove();
        went.remove();
    });
}

/// Where the browser is.
pub(super) fn address() -> String {
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

pub(super) fn go(here: Here, address: &str) {
    let history = window().history();
    let pushed =
        history.and_then(|history| history.push_state_with_url(&JsValue::NULL, "", Some(address)));
    // A browser that is asked too often refuses; the page is loaded then.
    match pushed {
        Ok(()) => here.0.set(address.to_owned()),
        Err(_) => drop(window().location().set_href(address)),
    }
}

/// The link that a click follows within this document: a plain click on one of its pages.
fn followed(event: &MouseEvent) -> Option<HtmlAnchorElement> {
    let modified = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    if event.default_prevented() || event.button() != 0 || modified {
        return None;
    }
    let target: Element = event.target()?.dyn_into().ok()?;
    let link: HtmlAnchorElement = target.closest("a[href]").ok()??.dyn_into().ok()?;
    let ours = link.origin() == window().location().origin().ok()?
        && link.target().is_empty()
        && !link.has_attribute("download")
        && Place::of(&link.pathname()).0 != Place::Nowhere;
    ours.then_some(link)
}

/// Names the document, where that is another name.
pub(super) fn call(title: &str) {
    if document().title() != title {
        document().set_title(title);
    }
}

/// Names the document as its page is called now, and lets those who listen to it begin at its content.
pub(super) fn arrive(title: &str) {
    call(title);
    let main = document().query_selector("main").ok().flatten();
    if let Some(main) = main.and_then(|main| main.dyn_into::<web_sys::HtmlElement>().ok()) {
        main.set_tab_index(-1);
        let _ = main.focus();
    }
}
