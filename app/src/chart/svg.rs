//! The picture of a board as a document of its own (SVG), for programs and for other people's pages:
//! the same bars, under a line that says what they are and of when.
//!
//! What must stay true: whatever a tag is made of, the document is well-formed and nothing in it runs.
//! Text is escaped, and what XML has no way to write is left out.

use std::fmt::Write;

use model::{Origin, Ranking, Row, Top, View};
use plotters::backend::SVGBackend;

use super::{Look, Palette, paint, rough_width};
use crate::{address::Theme, words};

/// As wide as previews of links are shown at most.
pub const WIDTH: u32 = 1200;
/// With up to ten rows; each more makes it one row higher.
const HEIGHT: u32 = 630;
const ROWS: u32 = 10;

const EDGE: u32 = 48;
const HEAD: u32 = 122;
const FOOT: u32 = 20;
/// The font size as plotters names it, which writes it a little smaller.
const EM: f64 = 29.0;

/// The families of the page's `--text`, and one that the server brings along.
pub const FAMILY: &str = "-apple-system, Segoe UI, Roboto, Noto Sans, Ubuntu, Cantarell, \
     Liberation Sans, DejaVu Sans, system-ui, sans-serif";

/// The tokens of `style/main.css`, which a picture on its own cannot ask: the tests compare them.
type Tokens = [(&'static str, &'static str); 7];

const LIGHT: Tokens = [
    ("--ground", "#f6f5f0"),
    ("--ink", "#12222b"),
    ("--muted", "#55646b"),
    ("--line", "#d9dcd5"),
    ("--accent", "#0a6165"),
    ("--bar", "#43908d"),
    ("--leading", "#0a6165"),
];

const DARK: Tokens = [
    ("--ground", "#0b1418"),
    ("--ink", "#e9eff0"),
    ("--muted", "#9db0b6"),
    ("--line", "#25353c"),
    ("--accent", "#6fd3cd"),
    ("--bar", "#2f8583"),
    ("--leading", "#6fd3cd"),
];

/// A picture on its own does not know what the system likes: without a theme it is light.
fn token(theme: Theme, name: &str) -> &'static str {
    let tokens = match theme {
        Theme::System | Theme::Light => &LIGHT,
        Theme::Dark => &DARK,
    };
    let found = tokens.iter().find(|(token, _)| *token == name);
    found.map_or("", |(_, colour)| colour)
}

/// How high the picture of so many rows is.
pub fn height(rows: usize) -> u32 {
    let more = u32::try_from(rows).unwrap_or(ROWS).max(ROWS) - ROWS;
    // One band is the axis.
    HEIGHT + more * (HEIGHT - HEAD - FOOT) / (ROWS + 1)
}

/// The picture of `top`, which is what `view` shows.
pub fn svg(view: View, top: &Top, theme: Theme) -> String {
    let height = height(top.rows.len());
    let token = |name| token(theme, name);
    let title = escaped(&words::title(view));
    let when = escaped(&when(view, top));
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" font-family="{FAMILY}">
<title>{title}, {when}</title>
<rect width="{WIDTH}" height="{height}" fill="{ground}"/>
<text x="{EDGE}" y="66" font-size="34" font-weight="bold" fill="{ink}">{title}</text>
<text x="{EDGE}" y="102" font-size="22" fill="{muted}">{when}</text>
<text x="{right}" y="66" font-size="28" font-weight="bold" text-anchor="end" fill="{accent}">tagtide</text>
"#,
        ground = token("--ground"),
        ink = token("--ink"),
        muted = token("--muted"),
        accent = token("--accent"),
        right = WIDTH - EDGE,
    );
    if top.rows.is_empty() {
        // Writing to a string does not fail.
        let _ = write!(
            svg,
            r#"<text x="{middle}" y="{y}" font-size="28" text-anchor="middle" fill="{muted}">No hashtags yet</text>"#,
            middle = WIDTH / 2,
            y = (HEAD + height) / 2,
            muted = token("--muted"),
        );
    } else {
        let size = (WIDTH - 2 * EDGE, height - HEAD - FOOT);
        let bars = bars(&top.rows, top.by, size, theme);
        let _ = write!(
            svg,
            "<g transform=\"translate({EDGE} {HEAD})\">\n{bars}</g>"
        );
    }
    svg.push_str("\n</svg>\n");
    svg
}

