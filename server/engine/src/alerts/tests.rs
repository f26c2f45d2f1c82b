use proptest::prelude::*;

use super::*;
use crate::{count::ShownAs, key::key_of};

const BATCH: u64 = 2_000;
/// Epochs of five minutes.
const LENGTH: u64 = 150;

fn seen(tag: &str, count: u64, score: f64) -> Seen {
    Seen {
        key: key_of(tag).expect("a tag"),
        window: RISING,
        tag: format!("#{tag}"),
        count,
        error: 0,
        people: None,
        score: Some(score),
    }
}

fn rise(score: f64) -> Rule {
    Rule::Rise { score }
}

fn count(tag: &str, window: Window, count: u64) -> Rule {
    Rule::Count {
        key: key_of(tag).expect("a tag"),
        window,
        count,
    }
}

/// Which tags fire.
fn fired(memory: &mut Memory, rules: &[Rule], epoch: u64, all: &[Seen], more: bool) -> Vec<String> {
    fired_of(memory, rules, epoch, all, more, &Sets::default())
}

/// The same where some tags are shown as one.
fn fired_of(
    memory: &mut Memory,
    rules: &[Rule],
    epoch: u64,
    all: &[Seen],
    more: bool,
    sets: &Sets,
) -> Vec<String> {
    let look = Look {
        epoch: Epoch(epoch),
        rising: all,
        more,
        watched: all,
        sets,
    };
    let outcome = memory.take(rules, &look, BATCH);
    outcome
        .fired
        .into_iter()
        .map(|fired| fired.seen.tag)
        .collect()
}

#[test]
fn what_a_count_may_be_too_high_does_not_count() {
    let mut memory = Memory::default();
    let rules = [count("a", RISING, 20)];
    let doubtful = |error| Seen {
        error,
        ..seen("a", 51, 0.0)
    };
    assert!(fired(&mut memory, &rules, 1, &[doubtful(50)], false).is_empty());
    assert!(fired(&mut memory, &rules, 2, &[doubtful(32)], false).is_empty());
    assert_eq!(
        fired(&mut memory, &rules, 3, &[doubtful(31)], false),
        ["#a"]
    );
}

#[test]
fn a_rise_fires_once_and_again_only_after_a_window_below_half() {
    let mut memory = Memory::default();
    let rules = [rise(8.0)];
    let mut at =
        |epoch, score| fired(&mut memory, &rules, epoch, &[seen("a", 9, score)], false).len();
    assert_eq!(at(1, 7.9), 0);
    assert_eq!(at(2, 8.0), 1);
    assert_eq!(at(3, 20.0), 0);
    assert_eq!(at(4, 4.0), 0, "half is not below half");
    assert_eq!(at(5, 8.0), 0);
    assert_eq!(at(10, 3.9), 0);
    assert_eq!(at(10 + LENGTH - 1, 3.9), 0);
    assert_eq!(at(10 + LENGTH, 9.0), 0, "a moment too early");
    assert_eq!(at(200, 0.0), 0);
    assert_eq!(at(200 + LENGTH, 0.0), 0);
    assert_eq!(at(201 + LENGTH, 9.0), 1);
}

#[test]
fn who_is_not_told_of_has_fallen_unless_too_many_others_lead() {
    let rules = [rise(8.0)];
    for (others, more, again) in [
        (3.0, false, 1),
        (3.0, true, 1),
        (6.0, true, 0),
        (6.0, false, 1),
    ] {
        let mut memory = Memory::default();
        fired(&mut memory, &rules, 1, &[seen("a", 9, 9.0)], false);
        for epoch in [2, 2 + LENGTH] {
            fired(&mut memory, &rules, epoch, &[seen("b", 9, others)], more);
        }
        let now = fired(&mut memory, &rules, 1000, &[seen("a", 9, 9.0)], false);
        assert_eq!(now.len(), again, "{others} {more}");
    }
}

#[test]
fn a_rise_goes_on_as_the_same_one_when_tags_are_merged_and_separated() {
    let (rules, apart) = ([rise(8.0)], Sets::default());
    let said = ["b", "c"].map(|tag| ShownAs {
        tag: key_of(tag).unwrap(),
        target: key_of("a").unwrap(),
        spelling: "a".into(),
    });
    let merged = Sets::new(said, |_| false);
    for first in ["a", "b"] {
        let mut memory = Memory::default();
        let mut at = |epoch, of: &[(&str, f64)], sets| {
            let all: Vec<Seen> = of.iter().map(|(tag, score)| seen(tag, 9, *score)).collect();
            fired_of(&mut memory, &rules, epoch, &all, false, sets)
        };
        assert_eq!(at(1, &[(first, 9.0)], &apart).len(), 1);
        assert!(
            at(2, &[("a", 12.0)], &merged).is_empty(),
            "{first} rises on"
        );
        // It is high for longer than a window.
        assert!(at(2 + 2 * LENGTH, &[("a", 12.0)], &merged).is_empty());
        let all = [("a", 9.0), ("b", 9.0), ("c", 9.0)];
        assert!(
            at(3 + 2 * LENGTH, &all, &apart).is_empty(),
            "{first} and all with it"
        );
        assert!(at(1000, &[("d", 1.0)], &merged).is_empty());
        assert!(at(1000 + LENGTH, &[("d", 1.0)], &merged).is_empty());
        assert_eq!(
            at(1001 + LENGTH, &[("a", 9.0)], &merged),
            ["#a"],
            "a new one"
        );
        assert!(at(1002 + LENGTH, &[("c", 9.0)], &apart).is_empty());
    }
}

