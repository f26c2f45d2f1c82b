//! Tags that reach a threshold, told to whoever wants to know: on the board, and by webhooks.
//!
//! * `settings` what was typed; which rule fires when is [`engine::alerts`]
//! * `watch` looks at every epoch's results; `delivery` tells one receiver, by a `webhook` with its
//!   `signing`
//!
//! [`Alerts`] is what all of them share: the newest alerts, and whom each has still to reach.
//!
//! **Invariants:** an alert is shown or sent only when it is on disk, in one commit with the rule that is
//! spent by it: a restart fires nothing twice. Its id is the same for good, and a receiver is told until it
//! has said that it was, or the alert has [expired](EXPIRY): at least once, and each with its id. At most
//! [`MOST`] are kept. Nothing here is waited for by the count. Of a cluster process 0 alone decides and delivers;
//! the others keep what it tells them.

mod delivery;
mod settings;
mod signing;
mod watch;
mod webhook;

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use engine::alerts::{Place, Spent};
use jiff::Timestamp;
use model::{AlertKind, Epoch, Notice};
use tokio::{sync::watch as channel, task::spawn_blocking};

use crate::store::{Alert, AlertChange, Log, StoreError};

pub(crate) use delivery::deliver;
pub(crate) use settings::{Settings, Unusable, site, url};
pub(crate) use watch::{Watching, watch};
pub(crate) use webhook::client;

/// How many are kept, told or not.
pub(crate) const MOST: usize = 1000;

/// How many are listed.
pub(crate) const MOST_LISTED: usize = 100;

/// For how long a receiver that does not take an alert is told of it again.
const EXPIRY: Duration = Duration::from_secs(24 * 60 * 60);

/// For how long the board shows one, and how many at most.
const SHOWN_FOR: Duration = Duration::from_secs(600);
const MOST_SHOWN: usize = 3;

/// A clone is another handle to the same.
#[derive(Clone, Debug)]
pub(crate) struct Alerts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    log: Arc<Log>,
    state: Mutex<State>,
    /// Held from a look at the state to the commit of what has changed in it.
    committing: tokio::sync::Mutex<()>,
    changed: channel::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    /// By number, the oldest first.
    kept: VecDeque<(u64, Arc<Alert>)>,
    next: u64,
    numbers: Numbers,
    /// What has fired since it was last asked for; `None`: nobody asks.
    untold: Option<Vec<Alert>>,
    last_error: Option<LastError>,
}

/// Since the program started, but for `waiting`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) fired: u64,
    /// Each once for every receiver.
    pub(crate) delivered: u64,
    /// Given up, each once for every receiver.
    pub(crate) failed: u64,
    /// Still to be delivered, each once for every receiver.
    pub(crate) waiting: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct LastError {
    /// One plain sentence without secrets.
    pub(crate) sentence: String,
    /// In whole seconds.
    pub(crate) at: Timestamp,
}

/// What becomes of an alert that a receiver waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Delivered,
    Failed,
}

impl Alert {
    /// As all may see it.
    pub(crate) fn shown(&self) -> model::Alert {
        model::Alert {
            id: self.id.clone(),
            kind: self.kind,
            tag: self.tag.clone(),
            window: self.window,
            count: self.count,
            people: self.people,
            score: self.score,
            threshold: self.threshold,
            epoch: self.epoch,
            at: self.at.clone(),
        }
    }

    fn notice(&self) -> Notice {
        use app::words::{counted, rise, window_span};
        let mentions = counted(self.count, "mention", "mentions");
        let span = window_span(self.window);
        let told = match self.kind {
            AlertKind::Rise => {
                let score = rise(self.score.unwrap_or_default());
                format!("has a rise of {score}: {mentions} {span}")
            }
            AlertKind::Count => format!("has {mentions} {span}"),
        };
        Notice {
            tag: self.tag.clone(),
            window: self.window,
            told,
            epoch: self.epoch,
            at: self.at.clone(),
        }
    }
}

