use std::collections::BTreeSet;

use super::*;

const MARK: u128 = 9;

/// The store of a process that was always alone.
fn alone(groups: impl IntoIterator<Item = (u8, u64)>) -> Holdings {
    Holdings {
        process: 0,
        processes: 1,
        membership: Membership::alone(),
        given_up: Vec::new(),
        groups: groups
            .into_iter()
            .map(|(group, epoch)| (group, Epoch(epoch)))
            .collect(),
        last: Epoch(20),
        dropped: Epoch(0),
        author_key: [1; 16],
    }
}

fn new(place: (u64, u64)) -> Holdings {
    Holdings {
        process: place.0,
        processes: place.1,
        membership: Membership::default(),
        last: Epoch(0),
        author_key: [2; 16],
        ..alone([])
    }
}

fn held(shape: u64, processes: u64, parts: impl IntoIterator<Item = u64>) -> Held {
    Held {
        shape,
        processes,
        parts: parts.into_iter().collect(),
    }
}

/// The stores of a cluster, each with its groups as of epoch 10 and its number.
fn cluster(processes: u64) -> Vec<Holdings> {
    let one = |process: u64| {
        let own = (0..GROUPS).filter(|group| u64::from(*group) % processes == process);
        Holdings {
            process,
            processes,
            membership: Membership {
                mark: MARK,
                held: held(7, processes, [process]),
                ..Membership::default()
            },
            ..alone(own.map(|group| (group, 10 + process)))
        }
    };
    (0..processes).map(one).collect()
}

/// The same, started as so many.
fn started_as(all: Vec<Holdings>, processes: u64) -> Vec<Holdings> {
    let one = |one| Holdings { processes, ..one };
    all.into_iter().map(one).collect()
}

/// What the first holds when it has taken over the last.
fn adopted(mut all: Vec<Holdings>) -> Vec<Holdings> {
    let last = all.pop().unwrap();
    let parts = &all[0].membership.held.parts | &last.membership.held.parts;
    all[0].membership.held.parts = parts;
    all[0].groups.extend(last.groups);
    all
}

/// As after the first records of a change.
fn recorded(all: &[Holdings], whole: &Whole) -> Vec<Holdings> {
    let next = whole.next.as_ref().unwrap();
    let one = |one: &Holdings| Holdings {
        membership: next.to_come(one),
        ..one.clone()
    };
    all.iter().map(one).collect()
}

fn refused(all: &[Holdings]) -> Refusal {
    conclude(all, 1).unwrap_err()
}

fn goes_on(all: &[Holdings]) -> Whole {
    let whole = conclude(all, 1).unwrap();
    assert_eq!(whole.next, None);
    whole
}

#[test]
fn a_first_start_replays_and_shows_everything() {
    let whole = goes_on(&[alone([])]);
    assert_eq!((whole.replay_after, whole.show_from), (Epoch(0), Epoch(0)));
}

#[test]
fn groups_that_are_ahead_wait_for_the_others() {
    let ahead = (0..GROUPS).map(|group| (group, if group < 32 { 12 } else { 10 }));
    let mut mine = alone(ahead);
    mine.dropped = Epoch(10);
    let start = goes_on(&[mine]).start(0);
    assert_eq!(
        start,
        Start {
            replay_after: Epoch(10),
            show_from: Epoch(12),
            given: (0..GROUPS).collect(),
        }
    );
}

#[test]
fn a_state_that_is_older_than_the_log_is_refused() {
    let but_one = (0..GROUPS).filter(|group| *group != 7);
    let mut mine = alone(but_one.map(|group| (group, 12)));
    mine.dropped = Epoch(10);
    let refusal = Refusal::Gap {
        group: 7,
        held: Epoch(0),
        dropped: Epoch(10),
    };
    assert_eq!(refused(&[mine]), refusal);
}

#[test]
fn a_log_that_is_older_than_the_state_is_refused() {
    let mut mine = alone((0..GROUPS).map(|group| (group, 12)));
    mine.last = Epoch(11);
    let refusal = Refusal::LogOlder {
        last: Epoch(11),
        held: Epoch(12),
    };
    assert_eq!(refused(&[mine.clone()]), refusal);
    mine.membership = Membership::default();
    mine.last = Epoch(0);
    assert!(
        matches!(refused(&[mine]), Refusal::LogOlder { .. }),
        "it is lost"
    );
}

