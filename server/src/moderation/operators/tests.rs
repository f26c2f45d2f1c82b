use std::collections::HashSet;

use engine::{count::Set, key::key_of};

use super::*;
use crate::{moderation::NotPending, store::LAST_ACTIONS};

fn keys(names: &[&str]) -> HashSet<Key> {
    names.iter().filter_map(|name| key_of(name)).collect()
}

fn load(log: &Arc<Log>) -> (Operators, Rulebook) {
    let rules = Rulebook::default();
    let operators = Operators::load(log.clone(), Grammar::Twitter, rules.clone()).unwrap();
    (operators, rules)
}

#[test]
fn what_is_done_is_in_force_and_known_to_who_comes_after() {
    let log = Arc::new(Log::in_memory());
    let (operators, rules) = load(&log);
    operators.block(" #Rust ").unwrap();
    operators.block("日本").unwrap();
    operators.block("wasm").unwrap();
    operators.unblock("WASM").unwrap();
    assert!(matches!(operators.block("rust"), Err(Refused::IsBlocked)));
    assert!(matches!(operators.unblock("a"), Err(Refused::IsNotBlocked)));
    for name in ["", "#", &*"a".repeat(LONGEST)] {
        assert!(
            matches!(operators.block(name), Err(Refused::NoTag)),
            "{name}"
        );
    }
    let (again, in_force) = load(&log);
    let blocked = in_force.newest().of_operators.clone();
    assert_eq!(*blocked, keys(&["rust", "日本"]));
    assert_eq!(*blocked, *rules.newest().of_operators);
    assert_eq!(again.actions(9), operators.actions(9));
    assert_eq!(again.actions(9).len(), 4);
    let (first, all) = again.blocked(1);
    assert_eq!((first.len(), all), (1, 2));
}

#[test]
fn only_the_last_actions_are_kept_and_all_of_what_is_blocked() {
    let log = Arc::new(Log::in_memory());
    let (operators, _) = load(&log);
    operators.block("first").unwrap();
    for _ in 0..LAST_ACTIONS / 2 {
        operators.block("a").unwrap();
        operators.unblock("a").unwrap();
    }
    let (again, rules) = load(&log);
    assert_eq!(*rules.newest().of_operators, keys(&["first"]));
    assert_eq!(again.actions(usize::MAX).len(), LAST_ACTIONS as usize);
    assert_eq!(again.actions(usize::MAX), operators.actions(usize::MAX));
}

#[test]
fn while_tags_are_reviewed_those_approved_are_shown() {
    let log = Arc::new(Log::in_memory());
    let (operators, rules) = load(&log);
    let shown = |rules: &Rulebook| -> Vec<&str> {
        let all = ["a", "b", "c"].into_iter();
        all.filter(|name| !rules.newest().hides(&key_of(name).unwrap()))
            .collect()
    };
    operators.block("b").unwrap();
    assert!(matches!(operators.end_review(), Err(Refused::IsSo)));
    operators.review(&["#A".into(), "#b".into()]).unwrap();
    assert!(matches!(operators.review(&[]), Err(Refused::IsSo)));
    assert_eq!(shown(&rules), ["a"]);
    assert!(matches!(operators.approve("a"), Err(Refused::IsApproved)));
    assert!(matches!(operators.approve("b"), Err(Refused::IsBlocked)));
    operators.approve("#C").unwrap();
    assert_eq!(shown(&rules), ["a", "c"]);
    operators.block("a").unwrap();
    operators.unblock("a").unwrap();
    assert_eq!(shown(&rules), ["c"], "it waits again");
    let pending = operators.is_pending();
    assert!(pending(&key_of("a").unwrap()) && !pending(&key_of("c").unwrap()));
    let (again, in_force) = load(&log);
    assert_eq!(shown(&in_force), ["c"]);
    assert_eq!(again.approved(), (1, true));
    assert_eq!(again.actions(9), operators.actions(9));
    again.end_review().unwrap();
    assert_eq!(shown(&in_force), ["a", "c"]);
    let (third, in_force) = load(&log);
    assert_eq!(shown(&in_force), ["a", "c"]);
    assert_eq!(third.approved(), (1, false));
}

