//! The picture of some boards, kept as SVG in `tests/pictures` to be looked at in any browser.
//!
//! After a change that is meant, `KEEP=1 cargo test -p app --test pictures` keeps the new ones.

use std::{env, fs, path::Path};

use app::chart::{Look, Palette, paint, rough_width};
use model::{Ranking, Row};
use plotters::backend::SVGBackend;

fn row(rank: u32, tag: &str, count: u64) -> Row {
    Row::counted(rank, tag.to_owned(), count, count)
}

/// The picture at a size in CSS pixels, as sharp as asked for.
fn draw(rows: &[Row], (width, height): (u32, u32), sharpness: u32) -> String {
    let palette = Palette::read(|name| {
        let colour = match name {
            "--ink" => "#10202a",
            "--muted" => "#5a6a72",
            "--line" => "#d8dedd",
            "--bar" => "#5fa8a3",
            "--leading" => "#0b6e6a",
            _ => return None,
        };
        Some(colour.to_owned())
    });
    let look = Look {
        em: f64::from(16 * sharpness),
        family: "sans-serif",
        palette: &palette,
        measure: &rough_width,
    };
    let mut picture = String::new();
    {
        let size = (width * sharpness, height * sharpness);
        let mut backend = SVGBackend::with_string(&mut picture, size);
        paint(&mut backend, rows, Ranking::Count, look).expect("a picture");
    }
    picture
}

fn assert_kept(name: &str, picture: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/pictures")
        .join(name);
    if env::var_os("KEEP").is_some() {
        fs::write(&path, picture).expect("a kept picture");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == picture, "{name} is another picture now:\n{picture}");
}

fn busy_board() -> Vec<Row> {
    let long = format!("#{}", "unübersehbarlang".repeat(8));
    let tags = [
        "#rust",
        "#عالم",
        "#日本語タグ",
        "#🏳️‍🌈🎉",
        &long,
        "#wasm",
        "#Tide",
        "#e\u{301}te\u{301}",
        "#a",
        "#one",
    ];
    let counts = [
        12_345_678_901,
        9_000_000_000,
        9_000_000_000,
        4_200_000_000,
        999_999_999,
    ];
    let counts = counts.into_iter().chain([12_345, 2, 1, 1, 0]);
    (1..)
        .zip(tags)
        .zip(counts)
        .map(|((rank, tag), count)| row(rank, tag, count))
        .collect()
}

#[test]
fn a_busy_board_on_a_wall() {
    assert_kept("wall.svg", &draw(&busy_board(), (1000, 550), 1));
}

#[test]
fn a_busy_board_on_a_phone() {
    assert_kept("phone.svg", &draw(&busy_board(), (288, 560), 1));
}

#[test]
fn a_busy_board_on_a_sharp_screen() {
    assert_kept("sharp.svg", &draw(&busy_board(), (1000, 550), 2));
}

#[test]
fn one_row() {
    assert_kept("one-row.svg", &draw(&[row(1, "#hello", 1)], (1000, 550), 1));
}

#[test]
fn equal_counts() {
    let rows = [row(1, "#a", 7), row(2, "#b", 7), row(3, "#c", 7)];
    assert_kept("equal.svg", &draw(&rows, (640, 550), 1));
}

#[test]
fn no_rows() {
    assert_kept("empty.svg", &draw(&[], (1000, 550), 1));
}
