//! The letters of pictures: those of the system's fonts, and of one that is brought along, so that
//! Latin, Greek, Cyrillic, Arabic and Hebrew are never boxes.
//!
//! Where the font of a text lacks a letter, the first one that has it is taken: so they are in the order
//! in which they are to be taken, upright ones without serifs first.

use std::sync::{Arc, LazyLock};

use resvg::usvg::{
    Options,
    fontdb::{Database, FaceInfo, Source, Stretch, Style, Weight},
};

static BROUGHT: &[u8] = include_bytes!("../../fonts/DejaVuSans.ttf");
const FAMILY: &str = "DejaVu Sans";

/// Read when the first picture is asked for.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut found = Database::new();
    found.load_system_fonts();
    Arc::new(ordered(found))
});

/// How a picture is read, with the system's letters.
pub(super) fn options() -> Options<'static> {
    with(FONTS.clone())
}

/// On a machine without fonts.
#[cfg(test)]
pub(super) fn without_system() -> Options<'static> {
    with(Arc::new(ordered(Database::new())))
}

fn with(fontdb: Arc<Database>) -> Options<'static> {
    Options {
        fontdb,
        font_family: FAMILY.to_owned(),
        ..Options::default()
    }
}

fn ordered(mut found: Database) -> Database {
    found.load_font_source(Source::Binary(Arc::new(BROUGHT)));
    let mut faces: Vec<FaceInfo> = found.faces().cloned().collect();
    // Stable: what is equal stays as the system has it.
    faces.sort_by_cached_key(|face| {
        (
            turn(family(face), is_regular(face)),
            family(face).to_owned(),
        )
    });
    let mut fonts = Database::new();
    for face in faces {
        fonts.push_face_info(face);
    }
    fonts.set_sans_serif_family(FAMILY);
    fonts.set_serif_family(FAMILY);
    fonts
}

fn family(face: &FaceInfo) -> &str {
    let first = face.families.first();
    first.map_or("", |(name, _)| name.as_str())
}

fn is_regular(face: &FaceInfo) -> bool {
    (face.style, face.weight, face.stretch) == (Style::Normal, Weight::NORMAL, Stretch::Normal)
}

/// The lower the earlier.
fn turn(family: &str, regular: bool) -> u8 {
    let is = |word| family.split(' ').any(|part| part == word);
    match () {
        () if !regular => 4,
        () if is("Serif") || is("Mono") => 3,
        () if family.starts_with("Noto Sans") => 0,
        () if is("Sans") => 1,
        () => 2,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use resvg::{
        render,
        tiny_skia::{Pixmap, Transform},
        usvg::Tree,
    };

    use super::*;

    fn pixels(text: &str) -> Vec<u8> {
        let family = app::chart::svg::FAMILY;
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="60" height="60"><text y="40" x="10" font-size="32" font-family="{family}">{text}</text></svg>"#
        );
        let tree = Tree::from_str(&svg, &without_system()).unwrap();
        let mut pixels = Pixmap::new(60, 60).unwrap();
        render(&tree, Transform::identity(), &mut pixels.as_mut());
        pixels.data().to_vec()
    }

    #[test]
    fn letters_are_no_boxes_where_the_system_has_no_fonts() {
        let a_box = pixels("\u{10ffff}");
        let letters = ["a", "ñ", "Ω", "ж", "ع", "ש", "9", "#", "…"];
        let seen: HashSet<Vec<u8>> = letters.map(pixels).into_iter().collect();
        assert_eq!(seen.len(), letters.len());
        assert!(!seen.contains(&a_box));
        assert!(!seen.contains(&pixels("")), "each is seen");
        // What isolates a tag takes no place.
        assert_eq!(pixels("\u{2068}a\u{2069}"), pixels("a"));
    }

    #[test]
    fn upright_letters_without_serifs_come_first() {
        let mut families = [
            ("Noto Sans Arabic", false),
            ("DejaVu Sans Mono", true),
            ("Noto Serif CJK JP", true),
            ("Amiri", true),
            ("DejaVu Sans", true),
            ("Noto Sans CJK JP", true),
        ];
        families.sort_by_key(|(family, regular)| turn(family, *regular));
        let order = families.map(|(family, _)| family);
        assert_eq!(order[..3], ["Noto Sans CJK JP", "DejaVu Sans", "Amiri"]);
        assert_eq!(order[5], "Noto Sans Arabic");
    }
}
