//! Mentions over time on a canvas.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use web_sys::HtmlCanvasElement;

use super::easel::{Easel, Moment, Scene, Surface};
use crate::chart::times::{Plan, Series, draw, plan};

/// Keeps a canvas a picture of the newest series.
pub struct Course {
    easel: Rc<Easel>,
    line: Rc<Line>,
}

impl std::fmt::Debug for Course {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Course").finish_non_exhaustive()
    }
}

impl Course {
    pub fn new(canvas: HtmlCanvasElement) -> Self {
        let line = Rc::new(Line::default());
        Self {
            easel: Easel::new(canvas, line.clone()),
            line,
        }
    }

    pub fn is_on(&self, canvas: &HtmlCanvasElement) -> bool {
        self.easel.is_on(canvas)
    }

    /// `chosen` is the number of a step.
    pub fn show(&self, series: &Series, chosen: Option<usize>) {
        let new = *self.line.series.borrow() != *series;
        if new {
            self.line.series.replace(series.clone());
        }
        if self.line.chosen.replace(chosen) != chosen || new {
            self.line.news.set(true);
            self.easel.anew();
        }
    }

    /// The step nearest to a place, in CSS pixels.
    pub fn nearest(&self, x: f64) -> Option<usize> {
        let x = x * self.easel.sharpness()?;
        self.line.plan.borrow().as_ref()?.nearest(x)
    }
}

#[derive(Default)]
struct Line {
    series: RefCell<Series>,
    chosen: Cell<Option<usize>>,
    /// What is to be seen is not drawn yet.
    news: Cell<bool>,
    plan: RefCell<Option<Plan>>,
}

impl Scene for Line {
    fn draw(&self, surface: &Surface<'_>, moment: Moment) -> Option<f64> {
        if !(self.news.take() || moment.anew) {
            return None;
        }
        let width_of = |text: &str, size: f64| surface.width_of(text, size);
        let plan = plan(&self.series.borrow(), surface.sheet(), &width_of);
        surface.clear(&surface.all(), &|screen, look| {
            // What cannot be drawn, the table says.
            let _ = draw(screen, &plan, self.chosen.get(), look);
        });
        self.plan.replace(Some(plan));
        None
    }
}