#[test]
fn the_groups_of_all_processes_make_a_whole() {
    let mut all = cluster(2);
    all[0].dropped = Epoch(10);
    all[1].dropped = Epoch(9);
    let whole = goes_on(&all);
    assert_eq!(
        (whole.replay_after, whole.show_from),
        (Epoch(10), Epoch(11))
    );
    let odd = (0..GROUPS).filter(|group| group % 2 == 1).collect();
    assert_eq!(whole.start(1).given, odd);
    assert_eq!(may_be(&all[1]), Ok(()));
    all[0].dropped = Epoch(11);
    assert!(matches!(refused(&all), Refusal::Gap { group: 0, .. }));
}

#[test]
fn one_that_has_not_come_to_what_is_counted_has_lost_something() {
    let mut all = cluster(2);
    all[1].last = Epoch(10);
    assert!(matches!(refused(&all), Refusal::LogOlder { .. }));
}

#[test]
fn an_empty_store_among_those_that_have_counted_is_refused_by_name() {
    let mut all = cluster(2);
    all[1].membership.mark = MARK + 1;
    assert_eq!(refused(&all), Refusal::TwoClusters(0, 1));
    all[1].membership.held.shape += 1;
    assert_eq!(
        refused(&all),
        Refusal::TwoClusters(0, 1),
        "whoever is newer"
    );
    all[1] = new((1, 2));
    assert_eq!(refused(&all), Refusal::StoreMissing(1));
    all[1] = Holdings {
        process: 1,
        processes: 2,
        ..alone([])
    };
    assert_eq!(
        refused(&all),
        Refusal::OtherCluster(1),
        "it has counted alone"
    );
}

#[test]
fn the_cluster_is_that_of_most_stores() {
    for strange in 0..3 {
        let mut all = cluster(3);
        let membership = &mut all[strange as usize].membership;
        membership.mark = MARK + 1;
        membership.held.shape += 1;
        assert_eq!(refused(&all), Refusal::OtherCluster(strange));
    }
}

#[test]
fn before_they_count_one_may_have_its_mark_earlier_than_the_other() {
    let mut all = vec![new((0, 2)), new((1, 2))];
    let whole = conclude(&all, 5).unwrap();
    all[1] = recorded(&all, &whole).remove(1);
    let again = conclude(&all, 6).unwrap().next.unwrap();
    assert_eq!(again.mark, 5);
    assert_ne!(
        again.number,
        whole.next.unwrap().number,
        "no attempt is taken for another"
    );
}

#[test]
fn a_process_more_begins_behind_what_is_sealed() {
    let all = [
        Holdings {
            processes: 2,
            ..alone((0..GROUPS).map(|group| (group, 10)))
        },
        new((1, 2)),
    ];
    let whole = conclude(&all, 5).unwrap();
    assert_eq!(whole.start(0).given, (0..GROUPS).collect());
    assert_eq!(whole.start(1).given, Groups::default());
    let next = whole.next.as_ref().unwrap();
    assert_eq!(
        (next.after, next.mark, next.author_key),
        (Epoch(20), 5, [1; 16])
    );
    let begun = next.begun(&all[1]);
    assert_eq!(begun.held, held(next.number, 2, [1]));
    assert_eq!(begun.next, None);
}

/// Whoever dies between the records of a change: either shape is whole, and it is begun again or goes on.
#[test]
fn a_change_that_is_half_recorded_is_begun_again_or_ended() {
    let mut all = started_as(cluster(2), 3);
    all.push(new((2, 3)));
    let whole = conclude(&all, 5).unwrap();
    let number = whole.next.as_ref().unwrap().number;
    let to_come = recorded(&all, &whole);
    for at in 0..1 << 3 {
        let mut half = all.clone();
        for (process, one) in half.iter_mut().enumerate() {
            if at >> process & 1 == 1 {
                *one = to_come[process].clone();
            }
        }
        let next = conclude(&half, 6).unwrap().next.unwrap();
        assert_ne!(next.number, number);
        // As before, it can still be two.
        let two = started_as(half[..2].to_vec(), 2);
        assert_eq!(conclude(&two, 6).map(|whole| whole.holders.len()), Ok(64));

        if at == 0 {
            continue;
        }
        // All have recorded it, and some that all have.
        let mut half = to_come.clone();
        for (process, one) in half.iter_mut().enumerate() {
            if at >> process & 1 == 1 {
                one.membership = whole.next.as_ref().unwrap().begun(one);
                one.last = one.last.max(whole.next.as_ref().unwrap().after);
            }
        }
        let next = conclude(&half, 6).unwrap().next;
        assert_eq!(next.map(|next| next.number), (at < 7).then_some(number));
        // The third may have sealed something by now.
        let two = started_as(half[..2].to_vec(), 2);
        if half[..2]
            .iter()
            .any(|one| one.membership.held.shape == number)
        {
            assert_eq!(refused(&two), Refusal::StoreMissing(2));
        }
    }
}

