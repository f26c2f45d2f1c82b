//! The operator that makes the results of an epoch from all workers' parts.

use std::collections::BTreeMap;

use engine::count::Partial;
use model::Epoch;
use timely::dataflow::{StreamVec, channels::pact::Exchange, operators::Operator};

use crate::results::MAX_ROWS;

/// On the first worker; whoever wants them elsewhere broadcasts them.
pub(super) fn merge<'scope>(
    parts: StreamVec<'scope, u64, Partial>,
) -> StreamVec<'scope, u64, (Epoch, Partial)> {
    parts.unary_frontier(Exchange::new(|_: &Partial| 0), "merge", |_, _| {
        let mut pending = BTreeMap::new();
        move |(input, frontier), output| {
            input.for_each_stamp(|stamp, data| {
                let capability = stamp.retain_least(output.output_index());
                let capability = capability.expect("data comes with a capability");
                let epoch = *capability.time();
                let (_, parts) = pending
                    .entry(epoch)
                    .or_insert_with(|| (capability, Vec::new()));
                parts.extend(data.flat_map(|batch| batch.drain(..)));
            });
            while let Some(next) = pending.first_entry() {
                if frontier.less_equal(next.key()) {
                    break;
                }
                let (epoch, (capability, parts)) = next.remove_entry();
                output
                    .session(&capability)
                    .give((Epoch(epoch), Partial::merge(parts, MAX_ROWS)));
            }
        }
    })
}
