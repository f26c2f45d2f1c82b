//! The board to take away: as data, as a picture, as a link, as a frame in another page.

use leptos::prelude::*;
use model::View;

use super::{live::Live, said};
use crate::{
    address::{self, Mode, Theme},
    words,
};

#[component]
pub fn Take(live: Live) -> impl IntoView {
    let (view, mode) = (live.view, live.line.mode);
    let data = move |path: &'static str| said(move || data_href(path, view.get(), mode.get()));
    // Only the browser knows under which name the server is reached.
    #[cfg(not(feature = "hydrate"))]
    let site = String::new();
    #[cfg(feature = "hydrate")]
    let site = window().location().origin().unwrap_or_default();
    let link = said({
        let site = site.clone();
        move || format!("{site}{}", address::href(view.get(), mode.get()))
    });
    let frame = said(move || frame(&site, view.get(), mode.get()));
    let picture = move |_event: leptos::ev::MouseEvent| {
        #[cfg(feature = "hydrate")]
        if browser::save_picture().is_some() {
            _event.prevent_default();
        }
    };
    view! {
        <details class="take">
            <summary>"Share"</summary>
            <div>
                <p>
                    <a href=data("/api/v1/top.csv") download="">
                        "CSV"
                    </a>
                    <a href=data("/api/v1/top") rel="external">
                        "JSON"
                    </a>
                    <a href=data("/api/v1/top.svg") rel="external">
                        "SVG"
                    </a>
                    <a href=data("/api/v1/top.png") download="tagtide.png" on:click=picture>
                        "PNG"
                    </a>
                </p>
                {copied("Link", link)}
                {copied("Frame", frame)}
            </div>
        </details>
    }
}

/// A text with a button that copies it.
fn copied(name: &'static str, text: Signal<String>) -> impl IntoView {
    let field = NodeRef::<leptos::html::Input>::new();
    let copied = RwSignal::new(false);
    let copy = move |_| {
        #[cfg(feature = "hydrate")]
        copied.set(
            field
                .get_untracked()
                .is_some_and(|field| browser::copy(&field)),
        );
    };
    view! {
        <p class="alive">
            <input
                node_ref=field
                readonly=""
                aria-label=name
                prop:value=text
            />
            <button type="button" on:click=copy>
                {said(move || if copied.get() { "Copied" } else { "Copy" }.to_owned())}
                <span class="spoken">" "{name}</span>
            </button>
        </p>
    }
}

/// Where the same board is to be had in another form.
fn data_href(path: &str, view: View, mode: Mode) -> String {
    let mut parameters = address::parameters(view);
    // Of the mode, a picture has the colours.
    if path.ends_with("g") && mode.theme != Theme::System {
        parameters.push(("theme", mode.theme.name().to_owned()));
    }
    address::with_parameters(path, &parameters)
}

/// What to write into another page to have the board there.
fn frame(site: &str, view: View, mode: Mode) -> String {
    let mode = Mode {
        theme: mode.theme,
        embed: true,
        ..Mode::default()
    };
    let address = address::href(view, mode).replace('&', "&amp;");
    let title = words::title(view);
    format!(
        "<iframe src=\"{site}{address}\" title=\"{title}\" width=\"640\" height=\"720\" \
         loading=\"lazy\"></iframe>"
    )
}

#[cfg(feature = "hydrate")]
mod browser {
    use js_sys::{Function, Reflect};
    use leptos::{prelude::*, web_sys::HtmlInputElement};
    use wasm_bindgen::{JsCast, JsValue};
    use web_sys::{CanvasRenderingContext2d, HtmlAnchorElement, HtmlCanvasElement};

    /// Copies what a field holds. The newer way is not there on a page that came over plain HTTP, as
    /// in an office network; this one is, everywhere.
    pub(super) fn copy(field: &HtmlInputElement) -> bool {
        field.select();
        let document: JsValue = document().into();
        let copy = || {
            let command = Reflect::get(&document, &"execCommand".into()).ok()?;
            let command: &Function = command.dyn_ref()?;
            command.call1(&document, &"copy".into()).ok()?.as_bool()
        };
        copy().unwrap_or(false)
    }

    /// Saves the picture as it is seen, on the ground of the page.
    pub(super) fn save_picture() -> Option<()> {
        let seen = document().query_selector(".picture canvas").ok()??;
        let seen: HtmlCanvasElement = seen.dyn_into().ok()?;
        let sheet = document().create_element("canvas").ok()?;
        let sheet: HtmlCanvasElement = sheet.dyn_into().ok()?;
        let (width, height) = (seen.width(), seen.height());
        sheet.set_width(width);
        sheet.set_height(height);
        let context = sheet.get_context("2d").ok()??;
        let context: CanvasRenderingContext2d = context.dyn_into().ok()?;
        let style = window()
            .get_computed_style(document().body()?.as_ref())
            .ok()??;
        let ground = style.get_property_value("background-color").ok()?;
        context.set_fill_style_str(&ground);
        context.fill_rect(0.0, 0.0, width.into(), height.into());
        context
            .draw_image_with_html_canvas_element(&seen, 0.0, 0.0)
            .ok()?;
        let way = document().create_element("a").ok()?;
        let way: HtmlAnchorElement = way.dyn_into().ok()?;
        way.set_href(&sheet.to_data_url().ok()?);
        way.set_download("tagtide.png");
        way.click();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use model::{Filter, Lang, Origin};

    use super::*;

    #[test]
    fn the_same_board_in_other_forms() {
        let view = View {
            origin: Origin::Counted(Filter {
                lang: Lang::of_tag("en"),
                ..Filter::default()
            }),
            rows: 25,
            ..View::default()
        };
        let dark = Mode {
            theme: Theme::Dark,
            kiosk: true,
            ..Mode::default()
        };
        let data = |path| data_href(path, view, dark);
        assert_eq!(data("/api/v1/top.csv"), "/api/v1/top.csv?lang=en&k=25");
        let picture = "/api/v1/top.svg?lang=en&k=25&theme=dark";
        assert_eq!(data("/api/v1/top.svg"), picture);
        assert_eq!(
            frame("https://a.example", view, dark),
            "<iframe src=\"https://a.example/?lang=en&amp;k=25&amp;theme=dark&amp;embed=1\" \
             title=\"Most mentioned in the last five minutes\" width=\"640\" height=\"720\" \
             loading=\"lazy\"></iframe>"
        );
    }
}
