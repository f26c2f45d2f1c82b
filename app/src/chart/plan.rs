//! Where everything in the picture goes. Pure: the same rows on the same sheet make the same plan.
//!
//! A bar is as long as that by which its row is ranked. The sheet is cut into bands of one height,
//! the axis and the rows, and there is room for ten rows where there are fewer: bars do not jump
//! when a tag comes or goes, and beside the table each bar lies in line with its row. On a narrow
//! sheet a tag stands above its bar instead of before it, and the counts, which are written out, do
//! without an axis. On a sheet that is too small for its letters these are smaller: nothing lies
//! over anything else, and nothing outside.

use model::{Ranking, Row};

use super::{Sheet, label, within};
use crate::words;

/// As many as a board has by default.
const ROWS: usize = 10;
/// Below this many ems a tag stands above its bar.
const NARROW: f64 = 28.0;

#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub width: i32,
    /// The lines of the axis run from here
    pub top: i32,
    /// to here.
    pub bottom: i32,
    /// Their width.
    pub stroke: u32,
    /// The first row begins here.
    pub first: f64,
    /// The height of a row.
    pub band: f64,
    pub ticks: Vec<Tick>,
    /// In the order of the rows.
    pub bars: Vec<Bar>,
}

impl Plan {
    /// The row at a height.
    pub fn row_at(&self, y: f64) -> Option<usize> {
        let row = (y - self.first) / self.band;
        (row >= 0.0 && row < self.bars.len() as f64).then_some(row as usize)
    }

    /// Where a row begins.
    pub fn top_of(&self, row: usize) -> f64 {
        self.first + self.band * row as f64
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub x: i32,
    pub text: Letters,
    /// From 0, not seen, to 1.
    pub opacity: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Whose bar it is.
    pub tag: String,
    /// Upper left
    pub from: (i32, i32),
    /// to lower right.
    pub to: (i32, i32),
    pub leading: bool,
    pub label: Letters,
    pub number: Letters,
    /// From 0, not seen, to 1.
    pub opacity: f64,
}

/// A line of text; its height is centred at `at`.
#[derive(Clone, Debug, PartialEq)]
pub struct Letters {
    pub text: String,
    pub at: (i32, i32),
    pub anchor: Anchor,
    pub size: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// What is drawn of a row.
struct Measured<'a> {
    tag: &'a str,
    rank: u32,
    /// By which it is ranked; finite and not below zero.
    value: f64,
    /// The same in writing.
    number: String,
}

impl<'a> Measured<'a> {
    fn of(row: &'a Row, by: Ranking) -> Self {
        let known = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), words::grouped);
        let (value, number) = match by {
            Ranking::Count => (row.count as f64, words::grouped(row.count)),
            Ranking::People => (row.people.unwrap_or(0) as f64, known(row.people)),
            Ranking::Rising => {
                let score = row.score.filter(|score| score.is_finite()).unwrap_or(0.0);
                (within(score, 0.0, u64::MAX as f64), words::rise(score))
            }
        };
        Self {
            tag: &row.tag,
            rank: row.rank,
            value,
            number,
        }
    }
}

/// `by` is what the rows are ranked by, `width_of` a text's at a font size.
pub fn plan(rows: &[Row], by: Ranking, sheet: Sheet, width_of: &dyn Fn(&str, f64) -> f64) -> Plan {
    let rows: Vec<_> = rows.iter().map(|row| Measured::of(row, by)).collect();
    // Never empty and never nothing: a bar's length is a part of this.
    let most = rows.iter().map(|row| row.value).fold(1.0, f64::max);
    let places = Places::on(sheet, &rows, width_of);
    let bars = rows.iter().enumerate();
    let bars = bars.map(|(index, row)| places.bar(index, row, most, width_of));
    Plan {
        width: round(places.width),
        top: round(places.band * 0.85),
        bottom: round(f64::from(sheet.height)),
        stroke: (places.em / 14.0).round().max(1.0) as u32,
        first: places.first,
        band: places.band,
        bars: bars.collect(),
        ticks: if places.above {
            Vec::new()
        } else {
            places.ticks(most, width_of)
        },
    }
}

/// How the sheet is divided.
struct Places {
    width: f64,
    em: f64,
    /// The font size: an em, or what fits.
    size: f64,
    /// The first row begins here.
    first: f64,
    /// The height of a row.
    band: f64,
    /// Tags stand above their bars.
    above: bool,
    /// Bars begin here,
    start: f64,
    /// and the longest is this long.
    room: f64,
}

