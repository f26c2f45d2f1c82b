//! The engine equals a naive count that is obviously right, for any epochs, gaps between them, floods
//! of spellings, spreads over workers, and restarts from saved rows at any point.

use std::collections::BTreeMap;

use engine::{
    count::{Counted, Delta, Group, Partial, Saved},
    key::{GROUPS, Key, group_of},
};
use model::{Epoch, Window};
use proptest::{collection::vec, prelude::*};

const WINDOW_EPOCHS: u64 = 5;
const K: usize = 4;

/// An epoch as it was sealed: its number, its posts, and (tag, spelling, count).
type Input = (u64, u64, Vec<(u8, u8, u64)>);

fn key(tag: u8) -> Key {
    Key::verbatim(&format!("tag{tag}"))
}

/// (posts, mentions, tags, best) of a window.
type Summary = (u64, u64, u64, Vec<(String, u64)>);

/// Of each window.
fn naive(epochs: &[Input], upto: usize) -> Vec<Summary> {
    let now = epochs[upto].0;
    Window::ALL
        .into_iter()
        .map(|window| {
            let within = |epoch: &&Input| match window {
                Window::FiveMinutes => epoch.0 + WINDOW_EPOCHS > now,
                Window::All => true,
            };
            let seen: Vec<_> = epochs[..=upto].iter().filter(within).collect();
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for (tag, _, count) in seen.iter().flat_map(|epoch| &epoch.2) {
                *counts.entry(key(*tag).to_string()).or_default() += count;
            }
            let posts = seen.iter().map(|epoch| epoch.1).sum();
            let (mentions, tags) = (counts.values().sum(), counts.len() as u64);
            let mut best: Vec<_> = counts.into_iter().collect();
            best.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            best.truncate(K);
            (posts, mentions, tags, best)
        })
        .collect()
}

/// All groups of all workers, each with what it has stored.
struct Engine {
    groups: Vec<Group>,
    stored: Vec<BTreeMap<String, Saved>>,
}

impl Engine {
    fn new() -> Self {
        let groups = (0..GROUPS).map(|_| Group::new(WINDOW_EPOCHS)).collect();
        Self {
            groups,
            stored: vec![BTreeMap::new(); usize::from(GROUPS)],
        }
    }

    fn apply(&mut self, (epoch, posts, counts): &Input, reversed: bool) {
        let mut deltas = vec![Delta::default(); usize::from(GROUPS)];
        deltas[0].posts = *posts;
        for (tag, form, count) in counts {
            let key = key(*tag);
            let spelling = format!("Tag{form}").into();
            let counted = Counted {
                key: key.clone(),
                spelling,
                count: *count,
            };
            deltas[usize::from(group_of(&key))].counts.push(counted);
        }
        for (group, mut delta) in self.groups.iter_mut().zip(deltas) {
            if reversed {
                delta.counts.reverse();
            }
            group.apply(Epoch(*epoch), delta);
        }
    }

    /// Merged over so many workers.
    fn partial(&self, workers: usize) -> Partial {
        let worker = |worker| {
            let mine = self.groups.iter().skip(worker).step_by(workers);
            Partial::merge(mine.map(|group| group.partial(K)), K)
        };
        Partial::merge((0..workers).map(worker), K)
    }

    fn save(&mut self, only_even: bool) {
        for (index, (group, rows)) in self.groups.iter_mut().zip(&mut self.stored).enumerate() {
            if only_even && index % 2 == 1 {
                continue;
            }
            let changes = group.changes();
            rows.insert("group".into(), Saved::Group(changes.group));
            for (key, count, spellings) in changes.tags {
                let (key, spellings) = (key.clone(), spellings.clone());
                rows.insert(
                    format!("tag {key}"),
                    Saved::Tag {
                        key,
                        count,
                        spellings,
                    },
                );
            }
            for pane in changes.panes {
                rows.insert(format!("pane {}", pane.epoch.0), Saved::Pane(pane.clone()));
            }
            let from = changes.panes_from;
            rows.retain(|_, row| !matches!(row, Saved::Pane(pane) if pane.epoch < from));
            group.saved();
        }
    }

    /// As after a crash: from the stored rows, and all sealed epochs again.
    fn restart(&mut self, epochs: &[Input], rows_reversed: bool) {
        for (group, rows) in self.groups.iter_mut().zip(&self.stored) {
            *group = Group::new(WINDOW_EPOCHS);
            let mut rows: Vec<_> = rows.values().cloned().collect();
            if rows_reversed {
                rows.reverse();
            }
            rows.into_iter().for_each(|row| group.restore(row));
        }
        for epoch in epochs {
            self.apply(epoch, false);
        }
    }
}

fn epochs() -> impl Strategy<Value = Vec<Input>> {
    let gap = prop_oneof![8 => Just(1_u64), 1 => 2..12_u64];
    let epoch = (gap, 0..5_u64, vec((0..12_u8, 0..12_u8, 1..4_u64), 0..8));
    vec(epoch, 1..30).prop_map(|mut epochs| {
        let mut number = 1_000;
        for epoch in &mut epochs {
            number += epoch.0;
            epoch.0 = number;
        }
        epochs
    })
}

proptest! {
    #[test]
    fn it_equals_a_naive_count(
        epochs in epochs(),
        workers in 1..=3_usize,
        events in vec(0..6_u8, 30),
    ) {
        let (mut engine, mut straight) = (Engine::new(), Engine::new());
        for (index, event) in (0..epochs.len()).zip(events) {
            engine.apply(&epochs[index], true);
            straight.apply(&epochs[index], false);
            match event {
                0 => engine.save(false),
                1 => engine.save(true),
                2 => engine.restart(&epochs[..=index], false),
                3 => engine.restart(&epochs[..=index], true),
                _ => {}
            }
            let got = engine.partial(workers);
            prop_assert_eq!(&got, &straight.partial(1), "restarts and workers change nothing");
            for (part, want) in got.parts.iter().zip(naive(&epochs, index)) {
                let leaders = part.leaders.iter();
                let best = leaders.map(|leader| (leader.key.to_string(), leader.count)).collect();
                prop_assert_eq!((part.posts, part.mentions, part.tags, best), want);
            }
        }
    }
}
