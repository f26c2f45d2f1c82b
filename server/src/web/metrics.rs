//! Numbers for Prometheus and what reads its format: `GET /metrics`.
//!
//! They are read where they are counted, when they are asked for. No tag and no author is ever a
//! label; a source is one by the name that the operator gave it, of which there are few.

use std::fmt;

use axum::{
    extract::State,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use super::{Web, error::ApiError};
use crate::{epoch::Retractions, results::Live, source, store::Commits};

/// OpenMetrics, the standard that grew out of Prometheus's own format.
const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn metrics(State(web): State<Web>) -> Response {
    let mut registry = Registry::with_prefix("tagtide");
    registry.register_collector(Box::new(Numbers {
        live: web.live,
        sources: web.sources,
        retractions: web.retractions,
        commits: [("seal", web.seals), ("checkpoint", web.checkpoints)],
    }));
    let mut body = String::new();
    match text::encode(&mut body, &registry) {
        Ok(()) => {
            let headers = [(CONTENT_TYPE, TYPE), (CACHE_CONTROL, "no-store")];
            (StatusCode::OK, headers, body).into_response()
        }
        Err(fmt::Error) => ApiError::internal().into_response(),
    }
}

#[derive(Debug)]
struct Numbers {
    live: Live,
    sources: source::Registry,
    retractions: Retractions,
    /// By what they are for.
    commits: [(&'static str, Commits); 2],
}

impl Collector for Numbers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.of_sources(&mut encoder)?;
        let retracted = ConstCounter::new(self.retractions.posts());
        one(
            &mut encoder,
            "retracted_posts",
            "Posts taken out of the counts again, deleted or edited",
            &retracted,
        )?;
        let unknown = ConstCounter::new(self.retractions.unknown());
        one(
            &mut encoder,
            "unknown_retractions",
            "Deletions of posts that are not remembered",
            &unknown,
        )?;
        self.of_commits(&mut encoder)?;
        if let Some(newest) = self.live.newest() {
            let shown = ConstGauge::new(newest.epoch.0);
            one(&mut encoder, "epoch_shown", "Newest epoch counted", &shown)?;
        }
        if let Some(sealed) = self.live.sealed() {
            let sealed = ConstGauge::new(sealed.0);
            one(&mut encoder, "epoch_sealed", "Newest epoch sealed", &sealed)?;
        }
        let lag = ConstGauge::new(self.live.lag().as_secs_f64());
        one(
            &mut encoder,
            "results_lag_seconds",
            "For how long something sealed has waited to be counted",
            &lag,
        )
    }
}

impl Numbers {
    fn of_commits(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        for (what, commits) in &self.commits {
            let number = ConstCounter::new(commits.number());
            one(encoder, &format!("{what}s"), "Commits to disk", &number)?;
            let seconds = ConstCounter::new(commits.time().as_secs_f64());
            let name = format!("{what}_seconds");
            one(encoder, &name, "Time that they took", &seconds)?;
            let bytes = ConstCounter::new(commits.bytes());
            let name = format!("{what}_bytes");
            one(encoder, &name, "Values that they wrote", &bytes)?;
        }
        Ok(())
    }

    fn of_sources(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        type Number = fn(&source::Counters) -> u64;
        const COUNTERS: [(&str, &str, Number); 4] = [
            ("posts", "Posts read", |source| source.posts),
            (
                "late_posts",
                "Posts of a replay counted in a later epoch than their own time lies in",
                |source| source.late,
            ),
            (
                "lines_cut",
                "Lines over 1 MiB, of which the beginning was read",
                |source| source.lines_cut,
            ),
            (
                "lines_refused",
                "Lines that are no post, dropped",
                |source| source.lines_refused,
            ),
        ];
        let sources = self.sources.counters();
        for (name, help, number) in COUNTERS {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            let mut told: Vec<&str> = Vec::new();
            for source in &sources {
                // Two sources may bear one name, but no two series.
                if told.contains(&source.name.as_str()) {
                    continue;
                }
                told.push(&source.name);
                let alike = sources.iter().filter(|other| other.name == source.name);
                let sum: u64 = alike.map(number).sum();
                let kind = source.kind.map_or("unknown", model::Kind::name);
                let labels = [("kind", kind), ("source", source.name.as_str())];
                ConstCounter::new(sum).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

fn one(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> fmt::Result {
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}
