//! Numbers for Prometheus and what reads its format: `GET /metrics`.
//!
//! * [`sources`] what is read; [`count`] what becomes of it, up to the results; [`answers`] what is
//!   asked; [`process`] what all of it takes of the machine; [`cluster`] who counts together
//! * [`format`] the two formats that they are told in
//!
//! They are read where they are counted, when they are asked for. What a metric means and what to do when
//! it is wrong is in `server/monitoring`, whose rules and dashboard the tests hold to what is told here.
//!
//! **Invariant:** no tag, author, address or path of a client is ever a label; a source is one by the
//! name that the operator gave it, of which there are few, and a route by its template.

mod answers;
mod cluster;
mod count;
mod format;
mod process;
mod sources;

use std::{fmt, sync::Arc};

use axum::{
    extract::State,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY},
    },
    response::{IntoResponse, Response},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use super::{Web, error::ApiError};
use crate::durations::Distribution;

pub(super) async fn metrics(State(web): State<Arc<Web>>, headers: HeaderMap) -> Response {
    let machine = process::Machine::look(&web).await;
    let mut registry = Registry::default();
    registry.register_collector(Box::new(machine.clone()));
    let ours = registry.sub_registry_with_prefix("tagtide");
    ours.register_collector(Box::new(Ours { web, machine }));
    let mut body = String::new();
    if text::encode(&mut body, &registry).is_err() {
        return ApiError::internal().into_response();
    }
    let (body, kind) = if wants_open_metrics(&headers) {
        (body, format::OPEN_METRICS)
    } else {
        (format::text(&body), format::TEXT)
    };
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-store"),
        (VARY, "accept"),
    ];
    (StatusCode::OK, headers, body).into_response()
}

/// Prometheus does, before all else.
fn wants_open_metrics(headers: &HeaderMap) -> bool {
    let names = |value: &HeaderValue| {
        value
            .to_str()
            .is_ok_and(|value| value.contains("application/openmetrics-text"))
    };
    headers.get_all(ACCEPT).iter().any(names)
}

/// What bears our name.
#[derive(Debug)]
struct Ours {
    web: Arc<Web>,
    machine: process::Machine,
}

impl Collector for Ours {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let to = &mut encoder;
        let mut build = to.encode_descriptor(
            "build_info",
            "1, with the version that runs",
            None,
            MetricType::Gauge,
        )?;
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        ConstGauge::new(1_u64).encode(build.encode_family(&version)?)?;
        sources::encode(&self.web.sources, to)?;
        count::encode(&self.web, to)?;
        cluster::encode(&self.web.peers, to)?;
        answers::encode(&self.web, to)?;
        self.machine.encode_stores(to)
    }
}

pub(super) fn dollars(micro_dollars: u64) -> f64 {
    micro_dollars as f64 / 1e6
}

fn counter(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    number: u64,
) -> fmt::Result {
    one(encoder, name, help, &ConstCounter::new(number))
}

fn seconds_counter(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    seconds: f64,
) -> fmt::Result {
    one(encoder, name, help, &ConstCounter::new(seconds))
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, number: u64) -> fmt::Result {
    one(encoder, name, help, &ConstGauge::new(number))
}

fn one(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> fmt::Result {
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}

/// The same metric for each of some labels.
fn each<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    kind: MetricType,
    numbers: impl IntoIterator<Item = (L, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, kind)?;
    for (labels, number) in numbers {
        let family = family.encode_family(&labels)?;
        match kind {
            MetricType::Counter => ConstCounter::new(number).encode(family)?,
            _ => ConstGauge::new(number).encode(family)?,
        }
    }
    Ok(())
}

fn histogram(mut encoder: MetricEncoder<'_>, distribution: &Distribution) -> fmt::Result {
    let Distribution {
        seconds,
        number,
        buckets,
    } = distribution;
    encoder.encode_histogram::<NoLabelSet>(*seconds, *number, buckets, None)
}
