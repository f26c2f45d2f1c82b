//! The pictures: of the board one bar for each row, of a tag its mentions over time.
//!
//! The only place that names plotters, and of it only the [`DrawingBackend`]: the same function
//! paints the page's canvas, a picture for other programs, and what the tests keep. In three steps:
//! [`plan`] says where everything goes and draws nothing, [`label`] makes text fit, [`paint`] draws
//! a plan in the colours it is given. [`glide`] leads from one plan to the next, [`times`] is the
//! other picture, `canvas` is the browser's side and `svg` the server's.
//!
//! plotters measures text in the browser by adding a styled element to the page. That neither knows
//! of device pixels nor is allowed by the page's policy, so text is measured by whoever paints, and
//! plotters' captions, legends and axes stay unused: titles are the page's own text.

#[cfg(feature = "hydrate")]
pub mod canvas;
mod colour;
pub mod glide;
pub mod label;
pub mod plan;
mod sheet;
#[cfg(feature = "ssr")]
pub mod svg;
pub mod times;
pub mod when;

use std::ops::Range;

use plotters::{
    prelude::{DrawingBackend, ShapeStyle},
    style::{Color, RGBAColor},
};
use plotters_backend::{
    BackendColor, BackendCoord, BackendTextStyle, DrawingErrorKind, FontFamily, FontStyle,
    text_anchor::{HPos, Pos, VPos},
};

pub use colour::{Colour, Palette};
use model::{Ranking, Row};
use plan::{Anchor, Letters, Plan};
pub use sheet::{Place, Sheet};

/// How wide a text is at a font size, both in the backend's pixels.
pub type Measure<'a> = &'a dyn Fn(&str, f64) -> f64;

/// How the picture is drawn, apart from what is in it.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// The font size in the backend's pixels; every other length follows from it.
    pub em: f64,
    /// A CSS font family list.
    pub family: &'a str,
    pub palette: &'a Palette,
    pub measure: Measure<'a>,
}

impl std::fmt::Debug for Look<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Look")
            .field("em", &self.em)
            .field("family", &self.family)
            .finish()
    }
}

/// Draws `rows`, which are ranked by `by`, over the whole of `backend`, whose background stays as it
/// is.
pub fn paint<B: DrawingBackend>(
    backend: &mut B,
    rows: &[Row],
    by: Ranking,
    look: Look<'_>,
) -> Result<(), DrawingErrorKind<B::ErrorType>> {
    let (width, height) = backend.get_size();
    let width_of = |text: &str, size: f64| {
        let pen = Pen::new(look, size, look.palette.ink);
        backend
            .estimate_text_size(text, &pen)
            .map_or(0.0, |(width, _)| f64::from(width))
    };
    let plan = plan::plan(
        rows,
        by,
        Sheet {
            width,
            height,
            em: look.em,
        },
        &width_of,
    );
    let all = Range {
        start: 0,
        end: plan.bottom,
    };
    draw(backend, &plan, all, None, look)?;
    backend.present()
}

/// Bars first: what is written is never under one that passes. The bar of the tag that is `marked`
/// stands out. What is not within these `heights` is left out.
fn draw<B: DrawingBackend>(
    backend: &mut B,
    plan: &Plan,
    heights: Range<i32>,
    marked: Option<&str>,
    look: Look<'_>,
) -> Result<(), DrawingErrorKind<B::ErrorType>> {
    let palette = look.palette;
    backend.ensure_prepared()?;
    for tick in plan.ticks.iter().filter(|tick| tick.opacity > 0.0) {
        let line = line(palette.line, tick.opacity, plan.stroke);
        let (top, bottom) = (plan.top.max(heights.start), plan.bottom.min(heights.end));
        backend.draw_line((tick.x, top), (tick.x, bottom), &line)?;
        write(backend, &tick.text, palette.muted, tick.opacity, look)?;
    }
    let bars = || {
        let bars = plan.bars.iter();
        // The letters stand above a bar, or in its middle.
        bars.filter(|bar| bar.opacity > 0.0)
            .filter(|bar| bar.to.1 >= heights.start && bar.label.at.1 <= heights.end)
    };
    for bar in bars() {
        let colour = match bar.leading {
            _ if marked == Some(bar.tag.as_str()) => palette.ink,
            true => palette.leading,
            false => palette.bar,
        };
        if bar.from.0 < bar.to.0 {
            backend.draw_rect(bar.from, bar.to, &fill(colour, bar.opacity), true)?;
        }
    }
    for bar in bars() {
        write(backend, &bar.label, palette.ink, bar.opacity, look)?;
        write(backend, &bar.number, palette.ink, bar.opacity, look)?;
    }
    Ok(())
}

