use std::{collections::BTreeSet, sync::Arc, time::Duration};

use engine::{
    alerts::{PlaceKind, Spent},
    count::{Group, Shape},
    grammar::Grammar,
};
use model::{AlertKind, Epoch, Window};

use super::*;
use crate::{
    source::{Cursor, Taken},
    store::{
        Action, Alert, AlertChange, Batch, Deed, DeliveryKey, Judgement, Merging, Receipt, Review,
        Said, SealedEpoch, SealedReceipts, Target, Verdict,
    },
};

const SETTINGS: Settings = Settings {
    batch: Duration::from_secs(2),
    grammar: Grammar::Twitter,
};

/// The store of a part of a cluster of two.
fn part(directory: &Path, index: u64) -> (Log, State) {
    let (log, state) = open(directory, &SETTINGS).unwrap();
    let membership = Membership {
        mark: 9,
        held: Held {
            shape: 3,
            processes: 2,
            parts: BTreeSet::from([index]),
        },
        ..Membership::default()
    };
    log.set_membership(&membership).unwrap();
    (log, state)
}

fn seal(log: &Log, epochs: &[(u64, u64)], source: &str) {
    let sealed = |(epoch, posts): &(u64, u64)| {
        let mut delta = Delta::default();
        delta.slices.push(engine::count::SliceDelta {
            slice: model::Slice {
                source: model::Kind::Tcp,
                lang: None,
            },
            posts: *posts,
            counts: Vec::new(),
        });
        SealedEpoch {
            epoch: Epoch(*epoch),
            deltas: vec![(0, delta)],
            remembered: vec![*posts as u8],
            taken_back: TakenBack {
                posts: vec![*posts],
                authors: Vec::new(),
            },
        }
    };
    let epochs: Vec<_> = epochs.iter().map(sealed).collect();
    let cursors = ["shared", source].map(|name| (Arc::from(name), Cursor(source.into())));
    let receipts = SealedReceipts {
        at: 100,
        fresh: vec![(
            DeliveryKey(source.len() as u128),
            Receipt {
                digest: [7; 32],
                epoch: Epoch(5),
                taken: Taken::default(),
            },
        )],
        expired: 0,
    };
    log.seal(&epochs, &cursors, &receipts, Epoch(0), Epoch(0))
        .unwrap();
}

fn save(state: &State, group: u8, epoch: u64) {
    let shape = Shape {
        batch_ms: 2000,
        max_tags: 10_000,
    };
    let mut saved = Group::new(group, shape);
    saved.apply(Epoch(epoch), Delta::default());
    let mut batch = Batch::default();
    batch.add(group, &saved.changes()).unwrap();
    state.save(&[batch]).unwrap();
}

/// One behind the other, which is enough to see both.
fn join(one: &[u8], other: &[u8]) -> Result<Vec<u8>, StoreError> {
    Ok([one, other].concat())
}

fn taken_over(here: &(Log, State), there: &Path) -> Result<bool, AdoptError> {
    adopt((&here.0, &here.1), there, &SETTINGS, join)
}

