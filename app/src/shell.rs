//! The document around the page, and the policy it is sent with.
//!
//! What must stay true: nothing on the page runs or paints that did not come from here. The policy
//! names a number used once; a script runs when it bears that number or was fetched by one that
//! does. There is no inline style, so no tag can bring any.

use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::*};

use crate::{App, ask::Told, card::Card, page::root, place::Place};

/// Where the built page lies, such as `/pkg/tagtide.4f2a.js`.
#[derive(Clone, Debug)]
pub struct Assets {
    pub js: String,
    pub wasm: String,
    pub css: String,
}

/// The page that is asked for.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its address: path and query.
    pub at: String,
    /// What it shows at first.
    pub first: Option<Told>,
    /// How the server is called from outside, where that is known.
    pub origin: Option<String>,
}

/// The whole document. `watch`: reload by itself under `cargo leptos watch`.
pub fn shell(assets: &Assets, watch: Option<LeptosOptions>, page: Page) -> impl IntoView + use<> {
    let nonce = use_nonce()
        .map(|nonce| nonce.to_string())
        .unwrap_or_default();
    let Assets { js, wasm, css } = assets.clone();
    let script = hydration(&js, &wasm);
    let (place, mode) = Place::of(&page.at);
    let card = Card::of(&place, page.first.as_ref(), page.origin.as_deref());
    send_policy(&nonce, mode.embed, watch.is_some());
    let [theme, kiosk, embed] = root::attributes(mode).map(|(_, value)| value);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme data-kiosk=kiosk data-embed=embed>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                {card.head()}
                <link rel="stylesheet" href=css />
                <link rel="modulepreload" href=js nonce=nonce.clone() />
                <link
                    rel="preload"
                    href=wasm
                    r#as="fetch"
                    r#type="application/wasm"
                    crossorigin="anonymous"
                />
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml" />
                <script type="module" nonce=nonce>
                    {script}
                </script>
                {watch.map(|options| view! { <AutoReload options /> })}
            </head>
            <body>
                <App at=page.at first=page.first />
            </body>
        </html>
    }
}

/// Brings the page to life. Where that fails it stays as it was sent, and its style is told so, to
/// keep no place for what will not come.
fn hydration(js: &str, wasm: &str) -> String {
    format!(
        r#"try {{
    const page = await import({js:?});
    await page.default({{ module_or_path: {wasm:?} }});
    page.hydrate();
}} catch (why) {{
    document.documentElement.classList.add("still");
    console.warn("tagtide: this page stays as it was sent.", why);
}}"#
    )
}

/// `embed`: any page may have it in a frame.
fn send_policy(nonce: &str, embed: bool, watched: bool) {
    use http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
    };

    let Some(response) = use_context::<leptos_axum::ResponseOptions>() else {
        return;
    };
    let ancestors = if embed { "*" } else { "'self'" };
    // Watching, the page also listens for what has been built anew, on another port.
    let connect = if watched { "'self' ws:" } else { "'self'" };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self'; connect-src {connect}; base-uri 'none'; \
         form-action 'self'; frame-ancestors {ancestors}"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
    response.insert_header(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
}
