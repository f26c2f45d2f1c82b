use std::collections::BTreeMap;

use engine::{
    count::{Partial, Shape},
    key::GROUPS,
};
use model::{Filter, Window};
use proptest::{collection::vec, prelude::*};

use crate::{
    drive::{Engine, Rules, deltas},
    oracle::{Oracle, Post, slice},
};

fn check(partial: &Partial, oracle: &Oracle<'_>, began: u64) -> Result<(), TestCaseError> {
    for (window, part) in Window::ALL.into_iter().zip(&partial.parts) {
        let (posts, mentions, lines) = oracle.window(window, began);
        let counts: BTreeMap<_, _> = lines.iter().map(|line| (line.tag, line.count)).collect();
        prop_assert_eq!(
            (part.posts, part.mentions),
            (posts, mentions),
            "never estimated"
        );
        for leader in part.rankings.iter().flat_map(|leaders| &leaders.now) {
            let tag = leader.key.as_str()["tag".len()..]
                .parse()
                .expect("a number");
            let truth = counts.get(&tag).copied().unwrap_or(0);
            let within = leader.count - leader.error..=leader.count;
            prop_assert!(
                within.contains(&truth),
                "{window}: {truth} is not in {within:?}"
            );
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
    ) {
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
                tags: vec![(tag % (1 + tag / 16), 0)],
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
            let got = engine.partial(workers, Filter::default(), &Rules::default(), 10);
            prop_assert_eq!(&got, &straight.partial(1, Filter::default(), &Rules::default(), 10));
            let oracle = Oracle { posts: &posts, now, batch_ms, filter: Filter::default(), shown_as: &BTreeMap::new() };
            check(&got, &oracle, began)?;
        }
    }
}
