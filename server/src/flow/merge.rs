//! The operator that makes results and answers of all workers' parts.

use std::collections::BTreeMap;

use engine::count::{Detail, List, Partial};
use model::Epoch;
use timely::dataflow::{
    StreamVec,
    channels::pact::Exchange as ByRoute,
    operators::{Exchange, Operator, vec::Map},
};

use super::record::{Merged, Part, Piece, epoch_of};
use crate::{
    epoch::KeyState,
    results::{MAX_PENDING, MAX_ROWS},
};

/// Results of an epoch on the first worker of every process, answers on the worker that asked.
pub(super) fn merge<'scope>(
    pieces: StreamVec<'scope, u64, Piece<Part>>,
    workers_per_process: usize,
) -> StreamVec<'scope, u64, (Epoch, Piece<Merged>)> {
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
fn merged(pieces: StreamVec<'_, u64, Piece<Part>>) -> StreamVec<'_, u64, (Epoch, Piece<Merged>)> {
    let place = |piece: &Piece<Part>| piece.of.as_ref().map_or(0, |question| question.asker);
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
                    let part = Merged::of(parts);
                    session.give((epoch_of(time), Piece { of, part }));
                }
            }
        }
    })
}

impl Merged {
    /// Parts of one kind, of disjoint groups.
    fn of(parts: Vec<Part>) -> Self {
        match parts.first() {
            Some(Part::Tag(_)) => {
                let shares = each(parts, |part| match part {
                    Part::Tag(shares) => Some(shares),
                    _ => None,
                });
                Self::Tag(Detail::of(shares.flatten().collect()).map(Box::new))
            }
            Some(Part::Trends(_)) => {
                let lists = each(parts, |part| match part {
                    Part::Trends(list) => Some(list),
                    _ => None,
                });
                Self::Trends(List::merge(lists, MAX_ROWS))
            }
            Some(Part::Pending(_)) => {
                let lists = each(parts, |part| match part {
                    Part::Pending(list) => Some(list),
                    _ => None,
                });
                Self::Pending(List::merge(lists, MAX_PENDING))
            }
            Some(Part::Key(_)) => {
                let states = each(parts, |part| match part {
                    Part::Key(state) => Some(state),
                    _ => None,
                });
                Self::Key(states.fold(KeyState::Unknown, KeyState::or))
            }
            Some(Part::Tops(_)) | None => {
                let partials = each(parts, |part| match part {
                    Part::Tops(partial) => Some(partial),
                    _ => None,
                });
                Self::Tops(Partial::merge(partials, MAX_ROWS))
            }
        }
    }
}

fn each<T>(parts: Vec<Part>, of: impl Fn(Part) -> Option<T>) -> impl Iterator<Item = T> {
    parts.into_iter().filter_map(of)
}
