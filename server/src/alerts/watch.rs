//! Looks at the results of every epoch that is shown, and keeps what fires.
//!
//! Where the count catches up, epochs between are not shown, and not looked at either.

use std::time::Duration;

use engine::{
    alerts::{Fired, Look, Memory, Rule, Seen},
    count::Hides as _,
};
use model::{AlertKind, Epoch, Ranking, Window};
use tokio_util::sync::CancellationToken;

use super::{Alerts, Settings};
use crate::{
    epoch::AuthorKey,
    live::Live,
    results::{MAX_ROWS, Results},
    store::{Alert, AlertChange, Log, StoreError},
};

/// What decides.
#[derive(Debug)]
pub(crate) struct Watching {
    rules: Vec<Rule>,
    memory: Memory,
    /// Whom each alert has to reach.
    receivers: Vec<u64>,
    /// Alerts of different data directories bear different names.
    key: AuthorKey,
    batch: Duration,
}

impl Watching {
    pub(crate) fn new(
        settings: &Settings,
        log: &Log,
        key: AuthorKey,
        batch: Duration,
    ) -> Result<Self, StoreError> {
        let (as_of, spent) = log.spent_alerts()?;
        let rules = settings.rules.clone();
        let mut gone: Vec<_> = spent.iter().map(|(place, _)| place.clone()).collect();
        let memory = Memory::new(as_of, spent, &rules);
        // Of rules that there are no more; if they come back, they are armed.
        gone.retain(|place| !memory.spent().contains_key(place));
        if !gone.is_empty() {
            log.keep_alerts(&AlertChange {
                spent: gone.into_iter().map(|place| (place, None)).collect(),
                ..AlertChange::default()
            })?;
        }
        let receivers = settings.receivers.iter().map(|receiver| receiver.id);
        Ok(Self {
            receivers: receivers.collect(),
            rules,
            memory,
            key,
            batch,
        })
    }

    async fn look(
        &mut self,
        results: &Results,
        live: &Live,
        alerts: &Alerts,
    ) -> Result<(), StoreError> {
        let rules = live.rules_of(results.epoch);
        // A list may be newer than the results.
        let is_hidden = live.is_hidden();
        let shown = |all: &[Seen]| -> Vec<Seen> {
            let shown = all.iter().filter(|seen| !is_hidden(&seen.tag));
            shown.cloned().collect()
        };
        let look = Look {
            epoch: results.epoch,
            rising: &shown(&results.watched.rising),
            more: results.watched.rising.len() >= MAX_ROWS,
            watched: &shown(&results.watched.tags),
            sets: rules.sets(),
        };
        let mut memory = self.memory.clone();
        let outcome = memory.take(&self.rules, &look, self.batch.as_millis() as u64);
        if !outcome.changed.is_empty() {
            let at = &results.top(Window::default(), Ranking::Count).at;
            let fired = outcome.fired.into_iter();
            let fired = fired.map(|fired| self.alert(fired, results.epoch, at));
            alerts
                .fire(results.epoch, fired.collect(), outcome.changed)
                .await?;
        }
        // Only now: what could not be kept has not fired.
        self.memory = memory;
        Ok(())
    }

    fn alert(&self, fired: Fired, epoch: Epoch, at: &str) -> Alert {
        let Fired { rule, seen, .. } = fired;
        let kind = match rule {
            Rule::Rise { .. } => AlertKind::Rise,
            Rule::Count { .. } => AlertKind::Count,
        };
        let threshold = rule.threshold();
        let name = format!(
            "{kind:?} {} {:016x} {} {}",
            seen.window,
            threshold.to_bits(),
            epoch.0,
            seen.key.as_str()
        );
        Alert {
            id: format!("alert_{:032x}", self.key.name(name.as_bytes())),
            kind,
            tag: seen.tag,
            window: seen.window,
            count: seen.count,
            people: seen.people,
            score: seen.score,
            threshold,
            epoch,
            at: at.to_owned(),
            fired: crate::epoch::now(),
            waiting: self.receivers.clone(),
        }
    }
}

/// Until the program ends.
pub(crate) async fn watch(
    mut watching: Watching,
    mut live: Live,
    alerts: Alerts,
    stop: CancellationToken,
) {
    let mut writes = true;
    while let Some(Some(results)) = stop.run_until_cancelled(live.next()).await {
        let looked = watching.look(&results, &live, &alerts).await;
        if let Err(error) = &looked
            && writes
        {
            tracing::warn!("alerts cannot be written: {error}; it is tried again each epoch");
        }
        writes = looked.is_ok();
    }
}