impl Alerts {
    pub(crate) fn load(log: Arc<Log>) -> Result<Self, StoreError> {
        let kept: VecDeque<_> = log
            .alerts()?
            .into_iter()
            .map(|(number, alert)| (number, Arc::new(alert)))
            .collect();
        let next = kept.back().map_or(0, |(number, _)| number + 1);
        let state = State {
            kept,
            next,
            ..State::default()
        };
        Ok(Self(Arc::new(Inner {
            log,
            state: Mutex::new(state),
            committing: tokio::sync::Mutex::default(),
            changed: channel::Sender::new(()),
        })))
    }

    /// Up to so many, the newest first.
    pub(crate) fn newest(&self, most: usize, is_hidden: impl Fn(&str) -> bool) -> Vec<Arc<Alert>> {
        let state = self.state();
        let newest_first = state.kept.iter().rev().map(|(_, alert)| alert);
        let shown = newest_first.filter(|alert| !is_hidden(&alert.tag));
        shown.take(most).cloned().collect()
    }

    /// What a board of the epoch `now` shows.
    pub(crate) fn notices(
        &self,
        now: Epoch,
        batch: Duration,
        is_hidden: impl Fn(&str) -> bool,
    ) -> Vec<Notice> {
        let age = SHOWN_FOR.as_millis().div_ceil(batch.as_millis().max(1)) as u64;
        let newest = self.newest(MOST_SHOWN, is_hidden);
        let fresh = newest
            .iter()
            .filter(|alert| alert.epoch.0.saturating_add(age) > now.0);
        fresh.map(|alert| alert.notice()).collect()
    }

    pub(crate) fn numbers(&self) -> Numbers {
        let state = self.state();
        let waiting = state
            .kept
            .iter()
            .map(|(_, alert)| alert.waiting.len() as u64);
        Numbers {
            waiting: waiting.sum(),
            ..state.numbers
        }
    }

    pub(crate) fn last_error(&self) -> Option<LastError> {
        self.state().last_error.clone()
    }

    /// Keeps what has fired; only then is it to be seen.
    async fn fire(
        &self,
        as_of: Epoch,
        fired: Vec<Alert>,
        spent: BTreeMap<Place, Option<Spent>>,
    ) -> Result<(), StoreError> {
        let number = fired.len() as u64;
        self.keep(Some(as_of), fired.clone(), spent).await?;
        let mut state = self.state();
        state.numbers.fired += number;
        if let Some(untold) = &mut state.untold {
            untold.extend(fired);
            let more = untold.len().saturating_sub(MOST);
            untold.drain(..more);
        }
        Ok(())
    }

    /// From now on what fires is kept for [`Alerts::untold`].
    pub(crate) fn keep_untold(&self) {
        self.state().untold = Some(Vec::new());
    }

    /// What has fired here since this was called last, the oldest first.
    pub(crate) fn untold(&self) -> Option<Vec<Alert>> {
        let mut state = self.state();
        let untold = state.untold.as_mut().filter(|untold| !untold.is_empty())?;
        Some(std::mem::take(untold))
    }

    /// Keeps what has fired on another process, which delivers it.
    pub(crate) async fn hear(&self, told: Vec<Alert>) -> Result<(), StoreError> {
        let known: HashSet<String> = {
            let state = self.state();
            let ids = state.kept.iter().map(|(_, alert)| alert.id.clone());
            ids.collect()
        };
        let unknown = told.into_iter().filter(|alert| !known.contains(&alert.id));
        let heard = unknown.map(|alert| Alert {
            waiting: Vec::new(),
            ..alert
        });
        let heard: Vec<Alert> = heard.collect();
        if heard.is_empty() {
            return Ok(());
        }
        self.keep(None, heard, BTreeMap::new()).await
    }

    async fn keep(
        &self,
        as_of: Option<Epoch>,
        fresh: Vec<Alert>,
        spent: BTreeMap<Place, Option<Spent>>,
    ) -> Result<(), StoreError> {
        let _committing = self.0.committing.lock().await;
        let (fresh, leaves, from) = {
            let state = self.state();
            let fresh: Vec<_> = (state.next..)
                .zip(fresh.into_iter().map(Arc::new))
                .collect();
            let leaves = (state.kept.len() + fresh.len()).saturating_sub(MOST);
            let mut all = state.kept.iter().chain(&fresh);
            let from = all.nth(leaves).map_or(0, |(number, _)| *number);
            (fresh, leaves, from)
        };
        self.commit(as_of, fresh.clone(), from, spent).await?;
        let mut state = self.state();
        state.next += fresh.len() as u64;
        state.kept.extend(fresh);
        let leaving = state.kept.drain(..leaves);
        let lost: usize = leaving.map(|(_, alert)| alert.waiting.len()).sum();
        state.numbers.failed += lost as u64;
        drop(state);
        self.0.changed.send_replace(());
        Ok(())
    }

