//! The browser knows where graphemes end: the tables for it would be a twentieth of the page.

use js_sys::Reflect;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Intl)]
    type Segmenter;

    /// Fails where the browser has none, such as Firefox before its version 125.
    #[wasm_bindgen(constructor, js_namespace = Intl, catch)]
    fn new() -> Result<Segmenter, JsValue>;

    #[wasm_bindgen(method)]
    fn segment(this: &Segmenter, text: &str) -> JsValue;
}

/// Where each grapheme of `text` ends; each letter, where the browser cannot tell.
pub(super) fn ends(text: &str) -> Vec<usize> {
    // Of ASCII each letter is one, and need not be asked for.
    let lengths = Some(text).filter(|text| !text.is_ascii());
    let lengths = lengths.and_then(graphemes);
    let lengths = lengths.unwrap_or_else(|| text.chars().map(char::len_utf8).collect());
    let sum = |end: &mut usize, length| {
        *end += length;
        Some(*end)
    };
    lengths.into_iter().scan(0, sum).collect()
}

fn graphemes(text: &str) -> Option<Vec<usize>> {
    let segments = Segmenter::new().ok()?.segment(text);
    let mut lengths = Vec::new();
    for segment in js_sys::try_iter(&segments).ok()?? {
        let segment = Reflect::get(&segment.ok()?, &"segment".into()).ok()?;
        lengths.push(segment.as_string()?.len());
    }
    Some(lengths)
}
