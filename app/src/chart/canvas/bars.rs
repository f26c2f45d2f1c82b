//! The board on a canvas, on its way from one picture to the next.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use model::{Ranking, Row};
use web_sys::HtmlCanvasElement;

use super::easel::{Easel, Moment, Scene, Surface};
use crate::chart::{
    draw,
    glide::{Glide, is_way},
    plan,
};

/// Keeps a canvas a picture of the newest rows.
pub struct Bars {
    easel: Rc<Easel>,
    rows: Rc<Rows>,
}

impl std::fmt::Debug for Bars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bars").finish_non_exhaustive()
    }
}

/// Where a row lies on the canvas, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    pub top: f64,
    pub height: f64,
}

impl Bars {
    /// `placed` is told where the marked row lies, when it is marked and when it lies elsewhere.
    pub fn new(canvas: HtmlCanvasElement, placed: Box<dyn Fn(Band)>) -> Self {
        let rows = Rc::new(Rows {
            ranked: RefCell::default(),
            marked: RefCell::default(),
            drawn_mark: RefCell::default(),
            news: Cell::new(true),
            glide: RefCell::default(),
            rests: Cell::new(false),
            told: Cell::new(None),
            placed,
        });
        Self {
            easel: Easel::new(canvas, rows.clone()),
            rows,
        }
    }

    pub fn is_on(&self, canvas: &HtmlCanvasElement) -> bool {
        self.easel.is_on(canvas)
    }

    pub fn show(&self, rows: &[Row], by: Ranking) {
        let mut ranked = self.rows.ranked.borrow_mut();
        if ranked.0 != rows || ranked.1 != by {
            *ranked = (rows.to_vec(), by);
            self.rows.news.set(true);
            self.easel.anew();
        }
    }

    /// Marks the row of a tag.
    pub fn mark(&self, tag: Option<String>) {
        if *self.rows.marked.borrow() != tag {
            self.rows.marked.replace(tag);
            self.rows.news.set(true);
            self.rows.told.set(None);
            self.easel.soon();
        }
    }

    /// The tag of the row at a height, in CSS pixels.
    pub fn tag_at(&self, y: f64) -> Option<String> {
        let y = y * self.easel.sharpness()?;
        let glide = self.rows.glide.borrow();
        let plan = glide.as_ref()?.to();
        let row = plan.row_at(y)?;
        plan.bars.get(row).map(|bar| bar.tag.clone())
    }
}

struct Rows {
    /// And by what.
    ranked: RefCell<(Vec<Row>, Ranking)>,
    marked: RefCell<Option<String>>,
    drawn_mark: RefCell<Option<String>>,
    /// Rows or mark are others than those that are drawn.
    news: Cell<bool>,
    glide: RefCell<Option<Glide>>,
    /// The end of the glide is drawn.
    rests: Cell<bool>,
    /// Where the marked row was said to lie.
    told: Cell<Option<Band>>,
    placed: Box<dyn Fn(Band)>,
}

impl Scene for Rows {
    fn draw(&self, surface: &Surface<'_>, moment: Moment) -> Option<f64> {
        if self.news.take() || moment.anew {
            self.aim(surface, moment);
            self.tell(surface.sharpness());
        }
        let glide = self.glide.borrow();
        let glide = glide.as_ref().filter(|_| !self.rests.get())?;
        let (plan, next) = if moment.still {
            (glide.to().clone(), None)
        } else {
            (glide.at(moment.now), glide.next(moment.now))
        };
        let marked = self.marked.borrow();
        // What moves is drawn where it is seen, what rests everywhere: it is saved, printed and copied whole.
        let within = match next {
            Some(_) => surface.seen(),
            None => surface.all(),
        };
        surface.clear(&within, &|screen, look| {
            // What cannot be drawn, the table says.
            let _ = draw(screen, &plan, within.clone(), marked.as_deref(), look);
        });
        self.rests.set(next.is_none());
        next
    }
}

impl Rows {
    /// Sets out for the picture of what is known now.
    fn aim(&self, surface: &Surface<'_>, moment: Moment) {
        let (rows, by) = &*self.ranked.borrow();
        let width_of = |text: &str, size: f64| surface.width_of(text, size);
        let next = plan::plan(rows, *by, surface.sheet(), &width_of);
        let marked = self.marked.borrow();
        if *self.drawn_mark.borrow() != *marked {
            self.drawn_mark.replace(marked.clone());
            self.rests.set(false);
        }
        let mut glide = self.glide.borrow_mut();
        if !moment.anew && glide.as_ref().is_some_and(|glide| *glide.to() == next) {
            return;
        }
        let from = glide.as_ref().map(|glide| glide.at(moment.now));
        let from = from.filter(|from| !moment.still && is_way(from, &next));
        let from = from.unwrap_or_else(|| next.clone());
        *glide = Some(Glide::new(from, next, moment.now, &surface.seen()));
        self.rests.set(false);
    }

    /// Says where the marked row lies, where that is news.
    fn tell(&self, sharpness: f64) {
        let glide = self.glide.borrow();
        let marked = self.marked.borrow();
        let Some((glide, marked)) = glide.as_ref().zip(marked.as_ref()) else {
            return;
        };
        let plan = glide.to();
        if let Some(row) = plan.bars.iter().position(|bar| bar.tag == *marked) {
            let band = Band {
                top: plan.top_of(row) / sharpness,
                height: plan.band / sharpness,
            };
            if self.told.replace(Some(band)) != Some(band) {
                (self.placed)(band);
            }
        }
    }
}
