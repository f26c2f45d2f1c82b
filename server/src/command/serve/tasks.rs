//! Tasks that end together.

use std::time::Duration;

use tokio::{task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long sources and clients may take to let go.
const PARTING: Duration = Duration::from_secs(3);

#[derive(Default)]
pub(super) struct Tasks {
    tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

impl Tasks {
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks.spawn(task)
    }

    pub(super) async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        if timeout(PARTING, self.tasks.wait()).await.is_err() {
            tracing::warn!("something would not let go within {PARTING:?}");
        }
    }
}
