//! Where plotters draws: a canvas of the browser.
//!
//! plotters-canvas does the same, and tells the browser with each letter which font it is, and with
//! each shape in floating-point digits what it is filled with: here a font is told once, and digits
//! are whole.

use std::ops::Range;

use plotters::prelude::DrawingBackend;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, text_anchor::HPos,
};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

pub(super) struct Screen<'a> {
    context: &'a CanvasRenderingContext2d,
    size: (u32, u32),
    // What is set, for to set it costs as much as to draw:
    /// a font size; 0 where none is yet,
    letters: f64,
    /// the end of a text that is where it is told to be,
    align: &'static str,
    /// and what is filled with.
    filling: String,
}

impl<'a> Screen<'a> {
    /// One that is empty within a range of heights.
    pub(super) fn on(
        canvas: &HtmlCanvasElement,
        context: &'a CanvasRenderingContext2d,
        within: &Range<i32>,
    ) -> Self {
        let size = (canvas.width(), canvas.height());
        let (top, bottom) = (f64::from(within.start), f64::from(within.end));
        context.clear_rect(0.0, top, f64::from(size.0), bottom - top);
        context.set_text_baseline("middle");
        Self {
            context,
            size,
            letters: 0.0,
            align: "",
            filling: String::new(),
        }
    }

    fn trace(&self, points: &mut dyn Iterator<Item = BackendCoord>) {
        self.context.begin_path();
        for (x, y) in points {
            // The first line leads from nowhere.
            self.context.line_to(f64::from(x), f64::from(y));
        }
    }

    fn stroke(&self, colour: BackendColor, width: u32) {
        self.context.set_stroke_style_str(&name(colour));
        self.context.set_line_width(f64::from(width));
        self.context.stroke();
    }

    fn fill_with(&mut self, colour: BackendColor) {
        let name = name(colour);
        if self.filling != name {
            self.context.set_fill_style_str(&name);
            self.filling = name;
        }
    }

    fn fill(&mut self, colour: BackendColor) {
        self.fill_with(colour);
        self.context.fill();
    }
}

type Drawn = Result<(), DrawingErrorKind<std::convert::Infallible>>;

impl DrawingBackend for Screen<'_> {
    type ErrorType = std::convert::Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Drawn {
        self.fill_with(colour);
        self.context.fill_rect(f64::from(x), f64::from(y), 1.0, 1.0);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        // An upright or level line of an odd width is sharp between two pixels.
        let odd = f64::from(style.stroke_width() % 2) / 2.0;
        let (right, down) = (
            if from.0 == to.0 { odd } else { 0.0 },
            if from.1 == to.1 { odd } else { 0.0 },
        );
        self.context.begin_path();
        for (x, y) in [from, to] {
            self.context
                .line_to(f64::from(x) - right, f64::from(y) - down);
        }
        self.stroke(style.color(), style.stroke_width());
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        if fill {
            self.fill_with(style.color());
            let (left, top) = (f64::from(from.0), f64::from(from.1));
            let (right, bottom) = (f64::from(to.0), f64::from(to.1));
            self.context
                .fill_rect(left, top, right - left, bottom - top);
        } else {
            self.trace(&mut [from, (to.0, from.1), to, (from.0, to.1), from].into_iter());
            self.stroke(style.color(), style.stroke_width());
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.trace(&mut path.into_iter());
        self.stroke(style.color(), style.stroke_width());
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        self.context.begin_path();
        let turn = std::f64::consts::TAU;
        let (x, y, radius) = (f64::from(x), f64::from(y), f64::from(radius));
        // It fails for radii below zero.
        let _ = self.context.arc(x, y, radius, 0.0, turn);
        if fill {
            self.fill(style.color());
        } else {
            self.stroke(style.color(), style.stroke_width());
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        self.trace(&mut corners.into_iter());
        self.fill(style.color());
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Drawn {
        if self.letters != style.size() {
            self.letters = style.size();
            let family = style.family();
            self.context.set_font(&font(self.letters, family.as_str()));
        }
        let align = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Right => "end",
            HPos::Center => "center",
        };
        if self.align != align {
            self.align = align;
            self.context.set_text_align(align);
        }
        self.fill_with(style.color());
        // What the browser cannot write stays unwritten; the table says it.
        let _ = self.context.fill_text(text, f64::from(x), f64::from(y));
        Ok(())
    }
}

/// As a style sheet names it: `#0a6165ff`.
fn name(colour: BackendColor) -> String {
    let (red, green, blue) = colour.rgb;
    let alpha = (colour.alpha * 255.0).round() as u8;
    let mut name = String::with_capacity(9);
    name.push('#');
    for part in [red, green, blue, alpha] {
        for digit in [part >> 4, part & 15] {
            name.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
    name
}

/// As a style sheet names it, to a hundredth of a pixel.
pub(super) fn font(size: f64, family: &str) -> String {
    let hundredths = (size * 100.0).round() as u32;
    format!("{}.{:02}px {family}", hundredths / 100, hundredths % 100)
}
