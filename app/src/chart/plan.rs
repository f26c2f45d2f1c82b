//! Where everything in the picture goes. Pure: the same rows on the same sheet make the same plan.
//!
//! A bar is as long as that by which its row is ranked. The sheet is cut into eleven bands of one
//! height, the axis and ten rows, however many rows there are, and has the first ten of more: bars do not jump when a tag comes or goes, and beside the table each bar lies in line with
//! its row. On a narrow sheet a tag stands above its bar instead of before it, and the counts, which
//! are written out, do without an axis.

use model::{Ranking, Row};

use super::label;
use crate::page::words;

/// As many as a board has by default.
const ROWS: u32 = 10;
/// Below this many ems a tag stands above its bar.
const NARROW: f64 = 28.0;

/// What is drawn on, in its own pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sheet {
    pub width: u32,
    pub height: u32,
    /// The font size; every length follows from it, so a sharper sheet has the same picture.
    pub em: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The lines of the axis run from here
    pub top: i32,
    /// to here.
    pub bottom: i32,
    /// Their width.
    pub stroke: u32,
    pub ticks: Vec<Tick>,
    /// In the order of the rows.
    pub bars: Vec<Bar>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub x: i32,
    pub text: Letters,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Upper left
    pub from: (i32, i32),
    /// to lower right.
    pub to: (i32, i32),
    pub leading: bool,
    pub label: Letters,
    pub number: Letters,
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
                (score.max(0.0), words::rise(score))
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
    let em = sheet.em.max(1.0);
    let (width, height) = (f64::from(sheet.width), f64::from(sheet.height));
    let rows = rows.iter().take(ROWS as usize);
    let rows: Vec<_> = rows.map(|row| Measured::of(row, by)).collect();
    // Never empty and never nothing: a bar's length is a part of this.
    let most = rows.iter().map(|row| row.value).fold(1.0, f64::max);
    let places = Places::on(width, em, &rows, width_of);
    let axis = if places.above { 0 } else { 1 };
    let band = height / f64::from(axis + ROWS);
    let length = |value: f64| (value / most).clamp(0.0, 1.0) * places.room;

    let bars = rows.iter().zip(axis..).map(|(row, place)| {
        let top = band * f64::from(place);
        let line = Line {
            top,
            band,
            em,
            end: places.start + length(row.value),
            width,
        };
        let shape = if places.above {
            line.above(row, &places, width_of)
        } else {
            line.before(row, &places, width_of)
        };
        Bar {
            leading: row.rank == 1,
            ..shape
        }
    });
    let bars = bars.collect();

    Plan {
        top: round(band * 0.85),
        bottom: round(height),
        stroke: (em / 14.0).round().max(1.0) as u32,
        ticks: if places.above {
            Vec::new()
        } else {
            ticks(most, &places, em, band)
        },
        bars,
    }
}

/// Across the sheet.
struct Places {
    /// Tags stand above their bars.
    above: bool,
    /// Bars begin here,
    start: f64,
    /// and the longest is this long.
    room: f64,
}

impl Places {
    fn on(width: f64, em: f64, rows: &[Measured<'_>], width_of: &dyn Fn(&str, f64) -> f64) -> Self {
        if width < NARROW * em {
            return Self {
                above: true,
                start: 0.0,
                room: width.max(1.0),
            };
        }
        // The column of tags has one width whatever is in it, so that bars keep their place when
        // tags come and go.
        let start = (width * 0.27).clamp(9.0 * em, 17.0 * em);
        let numbers = rows.iter().map(|row| width_of(&row.number, em));
        let number = numbers.fold(4.0 * em, f64::max);
        Self {
            above: false,
            start,
            room: (width - start - number - em).max(1.0),
        }
    }
}

/// One row of the picture.
struct Line {
    top: f64,
    band: f64,
    em: f64,
    /// Where its bar ends.
    end: f64,
    width: f64,
}

impl Line {
    /// The tag before the bar, the number behind it.
    fn before(
        &self,
        row: &Measured<'_>,
        places: &Places,
        width_of: &dyn Fn(&str, f64) -> f64,
    ) -> Bar {
        let em = self.em;
        let middle = self.top + self.band / 2.0;
        let half = (self.band * 0.3).max(1.0);
        let gap = 0.75 * em;
        Bar {
            from: (round(places.start), round(middle - half)),
            to: (self.bar_end(row, places), round(middle + half)),
            leading: false,
            label: Letters {
                text: label::fit(row.tag, places.start - gap, &|text| width_of(text, em)),
                at: (round(places.start - gap), round(middle)),
                anchor: Anchor::End,
                size: em,
            },
            number: Letters {
                text: row.number.clone(),
                at: (round(self.end + 0.5 * em), round(middle)),
                anchor: Anchor::Start,
                size: em,
            },
        }
    }

