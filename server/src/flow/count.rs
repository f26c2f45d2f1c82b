//! The operator that keeps the groups of one worker.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry, hash_map},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use engine::{
    count::{Delta, Group, Hides, List, Partial, SampledTags, Shape, Share},
    key::group_of,
};
use model::{Epoch, Filter};
use timely::{
    dataflow::{
        StreamVec,
        channels::pact::Exchange,
        operators::{
            Capability,
            generic::{OutputBuilder, builder_rc::OperatorBuilder},
        },
    },
    progress::frontier::MutableAntichain,
};
use tokio::sync::mpsc;

use super::{
    Parts,
    checkpoint::{Checkpoints, Jobs},
    peers::Peers,
    record::{Ask, Crew, Part, Piece, Question, Record, epoch_of, time_of},
    telling::{Told, Watched},
    whole::Start,
    workload::{Held, Working},
};
use crate::{
    epoch::{KeyState, Receipts},
    moderation::{NotPending, Rulebook, Rules},
    results::{MAX_PENDING, MAX_ROWS},
    store::DeliveryKey,
};

/// What the count gives.
pub(super) struct Counted<'scope> {
    /// Parts of the results of each epoch, and of answers.
    pub(super) pieces: StreamVec<'scope, u64, Piece<Part>>,
    /// Nothing; when its frontier has passed the time of an epoch, the epoch is in the stored state.
    pub(super) durable: StreamVec<'scope, u64, ()>,
}

/// The groups of one worker, and what is not complete yet.
struct Shard {
    groups: BTreeMap<u8, Group>,
    /// By time.
    pending: BTreeMap<u64, Pending>,
    /// The epoch counted in last.
    last: Epoch,
    start: Start,
    rules: Rulebook,
    working: Working,
    watched: Watched,
    /// Told of the newest epoch that any process has come to.
    awaited: Arc<AtomicU64>,
    peers: Peers,
    /// Takes what other processes tell.
    told: mpsc::UnboundedSender<Told>,
    crew: Crew,
    /// The process that may deliver under a key: the same on the first worker of every process.
    keys: HashMap<DeliveryKey, u64>,
    receipts: Receipts,
}

struct Pending {
    capability: Capability<u64>,
    /// It is the time of an epoch, not of questions.
    epoch: bool,
    /// Results of the epoch are wanted.
    shown: bool,
    deltas: BTreeMap<u8, Delta>,
    questions: Vec<Question>,
    /// With the process that has closed each.
    closed: Vec<(u64, DeliveryKey)>,
}

pub(super) fn count<'scope>(
    records: StreamVec<'scope, u64, Record>,
    start: Start,
    shape: Shape,
    jobs: Jobs,
    parts: &Parts,
) -> Counted<'scope> {
    let scope = records.scope();
    let (worker, crew) = (scope.worker().index(), parts.crew());
    let mut builder = OperatorBuilder::new("count".to_owned(), scope);
    let mut input = builder.new_input(
        records,
        Exchange::new(move |record: &Record| record.route(crew)),
    );
    let (output, pieces) = builder.new_output::<Vec<Piece<Part>>>();
    let (no_output, durable) = builder.new_output::<Vec<()>>();
    let mut output = OutputBuilder::from(output);
    let address = builder.operator_info().address;
    let activator = scope.worker().activator_for(address.clone());
    let waker = scope.worker().sync_activator_for(address.to_vec());
    builder.build(move |mut capabilities| {
        let undurable = capabilities.pop();
        drop(capabilities);
        let mut shard = Shard {
            groups: crew
                .owned(worker)
                .map(|group| (group, Group::new(group, shape)))
                .collect(),
            pending: BTreeMap::new(),
            last: start.replay_after,
            start,
            rules: parts.rules.clone(),
            working: parts.workload.worker(),
            watched: parts.watched.clone(),
            awaited: parts.awaited.clone(),
            peers: parts.peers.clone(),
            told: parts.told.clone(),
            crew,
            keys: HashMap::new(),
            receipts: parts.receipts.clone(),
        };
        let unwritten = crew.owned(worker).filter(|group| !start.given.has(*group));
        let mut checkpoints = Checkpoints::new(
            start.replay_after,
            unwritten.collect(),
            shape.batch_ms,
            undurable,
            jobs,
            activator,
            waker,
        );
        move |frontiers| {
            // An output that nobody gives anything to must live as long as its capability.
            let _ = &no_output;
            let frontier = &frontiers[0];
            let mut output = output.activate();
            // As they come, and not sorted by time: a group's stored rows have an order.
            input.for_each(|capability, records| {
                for record in records.drain(..) {
                    shard.take(record, || capability.retain_least(output.output_index()));
                }
            });
            while let Some((capability, pieces)) = shard.complete(frontier) {
                output
                    .session(&capability)
                    .give_iterator(pieces.into_iter());
            }
            drop(output);
            // Before, the groups are not what is stored of them.
            if !frontier.less_equal(&time_of(start.replay_after)) {
                let at_end = frontier.is_empty();
                checkpoints.step(&mut shard.groups, shard.last, at_end);
            }
        }
    });
    Counted { pieces, durable }
}