    /// Of the alerts that wait for this receiver the one that was tried least, the oldest of those.
    fn next(&self, receiver: u64, tried: &HashMap<u64, u32>) -> Option<(u64, Arc<Alert>)> {
        let state = self.state();
        let waiting = state
            .kept
            .iter()
            .filter(|(_, alert)| alert.waiting.contains(&receiver));
        waiting
            .min_by_key(|(number, _)| tried.get(number).copied().unwrap_or(0))
            .cloned()
    }

    /// The numbers of all that wait for it.
    fn waiting_for(&self, receiver: u64) -> Vec<u64> {
        let state = self.state();
        let waiting = state
            .kept
            .iter()
            .filter(|(_, alert)| alert.waiting.contains(&receiver));
        waiting.map(|(number, _)| *number).collect()
    }

    /// These alerts need not reach the receiver any more.
    async fn settle(&self, receiver: u64, numbers: &[u64], end: End) -> Result<(), StoreError> {
        self.release(
            |alert_number, waits_for| waits_for == receiver && numbers.contains(&alert_number),
            end,
        )
        .await
    }

    /// What waits for receivers that there are no more waits no longer.
    pub(crate) async fn keep_receivers(&self, settings: &Settings) -> Result<(), StoreError> {
        let known: Vec<u64> = settings
            .receivers
            .iter()
            .map(|receiver| receiver.id)
            .collect();
        let before = self.numbers().waiting;
        self.release(|_, waits_for| !known.contains(&waits_for), End::Failed)
            .await?;
        let lost = before - self.numbers().waiting;
        if lost > 0 {
            tracing::warn!(
                lost,
                "alerts that waited for an --alert-url that is given no more"
            );
        }
        Ok(())
    }

    async fn release(
        &self,
        is_over: impl Fn(u64, u64) -> bool,
        end: End,
    ) -> Result<(), StoreError> {
        let _committing = self.0.committing.lock().await;
        let (mut changed, mut settled) = (Vec::new(), 0);
        for (number, alert) in &self.state().kept {
            let mut waiting = alert.waiting.clone();
            waiting.retain(|receiver| !is_over(*number, *receiver));
            let over = alert.waiting.len() - waiting.len();
            if over > 0 {
                settled += over as u64;
                let alert = Alert {
                    waiting,
                    ..Alert::clone(alert)
                };
                changed.push((*number, Arc::new(alert)));
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        self.commit(None, changed.clone(), 0, BTreeMap::new())
            .await?;
        let mut state = self.state();
        for (number, alert) in changed {
            if let Some(place) = state.kept.iter_mut().find(|(known, _)| *known == number) {
                place.1 = alert;
            }
        }
        match end {
            End::Delivered => state.numbers.delivered += settled,
            End::Failed => state.numbers.failed += settled,
        }
        Ok(())
    }

    async fn commit(
        &self,
        as_of: Option<Epoch>,
        alerts: Vec<(u64, Arc<Alert>)>,
        from: u64,
        spent: BTreeMap<Place, Option<Spent>>,
    ) -> Result<(), StoreError> {
        let log = self.0.log.clone();
        let commit = move || {
            log.keep_alerts(&AlertChange {
                as_of,
                alerts: alerts
                    .iter()
                    .map(|(number, alert)| (*number, &**alert))
                    .collect(),
                from,
                spent,
            })
        };
        match spawn_blocking(commit).await {
            Ok(done) => done,
            Err(_) => Err(StoreError::Damaged("alerts cannot be written")),
        }
    }

    fn went_wrong(&self, sentence: String) {
        let now = Timestamp::now();
        let at = Timestamp::from_second(now.as_second()).unwrap_or(now);
        self.state().last_error = Some(LastError { sentence, at });
    }

    fn news(&self) -> channel::Receiver<()> {
        self.0.changed.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests;
