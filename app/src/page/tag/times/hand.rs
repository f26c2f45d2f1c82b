//! What a mouse, a finger and the keys do to the picture: they choose a step, which is then told.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use leptos::prelude::*;
use model::Window;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlCanvasElement, KeyboardEvent, PointerEvent};

use super::{
    super::super::live::{Known, LiveTag},
    Canvas, time, told,
};
use crate::chart::{
    canvas::{Course, Listener},
    times::Series,
};

/// Keeps the canvas a picture of the series.
pub(in super::super) fn draw(live: LiveTag, canvas: Canvas) {
    // Out here, since all that an effect makes goes when it runs again.
    let drawn = StoredValue::new_local(None::<(Rc<Hand>, Listener)>);
    Effect::new(move || {
        let zone = live.line.zone.get().unwrap_or(0);
        let canvas = canvas.get();
        live.shown.with(|shown| {
            let Known::Tag(detail) = &shown.tag else {
                return;
            };
            let series = Series {
                steps: detail.series.clone(),
                at: detail.at.clone(),
                zone,
            };
            drawn.update_value(|drawn| {
                *drawn = canvas.and_then(|canvas| match drawn.take() {
                    Some(drawn) if drawn.0.course.is_on(&canvas) => Some(drawn),
                    _ => Hand::on(canvas),
                });
                if let Some((hand, _)) = drawn {
                    hand.window.set(detail.window);
                    hand.series.replace(series);
                    hand.tell();
                }
            });
        });
    });
}

struct Hand {
    course: Course,
    /// Where the step is told.
    output: Element,
    window: Cell<Window>,
    series: RefCell<Series>,
    /// When the step begins that is chosen, since steps leave.
    chosen: RefCell<Option<String>>,
    /// The keys choose.
    focused: Cell<bool>,
}

impl Hand {
    fn on(canvas: HtmlCanvasElement) -> Option<(Rc<Self>, Listener)> {
        let section = canvas.closest("section").ok()??;
        let hand = Rc::new(Self {
            course: Course::new(canvas.clone()),
            output: section.query_selector("output").ok()??,
            window: Cell::default(),
            series: RefCell::default(),
            chosen: RefCell::default(),
            focused: Cell::default(),
        });
        let heard = hand.clone();
        let listener = Listener::on(
            canvas.as_ref(),
            &[
                "pointermove",
                "pointerdown",
                "pointerleave",
                "keydown",
                "focus",
                "blur",
            ],
            Box::new(move |event| heard.heard(&event)),
        );
        Some((hand, listener))
    }

    fn heard(&self, event: &JsValue) {
        let event: &Event = event.unchecked_ref();
        match event.type_().as_str() {
            "pointermove" | "pointerdown" => {
                let pointer: &PointerEvent = event.unchecked_ref();
                self.choose(self.course.nearest(f64::from(pointer.offset_x())));
            }
            "pointerleave" if !self.focused.get() => self.choose(None),
            "focus" => {
                self.focus(true);
                if self.chosen.borrow().is_none() {
                    self.go("End");
                }
            }
            "blur" => {
                self.focus(false);
                self.choose(None);
            }
            "keydown" => {
                let key: &KeyboardEvent = event.unchecked_ref();
                if self.go(&key.key()) {
                    // The page is not to move as well.
                    event.prevent_default();
                }
            }
            _ => {}
        }
    }

    /// What changes by itself is not said aloud, what the keys lead to is.
    fn focus(&self, focused: bool) {
        self.focused.set(focused);
        let live = if focused { "polite" } else { "off" };
        let _ = self.output.set_attribute("aria-live", live);
    }

    /// Whether the key leads to a step.
    fn go(&self, key: &str) -> bool {
        let number = self.number();
        let count = self.series.borrow().steps.len();
        let last = count.saturating_sub(1);
        let to = match key {
            "ArrowLeft" | "ArrowDown" => number.unwrap_or(count).saturating_sub(1),
            "ArrowRight" | "ArrowUp" => number.map_or(last, |number| (number + 1).min(last)),
            "Home" => 0,
            "End" => last,
            _ => return false,
        };
        self.choose(Some(to));
        true
    }

    fn choose(&self, number: Option<usize>) {
        let at = number.and_then(|number| {
            let series = self.series.borrow();
            series.steps.get(number).map(|step| step.at.clone())
        });
        if self.chosen.replace(at.clone()) != at {
            self.tell();
        }
    }

    /// The number of the step that is chosen.
    fn number(&self) -> Option<usize> {
        let chosen = self.chosen.borrow();
        let chosen = chosen.as_ref()?;
        let series = self.series.borrow();
        series.steps.iter().position(|step| step.at == *chosen)
    }

    fn tell(&self) {
        let series = self.series.borrow();
        self.course.show(&series, self.number());
        let told = told(&series, self.chosen.borrow().as_deref(), &|at| {
            time(Some(series.zone), at, self.window.get())
        });
        // Said once, and not with each poll.
        if self.output.text_content().as_ref() != Some(&told) {
            self.output.set_text_content(Some(&told));
        }
    }
}
