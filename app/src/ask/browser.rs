//! How the browser asks.

use js_sys::futures::JsFuture;
use leptos::prelude::window;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use web_sys::{AbortController, RequestInit, Response};

/// What is sent back where all is well. Dropped, it ends the request.
pub(super) fn get(address: String) -> impl Future<Output = Option<String>> + Send {
    // A page has one thread.
    SendWrapper::new(send(address))
}

async fn send(address: String) -> Option<String> {
    let mut request = Request(Some(AbortController::new().ok()?));
    let options = RequestInit::new();
    options.set_signal(request.0.as_ref().map(AbortController::signal).as_ref());
    let response = JsFuture::from(window().fetch_with_str_and_init(&address, &options));
    let response: Response = response.await.ok()?.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    let text = JsFuture::from(response.text().ok()?).await.ok()?;
    request.0 = None;
    text.as_string()
}

/// `None` when it has ended.
struct Request(Option<AbortController>);

impl Drop for Request {
    fn drop(&mut self) {
        if let Some(open) = &self.0 {
            open.abort();
        }
    }
}
