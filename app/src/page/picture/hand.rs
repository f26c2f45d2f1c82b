//! What a mouse or a finger does to the picture: it points at a bar, and opens the page of its tag.
//!
//! A mouse points where it is. A finger points where it is put down and, held or lifted, goes on
//! pointing until it is put down elsewhere; a short touch opens. What is told follows its tag from
//! rank to rank, stays while the pointer is over it, and goes with the tag or by Escape.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Element, Event, HtmlCanvasElement, HtmlElement, KeyboardEvent, MouseEvent, Node, PointerEvent,
};

use super::{super::live::Live, class, tip::told};
use crate::{
    address,
    chart::canvas::{Band, Bars, Listener},
};

/// A finger that is held this long, in milliseconds, wants to see and not to open.
const HELD: f64 = 400.0;

/// So far from the pointer, in CSS pixels, is what is told.
const BESIDE: i32 = 16;

type Pointed = RwSignal<Option<String>>;

/// Keeps the canvas a picture of the rows, and known what is pointed at on it.
pub(super) fn draw(live: Live, canvas: NodeRef<leptos::html::Canvas>) {
    let pointed = live.arranged.pointed;
    // Out here, since all that an effect makes goes when it runs again.
    let drawn = StoredValue::new_local(None::<Drawn>);
    Effect::new(move || {
        let by = live.by.get();
        let tag = pointed.get();
        let canvas = canvas.get();
        live.rows.with(|rows| {
            drawn.update_value(|drawn| {
                // The board may have been away, and come back with another canvas.
                *drawn = canvas.and_then(|canvas| match drawn.take() {
                    Some(drawn) if drawn.hand.bars.is_on(&canvas) => Some(drawn),
                    _ => Drawn::on(canvas, live, pointed),
                });
                let Some(Drawn { hand, .. }) = drawn else {
                    return;
                };
                let class = class(rows.len());
                if hand.figure.class_name() != class {
                    hand.figure.set_class_name(&class);
                }
                hand.bars.show(rows, by);
                hand.tell(tag);
            });
        });
    });
}

/// The picture, and what listens to hands on it.
struct Drawn {
    hand: Rc<Hand>,
    _on_picture: Listener,
    _elsewhere: Listener,
}

impl Drawn {
    fn on(canvas: HtmlCanvasElement, live: Live, pointed: Pointed) -> Option<Self> {
        let figure: HtmlElement = canvas.parent_element()?.dyn_into().ok()?;
        let find = |what: &str| figure.query_selector(what).ok().flatten();
        let (tip, link, name, list) = (find(".tip")?, find("a")?, find("bdi")?, find("dl")?);
        let spot = Rc::new(Spot {
            figure: figure.clone(),
            tip: tip.clone(),
            x: Cell::new(0),
        });
        let placed = spot.clone();
        let hand = Rc::new(Hand {
            bars: Bars::new(canvas.clone(), Box::new(move |band| placed.place(band))),
            canvas: canvas.into(),
            figure,
            spot,
            link: link.unchecked_into(),
            name,
            list,
            live,
            pointed,
            dismissed: RefCell::default(),
            down: Cell::new(None),
        });
        let (here, there) = (hand.clone(), hand.clone());
        Some(Self {
            _on_picture: Listener::on(
                hand.figure.as_ref(),
                &[
                    "pointermove",
                    "pointerdown",
                    "pointerleave",
                    "pointercancel",
                    "click",
                ],
                Box::new(move |event| here.on_picture(&event)),
            ),
            _elsewhere: Listener::on(
                document().as_ref(),
                &["keydown", "pointerdown"],
                Box::new(move |event| there.elsewhere(&event)),
            ),
            hand,
        })
    }
}

/// Where it is told.
struct Spot {
    figure: HtmlElement,
    tip: Element,
    /// Where the pointer came to the row.
    x: Cell<i32>,
}

impl Spot {
    fn place(&self, band: Band) {
        self.set("--y", band.top);
        self.set("--tall", band.height);
        let height = window().inner_height().ok();
        let height = height.and_then(|height| height.as_f64()).unwrap_or(0.0);
        let middle = self.figure.get_bounding_client_rect().top() + band.top + band.height / 2.0;
        // Read only when a row is pointed at or has another rank.
        let room = self.figure.client_width() - self.tip.client_width();
        let class = match (middle > height / 2.0, self.x.get() > room - BESIDE) {
            (false, false) => "tip",
            (false, true) => "tip left",
            (true, false) => "tip up",
            (true, true) => "tip up left",
        };
        self.tip.set_class_name(class);
    }