#[test]
fn all_that_was_there_is_here_and_what_was_here_stays() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mine = part(here.path(), 0);
    {
        let (log, state) = part(there.path(), 1);
        seal(&log, &[(2, 1), (5, 10), (7, 1)], "theirs");
        let none = SealedReceipts::default();
        log.seal(&[], &[], &none, Epoch(4), Epoch(4)).unwrap();
        save(&state, 1, 6);
        save(&state, 2, 6);
    }
    seal(&mine.0, &[(3, 1), (5, 100), (6, 1)], "mine");
    save(&mine.1, 0, 5);
    save(&mine.1, 2, 5);
    save(&mine.1, 4, 7);
    for is_new in [true, false] {
        assert_eq!(taken_over(&mine, there.path()).unwrap(), is_new);
        let (log, state) = &mine;
        assert_eq!(log.last().unwrap(), Epoch(7));
        assert_eq!(log.dropped().unwrap(), Epoch(4));
        let mut posts = Vec::new();
        let mut before = Epoch(0);
        while let Some((epoch, deltas)) = log.next(before).unwrap() {
            posts.push((epoch.0, deltas[0].1.slices[0].posts));
            before = epoch;
        }
        assert_eq!(posts, [(5, 110), (6, 1), (7, 1)]);
        let taken_back = log.taken_back(Epoch(0), Epoch(9)).unwrap().into_iter();
        let taken_back: Vec<_> = taken_back
            .map(|(epoch, one)| (epoch.0, one.posts))
            .collect();
        let expected = [(2, vec![1]), (3, vec![1]), (5, vec![10, 100]), (6, vec![1])];
        assert_eq!(taken_back[..4], expected);
        let mut remembered = Vec::new();
        log.remembered(|epoch, bytes| {
            remembered.push((epoch.0, bytes));
            Ok(())
        })
        .unwrap();
        let expected = [(3, vec![1]), (5, vec![100, 10]), (6, vec![1]), (7, vec![1])];
        assert_eq!(remembered, expected);
        let cursors = log.cursors().unwrap().into_iter();
        let cursors: Vec<_> = cursors.map(|(name, Cursor(at))| (name, at)).collect();
        let expected = [("mine", "mine"), ("shared", "mine"), ("theirs", "theirs")];
        assert_eq!(cursors, expected.map(|(name, at)| (name.into(), at.into())));
        for key in [4, 6] {
            assert!(log.receipt(100, DeliveryKey(key)).unwrap().is_some());
        }
        let groups = state.groups().unwrap();
        let expected = [(0, 5), (1, 6), (2, 6), (4, 7)];
        assert_eq!(groups, expected.map(|(group, epoch)| (group, Epoch(epoch))));
        let held = log.membership().unwrap().held;
        assert_eq!(held.parts, BTreeSet::from([0, 1]));
    }
    let theirs = open(there.path(), &SETTINGS).unwrap();
    assert_eq!(theirs.0.membership().unwrap().given_to, Some(0));
    let refused = taken_over(&theirs, here.path()).unwrap_err();
    assert!(matches!(refused, AdoptError::Open { .. }), "{refused}");
    drop(mine);
    let refused = taken_over(&theirs, here.path()).unwrap_err();
    assert!(matches!(refused, AdoptError::Older(_)), "{refused}");
}

/// It died before it had heard that all have recorded the shape.
#[test]
fn one_that_has_not_heard_of_the_begin_is_taken_over_as_well() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mine = part(here.path(), 0);
    {
        let (log, _) = part(there.path(), 0);
        let next = Place {
            shape: 3,
            processes: 2,
            index: 1,
        };
        let membership = Membership {
            held: Held::default(),
            next: Some(next),
            ..log.membership().unwrap()
        };
        log.set_membership(&membership).unwrap();
    }
    assert!(taken_over(&mine, there.path()).unwrap());
    assert!(!taken_over(&mine, there.path()).unwrap());
    let held = mine.0.membership().unwrap().held;
    assert_eq!(held.parts, BTreeSet::from([0, 1]));
}

