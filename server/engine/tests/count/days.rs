use std::collections::BTreeMap;

use engine::count::{Author, Counted, DAYS, Delta, Group, Shape, SliceDelta, Trend, Usage, day_of};
use engine::key::group_of;
use model::{Epoch, Ranking, Window};
use proptest::{collection::vec, prelude::*};

use crate::{
    drive::{Engine, Rules, deltas, key, number},
    oracle::{Oracle, Post, filters, slice},
};

const K: usize = 4;
const TAGS: u8 = 6;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const BATCHES: [u64; 4] = [2_000, 7_000, 20_000, 60_000];

/// The gap up to the epoch that begins last on a day.
const TO_MIDNIGHT: u64 = u64::MAX;

/// Epochs over some days, with what happens after each, and posts; what is deleted is so while panes
/// hold it.
#[derive(Clone, Debug)]
struct History {
    batch_ms: u64,
    epochs: Vec<(u64, u8)>,
    posts: Vec<Post>,
}

fn history() -> impl Strategy<Value = History> {
    let gap = prop_oneof![
        6 => Just(0_u64),
        2 => Just(TO_MIDNIGHT),
        8 => (1..180_u64).prop_map(|minutes| minutes * MINUTE),
        3 => (3..20_u64).prop_map(|hours| hours * HOUR),
        1 => (1..9_u64).prop_map(|days| days * DAY),
    ];
    let epochs = vec((gap, 0..8_u8), 2..60);
    let tags = vec((0..TAGS, 0..2_u8), 1..4);
    let author = prop_oneof![1 => Just(None), 5 => (0..9_u32).prop_map(Some)];
    let deleted = prop_oneof![3 => Just(None), 1 => (0..60_usize).prop_map(Some)];
    let posts = vec((0..60_usize, 0..5_u8, tags, author, deleted), 0..240);
    (0..BATCHES.len(), epochs, posts).prop_map(|(batch, mut epochs, posts)| {
        let batch_ms = BATCHES[batch];
        let mut number = 1_700_000_000_000 / batch_ms;
        for (gap, _) in &mut epochs {
            let last_of_day = ((number * batch_ms / DAY + 1) * DAY - 1) / batch_ms;
            number = match *gap {
                TO_MIDNIGHT => last_of_day.max(number + 1),
                gap => number + (gap / batch_ms).max(1),
            };
            *gap = number;
        }
        let posts = posts
            .into_iter()
            .map(|(at, number, mut tags, author, deleted)| {
                tags.sort_unstable();
                tags.dedup_by_key(|(tag, _)| *tag);
                let epoch = epochs[at % epochs.len()].0;
                let deleted = deleted.map(|deleted| epochs[deleted % epochs.len()].0);
                let is_held =
                    |deleted: &u64| (epoch..=epoch + 47 * HOUR / batch_ms).contains(deleted);
                Post {
                    epoch,
                    slice: slice(number),
                    tags,
                    author: author.map(|author| author.wrapping_mul(0x3779_B97F) ^ 0x55AA),
                    deleted: deleted.filter(is_held),
                }
            });
        let posts = posts.collect();
        History {
            batch_ms,
            epochs,
            posts,
        }
    })
}

