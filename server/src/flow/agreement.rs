//! The start of a generation: every process says what its store holds, and all conclude alike.
//!
//! [`shape`](super::shape) is which stores make a whole, [`whole`](super::whole) what follows. Each group may be stored as of
//! another epoch, since each is written for itself, and after a change of the shape in several stores: its newest copy
//! counts, and goes through the dataflow to whoever owns the group now. Nothing is rolled back: sealed
//! epochs are replayed from behind the oldest of the groups, a group passes over what it holds already, and
//! results are shown from the newest of them on, when all stand at the same epoch.
//!
//! **Invariants:** nothing that is stored of a group is newer than the newest sealed epoch of any process, since
//! an epoch is counted when every process has come to it. So no process ever seals what is passed over: one that is new
//! seals nothing before it has joined, and then behind all that was sealed by the others. A copy of a group
//! is whole, and stays until the group's owner has stored a newer one.

use std::time::{Duration, Instant};

use timely::worker::Worker;

use super::{
    Parts,
    exchange::exchange,
    failure::{Failure, FlowError},
    holdings::{Holdings, hidden},
    whole::{Start, conclude},
};
use crate::store::crash;

/// How long it may take until all have heard that the stores do not make a whole.
const PARTING: Duration = Duration::from_secs(2);

/// Agrees with all others on where to begin, on every worker; `parts` are given by one of each process. Where
/// another shape begins, all stores record first that it is to come, and when all have done so, that it is begun. `None`:
/// the generation has failed meanwhile.
pub(super) fn agree(
    worker: &mut Worker,
    parts: Option<&Parts>,
    mine: &Holdings,
    failed: &Failure,
) -> Result<Option<Start>, FlowError> {
    let brings = parts.map(|_| Ok::<_, FlowError>((mine.clone(), random()?)));
    let goes_on = || !failed.is_told();
    let Some(mut all) = exchange(worker, brings.transpose()?, goes_on) else {
        return Ok(None);
    };
    all.sort_unstable_by_key(|(one, _)| one.process);
    // That of process 0.
    let fresh = all.first().map_or(0, |(_, fresh)| *fresh);
    let all: Vec<_> = all.into_iter().map(|(one, _)| one).collect();
    let whole = match conclude(&all, fresh) {
        Ok(whole) => whole,
        Err(refusal) => {
            failed.tell(refusal.into());
            // Who has not heard of all yet would take this for a loss, and wait.
            let begun = Instant::now();
            exchange(worker, parts.map(|_| ()), || begun.elapsed() < PARTING);
            return Ok(None);
        }
    };
    let start = whole.start(mine.process);
    let Some(next) = whole.next else {
        return Ok(Some(start));
    };
    if let Some(Parts { log, .. }) = parts {
        next.tell(mine);
        log.set_membership(&next.to_come(mine))?;
        crash::point("shape.recorded");
    }
    // When it has come from all, all have done so.
    if exchange(worker, parts.map(|_| ()), goes_on).is_none() {
        return Ok(None);
    }
    if let Some(parts @ Parts { log, .. }) = parts {
        let begun = next.begun(mine);
        if mine.membership.held.parts.is_empty() {
            let author_key = hidden(next.author_key, parts);
            log.join(&begun, next.after, author_key)?;
        } else {
            log.set_membership(&begun)?;
        }
        crash::point("shape.begun");
    }
    // Who is new seals nothing before all know that he is there.
    let all_know = exchange(worker, parts.map(|_| ()), goes_on);
    Ok(all_know.map(|_| start))
}

fn random() -> Result<u128, FlowError> {
    let mut random = [0; 16];
    let filled = getrandom::fill(&mut random);
    filled.map_err(|error| FlowError::Worker(format!("there are no random numbers: {error}")))?;
    Ok(u128::from_be_bytes(random))
}
