//! How much room the files take.

use std::path::{Path, PathBuf};

use super::{log, state};

/// Where the two files of a data directory are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    directory: PathBuf,
    log: PathBuf,
    state: PathBuf,
}

/// Bytes of each; `None` where the system does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) log: Option<u64>,
    pub(crate) state: Option<u64>,
}

impl Files {
    pub(crate) fn of(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            log: directory.join(log::NAME),
            state: directory.join(state::NAME),
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// As they are now. The disk may take its time, but no other request has to wait for it.
    pub(crate) async fn sizes(&self) -> Sizes {
        let (log, state) = tokio::join!(size(&self.log), size(&self.state));
        Sizes { log, state }
    }
}

async fn size(path: &Path) -> Option<u64> {
    let file = tokio::fs::metadata(path).await.ok()?;
    Some(file.len())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use engine::grammar::Grammar;

    use super::*;
    use crate::store::{Settings, open};

    #[tokio::test]
    async fn files_that_are_open_have_their_sizes_and_missing_ones_have_none() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::of(directory.path());
        let none = Sizes {
            log: None,
            state: None,
        };
        assert_eq!(files.sizes().await, none);
        let settings = Settings {
            batch: Duration::from_secs(2),
            grammar: Grammar::Twitter,
        };
        let _open = open(directory.path(), &settings).unwrap();
        let sizes = files.sizes().await;
        let on_disk = |name| {
            std::fs::metadata(directory.path().join(name))
                .unwrap()
                .len()
        };
        assert_eq!(sizes.log, Some(on_disk("log.redb")));
        assert_eq!(sizes.state, Some(on_disk("state.redb")));
        assert!(sizes.log > Some(0));
    }
}
