//! Draws on a canvas: shapes as plotters does, letters without telling the browser with each of
//! them which font it is.

use plotters::prelude::DrawingBackend;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, text_anchor::HPos,
};
use plotters_canvas::CanvasBackend;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

pub(super) struct Screen<'a> {
    shapes: CanvasBackend,
    letters: &'a CanvasRenderingContext2d,
    /// The font size that is set; 0 where none is yet.
    size: f64,
}

impl<'a> Screen<'a> {
    /// An empty one.
    pub(super) fn on(
        canvas: &HtmlCanvasElement,
        letters: &'a CanvasRenderingContext2d,
    ) -> Option<Self> {
        let (width, height) = (f64::from(canvas.width()), f64::from(canvas.height()));
        letters.clear_rect(0.0, 0.0, width, height);
        letters.set_text_baseline("middle");
        Some(Self {
            shapes: CanvasBackend::with_canvas_object(canvas.clone())?,
            letters,
            size: 0.0,
        })
    }
}

type Fault = <CanvasBackend as DrawingBackend>::ErrorType;
type Drawn = Result<(), DrawingErrorKind<Fault>>;

impl DrawingBackend for Screen<'_> {
    type ErrorType = Fault;

    fn get_size(&self) -> (u32, u32) {
        self.shapes.get_size()
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, at: BackendCoord, colour: BackendColor) -> Drawn {
        self.shapes.draw_pixel(at, colour)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.shapes.draw_line(from, to, style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        self.shapes.draw_rect(from, to, style, fill)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.shapes.draw_path(path, style)
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        self.shapes.draw_circle(centre, radius, style, fill)
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        self.shapes.fill_polygon(corners, style)
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        if self.size != style.size() {
            self.size = style.size();
            let family = style.family();
            self.letters.set_font(&font(self.size, family.as_str()));
        }
        self.letters.set_text_align(match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Right => "end",
            HPos::Center => "center",
        });
        let BackendColor {
            rgb: (red, green, blue),
            alpha,
        } = style.color();
        let alpha = (alpha * 255.0).round() as u8;
        self.letters
            .set_fill_style_str(&format!("#{red:02x}{green:02x}{blue:02x}{alpha:02x}"));
        // What the browser cannot write stays unwritten; the table says it.
        let _ = self
            .letters
            .fill_text(text, f64::from(at.0), f64::from(at.1));
        Ok(())
    }
}

/// As a style sheet names it, to a hundredth of a pixel.
pub(super) fn font(size: f64, family: &str) -> String {
    let hundredths = (size * 100.0).round() as u32;
    format!("{}.{:02}px {family}", hundredths / 100, hundredths % 100)
}