impl History {
    /// What all that is shown as a tag had on each of the last days, when the epoch `now` has closed.
    fn usage(&self, tag: u8, now: u64, shown_as: &BTreeMap<u8, u8>) -> [Usage; DAYS] {
        let day = |epoch: u64| epoch * self.batch_ms / DAY;
        let at = |now| Oracle {
            shown_as,
            posts: &self.posts,
            now,
            batch_ms: self.batch_ms,
            filter: filters()[0],
        };
        std::array::from_fn(|ago| {
            let wanted = day(now) - ago as u64;
            let mut of_day = self.epochs.iter().map(|(epoch, _)| *epoch);
            let last = of_day.rfind(|epoch| *epoch <= now && day(*epoch) == wanted);
            let Some(last) = last else {
                return Usage::default();
            };
            let first = (wanted * DAY).div_ceil(self.batch_ms);
            let mentions = at(now).count(tag, first, last + 1);
            // Of a day that is over, people are those that it had then.
            let people = at(last).people(tag, first, last + 1).unwrap_or(0);
            Usage {
                mentions,
                people: people.min(mentions),
            }
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn days_are_those_of_a_naive_recount(
        history in history(),
        workers in 1..=4_usize,
        as_one in prop_oneof![1 => Just(Vec::new()), 1 => vec((0..TAGS, 0..TAGS), 0..3)],
    ) {
        let shape = Shape { batch_ms: history.batch_ms, max_tags: 1_000_000 };
        let (mut engine, mut straight) = (Engine::new(shape), Engine::new(shape));
        let rules = Rules::new(&[0], &as_one);
        let mut sealed = Vec::new();
        for (epoch, event) in &history.epochs {
            let deltas = deltas(&history.posts, *epoch);
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
            for tag in 0..TAGS {
                let key = key(tag);
                let group = &engine.groups[usize::from(group_of(&key))];
                if let Some(days) = group.usage_by_day(&key) {
                    prop_assert_eq!(days, history.usage(tag, *epoch, &BTreeMap::new()), "{} at {}", tag, epoch);
                }
            }
            let trends = engine.trends(workers, &rules, K);
            prop_assert_eq!(&trends, &straight.trends(1, &rules, K));
            check_trends(&trends, &engine, &rules, &history, *epoch)?;
        }
    }
}

/// They are what rises most in a day.
fn check_trends(
    trends: &[Trend],
    engine: &Engine,
    rules: &Rules,
    history: &History,
    now: u64,
) -> Result<(), TestCaseError> {
    let partial = engine.partial(1, filters()[0], rules, K);
    let place = |window| Window::ALL.iter().position(|other| *other == window);
    let part = &partial.parts[place(Window::OneDay).expect("a window")];
    let rising = Ranking::ALL.iter().position(|by| *by == Ranking::Rising);
    let leaders = &part.rankings[rising.expect("a ranking")].now;
    prop_assert!(trends.iter().map(|trend| &trend.leader).eq(leaders));
    for Trend { leader, beside } in trends {
        let mut days = [Usage::default(); DAYS];
        let shown_as = rules.shown_as();
        let is_its = |tag: &u8| shown_as.get(tag).unwrap_or(tag) == &number(&leader.key);
        for key in (0..TAGS).filter(is_its).map(key) {
            let group = &engine.groups[usize::from(group_of(&key))];
            for (day, own) in days
                .iter_mut()
                .zip(group.usage_by_day(&key).into_iter().flatten())
            {
                day.mentions += own.mentions;
                day.people += own.people;
            }
        }
        // Of today people are told apart.
        days[0] = history.usage(number(&leader.key), now, &shown_as)[0];
        prop_assert_eq!(*beside, days);
    }
    Ok(())
}

const SHAPE: Shape = Shape {
    batch_ms: 60_000,
    max_tags: 1_000_000,
};

/// Each tag so many times, by one author.
fn delta(counts: &BTreeMap<u8, u64>) -> Delta {
    let counted = |(tag, count): (&u8, &u64)| Counted {
        key: key(*tag),
        spelling: key(*tag).as_str().into(),
        count: *count,
        authors: vec![(Author(7), *count as u32)],
    };
    Delta {
        slices: vec![SliceDelta {
            slice: slice(0),
            posts: 1,
            counts: counts.iter().map(counted).collect(),
        }],
        ..Delta::default()
    }
}

#[test]
fn a_day_that_is_over_is_kept_for_the_hundred_that_it_mentions_most() {
    let mut group = Group::new(0, SHAPE);
    let day = 28_400_000 / 1_440 * 1_440;
    // The more mentions the higher the number, but for the last two, which have as many.
    let mut counts: BTreeMap<u8, u64> = (0..150).map(|tag| (tag, u64::from(tag) + 1)).collect();
    counts.insert(49, 51);
    group.apply(Epoch(day), delta(&counts));
    group.apply(Epoch(day + 1_440), delta(&counts));
    let had = |group: &Group, tag, ago: usize| {
        let days = group.usage_by_day(&key(tag)).expect("it is kept");
        (days[ago].mentions, days[ago].people)
    };
    for tag in 0..150 {
        let count = counts[&tag];
        assert_eq!(had(&group, tag, 0), (count, 1), "{tag} has today");
        let kept = tag > 50 || tag == 49;
        let yesterday = if kept { (count, 1) } else { (0, 0) };
        assert_eq!(had(&group, tag, 1), yesterday, "{tag} had yesterday");
    }
    for ago in 2..=8 {
        group.apply(Epoch(day + ago * 1_440), Delta::default());
        let first = (ago < DAYS as u64).then(|| had(&group, 149, ago as usize));
        assert!(
            first.is_none_or(|first| first == (150, 1)),
            "{ago} days ago"
        );
    }
    let days = group.usage_by_day(&key(149));
    assert_eq!(days, Some([Usage::default(); DAYS]), "a week is over");
    assert_eq!(group.changes().days.len(), 0);
    assert_eq!(group.changes().void_days.len(), 2);
}

#[test]
fn a_day_that_is_over_is_kept_for_what_rose_too() {
    let mut group = Group::new(0, SHAPE);
    let day = 28_400_000 / 1_440 * 1_440;
    let steady = || delta(&(0..150).map(|tag| (tag, 100)).collect());
    group.apply(Epoch(day), steady());
    let mut rise = steady();
    rise.slices[0].counts.push(Counted {
        key: key(200),
        spelling: "rise".into(),
        count: 20,
        authors: (0..4).map(|author| (Author(author), 5)).collect(),
    });
    group.apply(Epoch(day + 1_440), rise);
    group.apply(Epoch(day + 2 * 1_440), Delta::default());
    let days = |tag| group.usage_by_day(&key(tag)).expect("it is kept");
    let had = Usage {
        mentions: 20,
        people: 4,
    };
    assert_eq!(days(200)[..3], [Usage::default(), had, Usage::default()]);
    assert_eq!(days(99)[1].mentions, 100, "equal ones by key");
    assert_eq!(days(100)[1].mentions, 0);
}

#[test]
fn an_estimate_of_people_is_never_more_than_there_are_mentions() {
    let mut group = Group::new(0, SHAPE);
    let counted = |tag: u8| {
        let author = |number: u32| {
            number
                .wrapping_add(u32::from(tag) << 9)
                .wrapping_mul(0x9E37_79B1)
        };
        Counted {
            key: key(tag),
            spelling: key(tag).as_str().into(),
            count: 400,
            authors: (0..400).map(|number| (Author(author(number)), 1)).collect(),
        }
    };
    let many = Delta {
        slices: vec![SliceDelta {
            slice: slice(0),
            posts: 400,
            counts: (0..40).map(counted).collect(),
        }],
        ..Delta::default()
    };
    group.apply(Epoch(28_400_000), many);
    for ago in 0..2 {
        let of = |tag| group.usage_by_day(&key(tag)).expect("it is kept")[ago];
        let people: Vec<u64> = (0..40).map(|tag| of(tag).people).collect();
        assert!(
            people.iter().all(|people| (300..=400).contains(people)),
            "{people:?}"
        );
        assert!(
            people.contains(&400) && people.iter().any(|people| *people < 400),
            "{people:?}"
        );
        group.apply(Epoch(28_400_000 + 1_440), Delta::default());
    }
}

#[test]
fn an_epoch_is_of_the_day_that_it_begins_in() {
    // 86,400 s are 12,342 epochs of 7 s and 6 s more.
    assert_eq!(day_of(Epoch(12_342), 7_000), 0);
    assert_eq!(day_of(Epoch(12_343), 7_000), 1);
    assert_eq!(day_of(Epoch(1_440), 60_000), 1);
}
