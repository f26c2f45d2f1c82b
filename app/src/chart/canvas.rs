//! The picture on a canvas in the browser.
//!
//! What must stay true: the backing store has the size of the canvas on the screen in device
//! pixels, so letters are as sharp as the page's; whatever changes that size, the sharpness of the
//! screen or the colours is followed by a new picture; and at most one is drawn in a frame.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use leptos::prelude::{request_animation_frame, window};
use model::{Ranking, Row};
use plotters_canvas::CanvasBackend;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{
    CanvasRenderingContext2d, EventTarget, HtmlCanvasElement, MediaQueryList, ResizeObserver,
};

use super::{Look, Palette, paint};

/// A browser gives up on larger canvases; a wall of this many pixels is looked at from afar.
const LARGEST: f64 = 8192.0;

/// Keeps a canvas a picture of the newest rows.
pub struct Painter {
    easel: Rc<Easel>,
    _resizes: Resizes,
    _theme: Watch,
}

impl std::fmt::Debug for Painter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Painter")
            .field("ranked", &self.easel.ranked)
            .finish_non_exhaustive()
    }
}

impl Painter {
    pub fn new(canvas: HtmlCanvasElement) -> Self {
        let easel = Rc::new(Easel {
            canvas,
            ranked: RefCell::default(),
            due: Cell::new(false),
            sharpness: RefCell::default(),
        });
        let weak = Rc::downgrade(&easel);
        let resizes = Resizes::of(&easel.canvas, move || soon(&weak));
        let weak = Rc::downgrade(&easel);
        let theme = Watch::on("(prefers-color-scheme: dark)", move || soon(&weak));
        easel.watch_sharpness();
        Self {
            easel,
            _resizes: resizes,
            _theme: theme,
        }
    }

    pub fn is_on(&self, canvas: &HtmlCanvasElement) -> bool {
        self.easel.canvas == *canvas
    }

    pub fn show(&self, rows: Vec<Row>, by: Ranking) {
        self.easel.ranked.replace((rows, by));
        soon(&Rc::downgrade(&self.easel));
    }
}

/// What is drawn on and from.
struct Easel {
    canvas: HtmlCanvasElement,
    /// And by what.
    ranked: RefCell<(Vec<Row>, Ranking)>,
    /// A picture is drawn in the next frame.
    due: Cell<bool>,
    sharpness: RefCell<Option<Watch>>,
}

fn soon(easel: &Weak<Easel>) {
    let Some(easel) = easel.upgrade().filter(|easel| !easel.due.replace(true)) else {
        return;
    };
    let easel = Rc::downgrade(&easel);
    request_animation_frame(move || {
        if let Some(easel) = easel.upgrade() {
            easel.due.set(false);
            // A canvas that cannot be drawn on leaves the table, which says the same.
            let _ = easel.draw();
        }
    });
}

impl Easel {
    fn draw(&self) -> Option<()> {
        let sharpness = window().device_pixel_ratio().clamp(0.25, 8.0);
        let place = self.canvas.get_bounding_client_rect();
        // The browser moves each edge to the next device pixel: a size that is rounded by itself
        // may be one off, and all letters blurred.
        let size = |from: f64, to: f64| {
            let length = (to * sharpness).round() - (from * sharpness).round();
            length.clamp(0.0, LARGEST) as u32
        };
        let width = size(place.left(), place.right());
        let height = size(place.top(), place.bottom());
        if width == 0 || height == 0 {
            return None;
        }

        let context = self.canvas.get_context("2d").ok()??;
        let context: CanvasRenderingContext2d = context.dyn_into().ok()?;
        if (self.canvas.width(), self.canvas.height()) == (width, height) {
            context.clear_rect(0.0, 0.0, f64::from(width), f64::from(height));
        } else {
            // This clears too.
            self.canvas.set_width(width);
            self.canvas.set_height(height);
        }

        let style = window().get_computed_style(&self.canvas).ok()??;
        let property = |name: &str| style.get_property_value(name).ok();
        let palette = Palette::read(property);
        let family = property("font-family").filter(|family| !family.is_empty());
        let family = family.unwrap_or_else(|| "sans-serif".to_owned());
        // Not by `str::parse`, whose table of powers is a twentieth of the page.
        let em = property("font-size").map(|size| js_sys::parse_float(&size));
        let em = em.filter(|em| em.is_finite() && *em > 0.0);
        let measure = |text: &str, size: f64| {
            context.set_font(&format!("{size}px {family}"));
            context
                .measure_text(text)
                .map_or(0.0, |measured| measured.width())
        };
        let look = Look {
            em: em.unwrap_or(16.0) * sharpness,
            family: &family,
            palette: &palette,
            measure: &measure,
        };
        let mut backend = CanvasBackend::with_canvas_object(self.canvas.clone())?;
        let (rows, by) = &*self.ranked.borrow();
        paint(&mut backend, rows, *by, look).ok()
    }

    /// A media query says only whether one sharpness still holds, so each change needs the next.
    fn watch_sharpness(self: &Rc<Self>) {
        let query = format!("(resolution: {}dppx)", window().device_pixel_ratio());
        let weak = Rc::downgrade(self);
        let watch = Watch::on(&query, move || {
            soon(&weak);
            let weak = weak.clone();
            // Not from within the watch that this replaces.
            request_animation_frame(move || {
                if let Some(easel) = weak.upgrade() {
                    easel.watch_sharpness();
                }
            });
        });
        self.sharpness.replace(Some(watch));
    }
}

/// Calls back when a media query turns, for as long as it is kept.
struct Watch {
    query: Option<MediaQueryList>,
    turned: Closure<dyn Fn()>,
}

impl Watch {
    fn on(query: &str, turned: impl Fn() + 'static) -> Self {
        let query = window().match_media(query).ok().flatten();
        let turned: Closure<dyn Fn()> = Closure::new(turned);
        if let Some(query) = &query {
            let target: &EventTarget = query.as_ref();
            let _ =
                target.add_event_listener_with_callback("change", turned.as_ref().unchecked_ref());
        }
        Self { query, turned }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(query) = &self.query {
            let target: &EventTarget = query.as_ref();
            let turned = self.turned.as_ref().unchecked_ref();
            let _ = target.remove_event_listener_with_callback("change", turned);
        }
    }
}

/// Calls back when a canvas has got another size on the screen, for as long as it is kept.
struct Resizes {
    observer: Option<ResizeObserver>,
    _changed: Closure<dyn Fn()>,
}

impl Resizes {
    fn of(canvas: &HtmlCanvasElement, changed: impl Fn() + 'static) -> Self {
        let changed: Closure<dyn Fn()> = Closure::new(changed);
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
