//! The operator that keeps the groups of one worker.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use engine::{
    count::{Delta, Group, Partial, Shape},
    key::GROUPS,
};
use model::{Epoch, Filter};
use timely::{
    dataflow::{
        StreamVec,
        channels::pact::Exchange,
        operators::{Capability, Operator},
    },
    progress::frontier::MutableAntichain,
};

use super::{
    agreement::Start,
    is_checkpoint,
    record::{Record, owner},
};
use crate::{results::MAX_ROWS, store::State};

/// The groups of one worker, and the epochs that are not complete yet.
struct Shard {
    groups: BTreeMap<u8, Group>,
    pending: BTreeMap<Epoch, Pending>,
    /// The epoch counted in last.
    last: Epoch,
    start: Start,
    batch: Duration,
    state: Arc<State>,
}

struct Pending {
    capability: Capability<u64>,
    deltas: BTreeMap<u8, Delta>,
}

pub(super) fn count<'scope>(
    records: StreamVec<'scope, u64, Record>,
    start: Start,
    batch: Duration,
    state: Arc<State>,
) -> StreamVec<'scope, u64, Partial> {
    let worker = records.scope().worker().index();
    let workers = records.scope().worker().peers();
    records.unary_frontier(Exchange::new(Record::route), "count", move |_, _| {
        let mine = (0..GROUPS).filter(|group| owner(*group, workers) == worker);
        let mut shard = Shard {
            groups: mine
                .map(|group| {
                    (
                        group,
                        Group::new(Shape {
                            batch_ms: batch.as_millis() as u64,
                            max_tags: 2_000_000,
                        }),
                    )
                })
                .collect(),
            pending: BTreeMap::new(),
            last: start.replay_after,
            start,
            batch,
            state,
        };
        move |(input, frontier), output| {
            input.for_each_stamp(|capability, data| {
                for record in data.flat_map(|batch| batch.drain(..)) {
                    shard.take(record, || capability.retain_least(output.output_index()));
                }
            });
            while let Some((capability, partial)) = shard.complete(frontier) {
                if let Some(partial) = partial {
                    output.session(&capability).give(partial);
                }
            }
        }
    })
}

impl Shard {
    fn take(&mut self, record: Record, capability: impl FnOnce() -> Option<Capability<u64>>) {
        if let Record::Saved { group, row } = record {
            self.groups
                .get_mut(&group)
                .expect("the exchange sends a group's rows to its owner")
                .restore(row);
            return;
        }
        let capability = capability().expect("data comes with a capability");
        let epoch = Epoch(*capability.time());
        let pending = self.pending.entry(epoch);
        let pending = pending.or_insert_with(|| Pending {
            capability,
            deltas: BTreeMap::new(),
        });
        if let Record::Delta { group, delta } = record {
            pending.deltas.insert(group, delta);
        }
    }

    /// Counts the next epoch in that nothing more can come for. What it gives is the groups' part of
    /// the results; the capability goes only after a checkpoint that is due is durable.
    fn complete(
        &mut self,
        frontier: &MutableAntichain<u64>,
    ) -> Option<(Capability<u64>, Option<Partial>)> {
        let next = self.pending.first_entry()?;
        if frontier.less_equal(&next.key().0) {
            return None;
        }
        let (
            epoch,
            Pending {
                capability,
                mut deltas,
            },
        ) = next.remove_entry();
        for (group, state) in &mut self.groups {
            state.apply(epoch, deltas.remove(group).unwrap_or_default());
        }
        if is_checkpoint(self.last, epoch, self.batch) {
            self.checkpoint();
        }
        self.last = epoch;
        assert!(
            deltas.is_empty(),
            "the exchange sent what belongs to another"
        );
        let shown = epoch >= self.start.show_from;
        let partials = self
            .groups
            .values()
            .map(|group| group.partial(Filter::default(), MAX_ROWS));
        Some((
            capability,
            shown.then(|| Partial::merge(partials, MAX_ROWS)),
        ))
    }

    fn checkpoint(&mut self) {
        let changes = self
            .groups
            .iter()
            .map(|(group, state)| (*group, state.changes()));
        if let Err(error) = self.state.save(changes) {
            // Without its state the log could never be shortened: better to stop while all is well.
            panic!("state.redb cannot be written: {error}");
        }
        self.groups.values_mut().for_each(Group::saved);
    }
}
