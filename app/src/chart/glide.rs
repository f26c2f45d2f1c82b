//! From one picture to the next. Pure: who draws says what time it is.
//!
//! A bar is known by its tag and glides to its new place and length; one that goes fades before one
//! that comes is seen, so no two are read at once in one place. Numbers are those of the new
//! picture from the start: what is written is true at any moment.
//!
//! A way of three pixels is worth three pictures and not the thirty that a screen shows meanwhile: most
//! news moves bars by less than a pixel, and a board hangs on a wall for days.

use std::ops::Range;

use super::{
    plan::{Bar, Letters, Plan, Tick, round},
    within,
};

/// In milliseconds.
const LASTS: f64 = 500.0;
/// From one picture of a screen to the next, in milliseconds.
pub const FRAME: f64 = 1000.0 / 60.0;
/// As many pictures are worth it where something fades.
const FADE: i32 = 12;

/// A picture on its way to another.
#[derive(Debug)]
pub struct Glide {
    from: Plan,
    to: Plan,
    since: f64,
    /// How many pictures it is worth.
    pictures: f64,
}

impl Glide {
    /// What is not `seen` between these heights moves for nobody.
    pub fn new(from: Plan, to: Plan, now: f64, seen: &Range<i32>) -> Self {
        let pictures = f64::from(pictures(&from, &to, seen));
        Self {
            from,
            to,
            since: now,
            pictures,
        }
    }

    /// As far as it has come.
    pub fn at(&self, now: f64) -> Plan {
        if self.is_over(now) {
            return self.to.clone();
        }
        between(&self.from, &self.to, self.part(now))
    }

    pub fn is_over(&self, now: f64) -> bool {
        self.pictures <= 1.0 || self.part(now) >= 1.0
    }

    /// How many milliseconds from now the next picture is worth it; `None` where it is over.
    pub fn next(&self, now: f64) -> Option<f64> {
        if self.is_over(now) {
            return None;
        }
        let drawn = (self.part(now) * self.pictures).floor();
        let mut after = FRAME;
        while self.part(now + after) < 1.0
            && (self.part(now + after) * self.pictures).floor() <= drawn
        {
            after += FRAME;
        }
        Some(after)
    }

    /// Where it leads to.
    pub fn to(&self) -> &Plan {
        &self.to
    }

    /// Fast at first, then slower.
    fn part(&self, now: f64) -> f64 {
        let left = 1.0 - within((now - self.since) / LASTS, 0.0, 1.0);
        1.0 - left * left * left
    }
}

/// There is a way from one to the other: both are of one scale.
pub fn is_way(from: &Plan, to: &Plan) -> bool {
    from.width == to.width && from.first == to.first && from.stroke == to.stroke
}

/// By how many pixels that moves which moves furthest between these heights.
fn pictures(from: &Plan, to: &Plan, seen: &Range<i32>) -> i32 {
    let mut most = 0;
    let mut moves = |by: i32| most = most.max(by);
    let is_seen = |bar: &Bar| bar.to.1 >= seen.start && bar.label.at.1 <= seen.end;
    for (index, bar) in to.bars.iter().enumerate() {
        match known(from, index, bar) {
            Some(old) if is_seen(old) || is_seen(bar) => {
                moves((old.from.1 - bar.from.1).abs());
                moves((old.to.0 - bar.to.0).abs());
                moves((old.number.at.0 - bar.number.at.0).abs());
            }
            None if is_seen(bar) => moves(FADE),
            _ => {}
        }
    }
    let gone = |(index, bar): (usize, &Bar)| is_seen(bar) && known(to, index, bar).is_none();
    if from.bars.iter().enumerate().any(gone) {
        moves(FADE);
    }
    for (old, new) in from.ticks.iter().zip(&to.ticks) {
        moves(if old.text.text == new.text.text {
            (old.x - new.x).abs()
        } else {
            FADE
        });
    }
    if from.ticks.len() != to.ticks.len() {
        moves(FADE);
    }
    most
}

/// The same tag's bar in a plan; most keep their rank.
fn known<'a>(plan: &'a Plan, index: usize, bar: &Bar) -> Option<&'a Bar> {
    let same = plan.bars.get(index).filter(|old| old.tag == bar.tag);
    same.or_else(|| plan.bars.iter().find(|old| old.tag == bar.tag))
}

