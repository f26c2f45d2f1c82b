//! What a mouse or a finger does to the picture: it points at a bar, and opens the page of its tag.
//!
//! A mouse points where it is. A finger points where it is put down and, held or lifted, goes on
//! pointing until it is put down elsewhere; a short touch opens. What is told stays while the
//! pointer is over it, and goes by Escape.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;
use web_sys::{
    Event, HtmlCanvasElement, HtmlElement, KeyboardEvent, MouseEvent, Node, PointerEvent,
};

use super::{
    super::{board::tag_href, live::Live},
    tip::Spot,
};
use crate::chart::canvas::{Band, Bars, Listener};

/// A finger that is held this long, in milliseconds, wants to see and not to open.
const HELD: f64 = 400.0;

/// Opens the page of a tag, here or aside.
type Open = dyn Fn(&str, bool);

/// Keeps the canvas a picture of the rows, and `pointed` what is pointed at on it.
pub(super) fn draw(
    live: Live,
    canvas: NodeRef<leptos::html::Canvas>,
    pointed: RwSignal<Option<String>>,
    spot: RwSignal<Spot>,
) {
    let navigate = use_navigate();
    let open = move |tag: &str, aside: bool| {
        let of = live.shown.with_untracked(|shown| shown.of);
        let Some(href) = tag_href(tag, of) else {
            return;
        };
        if aside {
            let _ = window().open_with_url(&href);
        } else {
            navigate(&href, Default::default());
        }
    };
    let open: Rc<Open> = Rc::new(open);
    // Out here, since all that an effect makes goes when it runs again.
    let drawn = StoredValue::new_local(None::<Drawn>);
    Effect::new(move || {
        let (rows, by) = (live.rows.get(), live.by.get());
        let canvas = canvas.get();
        let gone = |tag: &String| rows.iter().all(|row| row.tag != *tag);
        if pointed.with_untracked(|tag| tag.as_ref().is_some_and(gone)) {
            pointed.set(None);
        }
        drawn.update_value(|drawn| {
            // The board may have been away, and come back with another canvas.
            *drawn = canvas.map(|canvas| match drawn.take() {
                Some(drawn) if drawn.bars.is_on(&canvas) => drawn,
                _ => Drawn::on(canvas, pointed, spot, open.clone()),
            });
            if let Some(drawn) = drawn {
                drawn.bars.show(rows, by);
            }
        });
    });
    Effect::new(move || {
        let tag = pointed.get();
        drawn.with_value(|drawn| {
            if let Some(drawn) = drawn {
                drawn.bars.mark(tag);
            }
        });
    });
}

/// The picture, and what listens to hands on it.
struct Drawn {
    bars: Rc<Bars>,
    _on_picture: Listener,
    _elsewhere: Listener,
}

impl Drawn {
    fn on(
        canvas: HtmlCanvasElement,
        pointed: RwSignal<Option<String>>,
        spot: RwSignal<Spot>,
        open: Rc<Open>,
    ) -> Self {
        let element: &HtmlElement = canvas.unchecked_ref();
        let placed = {
            let canvas = element.clone();
            move |band: Band| {
                set(&canvas, "--y", band.top);
                set(&canvas, "--tall", band.height);
                let height = window().inner_height().ok();
                let height = height.and_then(|height| height.as_f64()).unwrap_or(0.0);
                let middle = canvas.get_bounding_client_rect().top() + band.top + band.height / 2.0;
                spot.update(|spot| spot.up = middle > height / 2.0);
            }
        };
        let bars = Rc::new(Bars::new(canvas.clone(), Box::new(placed)));
        let hand = Rc::new(Hand {
            canvas: element.clone(),
            bars: bars.clone(),
            pointed,
            spot,
            dismissed: RefCell::default(),
            down: Cell::new(None),
            open,
        });
        let figure = picture(element).unwrap_or_else(|| element.clone());
        let there = hand.clone();
        Self {
            bars,
            _on_picture: Listener::on(
                figure.as_ref(),
                &[
                    "pointermove",
                    "pointerdown",
                    "pointerleave",
                    "pointercancel",
                    "click",
                ],
                Box::new(move |event| hand.on_picture(&event)),
            ),
            _elsewhere: Listener::on(
                document().as_ref(),
                &["keydown", "pointerdown"],
                Box::new(move |event| there.elsewhere(&event)),
            ),
        }
    }
}

struct Hand {
    canvas: HtmlElement,
    bars: Rc<Bars>,
    pointed: RwSignal<Option<String>>,
    spot: RwSignal<Spot>,
    /// The tag of which no more was to be told; for as long as it is pointed at.
    dismissed: RefCell<Option<String>>,
    /// When a finger was put down.
    down: Cell<Option<f64>>,
    open: Rc<Open>,
}

impl Hand {
    fn on_picture(&self, event: &Event) {
        let on_canvas = event.target().as_ref() == Some(self.canvas.as_ref());
        match event.type_().as_str() {
            "click" if on_canvas => self.click(event.unchecked_ref()),
            "pointermove" | "pointerdown" if on_canvas => self.over(event.unchecked_ref()),
            "pointercancel" => self.point(None),
            "pointerleave" if !is_touch(event.unchecked_ref()) => self.point(None),
            _ => {}
        }
    }

    fn elsewhere(&self, event: &Event) {
        if event.type_() == "keydown" {
            let key: &KeyboardEvent = event.unchecked_ref();
            if key.key() == "Escape" {
                let tag = self.pointed.get_untracked();
                self.point(None);
                self.dismissed.replace(tag);
            }
            return;
        }
        let target = event.target();
        let target: Option<&Node> = target.as_ref().map(JsCast::unchecked_ref);
        if picture(&self.canvas).is_some_and(|figure| !figure.contains(target)) {
            self.point(None);
        }
    }

    fn over(&self, event: &PointerEvent) {
        let down = event.type_() == "pointerdown";
        if is_touch(event) {
            if !down {
                return;
            }
            self.down.set(Some(event.time_stamp()));
        } else {
            self.down.set(None);
        }
        let tag = self.bars.tag_at(f64::from(event.offset_y()));
        if tag.is_some() && tag == *self.dismissed.borrow() && !down {
            return;
        }
        if self.pointed.with_untracked(|pointed| *pointed != tag) {
            let x = f64::from(event.offset_x());
            set(&self.canvas, "--x", x);
            let left = x > f64::from(self.canvas.client_width()) / 2.0;
            self.spot.update(|spot| spot.left = left);
            self.point(tag);
        }
    }

    fn point(&self, tag: Option<String>) {
        self.dismissed.replace(None);
        if self.pointed.with_untracked(|pointed| *pointed != tag) {
            self.pointed.set(tag);
        }
    }

    fn click(&self, event: &MouseEvent) {
        let down = self.down.take();
        if down.is_some_and(|down| event.time_stamp() - down > HELD) {
            return;
        }
        if let Some(tag) = self.bars.tag_at(f64::from(event.offset_y())) {
            let aside = event.ctrl_key() || event.meta_key() || event.shift_key();
            (self.open)(&tag, aside);
        }
    }
}

fn is_touch(event: &PointerEvent) -> bool {
    event.pointer_type() == "touch"
}

/// What the canvas and what is told stand in.
fn picture(canvas: &HtmlElement) -> Option<HtmlElement> {
    canvas.parent_element()?.dyn_into().ok()
}

/// Says a length to the style sheet, in whole pixels.
fn set(canvas: &HtmlElement, name: &str, length: f64) {
    if let Some(figure) = picture(canvas) {
        let length = length.round() as i32;
        let _ = figure.style().set_property(name, &format!("{length}px"));
    }
}
