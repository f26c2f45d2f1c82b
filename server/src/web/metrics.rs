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
use model::{SourceState, Spend};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use super::{Web, error::ApiError};
use crate::{
    alerts::Alerts,
    epoch::Retractions,
    results::Live,
    source::{self, Report},
    store::Commits,
};

/// OpenMetrics, the standard that grew out of Prometheus's own format.
const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn metrics(State(web): State<Web>) -> Response {
    let mut registry = Registry::with_prefix("tagtide");
    registry.register_collector(Box::new(Numbers {
        live: web.live,
        sources: web.sources,
        retractions: web.retractions,
        alerts: web.alerts,
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
    alerts: Alerts,
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
        self.of_alerts(&mut encoder)?;
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
    fn of_alerts(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let numbers = self.alerts.numbers();
        for (name, help, number) in [
            ("alerts_fired", "Thresholds reached", numbers.fired),
            (
                "alerts_delivered",
                "Alerts taken by a receiver",
                numbers.delivered,
            ),
            (
                "alerts_failed",
                "Alerts given up for a receiver",
                numbers.failed,
            ),
        ] {
            one(encoder, name, help, &ConstCounter::new(number))?;
        }
        let waiting = ConstGauge::new(numbers.waiting);
        one(
            encoder,
            "alerts_waiting",
            "Alerts still to be taken by a receiver",
            &waiting,
        )
    }

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
        type Number = fn(&Report) -> u64;
        const COUNTERS: [(&str, &str, Number); 5] = [
            ("posts", "Posts read", |source| source.shown.posts),
            (
                "bot_posts",
                "Posts read that programs have written, as far as their source says so",
                |source| source.shown.bots,
            ),
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
        let reports = self.sources.reports();
        let sources = named(&reports);
        for (name, help, number) in COUNTERS {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for source in &sources {
                let sum: u64 = source.alike().map(number).sum();
                ConstCounter::new(sum).encode(family.encode_family(&source.labels())?)?;
            }
        }
        of_states(encoder, &sources)?;
        of_spends(encoder, &sources)
    }
}

/// What bears one name: two sources may, but no two series.
struct Named<'a> {
    first: &'a Report,
    all: &'a [Report],
}

fn named(all: &[Report]) -> Vec<Named<'_>> {
    let is_first = |place: usize, source: &Report| {
        !all[..place]
            .iter()
            .any(|before| before.shown.name == source.shown.name)
    };
    let firsts = all.iter().enumerate();
    firsts
        .filter(|(place, source)| is_first(*place, source))
        .map(|(_, first)| Named { first, all })
        .collect()
}

impl<'a> Named<'a> {
    fn alike(&self) -> impl Iterator<Item = &'a Report> {
        let name = &self.first.shown.name;
        self.all
            .iter()
            .filter(move |source| source.shown.name == *name)
    }

    fn labels(&self) -> [(&'static str, &'a str); 2] {
        let kind = self.first.kind.map_or("unknown", model::Kind::name);
        [("kind", kind), ("source", &self.first.shown.name)]
    }
}

fn of_states(encoder: &mut DescriptorEncoder<'_>, sources: &[Named<'_>]) -> fmt::Result {
    let help = "1 for the state that a source is in, 0 for the others";
    let mut family = encoder.encode_descriptor("source_state", help, None, MetricType::Gauge)?;
    for source in sources {
        for state in SourceState::ALL {
            let is = source.alike().any(|source| source.shown.state == state);
            let [kind, name] = source.labels();
            let labels = [kind, name, ("state", state.name())];
            ConstGauge::new(u64::from(is)).encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

/// Where nothing costs anything, there is nothing to tell.
fn of_spends(encoder: &mut DescriptorEncoder<'_>, sources: &[Named<'_>]) -> fmt::Result {
    type Amount = fn(&Spend) -> Option<u64>;
    const AMOUNTS: [(&str, &str, MetricType, Amount); 2] = [
        (
            "source_spent_dollars",
            "What the posts read have cost",
            MetricType::Counter,
            |spend| Some(spend.spent),
        ),
        (
            "source_budget_dollars",
            "What the posts of a source may cost before it ends",
            MetricType::Gauge,
            |spend| spend.budget,
        ),
    ];
    for (name, help, kind, amount) in AMOUNTS {
        let amount = |source: &Named<'_>| {
            let spends = source.alike().filter_map(|source| source.shown.spend);
            let amounts: Vec<u64> = spends.filter_map(|spend| amount(&spend)).collect();
            (!amounts.is_empty()).then(|| dollars(amounts.iter().sum()))
        };
        let known: Vec<_> = sources
            .iter()
            .filter_map(|source| Some((source.labels(), amount(source)?)))
            .collect();
        if known.is_empty() {
            continue;
        }
        let mut family = encoder.encode_descriptor(name, help, None, kind)?;
        for (labels, dollars) in known {
            let family = family.encode_family(&labels)?;
            match kind {
                MetricType::Counter => ConstCounter::new(dollars).encode(family)?,
                _ => ConstGauge::new(dollars).encode(family)?,
            }
        }
    }
    Ok(())
}

pub(super) fn dollars(micro_dollars: u64) -> f64 {
    micro_dollars as f64 / 1e6
}

fn one(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> fmt::Result {
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}
