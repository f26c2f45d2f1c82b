//! stub
use super::{Context, Sink};
use std::num::NonZero;
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) rate: NonZero<u32>,
    pub(super) seed: u64,
}
pub(super) async fn run<S: Sink>(settings: Settings, context: Context<S>) {
    context.stop.cancelled().await
}