/// `from` at 0, `to` at 1.
pub fn between(from: &Plan, to: &Plan, t: f64) -> Plan {
    if t <= 0.0 {
        return from.clone();
    }
    if t >= 1.0 {
        return to.clone();
    }
    let way = Way { t };
    let mut bars = Vec::with_capacity(to.bars.len());
    for (index, bar) in from.bars.iter().enumerate() {
        if known(to, index, bar).is_none() {
            let mut bar = bar.clone();
            bar.opacity = way.going(bar.opacity);
            bars.push(bar);
        }
    }
    for (index, bar) in to.bars.iter().enumerate() {
        let old = known(from, index, bar);
        let mut bar = bar.clone();
        way.bar(old, &mut bar);
        bars.push(bar);
    }
    let mut ticks = Vec::with_capacity(to.ticks.len());
    for tick in &from.ticks {
        if to.ticks.iter().all(|new| new.text.text != tick.text.text) {
            let mut tick = tick.clone();
            tick.opacity = way.going(tick.opacity);
            ticks.push(tick);
        }
    }
    for tick in &to.ticks {
        let mut old = from.ticks.iter();
        let old = old.find(|old| old.text.text == tick.text.text);
        let mut tick = tick.clone();
        way.tick(old, &mut tick);
        ticks.push(tick);
    }
    Plan { ticks, bars, ..*to }
}

/// How far it is.
struct Way {
    t: f64,
}

impl Way {
    /// Puts a bar between where it was and where it is; a new one grows where it belongs.
    fn bar(&self, old: Option<&Bar>, bar: &mut Bar) {
        let Some(old) = old else {
            let length = f64::from(bar.to.0 - bar.from.0) * self.coming(1.0);
            bar.to.0 = bar.from.0 + round(length);
            bar.opacity = self.coming(bar.opacity);
            return;
        };
        bar.from = self.point(old.from, bar.from);
        bar.to = self.point(old.to, bar.to);
        self.letters(&old.label, &mut bar.label);
        self.letters(&old.number, &mut bar.number);
        bar.opacity = self.length(old.opacity, bar.opacity);
    }

    fn tick(&self, old: Option<&Tick>, tick: &mut Tick) {
        let Some(old) = old else {
            tick.opacity = self.coming(tick.opacity);
            return;
        };
        tick.x = self.pixel(old.x, tick.x);
        self.letters(&old.text, &mut tick.text);
        tick.opacity = self.length(old.opacity, tick.opacity);
    }

    fn letters(&self, old: &Letters, letters: &mut Letters) {
        letters.at = self.point(old.at, letters.at);
    }

    fn point(&self, from: (i32, i32), to: (i32, i32)) -> (i32, i32) {
        (self.pixel(from.0, to.0), self.pixel(from.1, to.1))
    }

    fn pixel(&self, from: i32, to: i32) -> i32 {
        round(self.length(f64::from(from), f64::from(to)))
    }

    fn length(&self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.t
    }

    /// Gone half way.
    fn going(&self, opacity: f64) -> f64 {
        opacity * (1.0 - 2.0 * self.t).max(0.0)
    }

