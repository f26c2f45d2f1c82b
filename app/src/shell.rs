//! The document around the page, and the policy it is sent with.

use leptos::{config::LeptosOptions, prelude::*};

use crate::App;

/// Where the built page lies, such as `/pkg/tagtide.4f2a.js`.
#[derive(Clone, Debug)]
pub struct Assets {
    pub js: String,
    pub wasm: String,
    pub css: String,
}

/// The whole document. `watch`: reload by itself under `cargo leptos watch`.
pub fn shell(assets: &Assets, watch: Option<LeptosOptions>) -> impl IntoView + use<> {
    let css = assets.css.clone();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <link rel="stylesheet" href=css />
                {watch.map(|options| view! { <AutoReload options /> })}
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}
