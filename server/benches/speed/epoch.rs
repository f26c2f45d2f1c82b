//! What an epoch costs: to count it in, and to rank. What it costs to write down, a fed server tells
//! ([`super::live`]).

use std::time::{Duration, Instant};

use engine::{
    count::{Author, Counted, Delta, Group, Hides, Partial, Sets, Shape, ShownAs, SliceDelta},
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
        let mut groups: Vec<_> = (0..GROUPS)
            .map(|number| Group::new(number, SHAPE))
            .collect();
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
        let best = |hidden: &Merged| {
            let begun = Instant::now();
            let partial = Partial::of(&groups, Filter::default(), hidden, ROWS);
            std::hint::black_box(Partial::merge([partial], ROWS));
            begun.elapsed()
        };
        let (top, merged) = (best(&Merged(Sets::default())), best(&Merged::most()));
        table.note(
            &format!("{tags} tags"),
            format!(
                "apply {apply:.1?}, best {ROWS} of each window and ranking {top:.1?}, with {MOST} \
                 tags shown as others {merged:.1?}"
            ),
        );
    }
    Ok(())
}

/// So many tags may be shown as others.
const MOST: u64 = 500;

/// What is shown as one.
struct Merged(Sets);

impl Hides for Merged {
    fn hides(&self, _: &Key) -> bool {
        false
    }

    fn sets(&self) -> &Sets {
        &self.0
    }
}

impl Merged {
    /// The most frequent tags, ten as one.
    fn most() -> Self {
        let key = |rank| Key::verbatim(&posts::tag(rank));
        let said = (0..MOST).map(|rank| ShownAs {
            tag: key(rank),
            target: key(MOST + rank / 10),
            spelling: posts::tag(MOST + rank / 10).into(),
        });
        Self(Sets::new(said, |_| false))
    }
}

/// Of a thousand tags so many people are known as are told apart exactly.
fn authors(rank: u64) -> Vec<(Author, u32)> {
    let number = if rank < 1_000 { 256 } else { 0 };
    let author = |n: u64| {
        let mixed = (rank << 20 | n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (Author((mixed >> 32) as u32), 1)
    };
    (0..number).map(author).collect()
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
            authors: authors(rank),
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
