use std::{collections::BTreeMap, time::Duration};

use engine::grammar::Grammar;

use super::*;
use crate::store::Settings;

fn judged(key: &str, at: u64, verdict: Verdict) -> Said {
    let tag = format!("#{key}");
    let judgement = Judgement { at, verdict, tag };
    Said {
        judgements: BTreeMap::from([(key.to_owned(), judgement)]),
        ..Said::default()
    }
}

fn reviewed(at: u64, begins: bool) -> Said {
    Said {
        review: Some(Review { at, begins }),
        ..Said::default()
    }
}

/// That `key` is shown as `target`, or as itself.
fn merged(key: &str, at: u64, target: Option<&str>) -> Said {
    let target = target.map(|tag| Target {
        key: tag.to_lowercase(),
        tag: format!("#{tag}"),
    });
    let tag = format!("#{key}");
    let merging = Merging { at, target, tag };
    Said {
        merges: BTreeMap::from([(key.to_owned(), merging)]),
        ..Said::default()
    }
}

#[test]
fn in_whatever_order_it_is_said_the_same_holds() {
    let all = [
        judged("a", 1, Verdict::Blocked),
        judged("a", 2, Verdict::Unblocked),
        judged("a", 3, Verdict::Approved),
        judged("b", 4, Verdict::Approved),
        judged("b", 4, Verdict::Blocked),
        judged("c", 6, Verdict::Unblocked),
        judged("c", 5, Verdict::Blocked),
        merged("a", 2, Some("b")),
        merged("a", 3, None),
        merged("a", 4, Some("C")),
        merged("b", 5, None),
        merged("b", 5, Some("a")),
        merged("c", 7, None),
        merged("c", 6, Some("a")),
        reviewed(7, true),
        reviewed(8, false),
    ];
    let mut holds = Said::default();
    all.iter().for_each(|said| holds.join(said.clone()));
    for rotated in 0..all.len() {
        let mut order = all.clone();
        order.rotate_left(rotated);
        let log = Log::in_memory();
        for said in order.iter().chain(&order) {
            log.say(said.clone()).unwrap();
        }
        assert_eq!(log.said().unwrap(), holds);
        assert!(!log.is_reviewed().unwrap());
        let unheard = Said::default();
        assert_eq!(log.say(holds.clone()).unwrap(), unheard, "nothing is news");
    }
    let digest = |said: &Said| said.digest().unwrap();
    let mut more = holds.clone();
    more.join(judged("d", 9, Verdict::Unblocked));
    assert_eq!(digest(&more), digest(&holds), "it holds by itself");
    more.join(judged("d", 9, Verdict::Approved));
    assert_ne!(digest(&more), digest(&holds));
    let mut more = holds.clone();
    more.join(merged("d", 9, None));
    assert_eq!(digest(&more), digest(&holds), "it is itself by itself");
    more.join(merged("a", 9, Some("c")));
    assert_ne!(digest(&more), digest(&holds), "it is spelled otherwise");
    let [first, second] = [1, 2].map(|at| Action {
        at,
        deed: Deed::EndReview,
    });
    let mut more = holds.clone();
    more.actions = vec![first.clone(), second.clone()];
    assert_ne!(digest(&more), digest(&holds), "who was away lists it too");
    let mut other = holds.clone();
    other.actions = vec![second, first];
    assert_eq!(digest(&more), digest(&other));
}

#[test]
fn what_is_merged_is_known_when_the_log_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings {
        batch: Duration::from_secs(2),
        grammar: Grammar::Twitter,
    };
    let open = || Log::open(directory.path(), &settings).unwrap();
    assert_eq!(open().said().unwrap(), Said::default());
    let mut said = merged("worldcup26", 1, Some("WorldCup2026"));
    said.join(merged("worldcup", 3, Some("WorldCup26")));
    said.join(merged("cup", 2, None));
    let (key, tag) = ("worldcup26".to_owned(), "#worldcup26".to_owned());
    let target = said.merges[&key].target.clone().unwrap();
    for (at, deed) in [
        (1, Deed::Merge { key, tag, target }),
        (
            2,
            Deed::Separate {
                key: "cup".into(),
                tag: "#cup".into(),
            },
        ),
    ] {
        said.actions.push(Action { at, deed });
    }
    open().say(said.clone()).unwrap();
    assert_eq!(open().said().unwrap(), said);
}

#[test]
fn of_what_is_undone_the_newest_is_kept() {
    let log = Log::in_memory();
    let mut said = Said::default();
    said.join(merged("first", 0, Some("a")));
    for at in 0..=MOST_UNDONE as u64 {
        said.join(judged(&format!("tag{at}"), at, Verdict::Unblocked));
        said.join(merged(&format!("tag{at}"), at, None));
    }
    log.say(said).unwrap();
    let kept = log.said().unwrap();
    let stay = MOST_UNDONE - MOST_UNDONE / 10;
    assert_eq!((kept.judgements.len(), kept.merges.len()), (stay, stay));
    let newest = format!("tag{MOST_UNDONE}");
    assert!(kept.judgements.contains_key(&newest) && !kept.judgements.contains_key("tag0"));
    assert!(kept.merges.contains_key(&newest) && !kept.merges.contains_key("tag0"));
    assert!(kept.merges.contains_key("first"), "it is in force");
}
