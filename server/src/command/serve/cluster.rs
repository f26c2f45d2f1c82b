//! What a process of a cluster has beside what it would have alone.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use tokio::sync::watch;

use crate::{
    cli,
    epoch::{AuthorKey, Intake, joined_remembered},
    flow::{Cluster, Mesh, Secret},
    store::{self, AdoptError, Log, State},
};

/// What was typed; `None`: it counts alone, as one of one process does.
pub(super) fn open(
    typed: cli::Cluster,
    workers: usize,
    settings: String,
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
    let secret = Secret::of_file(&path).with_context(|| {
        let path = path.display();
        format!("--secret-file {path} cannot be used: give it a file as of openssl rand -hex 32")
    })?;
    let cluster = Cluster {
        hosts,
        index,
        secret,
        workers,
        settings,
    };
    Ok((cluster.hosts.len() > 1).then_some(cluster))
}

/// Which process it is, of how many, and what they all know.
pub(super) fn place(cluster: Option<&Cluster>) -> ((usize, usize), Option<Secret>) {
    match cluster {
        Some(cluster) => {
            let place = (cluster.index, cluster.hosts.len());
            (place, Some(cluster.secret.clone()))
        }
        None => ((0, 1), None),
    }
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

pub(super) async fn listen(cluster: Option<Cluster>) -> anyhow::Result<Option<Mesh>> {
    let Some(cluster) = cluster else {
        return Ok(None);
    };
    let host = cluster.hosts.at(cluster.index).to_owned();
    let mesh = Mesh::listen(cluster).await.with_context(|| {
        format!("--cluster: cannot listen at {host}, the place of this --index, for the others")
    })?;
    Ok(Some(mesh))
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
