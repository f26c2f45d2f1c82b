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
    let mut request = Request {
        controller: AbortController::new().ok()?,
        has_ended: false,
    };
    let options = RequestInit::new();
    options.set_signal(Some(&request.controller.signal()));
    let response = JsFuture::from(window().fetch_with_str_and_init(&address, &options));
    let response: Response = response.await.ok()?.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    let text = JsFuture::from(response.text().ok()?).await.ok()?;
    request.has_ended = true;
    text.as_string()
}

struct Request {
    controller: AbortController,
    has_ended: bool,
}

impl Drop for Request {
    fn drop(&mut self) {
        if !self.has_ended {
            self.controller.abort();
        }
    }
}
