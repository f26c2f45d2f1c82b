//! The picture of one tag's mentions over time: a line over an area, round numbers at both axes.
//!
//! Steps in which not all is counted stand apart: the newest until it is over, and the oldest where
//! the window begins within it.

use std::ops::Range;

use model::Step;
use plotters::prelude::DrawingBackend;
use plotters_backend::DrawingErrorKind;

use super::{
    Colour, Look, Measure, Sheet, fill, line,
    plan::{Anchor, Letters, round, step},
    when, within, write,
};
use crate::words;

/// Mentions over time, and how far they are counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Oldest first.
    pub steps: Vec<Step>,
    /// Up to when they are counted, in UTC (RFC 3339).
    pub at: String,
    /// Minutes from UTC to the reader's time.
    pub zone: i32,
}

impl Series {
    /// The steps that are counted in full.
    pub fn whole(&self) -> Range<usize> {
        let begins: Vec<_> = self
            .steps
            .iter()
            .map(|step| when::seconds(&step.at))
            .collect();
        let (count, now) = (begins.len(), when::seconds(&self.at));
        let long = |number: usize| {
            let (from, to) = (begins.get(number)?, begins.get(number + 1)?);
            Some((*to)? - (*from)?)
        };
        // All steps are of one length but the first.
        let short = matches!((long(0), long(1)), (Some(first), Some(next)) if first < next);
        let last = count.checked_sub(2).and_then(long);
        let last = last.zip(begins.last().copied().flatten()).zip(now);
        let over = last.is_some_and(|((long, begin), now)| now >= begin + long);
        let end = if over { count } else { count.saturating_sub(1) };
        usize::from(short).min(end)..end
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Where the line may be.
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
    /// The width of the line.
    pub stroke: u32,
    /// Round counts: where, and what stands at it.
    pub levels: Vec<(i32, Letters)>,
    /// Round times.
    pub times: Vec<(i32, Letters)>,
    /// One for each step.
    pub points: Vec<(i32, i32)>,
    /// The steps that are counted in full.
    pub whole: Range<usize>,
}

impl Plan {
    /// The step whose point is nearest.
    pub fn nearest(&self, x: f64) -> Option<usize> {
        let points = self.points.iter().enumerate();
        let far = |point: &(i32, i32)| (f64::from(point.0) - x).abs();
        points
            .min_by(|(_, one), (_, other)| far(one).total_cmp(&far(other)))
            .map(|(index, _)| index)
    }
}

pub fn plan(series: &Series, sheet: Sheet, width_of: Measure<'_>) -> Plan {
    let em = sheet.em.max(1.0);
    let (width, height) = (f64::from(sheet.width), f64::from(sheet.height));
    let size = (0.85 * em).min(height / 8.0).min(width / 14.0);
    let (top, bottom) = (0.75 * size, height - 2.0 * size);

    let counts = series.steps.iter().map(|step| step.count);
    let most = counts.max().unwrap_or(0).max(1);
    let parts = within(((bottom - top) / (2.5 * size)).floor(), 1.0, 4.0);
    let step = step(most, parts);
    let scale = most.div_ceil(step).saturating_mul(step);
    let up = |count: u64| bottom - (count as f64 / scale as f64) * (bottom - top);
    let levels = (0..=scale / step).map(|number| number * step);
    let column = levels
        .clone()
        .map(|count| width_of(&words::short(count), size));
    let left = column.fold(0.0, f64::max) + 0.6 * size;
    let right = width - size;
    let levels = levels.map(|count| {
        let y = round(up(count));
        let text = Letters {
            text: words::short(count),
            at: (round(left - 0.6 * size), y),
            anchor: Anchor::End,
            size,
        };
        (y, text)
    });

    let begins: Option<Vec<_>> = series
        .steps
        .iter()
        .map(|step| when::seconds(&step.at))
        .collect();
    // Times that cannot be read stand in their order.
    let known = begins.is_some();
    let begins = begins.unwrap_or_else(|| (0..).take(series.steps.len()).collect());
    let (first, last) = (
        begins.first().copied().unwrap_or(0),
        begins.last().copied().unwrap_or(0),
    );
    let across = |at: i64| match last - first {
        0 => right,
        span => left + (at - first) as f64 / span as f64 * (right - left),
    };
    let parts = ((right - left) / (8.0 * size)) as i64;
    let times = match known && last > first {
        true => when::round_times(first, last, series.zone, parts),
        false => Vec::new(),
    };
    let times = times.into_iter().filter_map(|(at, text)| {
        let x = across(at);
        let half = width_of(&text, size) / 2.0;
        let text = Letters {
            text,
            at: (round(x), round(height - 0.6 * size)),
            anchor: Anchor::Middle,
            size,
        };
        (x - half >= 0.0 && x + half <= width).then_some((round(x), text))
    });
    let points = series.steps.iter().zip(&begins);
    let points = points.map(|(step, at)| {
        // A clock that went back draws no line outside.
        let x = within(across(*at), left, right);
        (round(x), round(up(step.count)))
    });
    Plan {
        left: round(left),
        top: round(top),
        right: round(right),
        bottom: round(bottom),
        stroke: (em / 7.0).round().max(1.0) as u32,
        levels: levels.collect(),
        times: times.collect(),
        points: points.collect(),
        whole: series.whole(),
    }
}

/// Draws mentions over time over the whole of `backend`, whose background stays as it is.
pub fn paint<B: DrawingBackend>(
    backend: &mut B,
    series: &Series,
    look: Look<'_>,
) -> Result<(), DrawingErrorKind<B::ErrorType>> {
    let (width, height) = backend.get_size();
    let sheet = Sheet {
        width,
        height,
        em: look.em,
    };
    draw(backend, &plan(series, sheet, look.measure), None, look)?;
    backend.present()
}

/// The step that is `chosen` stands out.
pub(super) fn draw<B: DrawingBackend>(
    backend: &mut B,
    plan: &Plan,
    chosen: Option<usize>,
    look: Look<'_>,
) -> Result<(), DrawingErrorKind<B::ErrorType>> {
    let palette = look.palette;
    backend.ensure_prepared()?;
    let thin = (plan.stroke / 2).max(1);
    for (y, text) in &plan.levels {
        let level = line(palette.line, 1.0, thin);
        backend.draw_line((plan.left, *y), (plan.right, *y), &level)?;
        write(backend, text, palette.muted, 1.0, look)?;
    }
    for (_, text) in &plan.times {
        write(backend, text, palette.muted, 1.0, look)?;
    }

    let Range { start, end } = plan.whole;
    let part = |range: Range<usize>| plan.points.get(range).unwrap_or_default();
    let (before, whole, after) = (
        part(0..start + 1),
        part(start..end),
        part(end.saturating_sub(1)..plan.points.len()),
    );
    for (points, opacity) in [(before, 0.1), (whole, 0.25), (after, 0.1)] {
        if let (Some(first), Some(last), 2..) = (points.first(), points.last(), points.len()) {
            let feet = [(last.0, plan.bottom), (first.0, plan.bottom)];
            let area = fill(palette.bar, opacity);
            backend.fill_polygon(points.iter().copied().chain(feet), &area)?;
        }
    }
    if whole.len() > 1 {
        let path = line(palette.leading, 1.0, plan.stroke);
        backend.draw_path(whole.iter().copied(), &path)?;
    }
    for points in [before, after] {
        for (from, to) in points.iter().zip(points.iter().skip(1)) {
            dashes(backend, *from, *to, palette.leading, plan.stroke)?;
        }
    }
    if let [only] = plan.points[..] {
        backend.draw_circle(only, plan.stroke * 2, &fill(palette.leading, 1.0), true)?;
    }

    if let Some(&(x, y)) = chosen.and_then(|chosen| plan.points.get(chosen)) {
        let rule = line(palette.muted, 1.0, thin);
        backend.draw_line((x, plan.top), (x, plan.bottom), &rule)?;
        backend.draw_circle((x, y), plan.stroke * 2, &fill(palette.ink, 1.0), true)?;
    }
    Ok(())
}

/// A line that is not sure.
fn dashes<B: DrawingBackend>(
    backend: &mut B,
    from: (i32, i32),
    to: (i32, i32),
    colour: Colour,
    stroke: u32,
) -> Result<(), DrawingErrorKind<B::ErrorType>> {
    let (wide, high) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
    let long = (wide * wide + high * high).sqrt();
    // As many as begin and end with one.
    let parts = 2 * (long / f64::from(stroke * 5)) as i32 + 1;
    let at = |part: i32| {
        let part = f64::from(part) / f64::from(parts);
        (from.0 + round(wide * part), from.1 + round(high * part))
    };
    for part in (0..parts).step_by(2) {
        backend.draw_line(at(part), at(part + 1), &line(colour, 1.0, stroke))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chart::rough_width;

    const SHEET: Sheet = Sheet {
        width: 800,
        height: 260,
        em: 16.0,
    };

    fn at(second: usize) -> String {
        format!(
            "2026-11-22T{:02}:{:02}:{:02}Z",
            second / 3600 % 24,
            second / 60 % 60,
            second % 60
        )
    }

    fn series(begins: &[usize], now: usize) -> Series {
        let steps = begins.iter().map(|&second| Step {
            at: at(second),
            count: second as u64 % 7,
        });
        Series {
            steps: steps.collect(),
            at: at(now),
            zone: 0,
        }
    }

    #[test]
    fn steps_are_whole_when_they_are_over_and_began_within() {
        for (begins, now, whole) in [
            (&[][..], 0, 0..0),
            (&[0], 5, 0..0),
            (&[0, 10], 15, 0..1),
            (&[0, 10], 20, 0..2),
            (&[4, 10, 20], 25, 1..2),
            (&[0, 10, 20], 30, 0..3),
        ] {
            assert_eq!(series(begins, now).whole(), whole, "{begins:?} {now}");
        }
    }

    #[test]
    fn the_highest_count_is_under_a_round_one() {
        let mut series = series(&[0, 10, 20], 30);
        series.steps[1].count = 1_234;
        let plan = plan(&series, SHEET, &rough_width);
        let levels = plan.levels.iter().map(|(_, text)| text.text.as_str());
        assert_eq!(levels.collect::<Vec<_>>(), ["0", "500", "1k", "1.5k"]);
        assert!(plan.points[1].1 > plan.top && plan.points[1].1 < plan.points[0].1);
    }

    #[test]
    fn the_nearest_step_is_found_from_anywhere() {
        let plan = plan(&series(&[0, 10, 20], 30), SHEET, &rough_width);
        let nearest = |x: f64| plan.nearest(x);
        assert_eq!(nearest(-5.0), Some(0));
        assert_eq!(nearest(f64::from(plan.points[1].0) + 3.0), Some(1));
        assert_eq!(nearest(9_999.0), Some(2));
        assert_eq!(
            super::plan(&Series::default(), SHEET, &rough_width).nearest(1.0),
            None
        );
    }

    proptest! {
        #[test]
        fn whatever_the_counts_nothing_is_outside_or_over_anything_else(
            counts in prop::collection::vec(any::<u64>(), 0..150),
            apart in 1_usize..600,
            zone in -840_i32..=840,
            broken in any::<bool>(),
            width in 60_u32..4000,
            height in 60_u32..1000,
            em in 8.0_f64..48.0,
        ) {
            let steps = counts.iter().enumerate().map(|(index, &count)| Step {
                at: if broken && index == 3 { "?".to_owned() } else { at(index * apart) },
                count,
            });
            let series = Series { steps: steps.collect(), at: at(counts.len() * apart), zone };
            let sheet = Sheet { width, height, em };
            let plan = plan(&series, sheet, &rough_width);
            let (width, height) = (f64::from(width), f64::from(height));
            prop_assert_eq!(plan.points.len(), counts.len());
            prop_assert!(plan.left < plan.right && plan.top < plan.bottom);
            for &(x, y) in &plan.points {
                prop_assert!((plan.left..=plan.right).contains(&x));
                prop_assert!((plan.top..=plan.bottom).contains(&y));
            }
            let reach = |text: &Letters| {
                let wide = rough_width(&text.text, text.size);
                let x = f64::from(text.at.0);
                let left = if text.anchor == Anchor::End { x - wide } else { x - wide / 2.0 };
                let (y, half) = (f64::from(text.at.1), text.size / 2.0);
                [left, y - half, left + wide, y + half]
            };
            let texts = plan.levels.iter().chain(&plan.times).map(|(_, text)| reach(text));
            let texts: Vec<_> = texts.collect();
            for text in &texts {
                prop_assert!(text.iter().all(|edge| edge.is_finite()));
                prop_assert!(text[0] >= -1.0 && text[1] >= -1.0, "{text:?}");
                prop_assert!(text[2] <= width + 1.0 && text[3] <= height + 1.0, "{text:?}");
            }
            for (index, one) in texts.iter().enumerate() {
                for other in texts.iter().skip(index + 1) {
                    let over = |side: usize| {
                        one[side + 2].min(other[side + 2]) - one[side].max(other[side]) > 1.0
                    };
                    prop_assert!(!(over(0) && over(1)), "{one:?} {other:?}");
                }
            }
        }
    }
}
