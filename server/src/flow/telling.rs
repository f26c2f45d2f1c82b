//! What processes tell each other beside what they count: what operators say, which alerts have fired, and
//! which posts are taken back by whoever has not read them.
//!
//! While they count together it goes through the dataflow as it comes. What somebody has missed is told when
//! all are there again: [`share`].

use std::sync::Arc;

use engine::key::Key;
use model::{Epoch, Window};
use serde::{Deserialize, Serialize};
use timely::worker::Worker;

use super::{
    Parts,
    exchange::exchange,
    failure::{Failure, FlowError},
    refusal::Refusal,
};
use crate::{
    alerts,
    store::{Alert, Said, TakenBack},
};

/// Something that another process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Told {
    Said(Said),
    Alerts(Vec<Alert>),
    /// In this epoch.
    TakenBack(Epoch, TakenBack),
}

/// Tags that are told of by name, each with the window that it is watched in.
pub(crate) type Watched = Arc<[(Key, Window)]>;

/// What a process begins with.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Opening {
    process: usize,
    /// Of what operators have said.
    said: u64,
    /// The newest, those of process 0 alone.
    alerts: Vec<Alert>,
    watched: Vec<(Key, Window)>,
    /// Sources that allow one connection.
    single: Vec<String>,
}

impl Opening {
    fn of(parts: &Parts) -> Result<Self, FlowError> {
        let (process, _) = parts.place;
        // It is all told now.
        let _ = (parts.operators.news(), parts.alerts.untold());
        let mut alerts = Vec::new();
        if process == 0 {
            let newest_first = parts.alerts.newest(alerts::MOST_LISTED, |_| false);
            alerts.extend(newest_first.iter().rev().map(|alert| Alert::clone(alert)));
        }
        Ok(Self {
            process,
            said: parts.operators.said()?.digest()?,
            alerts,
            watched: parts.watched.to_vec(),
            single: parts.single.to_vec(),
        })
    }
}

/// Before a generation counts, on every worker: all know what any of them knows. Gives the tags that are watched,
/// which are those of process 0. `None`: the generation has failed meanwhile.
pub(super) fn share(
    worker: &mut Worker,
    parts: &Parts,
    feeds: bool,
    failed: &Failure,
) -> Result<Option<Watched>, FlowError> {
    if parts.crew().processes == 1 {
        return Ok(Some(parts.watched.clone()));
    }
    let goes_on = || !failed.is_told();
    let opening = feeds.then(|| Opening::of(parts)).transpose()?;
    let Some(all) = exchange(worker, opening, goes_on) else {
        return Ok(None);
    };
    if feeds {
        refuse_twice(parts, &all)?;
    }
    let differs = |one: &Opening| all.iter().any(|other| other.said != one.said);
    if all.iter().any(differs) {
        let said = feeds.then(|| parts.operators.said()).transpose()?;
        let Some(all) = exchange(worker, said, goes_on) else {
            return Ok(None);
        };
        for said in all.into_iter().filter(|_| feeds) {
            parts.operators.hear(said)?;
        }
    }
    let first = all.into_iter().find(|one| one.process == 0);
    Ok(first.map(
        |Opening {
             alerts, watched, ..
         }| {
            if feeds && parts.place.0 > 0 {
                // Whoever hears it is gone when the program ends.
                let _ = parts.told.send(Told::Alerts(alerts));
            }
            watched.into()
        },
    ))
}

/// A source that allows one connection runs on one process: the others end, and this one goes on without them.
fn refuse_twice(parts: &Parts, all: &[Opening]) -> Result<(), Refusal> {
    let (this, _) = parts.place;
    for other in all.iter().filter(|other| other.process < this) {
        let twice = other
            .single
            .iter()
            .find(|source| parts.single.contains(source));
        if let Some(source) = twice {
            return Err(Refusal::RunsElsewhere {
                source_name: source.clone(),
                process: other.process,
            });
        }
    }
    Ok(())
}