#[test]
fn what_operators_hide_and_what_has_fired_passes_over() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mine = part(here.path(), 0);
    let judge = |log: &Log, at, key: &str, verdict| {
        let (key, tag) = (key.to_owned(), format!("#{key}"));
        let deed = match verdict {
            Verdict::Blocked => Deed::Block {
                key: key.clone(),
                tag: tag.clone(),
            },
            _ => Deed::Approve {
                key: key.clone(),
                tag: tag.clone(),
            },
        };
        let judgement = Judgement { at, verdict, tag };
        log.say(Said {
            actions: vec![Action { at, deed }],
            judgements: BTreeMap::from([(key, judgement)]),
            ..Said::default()
        })
        .unwrap();
    };
    let merge = |log: &Log, at, key: &str, target: Option<&str>| {
        let target = target.map(|key| Target {
            key: key.to_owned(),
            tag: format!("#{key}"),
        });
        let tag = format!("#{key}");
        let merging = Merging { at, target, tag };
        log.say(Said {
            merges: BTreeMap::from([(key.to_owned(), merging)]),
            ..Said::default()
        })
        .unwrap();
    };
    let (block, approve) = (Verdict::Blocked, Verdict::Approved);
    let fire = |log: &Log, number, id: &str, fired| {
        let alert = Alert {
            id: id.to_owned(),
            kind: AlertKind::Rise,
            tag: "#a".to_owned(),
            window: Window::FiveMinutes,
            count: 12,
            people: None,
            score: None,
            threshold: 8.0,
            epoch: Epoch(fired),
            at: String::new(),
            fired,
            waiting: Vec::new(),
        };
        let place = engine::alerts::Place {
            kind: PlaceKind::Rise(8.0_f64.to_bits()),
            key: id.to_owned(),
        };
        let spent = Spent {
            since: Epoch(fired),
            low_since: None,
        };
        log.keep_alerts(&AlertChange {
            as_of: Some(Epoch(fired)),
            alerts: vec![(number, &alert)],
            from: 0,
            spent: BTreeMap::from([(place, Some(spent))]),
        })
        .unwrap();
    };
    {
        let (log, _) = part(there.path(), 1);
        judge(&log, 2, "a", block);
        judge(&log, 4, "b", approve);
        // One that both have heard of.
        judge(&log, 5, "c", approve);
        log.say(Said {
            actions: vec![Action {
                at: 6,
                deed: Deed::Review { approved: 0 },
            }],
            review: Some(Review {
                at: 6,
                begins: true,
            }),
            ..Said::default()
        })
        .unwrap();
        merge(&log, 8, "a", Some("b"));
        merge(&log, 9, "c", None);
        fire(&log, 0, "second", 20);
        fire(&log, 1, "both", 30);
    }
    judge(&mine.0, 1, "a", approve);
    judge(&mine.0, 3, "b", block);
    judge(&mine.0, 5, "c", approve);
    merge(&mine.0, 7, "a", Some("c"));
    merge(&mine.0, 8, "c", Some("a"));
    fire(&mine.0, 0, "first", 10);
    fire(&mine.0, 1, "both", 30);
    fire(&mine.0, 2, "last", 40);
    assert!(taken_over(&mine, there.path()).unwrap());
    let (log, _) = mine;
    let mut actions = Vec::new();
    log.actions(|number, action| actions.push((number, action.at)))
        .unwrap();
    assert_eq!(actions, [1, 2, 3, 4, 5, 6].map(|at| (at, at)));
    let keys = |each: &dyn Fn(&mut Vec<String>)| {
        let mut keys = Vec::new();
        each(&mut keys);
        keys
    };
    let blocked = keys(&|to| log.blocked(|key, _| to.push(key.to_owned())).unwrap());
    let approved = keys(&|to| log.approved(|key, _| to.push(key.to_owned())).unwrap());
    assert_eq!(
        (blocked, approved),
        (vec!["a".into()], vec!["b".into(), "c".into()])
    );
    assert!(log.is_reviewed().unwrap());
    let mut merges = Vec::new();
    log.merges(|key, said| merges.push((key.to_owned(), said.target.map(|target| target.key))))
        .unwrap();
    assert_eq!(merges, [("a".into(), Some("b".into())), ("c".into(), None)]);
    let alerts = log.alerts().unwrap().into_iter();
    let alerts: Vec<_> = alerts.map(|(number, alert)| (number, alert.id)).collect();
    let expected = ["first", "second", "both", "last"];
    assert_eq!(
        alerts,
        [0, 1, 2, 3].map(|at| (at, expected[at as usize].to_owned()))
    );
    let (as_of, spent) = log.spent_alerts().unwrap();
    assert_eq!((as_of, spent.len()), (Epoch(40), 3), "the newer ones");
}

#[test]
fn what_does_not_belong_here_is_left_alone() {
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let mine = part(folders[0].path(), 0);
    let other = |change: &dyn Fn(&mut Membership)| {
        let there = folders[1].path();
        let (log, _) = part(there, 1);
        let mut membership = log.membership().unwrap();
        change(&mut membership);
        log.set_membership(&membership).unwrap();
        drop(log);
        let error = taken_over(&mine, there).unwrap_err();
        let (log, _) = open(there, &SETTINGS).unwrap();
        assert_eq!(log.membership().unwrap(), membership, "{error}");
        error
    };
    let refused = other(&|theirs| theirs.mark = 8);
    assert!(matches!(refused, AdoptError::OtherCluster(_)), "{refused}");
    let refused = other(&|theirs| theirs.held.shape = 2);
    assert!(matches!(refused, AdoptError::LeftBehind(_)), "{refused}");
    let refused = other(&|theirs| theirs.held.shape = 4);
    assert!(matches!(refused, AdoptError::Older(_)), "{refused}");
    let refused = other(&|theirs| theirs.held.parts = [0].into());
    assert!(
        matches!(refused, AdoptError::Twice { part: 0, .. }),
        "{refused}"
    );
    let refused = other(&|theirs| theirs.given_to = Some(1));
    assert!(
        matches!(refused, AdoptError::GivenAway { to: 1, .. }),
        "{refused}"
    );
    let refused = other(&|theirs| *theirs = Membership::default());
    assert!(matches!(refused, AdoptError::Empty(_)), "{refused}");
    let refused = taken_over(&mine, folders[2].path()).unwrap_err();
    assert!(matches!(refused, AdoptError::NotThere(_)), "{refused}");
    let refused = taken_over(&mine, folders[0].path()).unwrap_err();
    assert!(matches!(refused, AdoptError::Open { .. }), "{refused}");
    let new = open(folders[2].path(), &SETTINGS).unwrap();
    part(folders[1].path(), 1);
    let refused = taken_over(&new, folders[1].path()).unwrap_err();
    assert!(matches!(refused, AdoptError::New(_)), "{refused}");
}
