//! What each source has read, and how it is.

use std::fmt;

use model::{SourceState, Spend};
use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use super::dollars;
use crate::source::{Registry, Report};

type Number = fn(&Report) -> u64;

const COUNTERS: [(&str, &str, Number); 7] = [
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
        "source_retractions",
        "Deletions and take-downs read",
        |source| source.retractions,
    ),
    (
        "source_bytes",
        "Bytes of lines, messages and bodies read, unpacked",
        |source| source.bytes,
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

pub(super) fn encode(registry: &Registry, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let reports = registry.reports();
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