    /// The tag and the number above the bar.
    fn above(
        &self,
        row: &Measured<'_>,
        places: &Places,
        width_of: &dyn Fn(&str, f64) -> f64,
    ) -> Bar {
        let em = self.em;
        let number = row.number.clone();
        let room = self.width - width_of(&number, em) - em;
        let middle = round(self.top + self.band * 0.38);
        Bar {
            from: (round(places.start), round(self.top + self.band * 0.68)),
            to: (self.bar_end(row, places), round(self.top + self.band * 0.9)),
            leading: false,
            label: Letters {
                text: label::fit(row.tag, room, &|text| width_of(text, em)),
                at: (round(places.start), middle),
                anchor: Anchor::Start,
                size: em,
            },
            number: Letters {
                text: number,
                at: (round(self.width), middle),
                anchor: Anchor::End,
                size: em,
            },
        }
    }

    /// However short a bar is, it can be seen, unless there is nothing to see.
    fn bar_end(&self, row: &Measured<'_>, places: &Places) -> i32 {
        let least = if row.value == 0.0 { 0.0 } else { self.em / 7.0 };
        round(self.end.max(places.start + least))
    }
}

/// The axis: zero and a few round numbers.
fn ticks(most: f64, places: &Places, em: f64, band: f64) -> Vec<Tick> {
    // The cast saturates.
    let whole = most as u64;
    let step = step(whole, (places.room / (4.5 * em)).floor().clamp(1.0, 6.0));
    let mut ticks = Vec::new();
    let mut value = 0_u64;
    loop {
        let x = round(places.start + value as f64 / most * places.room);
        ticks.push(Tick {
            x,
            text: Letters {
                text: words::short(value),
                at: (x, round(band * 0.5)),
                anchor: Anchor::Middle,
                size: em * 0.85,
            },
        });
        value = match value.checked_add(step) {
            Some(next) if next <= whole => next,
            _ => return ticks,
        };
    }
}

/// The smallest of 1, 2, 5, 10, 20, 50, … that cuts `most` into at most `parts`.
fn step(most: u64, parts: f64) -> u64 {
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

fn round(length: f64) -> i32 {
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

    proptest! {
        #[test]
        fn whatever_the_counts_everything_is_on_the_sheet(
            counts in prop::collection::vec((any::<u64>(), any::<f64>()), 0..14),
            by in prop::sample::select(Ranking::ALL.to_vec()),
            tag in "#.{0,80}",
            width in 60_u32..4000,
            height in 60_u32..3000,
            em in 8.0_f64..48.0,
        ) {
            let rows: Vec<Row> =
                counts.iter().zip(1..).map(|(&(count, score), rank)| Row {
                    people: Some(count),
                    score: Some(score),
                    ..row(rank, &tag, count)
                }).collect();
            let plan = plan(&rows, by, Sheet { width, height, em }, &rough_width);
            prop_assert_eq!(plan.bars.len(), rows.len().min(10));
            prop_assert!(plan.ticks.len() <= 7);
            for bar in &plan.bars {
                prop_assert!(bar.from.0 >= 0 && bar.from.0 <= bar.to.0 && bar.from.1 < bar.to.1);
                prop_assert!(bar.to.1 <= height as i32);
                prop_assert!(f64::from(bar.to.0) <= f64::from(width) + em);
            }
        }
    }
}
