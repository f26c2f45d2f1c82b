//! What a mouse, a finger and the keys do to the picture: they choose a step.

use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlCanvasElement, KeyboardEvent, PointerEvent};

use crate::chart::{
    canvas::{Course, Listener},
    times::Series,
};

/// What a hand does is known by this.
#[derive(Clone, Copy)]
pub(super) struct Choice {
    pub(super) series: Memo<Series>,
    /// When the step begins that is chosen.
    pub(super) chosen: RwSignal<Option<String>>,
    /// By the keys.
    pub(super) focused: RwSignal<bool>,
}

impl Choice {
    /// Keeps the canvas a picture of the series.
    pub(super) fn draw(self, canvas: NodeRef<leptos::html::Canvas>) {
        // Out here, since all that an effect makes goes when it runs again.
        let drawn = StoredValue::new_local(None::<(Rc<Course>, Listener)>);
        Effect::new(move || {
            let series = self.series.get();
            let number = self
                .chosen
                .with(|chosen| number(&series, chosen.as_deref()));
            let canvas = canvas.get();
            drawn.update_value(|drawn| {
                *drawn = canvas.map(|canvas| match drawn.take() {
                    Some(drawn) if drawn.0.is_on(&canvas) => drawn,
                    _ => self.on(&canvas),
                });
                if let Some((course, _)) = drawn {
                    course.show(series, number);
                }
            });
        });
    }

    fn on(self, canvas: &HtmlCanvasElement) -> (Rc<Course>, Listener) {
        let course = Rc::new(Course::new(canvas.clone()));
        let shown = course.clone();
        let hand = Listener::on(
            canvas.as_ref(),
            &[
                "pointermove",
                "pointerdown",
                "pointerleave",
                "keydown",
                "focus",
                "blur",
            ],
            Box::new(move |event| self.heard(&shown, &event)),
        );
        (course, hand)
    }

    fn heard(self, course: &Course, event: &Event) {
        match event.type_().as_str() {
            "pointermove" | "pointerdown" => {
                let pointer: &PointerEvent = event.unchecked_ref();
                self.choose(course.nearest(f64::from(pointer.offset_x())));
            }
            "pointerleave" if !self.focused.get_untracked() => self.choose(None),
            "focus" => {
                self.focused.set(true);
                if self.chosen.with_untracked(Option::is_none) {
                    self.go("End");
                }
            }
            "blur" => {
                self.focused.set(false);
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

    /// Whether the key leads to a step.
    fn go(self, key: &str) -> bool {
        let (number, count) = self.series.with_untracked(|series| {
            let number = self
                .chosen
                .with_untracked(|chosen| number(series, chosen.as_deref()));
            (number, series.steps.len())
        });
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

    fn choose(self, number: Option<usize>) {
        let at = self.series.with_untracked(|series| {
            let step = series.steps.get(number?)?;
            Some(step.at.clone())
        });
        if self.chosen.with_untracked(|chosen| *chosen != at) {
            self.chosen.set(at);
        }
    }
}

fn number(series: &Series, chosen: Option<&str>) -> Option<usize> {
    let chosen = chosen?;
    series.steps.iter().position(|step| step.at == chosen)
}