#[test]
fn what_is_said_on_two_processes_is_in_force_on_both_in_whatever_order_they_hear() {
    let logs = [(); 2].map(|()| Arc::new(Log::in_memory()));
    let [(one, of_one), (other, of_other)] = [load(&logs[0]), load(&logs[1])];
    one.keep_news();
    other.keep_news();
    one.block("a").unwrap();
    one.block("b").unwrap();
    other.block("a").unwrap();
    other.unblock("a").unwrap();
    other.approve("c").unwrap();
    other.review(&["d".into()]).unwrap();
    let (told, answered) = (one.news().unwrap(), other.news().unwrap());
    assert_eq!(one.news(), None, "it is told once");
    one.hear(answered).unwrap();
    other.hear(told.clone()).unwrap();
    other.hear(told).unwrap();
    assert_eq!(other.news(), None, "what is heard is not told on");
    let digest = |operators: &Operators| operators.said().unwrap().digest().unwrap();
    assert_eq!(digest(&one), digest(&other));
    assert_eq!(one.actions(9), other.actions(9));
    assert_eq!(one.actions(9).len(), 6);
    for rules in [of_one.newest(), of_other.newest()] {
        let hides = |name: &str| rules.hides(&key_of(name).unwrap());
        assert_eq!(["b", "c", "d", "e"].map(hides), [true, false, false, true]);
    }
    // What is done after that is later, whatever the clock says.
    one.unblock("b").unwrap();
    other.hear(one.news().unwrap()).unwrap();
    assert!(of_other.newest().is_pending(&key_of("b").unwrap()));
    let (again, in_force) = load(&logs[1]);
    assert_eq!(digest(&again), digest(&one));
    assert_eq!(again.actions(9), one.actions(9));
    assert_eq!(
        *in_force.newest().of_operators,
        *of_one.newest().of_operators
    );
}

#[test]
fn no_more_are_approved_than_may_be() {
    let log = Arc::new(Log::in_memory());
    let (operators, _) = load(&log);
    let names: Vec<String> = (0..=APPROVED)
        .map(|number| format!("tag{number}"))
        .collect();
    let refused = operators.review(&names);
    assert!(matches!(refused, Err(Refused::TooManyApproved)));
    assert_eq!(operators.approved(), (0, false));
    operators.review(&names[1..]).unwrap();
    let refused = operators.approve(&names[0]);
    assert!(matches!(refused, Err(Refused::TooManyApproved)));
    operators.block(&names[1]).unwrap();
    operators.approve(&names[0]).unwrap();
    assert_eq!(operators.approved(), (APPROVED, true));
}

/// Each set as `target: members`.
fn sets(rules: &Rulebook) -> Vec<String> {
    let rules = rules.newest();
    let set = |set: &Set| {
        let members: Vec<&str> = set.members.iter().map(Key::as_str).collect();
        format!("{}: {}", set.spelling, members.join(" "))
    };
    rules.sets().iter().map(set).collect()
}

/// What is listed of tags that are shown as others.
fn listed(operators: &Operators) -> Vec<(String, String, Shown)> {
    let (all, number) = operators.merged(9);
    assert_eq!(all.len(), number);
    let row = |merged: MergedTag| (merged.tag, merged.target, merged.shown);
    all.into_iter().map(row).collect()
}

fn row(tag: &str, target: &str, shown: Shown) -> (String, String, Shown) {
    (tag.to_owned(), target.to_owned(), shown)
}

