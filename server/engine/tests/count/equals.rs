use std::collections::{BTreeMap, BTreeSet};

use engine::count::{Leader, Part, Partial, Sampled, Shape, Trends};
use model::{Ranking, Window};
use proptest::{collection::vec, prelude::*};

use crate::{
    drive::{Engine, Rules, deltas, key, number},
    oracle::{Line, Oracle, Post, filters, ranked, slice},
};

const K: usize = 4;

/// Epochs that posts fall into, with gaps of all sizes, and for each what happens after it.
fn history() -> impl Strategy<Value = (Vec<(u64, u8)>, Vec<Post>)> {
    let gap = prop_oneof![12 => Just(1_u64), 4 => 2..20_u64, 2 => 20..400_u64, 1 => 400..9_000_u64];
    let epochs = vec((gap, 0..10_u8), 2..40);
    let tags = vec((0..8_u8, 0..3_u8), 0..4);
    let author = prop_oneof![1 => Just(None), 3 => (0..6_u32).prop_map(Some)];
    let deleted = prop_oneof![3 => Just(None), 1 => (0..40_usize).prop_map(Some)];
    let posts = vec((0..40_usize, 0..5_u8, tags, author, deleted), 0..120);
    (epochs, posts).prop_map(|(mut epochs, posts)| {
        let mut number = 1_000_000;
        for (gap, _) in &mut epochs {
            number += *gap;
            *gap = number;
        }
        let posts = posts
            .into_iter()
            .map(|(at, number, mut tags, author, deleted)| {
                tags.sort_unstable();
                tags.dedup_by_key(|(tag, _)| *tag);
                let at = at % epochs.len();
                let deleted = deleted.map(|deleted| epochs[deleted % epochs.len()].0);
                Post {
                    epoch: epochs[at].0,
                    slice: slice(number),
                    tags,
                    author: author.map(|author| author.wrapping_mul(0x3779_B97F) ^ 0x55AA),
                    deleted: deleted.filter(|deleted| *deleted >= epochs[at].0),
                }
            });
        let posts = posts.collect();
        (epochs, posts)
    })
}

/// (tag, count, people) of what leads, and its score.
type Told = Vec<((u8, u64, Option<u64>), Option<f64>)>;

fn told(leaders: &[Leader]) -> Told {
    leaders
        .iter()
        .map(|leader| {
            let exact = (number(&leader.key), leader.count, leader.people);
            (exact, leader.score)
        })
        .collect()
}

/// Tags that are hidden take no rank.
fn shown(lines: &[Line], rules: &Rules) -> Vec<Line> {
    let lines = lines.iter().filter(|line| rules.is_shown(line.tag));
    lines.cloned().collect()
}

fn expected(lines: &[Line], rules: &Rules, ranking: Ranking) -> Told {
    let find = |tag| lines.iter().find(|line| line.tag == tag).expect("a line");
    ranked(&shown(lines, rules), ranking, K)
        .into_iter()
        .map(|(tag, _)| find(tag))
        .map(|line| ((line.tag, line.count, line.people), line.score))
        .collect()
}

fn same_score(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
        (None, None) => true,
        // One of the two takes the least bit of a rise for none.
        (Some(score), None) | (None, Some(score)) => score < 1e-6,
    }
}

fn check(
    part: &Part,
    window: Window,
    oracle: &Oracle<'_>,
    rules: &Rules,
    began: u64,
) -> Result<(), TestCaseError> {
    let (posts, mentions, lines) = oracle.window(window, began);
    let summary = (part.posts, part.mentions, part.tags);
    prop_assert_eq!(summary, (posts, mentions, lines.len() as u64), "{}", window);
    for (ranking, leaders) in Ranking::ALL.into_iter().zip(&part.rankings) {
        let (got, want) = (told(&leaders.now), expected(&lines, rules, ranking));
        let close = got
            .iter()
            .zip(&want)
            .all(|(got, want)| same_score(got.1, want.1));
        // Scores that differ in their last digits may change places.
        let equal = ranking == Ranking::Rising
            || got
                .iter()
                .map(|line| line.0)
                .eq(want.iter().map(|line| line.0));
        prop_assert!(
            got.len() == want.len() && close && equal,
            "{window} {ranking}: {got:?} {want:?}"
        );
        if window == Window::All {
            prop_assert!(leaders.before.is_empty());
            continue;
        }
        let before: Vec<_> = leaders.before.iter().map(|before| before.weight).collect();
        let want = ranked(
            &shown(&oracle.before(window, began), rules),
            ranking,
            10 * K,
        );
        let close = before
            .iter()
            .zip(&want)
            .all(|(got, want)| same_score(Some(*got), Some(want.1)));
        prop_assert!(
            before.len() == want.len() && close,
            "{window} {ranking} before: {before:?} {want:?}"
        );
    }
    Ok(())
}