#[test]
fn a_count_is_of_its_tag_and_its_window() {
    let mut memory = Memory::default();
    let rules = [
        count("a", RISING, 10),
        count("a", RISING, 20),
        count("b", Window::OneHour, 5),
    ];
    let mut at = |epoch, n| {
        fired(
            &mut memory,
            &rules,
            epoch,
            &[seen("a", n, 0.0), seen("b", n, 0.0)],
            false,
        )
    };
    assert_eq!(at(1, 9), Vec::<String>::new());
    assert_eq!(at(2, 10), ["#a"]);
    assert_eq!(at(3, 25), ["#a"], "by the rule that asks for more");
    assert_eq!(at(4, 30), Vec::<String>::new());
}

#[test]
fn all_time_is_told_once() {
    let mut memory = Memory::default();
    let rules = [count("a", Window::All, 10)];
    let all = |n| Seen {
        window: Window::All,
        ..seen("a", n, 0.0)
    };
    let mut at = |epoch, n| fired(&mut memory, &rules, epoch, &[all(n)], false).len();
    assert_eq!(
        (at(1, 10), at(2, 0), at(1_000_000, 0), at(1_000_001, 10)),
        (1, 0, 0, 0)
    );
}

#[test]
fn an_epoch_that_comes_again_changes_nothing() {
    let mut memory = Memory::default();
    let rules = [rise(8.0)];
    assert_eq!(
        fired(&mut memory, &rules, 7, &[seen("a", 9, 9.0)], false).len(),
        1
    );
    let before = memory.clone();
    for epoch in [3, 7] {
        assert!(fired(&mut memory, &rules, epoch, &[seen("b", 9, 9.0)], false).is_empty());
    }
    assert_eq!(memory, before);
}

#[test]
fn what_is_remembered_is_bounded_and_the_longest_low_leave_first() {
    let mut memory = Memory::default();
    let rules = [rise(8.0)];
    let tags: Vec<Seen> = (0..MOST_SPENT)
        .map(|number| seen(&format!("t{number}"), 9, 9.0))
        .collect();
    assert_eq!(
        fired(&mut memory, &rules, 1, &tags, false).len(),
        MOST_SPENT
    );
    fired(&mut memory, &rules, 2, &tags[1..], false);
    let mut next = tags[1..].to_vec();
    next.push(seen("new", 9, 9.0));
    assert_eq!(fired(&mut memory, &rules, 3, &next, false), ["#new"]);
    assert_eq!(memory.spent().len(), MOST_SPENT);
    assert!(memory.spent().keys().all(|place| place.key != "t0"));
}

#[test]
fn what_another_rule_has_left_is_forgotten() {
    let mut memory = Memory::default();
    fired(&mut memory, &[rise(8.0)], 1, &[seen("a", 9, 9.0)], false);
    let kept = || memory.spent().clone();
    let same = Memory::new(Epoch(1), kept(), &[rise(8.0)]);
    assert_eq!(same, memory);
    let other = Memory::new(Epoch(1), kept(), &[rise(9.0)]);
    assert!(other.spent().is_empty());
}

/// When a tag with these scores fires, by the words of the rule and nothing else.
fn expected(scores: &[(u64, f64)], threshold: f64) -> Vec<u64> {
    let mut fires: Vec<u64> = Vec::new();
    for (place, (epoch, score)) in scores.iter().enumerate() {
        let last = fires.last().copied();
        let armed = last.is_none_or(|last| {
            let since: Vec<_> = scores[..place]
                .iter()
                .filter(|(epoch, _)| *epoch > last)
                .collect();
            since.iter().enumerate().any(|(from, (first, _))| {
                let low = since[from..]
                    .iter()
                    .take_while(|(_, score)| *score < threshold / 2.0);
                low.last().is_some_and(|(end, _)| end - first >= LENGTH)
            })
        });
        if armed && *score >= threshold {
            fires.push(*epoch);
        }
    }
    fires
}

proptest! {
    #[test]
    fn fires_when_the_rule_says_so_wherever_it_was_kept_and_loaded(
        steps in prop::collection::vec((1_u64..120, 0_u8..4), 1..60),
        cut in 0_usize..60,
    ) {
        let rules = [rise(8.0)];
        let mut epoch = 0;
        let scores: Vec<(u64, f64)> = steps.iter().map(|(gap, level)| {
            epoch += gap;
            (epoch, [0.0, 3.9, 5.0, 9.0][usize::from(*level)])
        }).collect();
        let mut memory = Memory::default();
        // As a store keeps it: only what has changed, and only when something has.
        let (mut kept, mut kept_at) = (BTreeMap::new(), Epoch(0));
        let mut told = Vec::new();
        for (place, (epoch, score)) in scores.iter().enumerate() {
            if place == cut {
                memory = Memory::new(kept_at, kept.clone(), &rules);
            }
            let rising = [seen("a", 9, *score)];
            let look = Look { epoch: Epoch(*epoch), rising: &rising, more: false, watched: &[], sets: &Sets::default() };
            let outcome = memory.take(&rules, &look, BATCH);
            told.extend(outcome.fired.iter().map(|_| *epoch));
            if !outcome.changed.is_empty() {
                kept_at = memory.as_of();
            }
            for (place, spent) in outcome.changed {
                match spent {
                    Some(spent) => drop(kept.insert(place, spent)),
                    None => drop(kept.remove(&place)),
                }
            }
            prop_assert_eq!(&kept, memory.spent());
        }
        prop_assert_eq!(told, expected(&scores, 8.0));
    }
}
