//! Keys for those who know them. A control says by `aria-keyshortcuts` which key presses it, so that
//! there is one list of keys, and nothing that only a key can do.

use leptos::prelude::*;

/// And what each does.
const KEYS: [(&str, &str); 6] = [
    ("1 – 6", "Time: from one minute to all"),
    ("Space", "Pause and resume"),
    ("f", "Full screen"),
    ("/", "Filter"),
    ("Enter", "Open the hashtag that has the focus"),
    ("?", "This help"),
];

/// The help, and the way to it.
#[component]
pub fn Keys() -> impl IntoView {
    let help = NodeRef::<leptos::html::Dialog>::new();
    #[cfg(not(feature = "hydrate"))]
    let on = true;
    #[cfg(feature = "hydrate")]
    let on = is_on();
    let lines = KEYS.map(|(key, does)| {
        view! {
            <dt>
                <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
        }
    });
    let open = move |_| {
        if let Some(help) = help.get_untracked() {
            // It is refused only where it is open already.
            let _ = help.show_modal();
        }
    };
    view! {
        <button type="button" class="alive" aria-keyshortcuts="?" on:click=open>
            "Keys"
        </button>
        <dialog class="help" node_ref=help aria-label="Keys">
            <h2>"Keys"</h2>
            <dl>{lines.into_iter().collect_view()}</dl>
            <label>
                <input
                    type="checkbox"
                    prop:checked=on
                    on:change=move |_event| {
                        #[cfg(feature = "hydrate")]
                        set(event_target_checked(&_event));
                    }
                />
                " Single keys do something"
            </label>
            <form method="dialog">
                <button>"Close"</button>
            </form>
        </dialog>
    }
}

#[cfg(feature = "hydrate")]
pub(super) use listener::keep;
#[cfg(feature = "hydrate")]
use listener::{is_on, set};

#[cfg(feature = "hydrate")]
mod listener {
    use leptos::{
        leptos_dom::helpers::window_event_listener_untyped,
        prelude::*,
        web_sys::{Element, HtmlElement, KeyboardEvent},
    };
    use wasm_bindgen::JsCast;

    use crate::page::stored;

    const STORED: &str = "tagtide.keys";

    /// Presses what bears the key that is pressed, unless the reader does not want that. Escape, which
    /// is no letter, closes what lies over the page.
    pub(crate) fn keep() {
        let pressed = window_event_listener_untyped("keydown", move |event| {
            let event: KeyboardEvent = event.unchecked_into();
            let _ = match event.key().as_str() {
                "Escape" => click("details.take[open] > summary"),
                _ if is_on() => press(&event),
                _ => None,
            };
        });
        Owner::on_cleanup(move || pressed.remove());
    }

    fn control(selector: &str) -> Option<HtmlElement> {
        document().query_selector(selector).ok()??.dyn_into().ok()
    }

    fn click(selector: &str) -> Option<()> {
        let control = control(selector)?;
        let _ = control.focus();
        control.click();
        Some(())
    }

    pub(super) fn is_on() -> bool {
        stored::read(STORED).is_none()
    }

    pub(super) fn set(on: bool) {
        stored::write(STORED, if on { "" } else { "off" });
    }

    fn press(event: &KeyboardEvent) -> Option<()> {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return None;
        }
        let key = event.key();
        let name = if key == " " { "Space" } else { &*key };
        // Where keys mean something already, they keep their meaning.
        let theirs = match name {
            "1" | "2" | "3" | "4" | "5" | "6" | "f" | "/" | "?" => "input,select,textarea,dialog",
            "Space" => "input,select,textarea,dialog,a,button,summary",
            _ => return None,
        };
        let target: Element = event.target()?.dyn_into().ok()?;
        if target.closest(theirs).ok()?.is_some() {
            return None;
        }
        let control = control(&format!("[aria-keyshortcuts='{name}']"))?;
        event.prevent_default();
        if control.tag_name() == "INPUT" {
            control.focus().ok()?;
        } else {
            control.click();
        }
        Some(())
    }
}