    /// Not there before half way.
    fn coming(&self, opacity: f64) -> f64 {
        opacity * (2.0 * self.t - 1.0).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use model::{Ranking, Row};
    use proptest::prelude::*;

    use super::*;
    use crate::chart::{Sheet, plan::plan, rough_width};

    const SHEET: Sheet = Sheet {
        width: 1000,
        height: 550,
        em: 16.0,
    };

    const ALL: Range<i32> = 0..SHEET.height as i32;

    fn board(counts: &[(u8, u64)]) -> Plan {
        let mut counts = counts.to_vec();
        counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let rows: Vec<_> = (1..)
            .zip(counts)
            .map(|(rank, (tag, count))| Row::counted(rank, format!("#{tag}"), count, count))
            .collect();
        plan(&rows, Ranking::Count, SHEET, &rough_width)
    }

    fn bar<'a>(plan: &'a Plan, tag: &str) -> &'a Bar {
        let found = plan.bars.iter().find(|bar| bar.tag == tag);
        found.expect("a bar")
    }

    #[test]
    fn who_overtakes_glides_to_the_new_place_and_length() {
        let from = board(&[(1, 100), (2, 50)]);
        let to = board(&[(1, 100), (2, 200)]);
        let half = between(&from, &to, 0.5);
        let top = |plan| bar(plan, "#2").from.1;
        assert_eq!(top(&half), (top(&from) + top(&to)) / 2);
        let (short, long) = (bar(&from, "#2").to.0, bar(&to, "#2").to.0);
        assert!(short < bar(&half, "#2").to.0 && bar(&half, "#2").to.0 < long);
        assert_eq!(bar(&half, "#2").number.text, "200", "as it is");
    }

    #[test]
    fn who_goes_is_not_seen_when_who_comes_is() {
        let (from, to) = (board(&[(1, 9)]), board(&[(2, 9)]));
        for t in [0.1, 0.5, 0.9] {
            let plan = between(&from, &to, t);
            let (old, new) = (bar(&plan, "#1").opacity, bar(&plan, "#2").opacity);
            assert!(old.min(new) == 0.0 && (old > 0.0) == (t < 0.5), "{t}");
        }
    }

    #[test]
    fn what_is_interrupted_goes_on_from_where_it_is() {
        let first = Glide::new(
            board(&[(1, 9), (2, 5)]),
            board(&[(1, 9), (2, 20)]),
            0.0,
            &ALL,
        );
        let now = 130.0;
        let there = first.at(now);
        let next = Glide::new(there.clone(), board(&[(2, 20), (3, 10)]), now, &ALL);
        assert_eq!(next.at(now), there);
        assert!(!next.is_over(now) && next.is_over(now + LASTS));
        assert_eq!(next.at(now + LASTS), *next.to());
    }

    #[test]
    fn a_clock_that_goes_back_or_says_nothing_ends_nowhere_else() {
        let (from, to) = (board(&[(1, 9)]), board(&[(2, 9)]));
        let glide = Glide::new(from.clone(), to, 100.0, &ALL);
        assert_eq!(glide.at(0.0), from);
    }

    /// When it is drawn, from its begin to its end.
    fn drawn(glide: &Glide) -> Vec<f64> {
        let next = |&now: &f64| glide.next(now).map(|after| now + after);
        std::iter::successors(Some(0.0), next).collect()
    }

    #[test]
    fn a_way_is_worth_as_many_pictures_as_it_has_pixels() {
        let from = board(&[(1, 1_000), (2, 500)]);
        let glide = |counts: &[(u8, u64)], seen| Glide::new(from.clone(), board(counts), 0.0, seen);
        let still = glide(&[(1, 1_000), (2, 501)], &ALL);
        assert!(still.is_over(0.0) && still.at(0.0) == *still.to());
        let near = drawn(&glide(&[(1, 1_000), (2, 505)], &ALL));
        assert!((3..=8).contains(&near.len()), "{near:?}");
        let far = drawn(&glide(&[(2, 2_000), (1, 1_000)], &ALL));
        assert!((28..=33).contains(&far.len()), "{far:?}");
        for times in [near, far] {
            assert!(
                times
                    .last()
                    .is_some_and(|&last| (LASTS..LASTS + 2.0 * FRAME).contains(&last))
            );
        }
    }

    #[test]
    fn what_moves_out_of_sight_is_drawn_once() {
        let tags = |last: [u8; 2]| [(1, 100), (2, 90), (3, 80), (last[0], 20), (last[1], 10)];
        let (from, to) = (board(&tags([4, 5])), board(&tags([5, 4])));
        let upper = 0..from.top_of(2) as i32;
        assert!(Glide::new(from.clone(), to.clone(), 0.0, &upper).is_over(0.0));
        assert!(!Glide::new(from, to, 0.0, &ALL).is_over(0.0));
    }

    proptest! {
        #[test]
        fn it_begins_and_ends_as_it_should_and_stays_on_the_sheet(
            from in prop::collection::vec((0_u8..20, any::<u64>()), 0..12),
            to in prop::collection::vec((0_u8..20, any::<u64>()), 0..12),
            next in prop::collection::vec((0_u8..20, any::<u64>()), 0..12),
            t in 0.0_f64..=1.0,
        ) {
            let (from, to, next) = (board(&from), board(&to), board(&next));
            prop_assert_eq!(&between(&from, &to, 0.0), &from);
            prop_assert_eq!(&between(&from, &to, 1.0), &to);
            // And from half way of another.
            let plan = between(&between(&from, &to, t), &next, t);
            for bar in &plan.bars {
                prop_assert!((0.0..=1.0).contains(&bar.opacity));
                prop_assert!(bar.from.0 >= 0 && bar.from.1 >= 0);
                prop_assert!(bar.from.0 <= bar.to.0 && bar.from.1 <= bar.to.1);
                prop_assert!(bar.to.0 <= SHEET.width as i32 && bar.to.1 <= SHEET.height as i32);
            }
            for tick in &plan.ticks {
                prop_assert!((0.0..=1.0).contains(&tick.opacity));
                prop_assert!((0..=SHEET.width as i32).contains(&tick.x));
            }
        }
    }
}