#[test]
fn fewer_processes_need_what_the_others_held() {
    let all = started_as(cluster(3), 2);
    assert_eq!(refused(&all[..2]), Refusal::StoreMissing(2));
    let all = adopted(all);
    let whole = conclude(&all, 5).unwrap();
    assert_eq!(whole.holders[&2], 0, "the first gives what it took over");
    assert_eq!(
        whole.next.unwrap().begun(&all[0]).held.parts,
        BTreeSet::from([0])
    );

    let alone = started_as(adopted(adopted(cluster(3))), 1);
    assert!(conclude(&alone, 5).is_ok());
    assert_eq!(may_be(&alone[0]), Ok(()));
    let without = started_as(cluster(3), 1);
    assert_eq!(may_be(&without[0]), Err(Refusal::StoreMissing(1)));
}

#[test]
fn the_newest_copy_of_a_group_counts() {
    let mut all = cluster(2);
    all[0].groups.push((1, Epoch(9)));
    assert_eq!(goes_on(&all).holders[&1], 1);
    all[0].groups.pop();
    all[0].groups.push((1, Epoch(15)));
    assert_eq!(goes_on(&all).holders[&1], 0);
}

#[test]
fn two_that_bring_the_same_are_refused() {
    let mut all = cluster(2);
    all[1].membership.held.parts.insert(0);
    assert_eq!(
        refused(&all),
        Refusal::Twice {
            part: 0,
            by: (0, 1)
        }
    );
}

#[test]
fn a_store_is_that_of_the_process_it_was_begun_as() {
    let all = cluster(2);
    let exchanged = Holdings {
        process: 0,
        ..all[1].clone()
    };
    let refusal = Refusal::OtherPlace {
        recorded: (1, 2),
        asked: 0,
    };
    assert_eq!(may_be(&exchanged), Err(refusal));
    let mut given = all[1].clone();
    given.membership.given_to = Some(0);
    assert_eq!(may_be(&given), Err(Refusal::GivenAway(0)));
}

#[test]
fn what_is_given_up_begins_anew_and_cannot_come_back() {
    let mut all = cluster(3);
    for one in &mut all {
        one.dropped = Epoch(10);
    }
    let lost = all.pop().unwrap();
    all[0].given_up = vec![2];
    all.push(new((2, 3)));
    let whole = conclude(&all, 5).unwrap();
    assert_eq!(whole.replay_after, Epoch(10));
    assert!(!whole.holders.contains_key(&2));
    let next = whole.next.as_ref().unwrap();
    let mut begun = all.clone();
    for one in &mut begun {
        one.membership = next.begun(one);
    }
    begun[2].last = next.after;
    // Told so again, and with an old copy of a group somewhere.
    begun[1].groups.push((2, Epoch(9)));
    assert_eq!(goes_on(&begun).replay_after, Epoch(10));
    assert!(!goes_on(&begun).holders.contains_key(&2));

    begun[2] = lost;
    let refusal = Refusal::LeftBehind {
        process: 2,
        store: (2, 3),
        given_up: true,
    };
    assert_eq!(refused(&begun), refusal);
}

#[test]
fn what_is_there_cannot_be_given_up() {
    let mut all = cluster(2);
    all[1].given_up = vec![0];
    assert_eq!(refused(&all), Refusal::NotLost(0));
    all[1].given_up = vec![2];
    assert_eq!(refused(&all), Refusal::NotLost(2));
}