#[test]
fn what_is_merged_is_shown_as_one_until_that_is_undone() {
    let log = Arc::new(Log::in_memory());
    let (operators, rules) = load(&log);
    operators.merge("worldcup26", "WorldCup").unwrap();
    operators.merge("#WorldCup", " ##WorldCup2026 ").unwrap();
    assert_eq!(
        sets(&rules),
        ["WorldCup2026: worldcup worldcup2026 worldcup26"]
    );
    let as_2026 = || Shown::As("#WorldCup2026".into());
    assert_eq!(
        listed(&operators),
        [
            row("#WorldCup", "#WorldCup2026", as_2026()),
            row("#worldcup26", "#WorldCup", as_2026())
        ]
    );
    operators.merge("Cup", "WORLDCUP2026").unwrap();
    let (again, in_force) = load(&log);
    assert_eq!(
        sets(&in_force),
        ["WORLDCUP2026: cup worldcup worldcup2026 worldcup26"],
        "it is spelled as is typed last"
    );
    assert_eq!(sets(&rules), sets(&in_force));
    again.separate("cup").unwrap();
    again.separate("worldcup").unwrap();
    assert_eq!(sets(&in_force), ["WorldCup: worldcup worldcup26"]);
    again.separate("#WorldCup26").unwrap();
    assert!(in_force.newest().hide_nothing());
    assert_eq!(listed(&again), []);
    let (third, in_force) = load(&log);
    assert!(in_force.newest().hide_nothing());
    assert_eq!(third.actions(9), again.actions(9));
    assert_eq!(third.actions(9).len(), 6);
}

#[test]
fn what_cannot_be_merged_is_refused_in_a_sentence() {
    let log = Arc::new(Log::in_memory());
    let (operators, rules) = load(&log);
    operators.merge("a", "B").unwrap();
    operators.merge("b", "c").unwrap();
    let refused = |tag, target| operators.merge(tag, target).unwrap_err().to_string();
    for (tag, target) in [("", "x"), ("x", "#"), ("x", "World Cup"), ("x", "\u{7}")] {
        assert_eq!(refused(tag, target), "That is no hashtag.", "{target:?}");
    }
    assert_eq!(
        refused("Rust", "#RUST"),
        "Both are the same hashtag already."
    );
    assert_eq!(
        refused("A", "d"),
        "#A is shown as #B already: undo that first."
    );
    assert_eq!(
        refused("c", "A"),
        "It would lead back to itself: undo first what #A is shown as."
    );
    let refused = operators.separate("c").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "That hashtag is not shown as another one."
    );
    assert_eq!(sets(&rules), ["c: a b c"]);
    assert_eq!(operators.actions(9).len(), 2);
}

#[test]
fn no_more_are_shown_as_others_than_may_be() {
    let log = Arc::new(Log::in_memory());
    let (operators, rules) = load(&log);
    for number in 0..MERGED {
        operators.merge(&format!("tag{number}"), "One").unwrap();
    }
    let refused = operators.merge("more", "one");
    assert!(matches!(refused, Err(Refused::TooManyMerged)));
    operators.separate("tag7").unwrap();
    operators.merge("more", "one").unwrap();
    let rules = rules.newest();
    let one = rules.sets().of(&key_of("more").unwrap()).unwrap();
    assert_eq!((one.members.len(), &*one.spelling), (MERGED + 1, "one"));
}

#[test]
fn where_spellings_are_told_apart_they_are_merged_like_any_tags() {
    let log = Arc::new(Log::in_memory());
    let rules = Rulebook::default();
    let operators = Operators::load(log, Grammar::Words, rules.clone()).unwrap();
    operators.merge("#rust", "#Rust").unwrap();
    operators.merge("see:#RUST", "#Rust").unwrap();
    assert_eq!(sets(&rules), ["#Rust: #Rust #rust see:#RUST"]);
    let refused = operators.merge("#Rust", "#rust");
    assert!(matches!(refused, Err(Refused::LeadsBack { .. })));
    let refused = operators.separate("#RUST");
    assert!(matches!(refused, Err(Refused::IsNotMerged)));
    operators.separate("see:#RUST").unwrap();
    assert_eq!(sets(&rules), ["#Rust: #Rust #rust"]);
}

