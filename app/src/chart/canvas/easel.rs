//! Keeps a canvas as sharp as the screen, and says when to draw on it.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use leptos::prelude::{document, request_animation_frame, window};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::{
    listen::{Listener, Resizes, Watch},
    screen::Screen,
    widths::Widths,
};
use crate::chart::{Look, Palette, Place, Sheet, glide::FRAME};

/// What is to be seen on a canvas.
pub(super) trait Scene {
    /// Draws what is new, or all of it on a surface that is new. Says after how many milliseconds
    /// something will have moved; `None` where nothing moves.
    fn draw(&self, surface: &Surface<'_>, moment: Moment) -> Option<f64>;
}

#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// In milliseconds.
    pub(super) now: f64,
    /// The surface is another one than before.
    pub(super) anew: bool,
    /// Nothing is to glide: the reader has asked for that, or has not seen what was before.
    pub(super) still: bool,
}

/// What is drawn on and in what.
pub(super) struct Surface<'a> {
    canvas: &'a HtmlCanvasElement,
    context: &'a CanvasRenderingContext2d,
    widths: &'a RefCell<Widths>,
    setting: &'a Setting,
    seen: &'a Range<i32>,
}

impl Surface<'_> {
    pub(super) fn sheet(&self) -> Sheet {
        self.setting.sheet
    }

    /// Pixels of the sheet in one of CSS.
    pub(super) fn sharpness(&self) -> f64 {
        self.setting.sharpness
    }

    pub(super) fn width_of(&self, text: &str, size: f64) -> f64 {
        self.widths.borrow_mut().of(text, size, self.context)
    }

    /// The heights that are in the window or near it.
    pub(super) fn seen(&self) -> Range<i32> {
        self.seen.clone()
    }

    pub(super) fn all(&self) -> Range<i32> {
        let height = self.setting.sheet.height;
        0..i32::try_from(height).unwrap_or(i32::MAX)
    }

    /// Empty within a range of heights, and in which look to draw on it.
    pub(super) fn clear(&self, within: &Range<i32>, draw: &dyn Fn(&mut Screen<'_>, Look<'_>)) {
        let measure = |text: &str, size: f64| self.width_of(text, size);
        let look = Look {
            em: self.setting.sheet.em,
            family: &self.setting.family,
            palette: &self.setting.palette,
            measure: &measure,
        };
        draw(&mut Screen::on(self.canvas, self.context, within), look);
    }
}

#[derive(PartialEq)]
struct Setting {
    sheet: Sheet,
    sharpness: f64,
    palette: Palette,
    family: String,
}

pub(super) struct Easel {
    canvas: HtmlCanvasElement,
    context: Option<CanvasRenderingContext2d>,
    scene: Rc<dyn Scene>,
    widths: RefCell<Widths>,
    /// `None` while there is nothing to see.
    setting: RefCell<Option<Setting>>,
    /// The heights of the sheet that were in the window, or near it, when that was read.
    seen: RefCell<Range<i32>>,
    /// Size and style of the canvas are to be read again.
    stale: Cell<bool>,
    /// A frame is asked for,
    due: Cell<bool>,
    /// and will be after a while.
    later: RefCell<Option<Timeout>>,
    /// The page was out of sight since it last showed something new.
    unseen: Cell<bool>,
    calm: Watch,
    resolution: RefCell<Option<Watch>>,
    _theme: Watch,
    _resizes: Resizes,
    _sight: Listener,
}

impl Easel {
    pub(super) fn new(canvas: HtmlCanvasElement, scene: Rc<dyn Scene>) -> Rc<Self> {
        let context = canvas.get_context("2d").ok().flatten();
        let context = context.and_then(|context| context.dyn_into().ok());
        let easel = Rc::new_cyclic(|easel: &Weak<Self>| {
            let on = |what: fn(&Rc<Self>)| {
                let easel = easel.clone();
                move || {
                    if let Some(easel) = easel.upgrade() {
                        what(&easel);
                    }
                }
            };
            let (theme, calm) = (on(Self::anew), on(Self::soon));
            let (hidden, resized) = (on(Self::hide), on(Self::resize));
            Self {
                _theme: Watch::on("(prefers-color-scheme: dark)", Box::new(move |_| theme())),
                calm: Watch::on(
                    "(prefers-reduced-motion: reduce)",
                    Box::new(move |_| calm()),
                ),
                _sight: Listener::on(
                    document().as_ref(),
                    &["visibilitychange"],
                    Box::new(move |_| hidden()),
                ),
                _resizes: Resizes::of(&canvas, Box::new(move |_| resized())),
                canvas,
                context,
                scene,
                widths: RefCell::default(),
                setting: RefCell::default(),
                seen: RefCell::default(),
                stale: Cell::new(true),
                due: Cell::new(false),
                later: RefCell::default(),
                unseen: Cell::new(false),
                resolution: RefCell::default(),
            }
        });
        easel.watch_resolution();
        easel
    }

    pub(super) fn is_on(&self, canvas: &HtmlCanvasElement) -> bool {
        self.canvas == *canvas
    }

