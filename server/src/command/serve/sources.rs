//! Where posts come from: all can start, or none does.

use std::sync::Arc;

use super::tasks::Tasks;
use crate::{
    epoch::Intake,
    source::{self, Opened, Options, Registry, Spec},
    store::Log,
};

pub(super) async fn open(specs: Vec<Spec>, options: &Options) -> anyhow::Result<Vec<Opened>> {
    let mut sources = Vec::new();
    for spec in specs {
        sources.push(source::open(spec, options).await?);
    }
    Ok(sources)
}

/// Each goes on from where the log says that it was read to.
pub(super) fn run(
    sources: Vec<Opened>,
    intake: &Intake,
    registry: &Registry,
    log: &Log,
    reading: &Tasks,
) -> anyhow::Result<()> {
    for opened in sources {
        let spec = opened.spec();
        let status = registry.add(&opened.name());
        let identity: Arc<str> = spec.identity().into();
        let cursor = log.cursor(&identity)?;
        let may_replay = spec.may_replay();
        let sink = intake.writer(spec.kind(), identity, status.clone(), may_replay);
        let stop = reading.stop.child_token();
        let context = source::Context {
            sink,
            status: status.clone(),
            cursor,
            stop,
        };
        let running = tokio::spawn(opened.run(context));
        reading.spawn(async move {
            if running.await.is_err() {
                status.failed("it has stopped by a fault of tagtide");
            }
        });
    }
    Ok(())
}
