//! What a process of a cluster has beside what it would have alone.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use model::Kind;
use tokio::{
    sync::{mpsc::UnboundedReceiver, watch},
    task::spawn_blocking,
};
use tokio_util::sync::CancellationToken;

use crate::{
    alerts::{self, Alerts},
    cli,
    epoch::{AuthorKey, Intake, joined_remembered},
    flow::{Cluster, Mesh, Peers, Secret, Told},
    moderation::Operators,
    source::Spec,
    store::{self, AdoptError, Log, State, StoreError},
    web::Capacity,
};

/// What was typed; `None`: it counts alone, as one of one process does.
pub(super) fn open(
    typed: &cli::Cluster,
    settings: &store::Settings,
    capacity: Capacity,
) -> anyhow::Result<Option<Cluster>> {
    let cli::Cluster {
        hosts: Some(hosts),
        index: Some(index),
        secret_file: Some(path),
        ..
    } = typed
    else {
        return Ok(None);
    };
    let secret = Secret::of_file(path).with_context(|| {
        let path = path.display();
        format!("--secret-file {path} cannot be used: give it a file as of openssl rand -hex 32")
    })?;
    let cluster = Cluster {
        hosts: hosts.clone(),
        index: *index,
        secret,
        workers: capacity.workers,
        settings: format!(
            "--batch {:?} --grammar {} --max-tags {} format {}",
            settings.batch,
            settings.grammar,
            capacity.max_tags,
            store::FORMAT
        ),
    };
    Ok((cluster.hosts.len() > 1).then_some(cluster))
}

/// What a process is to those that count with it.
pub(super) struct Role {
    /// Which one it is, of how many.
    pub(super) place: (usize, usize),
    /// What they all know.
    pub(super) secret: Option<Secret>,
    /// The stores that it shall go on without, by their processes.
    pub(super) given_up: Vec<u64>,
    /// Its sources that allow one connection: X ends the one for the other.
    pub(super) single: Vec<String>,
    /// Where the others reach it.
    pub(super) mesh: Option<Mesh>,
    pub(super) peers: Peers,
}

impl Role {
    /// Listens for the others, where there are any.
    pub(super) async fn take(
        cluster: Option<Cluster>,
        given_up: Vec<u64>,
        sources: &[Spec],
    ) -> anyhow::Result<Self> {
        let (place, secret) = match &cluster {
            Some(cluster) => {
                let place = (cluster.index, cluster.hosts.len());
                (place, Some(cluster.secret.clone()))
            }
            None => ((0, 1), None),
        };
        let single = sources.iter().filter(|spec| spec.kind() == Kind::X);
        let single = single.map(Spec::identity).collect();
        let mesh = match cluster {
            Some(cluster) => Some(listen(cluster).await?),
            None => None,
        };
        let peers = mesh.as_ref().map(Mesh::peers).unwrap_or_default();
        Ok(Self {
            place,
            secret,
            given_up,
            single,
            mesh,
            peers,
        })
    }
}

async fn listen(cluster: Cluster) -> anyhow::Result<Mesh> {
    let host = cluster.hosts.at(cluster.index).to_owned();
    Mesh::listen(cluster).await.with_context(|| {
        format!("--cluster: cannot listen at {host}, the place of this --index, for the others")
    })
}

/// Takes over the directories of processes that are gone, one after the other.
pub(super) fn adopt(
    directories: &[PathBuf],
    log: &Log,
    state: &State,
    settings: &store::Settings,
) -> Result<(), AdoptError> {
    for directory in directories {
        let place = directory.display();
        if store::adopt((log, state), directory, settings, joined_remembered)? {
            tracing::info!("{place} is taken over: --adopt and the directory are needed no longer");
        } else {
            tracing::info!("{place} was taken over before: leave out --adopt {place}");
        }
    }
    Ok(())
}

/// On all but process 0: were each to decide what fires, each would send it.
pub(super) fn leave_alerts(typed: &cli::AlertOptions) -> alerts::Settings {
    if typed.rise.is_some() || !typed.tags.is_empty() || !typed.urls.is_empty() {
        tracing::info!("process 0 decides which alerts fire and sends them, by its own --alert-…");
    }
    alerts::Settings::default()
}

/// Takes in what comes once the store is one of the cluster's.
pub(super) async fn join(mut joined: watch::Receiver<bool>, intake: Intake, log: Arc<Log>) {
    if joined.wait_for(|joined| *joined).await.is_err() {
        return;
    }
    match (log.last(), log.author_key()) {
        (Ok(last), Ok(Some(key))) => intake.begin(last, AuthorKey::new(key)),
        (last, key) => tracing::error!(
            "nothing is taken in: the log cannot be read: {last:?} {:?}",
            key.err()
        ),
    }
}

/// Takes over what other processes tell, until the count ends. What cannot be written is told again when they
/// are connected anew.
pub(super) async fn hear(
    mut told: UnboundedReceiver<Told>,
    (operators, alerts, intake): (Operators, Alerts, Intake),
    stop: CancellationToken,
) {
    while let Some(Some(told)) = stop.run_until_cancelled(told.recv()).await {
        let heard = match told {
            Told::Alerts(told) => alerts.hear(told).await,
            Told::TakenBack(epoch, taken_back) => {
                // At the end of the program it is told again after the next start.
                let _ = intake.take_back(epoch, taken_back);
                Ok(())
            }
            Told::Said(said) => {
                let operators = operators.clone();
                let hearing = spawn_blocking(move || operators.hear(said));
                let failed = Err(StoreError::Damaged("an action cannot be written"));
                hearing.await.unwrap_or(failed)
            }
        };
        if let Err(error) = heard {
            tracing::error!("what another process has told cannot be written down: {error}");
        }
    }
}