fn fill(colour: Colour, opacity: f64) -> ShapeStyle {
    let colour: RGBAColor = colour.into();
    ShapeStyle {
        color: colour.mix(opacity),
        filled: true,
        stroke_width: 0,
    }
}

fn line(colour: Colour, opacity: f64, stroke_width: u32) -> ShapeStyle {
    ShapeStyle {
        filled: false,
        stroke_width,
        ..fill(colour, opacity)
    }
}

fn write<B: DrawingBackend>(
    backend: &mut B,
    letters: &Letters,
    colour: Colour,
    opacity: f64,
    look: Look<'_>,
) -> Result<(), DrawingErrorKind<B::ErrorType>> {
    let pen = Pen {
        opacity,
        anchor: letters.anchor,
        ..Pen::new(look, letters.size, colour)
    };
    backend.draw_text(&letters.text, &pen, letters.at)
}

/// As `f64::clamp`, which can panic: the digits of what it would say then are a 40th of the page.
pub(crate) fn within(number: f64, least: f64, most: f64) -> f64 {
    let number = least.max(number);
    number.min(most)
}

/// A style of text that knows how to measure itself without plotters' fonts.
struct Pen<'a> {
    look: Look<'a>,
    size: f64,
    colour: Colour,
    opacity: f64,
    anchor: Anchor,
}

impl<'a> Pen<'a> {
    fn new(look: Look<'a>, size: f64, colour: Colour) -> Self {
        Self {
            look,
            size,
            colour,
            opacity: 1.0,
            anchor: Anchor::Start,
        }
    }
}

impl BackendTextStyle for Pen<'_> {
    type FontError = std::convert::Infallible;

    fn color(&self) -> BackendColor {
        BackendColor {
            alpha: self.opacity,
            ..self.colour.into()
        }
    }

    fn size(&self) -> f64 {
        self.size
    }

    fn style(&self) -> FontStyle {
        FontStyle::Normal
    }

    fn anchor(&self) -> Pos {
        let across = match self.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        Pos::new(across, VPos::Center)
    }

    fn family(&self) -> FontFamily<'_> {
        FontFamily::Name(self.look.family)
    }

    fn layout_box(&self, text: &str) -> Result<((i32, i32), (i32, i32)), Self::FontError> {
        let width = (self.look.measure)(text, self.size).ceil() as i32;
        Ok(((0, 0), (width, self.size.ceil() as i32)))
    }

    /// For backends that cannot write and are given pixels instead: no letters, rather than a
    /// guess at them.
    fn draw<E, F: FnMut(i32, i32, BackendColor) -> Result<(), E>>(
        &self,
        _text: &str,
        _at: BackendCoord,
        _draw: F,
    ) -> Result<Result<(), E>, Self::FontError> {
        Ok(Ok(()))
    }
}

/// How wide text is about, where there is no font to ask: a picture drawn by the server.
pub fn rough_width(text: &str, size: f64) -> f64 {
    let ems: f64 = text
        .chars()
        .map(|letter| match letter {
            '\u{2066}'..='\u{2069}' | '\u{200d}' | '\u{fe0f}' => 0.0,
            '.' | ',' | ' ' | 'i' | 'j' | 'l' | 't' | 'f' => 0.3,
            'm' | 'w' | 'M' | 'W' => 0.85,
            '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{ffef}' => 1.0,
            '\u{1f000}'.. => 1.25,
            _ => 0.57,
        })
        .sum();
    ems * size
}
