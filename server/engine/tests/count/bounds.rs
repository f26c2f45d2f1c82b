use std::collections::BTreeMap;

use engine::{
    count::{Partial, Shape},
    key::{GROUPS, group_of},
};
use model::{Filter, Window};
use proptest::{collection::vec, prelude::*};

use crate::{
    drive::{Engine, Rules, deltas, key, number},
    oracle::{Oracle, Post, slice},
};

fn check(
    engine: &Engine,
    partial: &Partial,
    oracle: &Oracle<'_>,
    rules: &Rules,
    began: u64,
) -> Result<(), TestCaseError> {
    for (window, part) in Window::ALL.into_iter().zip(&partial.parts) {
        let (posts, mentions, lines) = oracle.window(window, began);
        let counts: BTreeMap<_, _> = lines.iter().map(|line| (line.tag, line.count)).collect();
        prop_assert_eq!(
            (part.posts, part.mentions),
            (posts, mentions),
            "never estimated"
        );
        for leader in part.rankings.iter().flat_map(|leaders| &leaders.now) {
            let tag = number(&leader.key);
            let truth = counts.get(&tag).copied().unwrap_or(0);
            let within = leader.count - leader.error..=leader.count;
            prop_assert!(
                within.contains(&truth),
                "{window} {tag}: {truth} is not in {within:?}"
            );
            let detail = engine.detail(2, &leader.key, window, rules);
            prop_assert_eq!(&detail.expect("it is kept").leader, leader);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// So few tags may be kept that hardly any is for long.
    #[test]
    fn past_the_bound_the_truth_is_within_the_error(
        epochs in vec((prop_oneof![8 => Just(1_u64), 1 => 2..200_u64], vec((0..250_u8, 0..5_u8), 0..60)), 2..30),
        workers in 1..=3_usize,
        max_tags in 64..260_u64,
        restarts in vec(0..6_u8, 30),
        as_one in prop_oneof![1 => Just(Vec::new()), 2 => vec((0..64_u8, 0..64_u8), 0..30)],
    ) {
        let rules = Rules::new(&[], &as_one);
        let shown_as = rules.shown_as();
        let batch_ms = 20_000;
        let shape = Shape { batch_ms, max_tags };
        let (mut engine, mut straight) = (Engine::new(shape), Engine::new(shape));
        let mut now = 1_000_000;
        let (mut posts, mut sealed) = (Vec::new(), Vec::new());
        let began = now + epochs[0].0;
        for ((gap, tags), event) in epochs.iter().zip(restarts) {
            now += gap;
            posts.extend(tags.iter().map(|(tag, number)| Post {
                epoch: now,
                slice: slice(*number),
                // The lower the more frequent.
                tags: vec![(tag % (1 + tag / 4), 0)],
                author: Some(u32::from(*tag)),
                deleted: None,
            }));
            let deltas = deltas(&posts, now);
            engine.apply(now, &deltas, true);
            straight.apply(now, &deltas, false);
            sealed.push((now, deltas));
            match event {
                0 => engine.save(false),
                1 => engine.save(true),
                2 => engine.restart(&sealed),
                5 => engine.move_elsewhere(),
                _ => {}
            }
            let kept: usize = engine.groups.iter().map(|group| group.tags()).sum();
            prop_assert!(kept as u64 <= max_tags.max(u64::from(GROUPS)), "{kept} are kept");
            let got = engine.partial(workers, Filter::default(), &rules, 10);
            prop_assert_eq!(&got, &straight.partial(1, Filter::default(), &rules, 10));
            let oracle = Oracle { posts: &posts, now, batch_ms, filter: Filter::default(), shown_as: &shown_as };
            check(&engine, &got, &oracle, &rules, began)?;
            for tag in 0..64 {
                let is_kept = |own: u8| {
                    let group = &engine.groups[usize::from(group_of(&key(own)))];
                    group.usage_by_day(&key(own)).is_some()
                };
                let shown = |own: &u8| *shown_as.get(own).unwrap_or(own);
                let mut own = (0..64).filter(|own| shown(own) == shown(&tag));
                let detail = engine.detail(workers, &key(tag), Window::All, &rules);
                prop_assert_eq!(detail.is_some(), own.any(is_kept), "{}", tag);
            }
        }
    }
}
