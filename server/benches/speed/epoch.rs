//! What an epoch costs: to count it in, and to rank. What it costs to write down, a fed server tells
//! ([`super::live`]).

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use engine::{
    count::{Counted, Delta, Group, Partial, Shape, SliceDelta},
    key::{GROUPS, Key, group_of},
};
use model::{Epoch, Filter, Kind, Slice};

use super::{Scale, posts, table::Table};

const SHAPE: Shape = Shape {
    batch_ms: 2000,
    max_tags: 2_000_000,
};

/// Epochs are measured with so many tags each.
const TAGS: [u64; 3] = [10_000, 100_000, 1_000_000];

const ROWS: usize = 100;

pub(crate) fn measure(scale: Scale, table: &mut Table) -> anyhow::Result<()> {
    table.section("an epoch, all groups on one thread");
    for tags in TAGS.into_iter().filter(|tags| *tags <= scale.tags) {
        let mut groups: Vec<_> = (0..GROUPS).map(|_| Group::new(SHAPE)).collect();
        // New tags cost more than known ones: the third epoch is measured.
        let mut apply = Duration::ZERO;
        for epoch in 1..=3 {
            let deltas = deltas(tags);
            let begun = Instant::now();
            for (group, delta) in groups.iter_mut().zip(deltas) {
                group.apply(Epoch(epoch), delta);
            }
            apply = begun.elapsed();
        }
        let begun = Instant::now();
        std::hint::black_box(Partial::of(
            &groups,
            Filter::default(),
            &HashSet::new(),
            ROWS,
        ));
        let top = begun.elapsed();
        table.note(
            &format!("{tags} tags"),
            format!("apply {apply:.1?}, best {ROWS} of each window and ranking {top:.1?}"),
        );
    }
    Ok(())
}

/// An epoch that mentions every tag, by group.
fn deltas(tags: u64) -> Vec<Delta> {
    let mut deltas: Vec<Vec<Counted>> = (0..GROUPS).map(|_| Vec::new()).collect();
    for rank in 0..tags {
        let spelling = posts::tag(rank);
        let key = Key::verbatim(&spelling);
        deltas[usize::from(group_of(&key))].push(Counted {
            key,
            spelling: spelling.into(),
            count: 1 + tags / (rank + 1),
            authors: Vec::new(),
        });
    }
    let slice = Slice {
        source: Kind::Listen,
        lang: None,
    };
    let delta = |counts| Delta {
        slices: vec![SliceDelta {
            slice,
            posts: 1,
            counts,
        }],
        ..Delta::default()
    };
    deltas.into_iter().map(delta).collect()
}
