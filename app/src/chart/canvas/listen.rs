//! Calls back when something happens, for as long as it is kept.

use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{EventTarget, HtmlCanvasElement, MediaQueryList, ResizeObserver};

/// Is told what happened, as the browser has it: of one type, since each weighs something.
pub(super) type Heard = dyn Fn(JsValue);

/// Hears events of some names.
pub struct Listener {
    target: EventTarget,
    names: &'static [&'static str],
    heard: Closure<Heard>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

impl Listener {
    pub fn on(target: &EventTarget, names: &'static [&'static str], heard: Box<Heard>) -> Self {
        let heard = Closure::wrap(heard);
        for name in names {
            let _ = target.add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
        }
        Self {
            target: target.clone(),
            names,
            heard,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for name in self.names {
            let heard = self.heard.as_ref().unchecked_ref();
            let _ = self.target.remove_event_listener_with_callback(name, heard);
        }
    }
}

/// Whether a media query holds, and a call when that turns.
pub(super) struct Watch {
    query: Option<MediaQueryList>,
    _turned: Option<Listener>,
}

impl Watch {
    pub(super) fn on(query: &str, turned: Box<Heard>) -> Self {
        let query = window().match_media(query).ok().flatten();
        let turned = query
            .as_ref()
            .map(|query| Listener::on(query, &["change"], turned));
        Self {
            query,
            _turned: turned,
        }
    }

    pub(super) fn holds(&self) -> bool {
        self.query.as_ref().is_some_and(MediaQueryList::matches)
    }
}

/// Calls back when a canvas has got another size on the screen.
pub(super) struct Resizes {
    observer: Option<ResizeObserver>,
    _changed: Closure<Heard>,
}

impl Resizes {
    pub(super) fn of(canvas: &HtmlCanvasElement, changed: Box<Heard>) -> Self {
        let changed = Closure::wrap(changed);
        let observer = ResizeObserver::new(changed.as_ref().unchecked_ref()).ok();
        if let Some(observer) = &observer {
            observer.observe(canvas);
        }
        Self {
            observer,
            _changed: changed,
        }
    }
}

impl Drop for Resizes {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
    }
}
