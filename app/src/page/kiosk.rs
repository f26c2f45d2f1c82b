//! A board on the wall: the whole screen, which stays awake, and no pointer in the picture.

use std::{cell::RefCell, time::Duration};

use js_sys::{Function, Reflect};
use leptos::{
    leptos_dom::helpers::{debounce, window_event_listener_untyped},
    prelude::*,
    web_sys::HtmlElement,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use super::arrange::Arranged;
use crate::address::Mode;

/// For so long after it moved, the pointer and the controls are seen.
const STILL: Duration = Duration::from_secs(3);

/// Takes or leaves the whole screen, as far as the browser lets a click do that.
pub(super) fn full_screen(on: bool) {
    let document = document();
    if !on {
        document.exit_fullscreen();
    } else if let Some(root) = document.document_element() {
        // Where it is refused, the board still fills the window.
        let _ = root.request_fullscreen();
    }
}

/// While the page is a kiosk, hides what nobody uses; with the full screen, the kiosk ends.
pub(super) fn keep(mode: Memo<Mode>, arranged: Arranged) {
    let is_on = move || mode.try_get_untracked().is_some_and(|mode| mode.kiosk);

    let still = StoredValue::new_local(debounce(STILL, move |()| {
        if is_on() {
            set_idle(true);
            arranged.held.try_set(false);
            arranged.pointed.try_set(None);
        }
    }));
    let moved = move || {
        set_idle(false);
        still.try_update_value(|still| still(()));
    };
    moved();
    let listeners = [
        // A page that was out of sight has lost its lock.
        window_event_listener_untyped("visibilitychange", move |_| {
            if is_on() && !document().hidden() {
                stay_awake(true);
            }
        }),
        window_event_listener_untyped("fullscreenchange", move |_| {
            if is_on() && document().fullscreen_element().is_none() {
                let way = document().query_selector("[aria-keyshortcuts='f']");
                let way = way.ok().flatten();
                if let Some(way) = way.and_then(|way| way.dyn_into::<HtmlElement>().ok()) {
                    way.click();
                }
            }
        }),
        window_event_listener_untyped("pointermove", move |_| moved()),
        window_event_listener_untyped("keydown", move |_| moved()),
    ];
    Owner::on_cleanup(move || {
        set_idle(false);
        for listener in listeners {
            listener.remove();
        }
    });
}

fn set_idle(idle: bool) {
    if let Some(root) = document().document_element() {
        let _ = root.toggle_attribute_with_force("data-idle", idle);
    }
}

/// Keeps the screen awake, as far as the browser can and will, until the page is out of sight.
pub(super) fn stay_awake(on: bool) {
    thread_local! {
        /// Of the lock.
        static PROMISE: RefCell<Option<JsValue>> = const { RefCell::new(None) };
    }
    let before = PROMISE.take();
    if on {
        let navigator: JsValue = window().navigator().into();
        let wakes = Reflect::get(&navigator, &"wakeLock".into()).ok();
        let promise = wakes.and_then(|wakes| call(&wakes, "request", &"screen".into()));
        PROMISE.set(promise);
    } else if let Some(promise) = before {
        let release = Closure::once_into_js(|lock: JsValue| {
            call(&lock, "release", &JsValue::UNDEFINED);
        });
        call(&promise, "then", &release);
    }
}

/// Calls what web-sys does not know yet: `object.name(argument)`.
fn call(object: &JsValue, name: &str, argument: &JsValue) -> Option<JsValue> {
    let function = Reflect::get(object, &name.into()).ok()?;
    let function: &Function = function.dyn_ref()?;
    function.call1(object, argument).ok()
}