/// What leads has its last minutes beside it, whatever it leads, and nothing else has.
fn check_recent(partial: &Partial, oracle: &Oracle<'_>, began: u64) -> Result<(), TestCaseError> {
    let rankings = partial.parts.iter().flat_map(|part| &part.rankings);
    let leaders = rankings.flat_map(|leaders| &leaders.now);
    let leading: BTreeSet<_> = leaders.map(|leader| &leader.key).collect();
    prop_assert!(partial.recent.keys().eq(leading));
    for (key, recent) in &partial.recent {
        prop_assert_eq!(recent, &oracle.recent(number(key), began), "{}", key);
    }
    Ok(())
}

fn check_whole(partial: &Partial, oracle: &Oracle<'_>, began: u64) -> Result<(), TestCaseError> {
    let pulse = partial.pulse.clone();
    prop_assert_eq!(
        (pulse.epochs, pulse.posts, pulse.mentions, pulse.recent),
        oracle.pulse(began)
    );
    let mut slices = partial.slices.clone();
    slices.retain(|_, mentions| *mentions > 0);
    prop_assert_eq!(slices, oracle.slices());
    Ok(())
}

/// They are the most mentioned ones, each with the newest post that is known of it.
fn check_sampled(
    engine: &Engine,
    straight: &Engine,
    workers: usize,
    rules: &Rules,
) -> Result<(), TestCaseError> {
    let window = Window::FiveMinutes;
    let sampled = engine.sampled(workers, rules, K);
    prop_assert_eq!(&sampled, &straight.sampled(1, rules, K));
    let partial = straight.partial(1, filters()[0], rules, K);
    let leaders = partial.first(window, Ranking::Count);
    prop_assert!(sampled.iter().map(|found| &found.leader).eq(leaders));
    for Sampled { leader, beside } in sampled {
        let detail = straight.detail(1, &leader.key, window, rules);
        let links = detail.expect("it is kept").links;
        prop_assert_eq!(beside.url(), links.first().map(|(link, ..)| &**link));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn it_equals_a_naive_recount(
        (epochs, posts) in history(),
        workers in 1..=3_usize,
        batch in 0..4_usize,
        hidden in prop_oneof![1 => Just(Vec::new()), 1 => vec(0..8_u8, 0..4)],
        as_one in prop_oneof![1 => Just(Vec::new()), 2 => vec((0..8_u8, 0..9_u8), 0..5)],
    ) {
        let rules = Rules::new(&hidden, &as_one);
        let shown_as = rules.shown_as();
        let batch_ms = [2_000, 7_000, 20_000, 60_000][batch];
        let shape = Shape { batch_ms, max_tags: 1_000_000 };
        let (mut engine, mut straight) = (Engine::new(shape), Engine::new(shape));
        let mut sealed = Vec::new();
        let began = epochs[0].0;
        for (epoch, event) in &epochs {
            let deltas = deltas(&posts, *epoch);
            engine.apply(*epoch, &deltas, true);
            straight.apply(*epoch, &deltas, false);
            sealed.push((*epoch, deltas));
            match event {
                0 | 1 => engine.save(false),
                2 => engine.save(true),
                3 | 4 => engine.restart(&sealed),
                5 => engine.move_elsewhere(),
                _ => {}
            }
            let filter = filters()[usize::from(*event) % filters().len()];
            for filter in [filters()[0], filter] {
                let got = engine.partial(workers, filter, &rules, K);
                prop_assert_eq!(&got, &straight.partial(1, filter, &rules, K), "restarts and workers change nothing");
                let oracle = Oracle { posts: &posts, now: *epoch, batch_ms, filter, shown_as: &shown_as };
                for (window, part) in Window::ALL.into_iter().zip(&got.parts) {
                    check(part, window, &oracle, &rules, began)?;
                }
                check_recent(&got, &oracle, began)?;
                check_whole(&got, &oracle, began)?;
            }
        }
        check_sampled(&engine, &straight, workers, &rules)?;
        let now = epochs.last().expect("an epoch").0;
        let oracle = Oracle { posts: &posts, now, batch_ms, filter: filters()[0], shown_as: &shown_as };
        for window in Window::ALL {
            let lines = oracle.window(window, began).2;
            for line in lines.into_iter().filter(|line| rules.is_shown(line.tag)) {
                // Of a tag that is shown as another there is what that has.
                let named = shown_as.iter().find(|(_, target)| **target == line.tag);
                let key = key(named.map_or(line.tag, |(tag, _)| *tag));
                let detail = engine.detail(workers, &key, window, &rules).expect("it is kept");
                prop_assert_eq!(number(&detail.leader.key), line.tag);
                let other = straight.detail(1, &key, window, &rules);
                prop_assert_eq!(Some(&detail), other.as_ref(), "restarts change nothing");
                prop_assert_eq!(detail.leader.count, line.count);
                prop_assert_eq!(detail.rising_since.is_some(), detail.leader.score.is_some());
                let sums = [
                    detail.languages.iter().map(|(_, count)| count).sum::<u64>(),
                    detail.sources.iter().map(|(_, count)| count).sum(),
                ];
                prop_assert_eq!(sums, [line.count; 2]);
                if window != Window::All {
                    let sum: u64 = detail.series.iter().map(|(_, count)| count).sum();
                    prop_assert_eq!(sum, line.count, "{:?}", detail.series);
                }
                let mut together = oracle.together(window, line.tag);
                together.retain(|tag, _| rules.is_shown(*tag));
                let told = detail.together.iter().map(|(named, count)| {
                    (number(&named.key), *count)
                });
                prop_assert_eq!(told.collect::<BTreeMap<u8, u64>>(), together);
            }
        }
    }
}

/// Where people are estimated, an estimate must not decide who is looked at.
#[test]
fn estimates_of_many_people_are_the_same_for_any_number_of_workers() {
    let shape = Shape {
        batch_ms: 2_000,
        max_tags: 1_000_000,
    };
    let mut engine = Engine::new(shape);
    let author = |number: u32| {
        number
            .wrapping_add(1)
            .wrapping_mul(0x9E37_79B1)
            .rotate_left(7)
    };
    let posts: Vec<_> = (0..250_u8)
        .flat_map(|tag| (0..300 + u32::from(tag % 40) * 8).map(move |number| (tag, number)))
        .map(|(tag, number)| Post {
            epoch: 1_000_000,
            slice: slice(0),
            tags: vec![(tag, 0)],
            author: Some(author(u32::from(tag) << 16 | number)),
            deleted: None,
        })
        .collect();
    engine.apply(1_000_000, &deltas(&posts, 1_000_000), false);
    let as_one: Vec<(u8, u8)> = (0..60).map(|tag| (tag, 200 + tag % 7)).collect();
    for rules in [Rules::default(), Rules::new(&[3], &as_one)] {
        let one = engine.partial(1, filters()[0], &rules, 100);
        for workers in [2, 3, 7] {
            assert_eq!(engine.partial(workers, filters()[0], &rules, 100), one);
        }
        let people = &one.parts[0].rankings[1].now;
        assert_eq!(people.len(), 100);
        assert!(
            people
                .iter()
                .all(|leader| leader.people <= Some(leader.count))
        );
    }
}

/// Workers of another process may not know yet what is shown as one, or still know it.
#[test]
fn a_tag_has_one_row_also_where_workers_show_by_different_rules() {
    let shape = Shape {
        batch_ms: 2_000,
        max_tags: 1_000_000,
    };
    let mut engine = Engine::new(shape);
    // Most of it is of the one that the others are shown as.
    let posts: Vec<_> = (0..60_u8)
        .flat_map(|number| (0..8).map(move |tag| (number, tag)))
        .filter(|(number, tag)| *tag == 0 || *number < 6)
        .map(|(number, tag)| Post {
            epoch: 1_000_000,
            slice: slice(0),
            tags: vec![(tag, 0)],
            author: Some(u32::from(number % 5)),
            deleted: None,
        })
        .collect();
    engine.apply(1_000_000, &deltas(&posts, 1_000_000), false);
    engine.apply(1_000_040, &Vec::new(), false);
    let filter = filters()[0];
    let as_one: Vec<(u8, u8)> = (1..8).map(|tag| (tag, 0)).collect();
    let rules = [Rules::default(), Rules::new(&[], &as_one)];
    for both in [[0, 1], [1, 0]] {
        let groups = |worker: usize| engine.groups.iter().skip(worker).step_by(2);
        let parts = |worker: usize| Partial::of(groups(worker), filter, &rules[both[worker]], K);
        let merged = Partial::merge((0..2).map(parts), K);
        for leaders in merged.parts.iter().flat_map(|part| &part.rankings) {
            let now: BTreeSet<_> = leaders.now.iter().map(|leader| &leader.key).collect();
            assert_eq!(now.len(), leaders.now.len());
            let before: BTreeSet<_> = leaders.before.iter().map(|before| &before.key).collect();
            assert_eq!(before.len(), leaders.before.len());
        }
        let first = &merged.first(Window::All, Ranking::Count)[0];
        assert_eq!(number(&first.key), 0);
        assert!(first.count >= 60, "{}", first.count);
        let trends = |worker: usize| Trends::of(groups(worker), &rules[both[worker]], K);
        let trends = Trends::merge((0..2).map(trends), K);
        let keys: BTreeSet<_> = trends.iter().map(|trend| &trend.leader.key).collect();
        assert_eq!(keys.len(), trends.len());
        assert!(!keys.is_empty());
    }
}
