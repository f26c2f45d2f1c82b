//! Pictures of some boards and of mentions over time, kept as SVG in `tests/pictures` to be looked at
//! in any browser.
//!
//! After a change that is meant, `KEEP=1 cargo test -p app --test pictures` keeps the new ones.

use std::{env, fs, path::Path};

use app::chart::{
    Look, Palette, paint, rough_width,
    times::{self, Series},
};
use model::{Ranking, Row, Step};
use plotters::backend::SVGBackend;

fn row(rank: u32, tag: &str, count: u64) -> Row {
    Row::counted(rank, tag.to_owned(), count, count)
}

/// The picture of a board at a size in CSS pixels, as sharp as asked for.
fn draw(rows: &[Row], size: (u32, u32), sharpness: u32) -> String {
    on_sheet(size, sharpness, |backend, look| {
        paint(backend, rows, Ranking::Count, look).expect("a picture");
    })
}

fn draw_times(series: &Series, size: (u32, u32)) -> String {
    on_sheet(size, 1, |backend, look| {
        times::paint(backend, series, look).expect("a picture");
    })
}

fn on_sheet(
    (width, height): (u32, u32),
    sharpness: u32,
    draw: impl Fn(&mut SVGBackend<'_>, Look<'_>),
) -> String {
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
        draw(&mut backend, look);
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

#[test]
fn more_rows_than_ten() {
    let rows: Vec<_> = (1..=25)
        .map(|rank| row(rank, &format!("#tag{rank}"), u64::from(4_000 / rank)))
        .collect();
    assert_kept("25-rows.svg", &draw(&rows, (1000, 26 * 44), 1));
}

#[test]
fn a_hundred_rows_on_a_phone() {
    let long = format!("#{}", "unübersehbarlang".repeat(8));
    let tags = ["#rust", "#عالم", "#日本語タグ", "#🏳️‍🌈🎉", &long];
    let rows: Vec<_> = (1..=100)
        .zip(tags.into_iter().cycle())
        .map(|(rank, tag)| row(rank, tag, 9_876_543_210 / u64::from(rank)))
        .collect();
    assert_kept("100-rows.svg", &draw(&rows, (288, 101 * 44), 1));
}

#[test]
fn long_tags_and_counts_on_a_sheet_that_is_too_small() {
    let tag = "#ثرثرة_طويلة_جدا_لا_تنتهي".repeat(3);
    let rows = [row(1, &tag, u64::MAX), row(2, &tag, u64::MAX / 3)];
    assert_kept("small.svg", &draw(&rows, (120, 130), 1));
}

/// A step every ten seconds; the first is cut short, the last is not over.
fn series(counts: impl IntoIterator<Item = u64>) -> Series {
    let steps = (0_u32..).zip(counts).map(|(number, count)| {
        let second = if number == 0 { 4 } else { number * 10 };
        Step {
            at: format!("2026-11-22T18:{:02}:{:02}Z", 30 + second / 60, second % 60),
            count,
        }
    });
    let steps: Vec<_> = steps.collect();
    let at = steps.last().map(|step| step.at.clone()).unwrap_or_default();
    Series {
        steps,
        at,
        zone: 60,
    }
}

#[test]
fn mentions_over_time() {
    let counts = [
        3, 12, 9, 14, 22, 41, 38, 35, 60, 133, 128, 90, 71, 64, 66, 40, 12,
    ];
    assert_kept("times.svg", &draw_times(&series(counts), (1000, 260)));
    let many = (0..90).map(|number| 2_000_000_000 + (number * 7_919) % 1_000 * 1_500_000);
    assert_kept("times-phone.svg", &draw_times(&series(many), (288, 200)));
}

#[test]
fn a_single_step_is_a_dot_and_none_are_axes() {
    assert_kept("times-one.svg", &draw_times(&series([4]), (640, 200)));
    assert_kept("times-none.svg", &draw_times(&series([]), (640, 200)));
}