    /// Says a length to the style sheet, in whole pixels.
    fn set(&self, name: &str, length: f64) {
        let mut text = (length.round() as i32).to_string();
        text.push_str("px");
        let _ = self.figure.style().set_property(name, &text);
    }
}

struct Hand {
    bars: Bars,
    canvas: Element,
    figure: HtmlElement,
    spot: Rc<Spot>,
    link: HtmlElement,
    name: Element,
    list: Element,
    live: Live,
    pointed: Pointed,
    /// The tag of which no more was to be told; for as long as it is pointed at.
    dismissed: RefCell<Option<String>>,
    /// When a finger was put down.
    down: Cell<Option<f64>>,
}

impl Hand {
    fn on_picture(&self, event: &JsValue) {
        let event: &Event = event.unchecked_ref();
        let on_canvas = event.target().as_ref() == Some(self.canvas.as_ref());
        match event.type_().as_str() {
            "click" if on_canvas => self.click(event.unchecked_ref()),
            "pointermove" | "pointerdown" if on_canvas => self.over(event.unchecked_ref()),
            "pointercancel" => self.point(None),
            "pointerleave" if !is_touch(event.unchecked_ref()) => self.point(None),
            _ => {}
        }
    }

    fn elsewhere(&self, event: &JsValue) {
        let event: &Event = event.unchecked_ref();
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
        if !self.figure.contains(target) {
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
            let x = event.offset_x();
            self.spot.set("--x", f64::from(x));
            self.spot.x.set(x);
        }
        self.point(tag);
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
        let pointed = self.pointed.with_untracked(Option::is_some);
        let Some(href) = self.link.get_attribute("href").filter(|_| pointed) else {
            return;
        };
        if event.ctrl_key() || event.meta_key() || event.shift_key() {
            let _ = window().open_with_url(&href);
        } else {
            // The router hears it.
            self.link.click();
        }
    }

    /// Tells what is known of a tag now.
    fn tell(&self, tag: Option<String>) {
        let of = self.live.shown.with_untracked(|shown| shown.of);
        let mode = self.live.line.mode.get_untracked();
        let found = tag.as_ref().and_then(|tag| {
            self.live.rows.with_untracked(|rows| {
                let past = rows.iter().any(|row| row.change.is_some());
                let place = rows.iter().position(|row| row.tag == *tag)?;
                Some((place, told(&rows[place], past)))
            })
        });
        let (place, lines) = found.unzip();
        mark_row(place);
        let tip = &self.spot.tip;
        let _ = tip.toggle_attribute_with_force("hidden", lines.is_none());
        // What another program calls a label has no page.
        let href = tag
            .as_ref()
            .and_then(|tag| address::row_href(tag, of, mode));
        let classes = self.figure.class_list();
        let _ = classes.toggle_with_force("leads", href.is_some());
        match (&tag, lines) {
            (Some(tag), Some(lines)) => {
                self.name.set_text_content(Some(tag));
                self.list.set_text_content(None);
                for (name, number) in lines {
                    let _ = self.line(name, &number);
                }
                let _ = match &href {
                    Some(href) => self.link.set_attribute("href", href),
                    None => self.link.remove_attribute("href"),
                };
            }
            // The tag is not ranked any more.
            (Some(_), None) => self.point(None),
            (None, _) => {}
        }
        self.bars.mark(tag);
    }

    fn line(&self, name: &str, number: &str) -> Option<()> {
        let line = document().create_element("div").ok()?;
        for (kind, text) in [("dt", name), ("dd", number)] {
            let part = document().create_element(kind).ok()?;
            part.set_text_content(Some(text));
            line.append_child(&part).ok()?;
        }
        self.list.append_child(&line).ok()?;
        Some(())
    }
}

/// Marks the row of the table that is as far down as what is pointed at.
fn mark_row(place: Option<usize>) {
    let row = |what: &str| document().query_selector(what).ok().flatten();
    if let Some(row) = row(".ranks .pointed") {
        let _ = row.class_list().remove_1("pointed");
    }
    let marked = place.map(|place| format!(".ranks tbody tr:nth-child({})", place + 1));
    if let Some(row) = marked.and_then(|marked| row(&marked)) {
        let _ = row.class_list().add_1("pointed");
    }
}

fn is_touch(event: &PointerEvent) -> bool {
    event.pointer_type() == "touch"
}
