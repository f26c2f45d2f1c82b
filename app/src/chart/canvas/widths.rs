//! How wide texts are in one font: to ask the browser takes longer than to draw.

use web_sys::CanvasRenderingContext2d;

use super::screen::font;

/// More are forgotten: what is on a board changes slowly.
const MOST: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct Widths {
    family: String,
    em: f64,
    /// In the order of the texts.
    known: Vec<(Box<str>, f64)>,
}

impl Widths {
    /// What is known holds for this font.
    pub(super) fn ready(&mut self, em: f64, family: &str) {
        if self.em != em || self.family != family || self.known.len() > MOST {
            *self = Self {
                family: family.to_owned(),
                em,
                known: Vec::new(),
            };
        }
    }

    /// A text is as many times wider as its letters are larger, and a number, of which there is always
    /// another, as wide as its signs.
    pub(super) fn of(&mut self, text: &str, size: f64, context: &CanvasRenderingContext2d) -> f64 {
        let signs = text.split_inclusive(|_| true);
        let width = if is_number(text) {
            signs.map(|sign| self.whole(sign, context)).sum()
        } else {
            self.whole(text, context)
        };
        width * size / self.em
    }

    fn whole(&mut self, text: &str, context: &CanvasRenderingContext2d) -> f64 {
        let found = self
            .known
            .binary_search_by(|(known, _)| (**known).cmp(text));
        match found {
            Ok(index) => self.known.get(index).map_or(0.0, |(_, width)| *width),
            Err(index) => {
                // Whoever draws sets another.
                context.set_font(&font(self.em, &self.family));
                let measured = context.measure_text(text);
                let width = measured.map_or(0.0, |measured| measured.width());
                self.known.insert(index, (text.into(), width));
                width
            }
        }
    }
}

fn is_number(text: &str) -> bool {
    text.bytes()
        .all(|sign| sign.is_ascii_digit() || sign == b',' || sign == b'.')
}