/// A document within the document.
fn bars(rows: &[Row], by: Ranking, size: (u32, u32), theme: Theme) -> String {
    let rows: Vec<Row> = rows.iter().map(writable).collect();
    let palette = Palette::read(|name| Some(token(theme, name).to_owned()));
    let look = Look {
        em: EM,
        family: FAMILY,
        palette: &palette,
        measure: &rough_width,
    };
    let mut bars = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut bars, size);
        // A string takes whatever is written.
        let _ = paint(&mut backend, &rows, by, look);
    }
    bars
}

/// When it was, and of which posts.
fn when(view: View, top: &Top) -> String {
    let mut when = words::date_and_time(&top.at);
    if let Origin::Counted(filter) = view.origin
        && let Some(part) = words::part(filter)
    {
        when.push_str(", of posts ");
        when.push_str(&part);
    }
    when
}

/// Without what no XML document can hold, in whatever form.
fn writable(row: &Row) -> Row {
    let unwritable = |letter: char| matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    Row {
        tag: row.tag.replace(unwritable, ""),
        ..row.clone()
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use model::{Epoch, Filter, Kind, Lang, Window};

    use super::*;

    fn top(tags: &[&str]) -> Top {
        let rows = (1..).zip(tags);
        Top {
            window: Window::FiveMinutes,
            by: Ranking::Count,
            epoch: Epoch(7),
            at: "2026-11-22T18:30:24Z".to_owned(),
            posts: 9,
            mentions: 9,
            tags: 2,
            rows: rows
                .map(|(rank, tag)| Row::counted(rank, (*tag).to_owned(), 9, 9))
                .collect(),
        }
    }

    #[test]
    fn its_colours_are_those_of_the_page() {
        let sheet = concat!(env!("CARGO_MANIFEST_DIR"), "/../style/main.css");
        let sheet = std::fs::read_to_string(sheet).expect("the style sheet");
        for (name, light) in LIGHT {
            let dark = token(Theme::Dark, name);
            let both = format!("{name}: light-dark({light}, {dark});");
            assert!(sheet.contains(&both), "{both}");
        }
        let text = sheet.split_once("--text:").expect("its letters").1;
        let text = text.split_once(';').expect("their end").0.replace('"', "");
        let ours = FAMILY.replace("DejaVu Sans, ", "");
        assert_eq!(text.trim(), ours);
    }

    #[test]
    fn it_says_what_it_is_and_of_when() {
        let view = View {
            origin: Origin::Counted(Filter {
                source: Some(Kind::Nostr),
                lang: Lang::of_tag("pt"),
            }),
            ..View::default()
        };
        let svg = svg(view, &top(&["#a"]), Theme::Dark);
        let title = "<title>Most mentioned in the last five minutes, 2026-11-22 18:30:24 UTC, of posts in \
             Portuguese and from nostr</title>";
        assert!(svg.contains(title), "{svg}");
        assert!(
            svg.contains("#0b1418") && svg.contains("height=\"630\""),
            "{svg}"
        );
        let none = super::svg(View::default(), &top(&[]), Theme::Light);
        assert!(none.contains("No hashtags yet"), "{none}");
    }

    #[test]
    fn more_rows_make_it_higher() {
        assert_eq!([0, 1, 10, 11].map(height), [630, 630, 630, 674]);
        assert_eq!(height(100) - height(99), 44);
        assert!(height(100) < 5000);
    }

    #[test]
    fn no_tag_becomes_a_part_of_the_document() {
        let hostile = [
            "#<script>alert(1)</script>",
            "#\"><image href='x' onload=\"alert(1)\"/>",
            "#&amp;&lt;&#x3c;",
            "#]]>",
            "#<!--",
            "#\u{202e}evil\u{2066}",
            "#\0\u{8}\u{b}\u{1b}\u{7f}\u{85}\u{fffe}\u{ffff}",
            "#\u{1f600}\u{e0041}",
        ];
        let plain = svg(View::default(), &top(&["#a"; 8]), Theme::Light);
        let svg = svg(View::default(), &top(&hostile), Theme::Light);
        for sign in ['<', '>', '"'] {
            let number = |text: &str| text.chars().filter(|letter| *letter == sign).count();
            assert_eq!(number(&svg), number(&plain), "{sign}: {svg}");
        }
        assert!(
            svg.contains("#&lt;script&gt;") && svg.contains("#&amp;amp;"),
            "{svg}"
        );
        let allowed = |letter: char| matches!(letter, '\n' | ' '..='\u{7e}' | '\u{a0}'..='\u{2029}' | '\u{2068}'..='\u{fffd}' | '\u{10000}'..);
        assert!(svg.chars().all(allowed), "{svg:?}");
        assert_eq!(
            svg.matches('\u{2068}').count(),
            svg.matches('\u{2069}').count()
        );
    }
}