impl Shard {
    fn take(&mut self, record: Record, capability: impl FnOnce() -> Option<Capability<u64>>) {
        let record = match record {
            Record::Stored(row) => {
                let group = self.groups.get_mut(&row.group);
                let group = group.expect("the exchange sends a group's rows to its owner");
                // Its checksum is right: it is what a tagtide of this format wrote.
                group.restore(row.decode().expect("a stored row can be read"));
                return;
            }
            Record::Told { told, .. } => {
                // Whoever hears it is gone when the program ends.
                let _ = self.told.send(*told);
                return;
            }
            record => record,
        };
        let capability = capability().expect("data comes with a capability");
        let pending = self.pending.entry(*capability.time());
        let pending = pending.or_insert_with(|| Pending {
            capability,
            epoch: false,
            shown: false,
            deltas: BTreeMap::new(),
            questions: Vec::new(),
            closed: Vec::new(),
        });
        match record {
            Record::Epoch { from, shown, .. } => {
                let epoch = epoch_of(*pending.capability.time());
                self.awaited.fetch_max(epoch.0, Relaxed);
                self.peers.has_come_to(from as usize, epoch);
                pending.epoch = true;
                pending.shown |= shown;
            }
            Record::Delta { group, delta } => {
                // Several processes may bring something.
                match pending.deltas.entry(group) {
                    Entry::Vacant(place) => {
                        place.insert(delta);
                    }
                    Entry::Occupied(mut before) => before.get_mut().join(delta),
                }
            }
            Record::Question { question, .. } => pending.questions.push(question),
            Record::Closed { from, key, .. } => pending.closed.push((from, key)),
            Record::Stored(_) | Record::Told { .. } => {}
        }
    }

    /// Counts the next epoch in, or answers the next questions, when nothing more can come for them.
    fn complete(
        &mut self,
        frontier: &MutableAntichain<u64>,
    ) -> Option<(Capability<u64>, Vec<Piece<Part>>)> {
        let next = self.pending.first_entry()?;
        if frontier.less_equal(next.key()) {
            return None;
        }
        let (time, mut pending) = next.remove_entry();
        let begun = Instant::now();
        let mut pieces = Vec::new();
        let epoch = epoch_of(time);
        let rules = &*self.rules.in_force(epoch);
        if pending.epoch {
            for (group, state) in &mut self.groups {
                state.apply(epoch, pending.deltas.remove(group).unwrap_or_default());
            }
            self.last = epoch.max(self.last);
            self.tell_what_is_held();
            if pending.shown && epoch >= self.start.show_from {
                let mut partial = self.partial(Filter::default(), rules);
                self.watch(&mut partial, rules);
                pieces.push(Piece {
                    of: None,
                    part: Part::Tops(partial),
                });
            }
        }
        assert!(
            pending.deltas.is_empty(),
            "the exchange sent what belongs to another"
        );
        for (from, key) in pending.closed {
            if self.keys.get(&key) == Some(&from) {
                self.keys.remove(&key);
            }
        }
        // Whose is the first is the same everywhere.
        pending
            .questions
            .sort_unstable_by_key(|question| (question.asker, question.id));
        for question in pending.questions {
            let part = match &question.ask {
                Ask::Tops(filter) => Part::Tops(self.partial(*filter, rules)),
                Ask::Tag(key, window) => {
                    Part::Tag(Share::of(self.groups.values(), key, *window, rules))
                }
                Ask::Trends => Part::Trends(List::of(self.groups.values(), rules, MAX_ROWS)),
                Ask::Pending => Part::Pending(self.pending(rules)),
                Ask::Key(key) => Part::Key(self.claim(*key, question.asker)),
            };
            pieces.push(Piece {
                of: Some(question),
                part,
            });
        }
        self.working.was_busy(begun.elapsed());
        Some((pending.capability, pieces))
    }

    /// What is known here of a key that a worker's process claims: where nothing is, it is that process's.
    fn claim(&mut self, key: DeliveryKey, asker: u64) -> KeyState {
        let state = self.receipts.state(key);
        // The log is what this process has written.
        let state = state.expect("a receipt can be read");
        if state == KeyState::Unknown {
            match self.keys.entry(key) {
                hash_map::Entry::Occupied(_) => return KeyState::Open,
                hash_map::Entry::Vacant(place) => {
                    place.insert(self.crew.process_of(asker));
                }
            }
        }
        state
    }

    fn tell_what_is_held(&mut self) {
        let mut held = Held::default();
        for group in self.groups.values() {
            held.tags += group.tags();
            held.panes += group.panes();
            held.entries += group.entries();
        }
        self.working.holds(held);
    }

    fn partial(&self, filter: Filter, rules: &Rules) -> Partial {
        Partial::of(self.groups.values(), filter, rules, MAX_ROWS)
    }

    /// Of the tags that wait to be approved, the first ones.
    fn pending(&self, rules: &Rules) -> SampledTags {
        if rules.are_reviewed() {
            List::of(self.groups.values(), &NotPending(rules), MAX_PENDING)
        } else {
            List::default()
        }
    }

    /// Adds those of the tags watched that are kept here and not hidden.
    fn watch(&self, partial: &mut Partial, rules: &Rules) {
        let owned = self
            .watched
            .iter()
            .filter_map(|(key, window)| Some((self.groups.get(&group_of(key))?, key, *window)));
        for (group, key, window) in owned {
            match rules.sets().of(key) {
                Some(set) => {
                    let watched = (key.clone(), window, set.target.clone());
                    partial.watched_as.push(watched);
                }
                None if rules.hides(key) => {}
                None => {
                    let leader = group.leader(key, window);
                    partial
                        .watched
                        .extend(leader.map(|leader| (window, leader)));
                }
            }
        }
    }
}
