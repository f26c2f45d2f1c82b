//! The processes that count together, each by its number. One that counts alone tells nothing of it.

use std::fmt;

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, gauge::ConstGauge},
};

use super::{each, gauge};
use crate::flow::Peers;

pub(super) fn encode(peers: &Peers, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
    if peers.index().is_none() {
        return Ok(());
    }
    if let Some(generation) = peers.generation() {
        let help = "Grows with each time that all processes are connected anew";
        gauge(to, "cluster_generation", help, generation)?;
    }
    let connected = peers
        .all()
        .map(|peer| (label(peer.index), u64::from(peer.connected)));
    let help = "1 while the process is connected, 0 while it is away";
    let name = "cluster_process_connected";
    each(to, name, help, MetricType::Gauge, connected)?;

    let help = "For how long nothing has come of another process";
    let name = "cluster_process_silent_seconds";
    let mut family = to.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for peer in peers.all() {
        if let Some(silent) = peer.silent {
            let silent = ConstGauge::new(silent.as_secs_f64());
            silent.encode(family.encode_family(&label(peer.index))?)?;
        }
    }

    let others = peers.all().filter(|peer| peers.index() != Some(peer.index));
    let sent = others.map(|peer| (label(peer.index), peer.sent));
    let help = "Bytes that the count has sent to another process";
    let name = "cluster_sent_bytes";
    each(to, name, help, MetricType::Counter, sent)?;

    let epochs = peers
        .all()
        .filter_map(|peer| Some((label(peer.index), peer.epoch?.0)));
    let help = "Newest epoch that the process has brought to the count";
    let name = "cluster_process_epoch";
    each(to, name, help, MetricType::Gauge, epochs)
}

fn label(index: usize) -> [(&'static str, usize); 1] {
    [("index", index)]
}