#[test]
fn what_is_blocked_or_waits_is_hidden_alone_or_with_all_that_is_shown_as_it() {
    let log = Arc::new(Log::in_memory());
    let (operators, rules) = load(&log);
    let shown = |rules: &Rulebook| (sets(rules), listed(&operators));
    let as_b = || Shown::As("#b".into());
    operators.merge("a", "b").unwrap();
    operators.merge("c", "b").unwrap();
    operators.block("a").unwrap();
    let rows = |a, c| vec![row("#c", "#b", c), row("#a", "#b", a)];
    let both = vec!["b: b c".to_owned()];
    assert_eq!(shown(&rules), (both, rows(Shown::Hidden, as_b())));
    operators.block("b").unwrap();
    operators.unblock("a").unwrap();
    let hides = |name: &str| rules.newest().hides(&key_of(name).unwrap());
    assert_eq!(["a", "b", "c"].map(hides), [false, true, false]);
    let all = vec!["b: a b c".to_owned()];
    let hidden = rows(Shown::Hidden, Shown::Hidden);
    assert_eq!(shown(&rules), (all.clone(), hidden.clone()));

    operators.unblock("b").unwrap();
    operators.review(&[]).unwrap();
    assert_eq!(shown(&rules), (all.clone(), hidden), "it waits");
    let is_pending = operators.is_pending();
    let is_pending = |name: &str| is_pending(&key_of(name).unwrap());
    assert_eq!(["a", "b", "c"].map(is_pending), [false, true, false]);
    let newest = rules.newest();
    assert_eq!(NotPending(&newest).sets(), newest.sets());
    operators.approve("b").unwrap();
    assert_eq!(shown(&rules), (all, rows(as_b(), as_b())));
}

#[test]
fn what_is_merged_on_two_processes_is_the_same_on_both_in_whatever_order_they_hear() {
    let logs = [(); 2].map(|()| Arc::new(Log::in_memory()));
    let [(one, of_one), (other, of_other)] = [load(&logs[0]), load(&logs[1])];
    let same = || {
        let digest = |operators: &Operators| operators.said().unwrap().digest().unwrap();
        assert_eq!(digest(&one), digest(&other));
        assert_eq!(listed(&one), listed(&other));
        assert_eq!(sets(&of_one), sets(&of_other));
        assert_eq!(one.actions(99), other.actions(99));
    };
    let exchange = || {
        let (told, answered) = (one.news().unwrap(), other.news().unwrap());
        one.hear(answered).unwrap();
        other.hear(told.clone()).unwrap();
        other.hear(told).unwrap();
        same();
    };
    one.keep_news();
    other.keep_news();
    one.merge("a", "B").unwrap();
    one.merge("d", "e").unwrap();
    other.merge("a", "C").unwrap();
    other.merge("f", "e").unwrap();
    other.separate("f").unwrap();
    exchange();
    assert_eq!(sets(&of_one), ["C: a c", "e: d e"], "the newest holds");

    // A circle comes of what each was right to do: it is done by neither.
    one.merge("x", "y").unwrap();
    other.merge("y", "x").unwrap();
    other.merge("z", "x").unwrap();
    exchange();
    let circle = |tag: &str| {
        let rows = listed(&one).into_iter();
        let mut shown = rows.filter(|(listed, ..)| listed == tag);
        shown.next().unwrap().2
    };
    let itself = ["#x", "#y", "#z"].map(circle);
    assert!(itself.iter().all(|shown| *shown == Shown::AsItself));
    let refused = one.merge("w", "z");
    assert!(matches!(refused, Err(Refused::LeadsBack { .. })));
    one.separate("x").unwrap();
    other.separate("d").unwrap();
    exchange();
    assert!(sets(&of_other).contains(&"x: x y z".to_owned()));
    for log in &logs {
        let (again, in_force) = load(log);
        assert_eq!(sets(&in_force), sets(&of_one));
        assert_eq!(listed(&again), listed(&one));
    }
}
