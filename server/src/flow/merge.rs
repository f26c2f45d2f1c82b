//! The operator that makes results and answers of all workers' parts.

use std::collections::BTreeMap;

use engine::count::{Partial, Sampled, Trend};
use model::Epoch;
use timely::dataflow::{
    StreamVec,
    channels::pact::Exchange as ByRoute,
    operators::{Exchange, Operator, vec::Map},
};

use super::record::{Part, Piece, epoch_of};
use crate::{
    epoch::KeyState,
    results::{MAX_PENDING, MAX_ROWS},
};

/// Results of an epoch on the first worker of every process, answers on the worker that asked.
pub(super) fn merge<'scope>(
    pieces: StreamVec<'scope, u64, Piece>,
    workers_per_process: usize,
) -> StreamVec<'scope, u64, (Epoch, Piece)> {
    let workers = pieces.scope().peers() as u64;
    merged(pieces)
        .flat_map(move |(epoch, piece)| {
            let to = match &piece.of {
                Some(question) => question.asker..question.asker + 1,
                None => 0..workers,
            };
            to.step_by(workers_per_process)
                .map(move |worker| (worker, (epoch, piece.clone())))
        })
        .exchange(|(worker, _)| *worker)
        .map(|(_, piece)| piece)
}

/// Parts of results on the first worker, of answers on the worker that asked.
fn merged(pieces: StreamVec<'_, u64, Piece>) -> StreamVec<'_, u64, (Epoch, Piece)> {
    let place = |piece: &Piece| piece.of.as_ref().map_or(0, |question| question.asker);
    pieces.unary_frontier(ByRoute::new(place), "merge", |_, _| {
        let mut pending = BTreeMap::new();
        move |(input, frontier), output| {
            input.for_each_stamp(|stamp, data| {
                let capability = stamp.retain_least(output.output_index());
                let capability = capability.expect("data comes with a capability");
                let time = *capability.time();
                let (_, pieces) = pending
                    .entry(time)
                    .or_insert_with(|| (capability, BTreeMap::new()));
                for piece in data.flat_map(|batch| batch.drain(..)) {
                    let id = piece.of.as_ref().map(|question| question.id);
                    let (_, parts) = pieces.entry(id).or_insert((piece.of, Vec::new()));
                    parts.push(piece.part);
                }
            });
            while let Some(next) = pending.first_entry() {
                if frontier.less_equal(next.key()) {
                    break;
                }
                let (time, (capability, pieces)) = next.remove_entry();
                let mut session = output.session(&capability);
                for (of, parts) in pieces.into_values() {
                    let part = Part::merge(parts);
                    session.give((epoch_of(time), Piece { of, part }));
                }
            }
        }
    })
}

impl Part {
    /// The parts of disjoint groups as one.
    fn merge(parts: Vec<Self>) -> Self {
        let (mut partials, mut trends, mut pending) = (Vec::new(), Vec::new(), Vec::new());
        let mut key: Option<KeyState> = None;
        for part in parts {
            match part {
                // Only the owner of a tag is asked for it.
                Self::Tag(detail) => return Self::Tag(detail),
                Self::Tops(partial) => partials.push(partial),
                Self::Trends(part) => trends.push(part),
                Self::Pending(part) => pending.push(part),
                Self::Key(state) => {
                    key = Some(match key {
                        Some(other) => other.or(state),
                        None => state,
                    });
                }
            }
        }
        if let Some(key) = key {
            Self::Key(key)
        } else if !trends.is_empty() {
            Self::Trends(Trend::merge(trends, MAX_ROWS))
        } else if !pending.is_empty() {
            Self::Pending(Sampled::merge(pending, MAX_PENDING))
        } else {
            Self::Tops(Partial::merge(partials, MAX_ROWS))
        }
    }
}