    /// Pixels of the sheet in one of CSS; `None` while there is nothing to see.
    pub(super) fn sharpness(&self) -> Option<f64> {
        let setting = self.setting.borrow();
        setting.as_ref().map(|setting| setting.sharpness)
    }

    /// The scene has changed, and maybe what it is drawn on.
    pub(super) fn anew(self: &Rc<Self>) {
        self.stale.set(true);
        self.soon();
    }

    /// The scene has changed.
    pub(super) fn soon(self: &Rc<Self>) {
        if self.due.replace(true) {
            return;
        }
        let easel = Rc::downgrade(self);
        in_a_frame(Box::new(move || {
            if let Some(easel) = easel.upgrade() {
                easel.due.set(false);
                easel.frame();
            }
        }));
    }

    /// The scene will have changed after so many milliseconds.
    fn after(self: &Rc<Self>, time: f64) {
        if time < 2.0 * FRAME {
            return self.soon();
        }
        let easel = Rc::downgrade(self);
        // The frame that this is shown in is still to come.
        let later = Timeout::new((time - FRAME) as u32, move || {
            if let Some(easel) = easel.upgrade() {
                easel.soon();
            }
        });
        self.later.replace(Some(later));
    }

    /// Before the browser shows the old picture in the new size.
    fn resize(self: &Rc<Self>) {
        self.stale.set(true);
        self.frame();
    }

    fn hide(self: &Rc<Self>) {
        if document().hidden() {
            self.unseen.set(true);
        }
    }

    fn frame(self: &Rc<Self>) {
        self.later.take();
        let stale = self.stale.take();
        let anew = stale && self.set();
        // Out of sight for a while, the newest is shown at once.
        let unseen = if stale { self.unseen.take() } else { false };
        let moment = Moment {
            now: window().performance().map_or(0.0, |clock| clock.now()),
            anew,
            still: unseen || self.calm.holds(),
        };
        if let (Some(setting), Some(context)) = (&*self.setting.borrow(), &self.context) {
            let surface = Surface {
                canvas: &self.canvas,
                context,
                widths: &self.widths,
                setting,
                seen: &self.seen.borrow(),
            };
            // A canvas that cannot be drawn on leaves the table, which says the same.
            if let Some(time) = self.scene.draw(&surface, moment) {
                self.after(time);
            }
        }
    }

    /// Reads size and style. Says whether they are others than before.
    fn set(&self) -> bool {
        let setting = self.read();
        if let Some(setting) = &setting {
            let (width, height) = (setting.sheet.width, setting.sheet.height);
            // To set the size clears, even where it is the same.
            if (self.canvas.width(), self.canvas.height()) != (width, height) {
                self.canvas.set_width(width);
                self.canvas.set_height(height);
            }
            let mut widths = self.widths.borrow_mut();
            widths.ready(setting.sheet.em, &setting.family);
        }
        let anew = *self.setting.borrow() != setting;
        self.setting.replace(setting);
        anew
    }

    fn read(&self) -> Option<Setting> {
        let style = window().get_computed_style(&self.canvas).ok()??;
        let property = |name: &str| style.get_property_value(name).ok();
        // Not by `str::parse`, whose table of powers is a twentieth of the page.
        let em = property("font-size").map(|size| js_sys::parse_float(&size));
        let em = em.filter(|em| em.is_finite() && *em > 0.0);
        let rect = self.canvas.get_bounding_client_rect();
        let place = Place {
            left: rect.left(),
            top: rect.top(),
            right: rect.right(),
            bottom: rect.bottom(),
        };
        let sharpness = window().device_pixel_ratio();
        let (sheet, sharpness) = Sheet::behind(place, em.unwrap_or(16.0), sharpness)?;
        // Who scrolls meanwhile finds what was there before, for the time of a glide.
        let height = window().inner_height().ok()?.as_f64()?;
        let at = |from_top: f64| ((from_top - place.top) * sharpness) as i32;
        self.seen.replace(at(-height / 2.0)..at(height * 1.5));
        let family = property("font-family").filter(|family| !family.is_empty());
        Some(Setting {
            sheet,
            sharpness,
            palette: Palette::read(property),
            family: family.unwrap_or_else(|| "sans-serif".to_owned()),
        })
    }

    /// A media query says only whether one sharpness still holds, so each change needs the next.
    fn watch_resolution(self: &Rc<Self>) {
        // The browser's own digits: to make them here is a hundredth of the page.
        let ratio = js_sys::JSON::stringify(&window().device_pixel_ratio().into());
        let ratio = ratio.map(String::from).unwrap_or_default();
        let query = format!("(resolution: {ratio}dppx)");
        let weak = Rc::downgrade(self);
        let turned = move |_| {
            if let Some(easel) = weak.upgrade() {
                easel.anew();
            }
            let weak = weak.clone();
            // Not from within the watch that this replaces.
            in_a_frame(Box::new(move || {
                if let Some(easel) = weak.upgrade() {
                    easel.watch_resolution();
                }
            }));
        };
        self.resolution
            .replace(Some(Watch::on(&query, Box::new(turned))));
    }
}

/// Of one type, since each weighs something in the browser.
fn in_a_frame(run: Box<dyn FnOnce()>) {
    request_animation_frame(run);
}