impl Places {
    fn on(sheet: Sheet, rows: &[Measured<'_>], width_of: &dyn Fn(&str, f64) -> f64) -> Self {
        let em = sheet.em.max(1.0);
        let (width, height) = (f64::from(sheet.width), f64::from(sheet.height));
        let bands = rows.len().max(ROWS) as f64;
        let number = |size: f64| {
            let numbers = rows.iter().map(|row| width_of(&row.number, size));
            numbers.fold(4.0 * size, f64::max)
        };

        let band = height / (1.0 + bands);
        let size = em.min(band * 0.75);
        // The column of tags has one width whatever is in it, so that bars keep their place when
        // tags come and go.
        let start = within(width * 0.27, 9.0 * em, 17.0 * em);
        let room = width - start - number(size) - em;
        if width >= NARROW * em && room >= 4.0 * em {
            return Self {
                width,
                em,
                size,
                first: band,
                band,
                above: false,
                start,
                room,
            };
        }

        let band = height / bands;
        let size = em.min(band * 0.5);
        // A number and the beginning of a tag stand side by side.
        let needed = number(size) + 2.5 * size;
        Self {
            width,
            em,
            size: size * (width / needed).min(1.0),
            first: 0.0,
            band,
            above: true,
            start: 0.0,
            room: width,
        }
    }

    fn bar(
        &self,
        index: usize,
        row: &Measured<'_>,
        most: f64,
        width_of: &dyn Fn(&str, f64) -> f64,
    ) -> Bar {
        let top = self.first + self.band * index as f64;
        let end = self.start + within(row.value / most, 0.0, 1.0) * self.room;
        // However short a bar is, it can be seen, unless there is nothing to see.
        let least = if row.value == 0.0 { 0.0 } else { self.em / 7.0 };
        let seen = end.max(self.start + least.min(self.room));
        let shape = if self.above {
            self.tag_above(row, top, width_of)
        } else {
            self.tag_before(row, top, end, width_of)
        };
        Bar {
            tag: row.tag.to_owned(),
            from: (round(self.start), round(shape.bar.0)),
            to: (round(seen), round(shape.bar.1)),
            leading: row.rank == 1,
            label: shape.label,
            number: shape.number,
            opacity: 1.0,
        }
    }

    /// The tag before the bar, the number behind it.
    fn tag_before(
        &self,
        row: &Measured<'_>,
        top: f64,
        end: f64,
        width_of: &dyn Fn(&str, f64) -> f64,
    ) -> Shape {
        let size = self.size;
        let middle = top + self.band / 2.0;
        let edge = self.start - 0.75 * self.em;
        Shape {
            bar: (top + self.band * 0.2, top + self.band * 0.8),
            label: Letters {
                text: label::fit(row.tag, edge, &|text| width_of(text, size)),
                at: (round(edge), round(middle)),
                anchor: Anchor::End,
                size,
            },
            number: Letters {
                text: row.number.clone(),
                at: (round(end + 0.5 * self.em), round(middle)),
                anchor: Anchor::Start,
                size,
            },
        }
    }

    /// The tag and the number above the bar.
    fn tag_above(
        &self,
        row: &Measured<'_>,
        top: f64,
        width_of: &dyn Fn(&str, f64) -> f64,
    ) -> Shape {
        let size = self.size;
        let number = row.number.clone();
        let room = self.width - width_of(&number, size) - size;
        let middle = round(top + self.band * 0.38);
        Shape {
            bar: (top + self.band * 0.68, top + self.band * 0.9),
            label: Letters {
                text: label::fit(row.tag, room, &|text| width_of(text, size)),
                at: (round(self.start), middle),
                anchor: Anchor::Start,
                size,
            },
            number: Letters {
                text: number,
                at: (round(self.width), middle),
                anchor: Anchor::End,
                size,
            },
        }
    }

    /// The axis: zero and a few round numbers.
    fn ticks(&self, most: f64, width_of: &dyn Fn(&str, f64) -> f64) -> Vec<Tick> {
        // The cast saturates.
        let whole = most as u64;
        let size = self.size * 0.85;
        let apart = (1.4 * width_of(&words::short(whole), size)).max(4.5 * self.em);
        let step = step(whole, within((self.room / apart).floor(), 1.0, 6.0));
        let mut ticks = Vec::new();
        let mut value = 0_u64;
        loop {
            let x = round(self.start + value as f64 / most * self.room);
            ticks.push(Tick {
                x,
                text: Letters {
                    text: words::short(value),
                    at: (x, round(self.band * 0.5)),
                    anchor: Anchor::Middle,
                    size,
                },
                opacity: 1.0,
            });
            value = match value.checked_add(step) {
                Some(next) if next <= whole => next,
                _ => return ticks,
            };
        }
    }
}

/// One row of the picture.
struct Shape {
    /// The upper and the lower edge.
    bar: (f64, f64),
    label: Letters,
    number: Letters,
}

/// The smallest of 1, 2, 5, 10, 20, 50, … that cuts `most` into at most `parts`.
pub(super) fn step(most: u64, parts: f64) -> u64 {
    let mut power = 1_u64;
    loop {
        for step in [1, 2, 5].map(|digit| power.saturating_mul(digit)) {
            if step as f64 * parts >= most as f64 {
                return step;
            }
        }
        power = match power.checked_mul(10) {
            Some(power) => power,
            None => return u64::MAX,
        };
    }
}

pub(super) fn round(length: f64) -> i32 {
    length.round() as i32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chart::rough_width;

    fn row(rank: u32, tag: &str, count: u64) -> Row {
        Row::counted(rank, tag.to_owned(), count, count)
    }

    fn count_plan(rows: &[Row], sheet: Sheet, width_of: &dyn Fn(&str, f64) -> f64) -> Plan {
        plan(rows, Ranking::Count, sheet, width_of)
    }

    const WALL: Sheet = Sheet {
        width: 1000,
        height: 550,
        em: 16.0,
    };
    const PHONE: Sheet = Sheet {
        width: 288,
        height: 495,
        em: 16.0,
    };

    #[test]
    fn the_longest_bar_is_the_leader_and_the_others_are_in_proportion() {
        let plan = count_plan(&[row(1, "#a", 1000), row(2, "#b", 250)], WALL, &rough_width);
        let length = |bar: &Bar| bar.to.0 - bar.from.0;
        assert!(plan.bars[0].leading && !plan.bars[1].leading);
        assert!((length(&plan.bars[0]) - 4 * length(&plan.bars[1])).abs() <= 4);
    }

    #[test]
    fn bars_keep_their_place_whatever_the_tags_are() {
        let short = count_plan(&[row(1, "#a", 9)], WALL, &rough_width);
        let long = count_plan(
            &[row(1, &"#long".repeat(40), 9), row(2, "#b", 1)],
            WALL,
            &rough_width,
        );
        assert_eq!(short.bars[0].from, long.bars[0].from);
        assert_eq!(short.bars[0].to, long.bars[0].to);
    }

    #[test]
    fn a_sharper_sheet_has_the_same_picture() {
        let rows = [row(1, "#rust", 1234), row(2, "#wasm", 777)];
        let plain = count_plan(&rows, WALL, &rough_width);
        let sharp = Sheet {
            width: 2000,
            height: 1100,
            em: 32.0,
        };
        let sharp = count_plan(&rows, sharp, &rough_width);
        assert_eq!(sharp.stroke, 2 * plain.stroke);
        for (plain, sharp) in plain.bars.iter().zip(&sharp.bars) {
            assert!((2 * plain.to.0 - sharp.to.0).abs() <= 2);
            assert_eq!(plain.label.text, sharp.label.text);
            assert_eq!(sharp.label.size, 32.0);
        }
    }

    #[test]
    fn a_phone_has_its_tags_above_the_bars() {
        let plan = count_plan(&[row(1, "#rust", 12_345_678_901)], PHONE, &rough_width);
        assert!(plan.bars[0].label.at.1 < plan.bars[0].from.1);
        assert_eq!(plan.bars[0].number.text, "12,345,678,901");
        assert!(plan.ticks.is_empty());
    }

    #[test]
    fn a_bar_is_as_long_as_what_its_row_is_ranked_by() {
        let row = |rank, people, score| Row {
            people,
            score,
            ..row(rank, "#a", 1)
        };
        let rows = [
            row(1, Some(400), Some(8.0)),
            row(2, Some(100), Some(2.0)),
            row(3, None, None),
        ];
        for (by, numbers) in [
            (Ranking::People, ["400", "100", "–"]),
            (Ranking::Rising, ["8.0", "2.0", "0.0"]),
        ] {
            let plan = plan(&rows, by, WALL, &rough_width);
            let length = |bar: &Bar| bar.to.0 - bar.from.0;
            assert!((length(&plan.bars[0]) - 4 * length(&plan.bars[1])).abs() <= 4);
            assert_eq!(length(&plan.bars[2]), 0);
            let drawn: Vec<_> = plan
                .bars
                .iter()
                .map(|bar| bar.number.text.as_str())
                .collect();
            assert_eq!(drawn, numbers);
        }
    }

    #[test]
    fn nothing_to_show_is_an_axis() {
        let plan = count_plan(&[], WALL, &rough_width);
        assert!(plan.bars.is_empty());
        let texts: Vec<_> = plan
            .ticks
            .iter()
            .map(|tick| tick.text.text.as_str())
            .collect();
        assert_eq!(texts, ["0", "1"]);
    }

    #[test]
    fn steps_are_round_and_few() {
        for (most, parts, expected) in [
            (1, 5.0, 1),
            (5, 5.0, 1),
            (6, 5.0, 2),
            (99, 4.0, 50),
            (1234, 4.0, 500),
            (u64::MAX, 1.0, u64::MAX),
        ] {
            assert_eq!(step(most, parts), expected, "{most}/{parts}");
        }
    }

    /// How far letters reach: left, top, right and bottom.
    fn reach(letters: &Letters) -> [f64; 4] {
        let width = rough_width(&letters.text, letters.size);
        let (x, y) = (f64::from(letters.at.0), f64::from(letters.at.1));
        let left = match letters.anchor {
            Anchor::Start => x,
            Anchor::Middle => x - width / 2.0,
            Anchor::End => x - width,
        };
        let half = letters.size / 2.0;
        [left, y - half, left + width, y + half]
    }

    /// Pixels are whole, so what only touches may lie a pixel over.
    fn is_over(one: [f64; 4], other: [f64; 4]) -> bool {
        let over =
            |side: usize| one[side + 2].min(other[side + 2]) - one[side].max(other[side]) > 1.5;
        over(0) && over(1)
    }

    #[test]
    fn a_hundred_rows_have_a_hundred_bars_of_one_height() {
        let rows: Vec<_> = (1..=100).map(|rank| row(rank, "#a", 1000)).collect();
        let sheet = Sheet {
            height: 101 * 50,
            ..WALL
        };
        let plan = count_plan(&rows, sheet, &rough_width);
        assert_eq!(plan.bars.len(), 100);
        assert_eq!(plan.bars[99].from.1, 100 * 50 + 10);
        assert_eq!(plan.row_at(100.0 * 50.0 + 25.0), Some(99));
        assert_eq!(plan.row_at(49.0), None, "the axis");
        assert_eq!(plan.row_at(f64::NAN), None);
    }

    #[test]
    fn a_place_without_a_row_has_none() {
        let plan = count_plan(&[row(1, "#a", 1)], WALL, &rough_width);
        assert_eq!(plan.row_at(60.0), Some(0));
        assert_eq!(plan.row_at(160.0), None);
    }

    proptest! {
        #[test]
        fn whatever_the_counts_nothing_is_outside_or_over_anything_else(
            counts in prop::collection::vec((any::<u64>(), any::<f64>()), 0..101),
            by in prop::sample::select(Ranking::ALL.to_vec()),
            tag in "#.{0,80}",
            width in 60_u32..4000,
            height in 60_u32..6000,
            em in 8.0_f64..48.0,
        ) {
            let rows: Vec<Row> =
                counts.iter().zip(1..).map(|(&(count, score), rank)| Row {
                    people: Some(count),
                    score: Some(score),
                    ..row(rank, &tag, count)
                }).collect();
            let plan = plan(&rows, by, Sheet { width, height, em }, &rough_width);
            let (width, height) = (f64::from(width), f64::from(height));
            prop_assert_eq!(plan.bars.len(), rows.len());
            prop_assert!(plan.ticks.len() <= 7);
            prop_assert!(plan.band > 0.0);
            let mut taken: Vec<[f64; 4]> = plan.ticks.iter().map(|tick| reach(&tick.text)).collect();
            for bar in &plan.bars {
                prop_assert!(bar.from.0 <= bar.to.0 && bar.from.1 <= bar.to.1);
                prop_assert!(bar.label.size.is_finite() && bar.label.size > 0.0);
                taken.extend([
                    [bar.from.0, bar.from.1, bar.to.0, bar.to.1].map(f64::from),
                    reach(&bar.label),
                    reach(&bar.number),
                ]);
            }
            for part in &taken {
                prop_assert!(part.iter().all(|edge| edge.is_finite()));
                prop_assert!(part[0] >= -1.0 && part[1] >= -1.0, "{part:?}");
                prop_assert!(part[2] <= width + 1.0 && part[3] <= height + 1.0, "{part:?}");
            }
            for (index, &one) in taken.iter().enumerate() {
                // Those of the row, and of the next.
                for &other in taken.iter().skip(index + 1).take(8) {
                    prop_assert!(!is_over(one, other), "{one:?} {other:?}");
                }
            }
        }
    }
}
