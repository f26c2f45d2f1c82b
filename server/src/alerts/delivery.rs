//! Tells one receiver of what it waits for, one alert after the other, until it has taken it.
//!
//! An alert that is refused for what is in it does not hold up the others: of all that wait, the one that was
//! tried least is next. A receiver that is away, or asks for time, is asked less and less often.

use std::{collections::HashMap, future::pending, time::Duration};

use reqwest::Client;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Alerts, EXPIRY, End,
    webhook::{Failure, Receiver},
};
use crate::{epoch, live::Live, random::Random, retry::Backoff, store::StoreError};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// What could not be written is tried again after this time.
const DISK_PAUSE: Duration = Duration::from_secs(5);

struct Delivery {
    receiver: Receiver,
    alerts: Alerts,
    live: Live,
    site: String,
    client: Client,
    backoff: Backoff,
    random: Random,
    /// How often each alert was refused.
    tried: HashMap<u64, u32>,
    reached: Option<bool>,
}

/// What is next.
enum Next {
    Another,
    Idle,
    /// Whatever waits.
    Pause(Duration),
    /// But for what was never tried.
    Aside(Duration),
    End,
}

/// Tells all receivers, each on its own, until the program ends. `site` is where the board is.
pub(crate) async fn deliver(
    receivers: Vec<Receiver>,
    client: Client,
    alerts: Alerts,
    live: Live,
    site: String,
    stop: CancellationToken,
) {
    let each = receivers.into_iter().map(|receiver| {
        let delivery = Delivery {
            receiver,
            alerts: alerts.clone(),
            live: live.clone(),
            site: site.clone(),
            client: client.clone(),
            backoff: Backoff::doubling(FIRST_PAUSE, LONGEST_PAUSE),
            random: Random::seeded_by_chance(),
            tried: HashMap::new(),
            reached: None,
        };
        delivery.run(stop.clone())
    });
    futures::future::join_all(each).await;
}

impl Delivery {
    async fn run(mut self, stop: CancellationToken) {
        let mut news = self.alerts.news();
        loop {
            news.borrow_and_update();
            // A request that is cut off may have arrived: it is sent again at the next start, by its id.
            let Some(step) = stop.run_until_cancelled(self.step()).await else {
                return;
            };
            let next = step.unwrap_or_else(|error| {
                tracing::warn!("it cannot be written that an alert was sent: {error}");
                Next::Pause(DISK_PAUSE)
            });
            let waited = match next {
                Next::Another => continue,
                Next::End => self.refuse_all(&mut news, &stop).await,
                Next::Pause(pause) => stop.run_until_cancelled(sleep(pause)).await,
                Next::Aside(pause) => {
                    let aside = self.sleep_or_fresh(pause, &mut news);
                    stop.run_until_cancelled(aside).await
                }
                Next::Idle => stop.run_until_cancelled(news.changed()).await.map(drop),
            };
            if waited.is_none() {
                return;
            }
        }
    }

    async fn sleep_or_fresh(&self, pause: Duration, news: &mut watch::Receiver<()>) {
        sleep(FIRST_PAUSE).await;
        let fresh = async {
            loop {
                let next = self.alerts.next(self.receiver.id, &self.tried);
                if next.is_some_and(|(number, _)| !self.tried.contains_key(&number)) {
                    return;
                }
                if news.changed().await.is_err() {
                    return pending().await;
                }
            }
        };
        // Either will do.
        let _ = timeout(pause.saturating_sub(FIRST_PAUSE), fresh).await;
    }

    async fn step(&mut self) -> Result<Next, StoreError> {
        let id = self.receiver.id;
        let Some((number, alert)) = self.alerts.next(id, &self.tried) else {
            self.tried.clear();
            return Ok(Next::Idle);
        };
        let is_old = epoch::now().saturating_sub(alert.fired) > EXPIRY.as_millis() as u64;
        if is_old || self.live.is_hidden()(&alert.tag) {
            self.alerts.settle(id, &[number], End::Failed).await?;
            return Ok(Next::Another);
        }
        match self.receiver.tell(&self.client, &alert, &self.site).await {
            Ok(()) => {
                self.alerts.settle(id, &[number], End::Delivered).await?;
                self.tried.remove(&number);
                self.backoff.reset();
                if self.reached == Some(false) {
                    tracing::info!("{} takes alerts again", self.receiver.shown);
                }
                self.reached = Some(true);
                Ok(Next::Another)
            }
            Err(failure) => Ok(self.failed(number, failure)),
        }
    }

    fn failed(&mut self, number: u64, failure: Failure) -> Next {
        let Failure {
            sentence,
            wait,
            gone,
            is_of_alert,
        } = failure;
        if self.reached != Some(false) || gone {
            tracing::warn!("an alert was not taken: {sentence}");
        }
        self.reached = Some(false);
        self.alerts.went_wrong(sentence);
        if gone {
            return Next::End;
        }
        *self.tried.entry(number).or_default() += 1;
        let pause = self.backoff.pause(&mut self.random);
        if is_of_alert {
            return Next::Aside(pause);
        }
        Next::Pause(pause.max(wait.unwrap_or_default()))
    }

    /// It wants none: what waits for it, and what will, has failed. `None` at the end of the program.
    async fn refuse_all(
        &self,
        news: &mut watch::Receiver<()>,
        stop: &CancellationToken,
    ) -> Option<()> {
        loop {
            news.borrow_and_update();
            let all = self.alerts.waiting_for(self.receiver.id);
            if let Err(error) = self
                .alerts
                .settle(self.receiver.id, &all, End::Failed)
                .await
            {
                tracing::warn!("it cannot be written that nobody wants an alert: {error}");
            }
            stop.run_until_cancelled(news.changed()).await?.ok()?;
        }
    }
}
