//! What becomes of what is read: retractions, seals, checkpoints, results, and what waits between them.

use std::fmt;

use model::{Ranking, Top, Window};
use prometheus_client::{
    encoding::DescriptorEncoder,
    metrics::{MetricType, gauge::ConstGauge},
};

use super::{counter, each, gauge, histogram, one, seconds_counter};
use crate::{store::Commits, web::Web};

pub(super) fn encode(web: &Web, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let retractions = &web.retractions;
    counter(
        to,
        "retracted_posts",
        "Posts taken out of the counts again, deleted or edited",
        retractions.posts(),
    )?;
    counter(
        to,
        "unknown_retractions",
        "Deletions of posts that are not remembered",
        retractions.unknown(),
    )?;
    alerts(web, to)?;
    commits(to, ("seal", "of epochs to log.redb"), &web.seals)?;
    commits(
        to,
        ("checkpoint", "of the count to state.redb"),
        &web.checkpoints,
    )?;
    waiting(web, to)?;
    workers(web, to)?;
    results(web, to)
}

fn alerts(web: &Web, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let numbers = web.alerts.numbers();
    counter(to, "alerts_fired", "Thresholds reached", numbers.fired)?;
    counter(
        to,
        "alerts_delivered",
        "Alerts taken by a receiver",
        numbers.delivered,
    )?;
    counter(
        to,
        "alerts_failed",
        "Alerts given up for a receiver",
        numbers.failed,
    )?;
    gauge(
        to,
        "alerts_waiting",
        "Alerts still to be taken by a receiver",
        numbers.waiting,
    )
}

fn commits(
    to: &mut DescriptorEncoder<'_>,
    (what, which): (&str, &str),
    commits: &Commits,
) -> fmt::Result {
    let took = commits.took().distribution();
    let help = format!("Commits {which}");
    counter(to, &format!("{what}s"), &help, took.number)?;
    let (name, help) = (
        format!("{what}_seconds"),
        format!("Time that commits {which} took"),
    );
    seconds_counter(to, &name, &help, took.seconds)?;
    let (name, help) = (
        format!("{what}_bytes"),
        format!("Values in commits {which}"),
    );
    counter(to, &name, &help, commits.bytes())?;
    let name = format!("{what}_duration_seconds");
    let help = format!("How long each commit {which} took");
    let encoder = to.encode_descriptor(&name, &help, None, MetricType::Histogram)?;
    histogram(encoder, &took)
}

fn waiting(web: &Web, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let intake = web.posts.intake();
    let queues = [
        (
            "unsealed_bytes",
            "unsealed_limit_bytes",
            "Memory of what is read and not sealed yet, by estimate",
            "Past so much of it sources wait",
            intake.unsealed_bytes(),
        ),
        (
            "epochs_unsealed",
            "epochs_unsealed_limit",
            "Closed epochs that wait for their seal",
            "Past so many of them sources wait",
            intake.unsealed_epochs(),
        ),
        (
            "questions_waiting",
            "questions_waiting_limit",
            "Questions to the count that wait for their turn",
            "Past so many of them whoever asks waits as well",
            web.live.questions(),
        ),
    ];
    for (name, limit_name, help, limit_help, (now, most)) in queues {
        gauge(to, name, help, now as u64)?;
        gauge(to, limit_name, limit_help, most as u64)?;
    }
    Ok(())
}

fn workers(web: &Web, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let (workload, capacity) = (&web.workload, &web.capacity);
    gauge(
        to,
        "count_workers",
        "Threads that count",
        workload.workers() as u64,
    )?;
    gauge(
        to,
        "count_workers_configured",
        "Threads that should count",
        capacity.workers as u64,
    )?;
    seconds_counter(
        to,
        "count_busy_seconds",
        "Time in which these threads have counted and answered, of all together",
        workload.busy().as_secs_f64(),
    )?;
    let help = "Epochs given to the count whose results are not out";
    gauge(to, "epochs_under_way", help, workload.under_way() as u64)?;
    let held = workload.held();
    gauge(to, "tags", "Tags kept", held.tags as u64)?;
    gauge(
        to,
        "tags_limit",
        "Past so many the rarest make room",
        capacity.max_tags,
    )?;
    let help = "Steps that the windows move by, of all 64 key groups";
    gauge(to, "panes", help, held.panes as u64)?;
    let help = "Tags in panes: what memory grows with beside the tags";
    gauge(to, "pane_entries", help, held.entries as u64)
}

type Size = fn(&Top) -> u64;

fn results(web: &Web, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
    if let Some(newest) = web.live.newest() {
        gauge(to, "epoch_shown", "Newest epoch counted", newest.epoch.0)?;
        let top = |window| newest.top(window, Ranking::Count);
        let sizes: [(&str, &str, Size); 3] = [
            ("window_posts", "Posts in a window", |top| top.posts),
            ("window_mentions", "Mentions in a window", |top| {
                top.mentions
            }),
            ("window_tags", "Tags that a window has mentions of", |top| {
                top.tags
            }),
        ];
        for (name, help, size) in sizes {
            let windows =
                Window::ALL.map(|window| ([("window", window.name())], size(top(window))));
            each(to, name, help, MetricType::Gauge, windows)?;
        }
    }
    if let Some(sealed) = web.live.sealed() {
        gauge(to, "epoch_sealed", "Newest epoch sealed", sealed.0)?;
    }
    let help = "Length of an epoch";
    one(
        to,
        "epoch_seconds",
        help,
        &ConstGauge::new(web.batch.as_secs_f64()),
    )?;
    let help = "1 while what is shown is what is sealed, as /readyz tells";
    gauge(
        to,
        "results_current",
        help,
        u64::from(web.live.is_current()),
    )?;
    let lag = ConstGauge::new(web.live.lag().as_secs_f64());
    let help = "For how long something sealed has waited to be counted";
    one(to, "results_lag_seconds", help, &lag)
}
