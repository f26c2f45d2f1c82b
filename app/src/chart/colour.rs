//! The colours of the picture, as the style sheet names them: `#0b6e75`.

use plotters::style::RGBAColor;
use plotters_backend::BackendColor;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

impl Colour {
    /// Reads `#rgb` and `#rrggbb`, as the tokens of the style sheet are written, and `rgb(1, 2, 3)`, as
    /// browsers tell what a theme made of them.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(parts) = text.strip_prefix("rgb(") {
            let mut parts = parts.strip_suffix(')')?.split(',');
            let mut part = || parts.next()?.trim().parse().ok();
            let colour = Self::rgb(part()?, part()?, part()?);
            return parts.next().is_none().then_some(colour);
        }
        let digits = text.strip_prefix('#')?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let (each, stretch) = match digits.len() {
            3 => (1, 17),
            6 => (2, 1),
            _ => return None,
        };
        let part = |index: usize| {
            let digits = digits.get(index * each..(index + 1) * each)?;
            Some(u8::from_str_radix(digits, 16).ok()? * stretch)
        };
        Some(Self {
            red: part(0)?,
            green: part(1)?,
            blue: part(2)?,
        })
    }

    const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }
}

impl From<Colour> for RGBAColor {
    fn from(colour: Colour) -> Self {
        Self(colour.red, colour.green, colour.blue, 1.0)
    }
}

impl From<Colour> for BackendColor {
    fn from(colour: Colour) -> Self {
        Self {
            alpha: 1.0,
            rgb: (colour.red, colour.green, colour.blue),
        }
    }
}

/// Every colour that the picture uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Tags and counts.
    pub ink: Colour,
    /// Numbers of the axis.
    pub muted: Colour,
    /// Lines of the axis.
    pub line: Colour,
    pub bar: Colour,
    /// The bar of the first rank.
    pub leading: Colour,
}

impl Palette {
    /// Asks `token` for `--ink`, `--muted`, `--line`, `--bar` and `--leading`. A name that is not
    /// there keeps its place in a plain grey picture: a chart in the wrong colours can be read.
    pub fn read(token: impl Fn(&str) -> Option<String>) -> Self {
        let colour = |name: &str, otherwise: Colour| {
            token(name)
                .and_then(|text| Colour::read(&text))
                .unwrap_or(otherwise)
        };
        Self {
            ink: colour("--ink", Colour::rgb(96, 96, 96)),
            muted: colour("--muted", Colour::rgb(112, 112, 112)),
            line: colour("--line", Colour::rgb(160, 160, 160)),
            bar: colour("--bar", Colour::rgb(128, 128, 128)),
            leading: colour("--leading", Colour::rgb(112, 112, 112)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_colours_as_they_are_written_and_as_they_are_told() {
        assert_eq!(
            Colour::read(" #0b6e75 "),
            Some(Colour::rgb(0x0b, 0x6e, 0x75))
        );
        assert_eq!(Colour::read("#0f8"), Some(Colour::rgb(0, 255, 0x88)));
        let told = Colour::read("rgb(11, 110, 117)");
        assert_eq!(told, Colour::read("#0b6e75"));
    }

    #[test]
    fn what_is_no_colour_is_none() {
        for text in [
            "",
            "#",
            "#12",
            "#12345",
            "red",
            "#ééé",
            "#+1+2+3",
            "rgb(1,2)",
            "rgb(1,2,3,4)",
            "rgb(1,2,256)",
        ] {
            assert_eq!(Colour::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_missing_token_leaves_the_others() {
        let palette = Palette::read(|name| (name == "--bar").then(|| "#123456".to_owned()));
        assert_eq!(palette.bar, Colour::rgb(0x12, 0x34, 0x56));
        assert_eq!(palette.ink, Colour::rgb(96, 96, 96));
    }
}
