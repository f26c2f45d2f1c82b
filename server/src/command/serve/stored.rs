//! What the data directory holds, opened.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use tokio::task::spawn_blocking;

use super::{cluster, tasks::Tasks};
use crate::{
    alerts::Alerts,
    backup::Backups,
    epoch::{AuthorKey, Receipts},
    flow::{FlowError, Secret},
    moderation::{Operators, Rulebook},
    store::{self, Log, Settings, State},
};

pub(super) struct Stored {
    /// What it is bound to.
    pub(super) settings: Settings,
    pub(super) log: Arc<Log>,
    pub(super) state: Arc<State>,
    pub(super) author_key: AuthorKey,
    /// With what the operators have said.
    pub(super) rules: Rulebook,
    pub(super) operators: Operators,
    pub(super) alerts: Alerts,
    pub(super) receipts: Receipts,
}

impl Stored {
    /// With what others held that are gone. `rules` are those of the file of tags that are never shown, and a
    /// directory that has no key of authors yet may take that of the cluster.
    pub(super) async fn open(
        directory: &Path,
        adopt: Vec<PathBuf>,
        settings: Settings,
        rules: Rulebook,
        secret: Option<&Secret>,
    ) -> anyhow::Result<Self> {
        let (log, state) = files(directory, adopt, settings).await?;
        let log = Arc::new(log);
        let author_key = author_key(&log, secret)?;
        // Before the count: what was hidden is never shown by a restart.
        let operators = Operators::load(log.clone(), settings.grammar, rules.clone())
            .map_err(FlowError::Store)?;
        let alerts = Alerts::load(log.clone()).map_err(FlowError::Store)?;
        let receipts = Receipts::load(log.clone()).map_err(FlowError::Store)?;
        Ok(Self {
            settings,
            log,
            state: Arc::new(state),
            author_key,
            rules,
            operators,
            alerts,
            receipts,
        })
    }

    /// Gives a copy to whoever asks at the directory.
    pub(super) fn serve_backups(&self, directory: &Path, showing: &Tasks) {
        match Backups::listen(directory) {
            Ok(backups) => {
                let (log, state) = (self.log.clone(), self.state.clone());
                showing.spawn(backups.serve(log, state, showing.stop.clone()));
            }
            Err(error) => tracing::warn!("no backup can be taken while it runs: {error}"),
        }
    }
}

/// Opening may take a while after a crash: redb looks the file through.
async fn files(
    directory: &Path,
    adopt: Vec<PathBuf>,
    settings: Settings,
) -> anyhow::Result<(Log, State)> {
    let directory = directory.to_owned();
    let opened = spawn_blocking(move || {
        let (log, state) = store::open(&directory, &settings)?;
        cluster::adopt(&adopt, &log, &state, &settings)?;
        Ok((log, state))
    });
    opened.await?
}

/// The key of the data directory. Where it has none yet, that of `TAGTIDE_AUTHOR_KEY_FILE`, that of the
/// cluster, or a new one.
fn author_key(log: &Log, secret: Option<&Secret>) -> anyhow::Result<AuthorKey> {
    let of_file = std::env::var_os("TAGTIDE_AUTHOR_KEY_FILE");
    let fresh = match (of_file, secret) {
        (Some(path), _) => AuthorKey::of_file(path.as_ref())
            .with_context(|| format!("TAGTIDE_AUTHOR_KEY_FILE={path:?} cannot be used"))?,
        (None, Some(secret)) => secret.author_key(),
        (None, None) => AuthorKey::fresh().context("the system gives no random numbers")?,
    };
    Ok(AuthorKey::new(log.author_key_or(fresh)?))
}
