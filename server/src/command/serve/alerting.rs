//! Who is told of what rises: by process 0, in a cluster.

use std::net::SocketAddr;

use anyhow::Context as _;
use engine::grammar::Grammar;
use reqwest::{Client, Url};

use super::{cluster, stored::Stored, tasks::Tasks};
use crate::{
    alerts::{self, Settings, Watching},
    cli::AlertOptions,
    flow::{Cluster, FlowError},
    live::Live,
};

pub(super) struct Alerting {
    pub(super) settings: Settings,
    /// `None`: there is nobody to tell.
    client: Option<Client>,
    /// Where the links lead.
    site: Option<Url>,
}

impl Alerting {
    pub(super) fn new(
        typed: AlertOptions,
        grammar: Grammar,
        cluster: Option<&Cluster>,
    ) -> anyhow::Result<Self> {
        let site = typed.site.clone();
        let settings = match cluster {
            Some(Cluster { index: 1.., .. }) => cluster::leave_alerts(&typed),
            _ => Settings::new(typed, grammar)?,
        };
        let client = if settings.receivers.is_empty() {
            None
        } else {
            Some(alerts::client().context("alerts cannot be sent")?)
        };
        Ok(Self {
            settings,
            client,
            site,
        })
    }

    /// Links lead to `board` where no other site was typed.
    pub(super) async fn start(
        self,
        stored: &Stored,
        live: &Live,
        board: SocketAddr,
        showing: &Tasks,
    ) -> Result<(), FlowError> {
        let kept = stored.alerts.keep_receivers(&self.settings).await;
        kept.map_err(FlowError::Store)?;
        let batch = stored.settings.batch;
        let watching = Watching::new(&self.settings, &stored.log, stored.author_key, batch)
            .map_err(FlowError::Store)?;
        if !self.settings.rules.is_empty() {
            let (live, alerts) = (live.clone(), stored.alerts.clone());
            showing.spawn(alerts::watch(watching, live, alerts, showing.stop.clone()));
        }
        if let Some(client) = self.client {
            let site = match self.site {
                Some(site) => site.as_str().trim_end_matches('/').to_owned(),
                None => format!("http://{board}"),
            };
            let (receivers, live) = (self.settings.receivers, live.clone());
            let (alerts, stop) = (stored.alerts.clone(), showing.stop.clone());
            showing.spawn(alerts::deliver(receivers, client, alerts, live, site, stop));
        }
        Ok(())
    }
}
