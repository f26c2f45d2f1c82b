//! What is asked over HTTP, by whom of the bounded many, and what the log was told.

use std::fmt;

use prometheus_client::{encoding::DescriptorEncoder, metrics::MetricType};

use super::{counter, each, gauge, histogram};
use crate::{log, web::Web};

pub(super) fn encode(web: &Web, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let help = "From the head of a request to that of its answer";
    let name = "http_request_duration_seconds";
    let mut family = to.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for answered in web.requests.answered() {
        let labels = [
            ("route", &*answered.route),
            ("method", answered.method),
            ("status", answered.status),
        ];
        histogram(family.encode_family(&labels)?, &answered.took)?;
    }

    let clients = &web.clients;
    gauge(
        to,
        "http_connections",
        "Connections that are open",
        clients.open(),
    )?;
    let help = "Past so many of them idle ones are closed";
    gauge(to, "http_connections_limit", help, clients.most())?;
    let help = "Connections that were taken";
    counter(to, "http_connections_accepted", help, clients.accepted())?;
    let help = "Idle connections that were closed to make room for others";
    counter(to, "http_connections_let_go", help, clients.let_go())?;
    let help = "Requests of clients that ask more than one may";
    counter(to, "http_requests_limited", help, web.rates.refused())?;
    let help = "Times that none could be taken, as for want of file handles";
    counter(to, "http_accept_errors", help, clients.not_accepted())?;

    let streams = &web.streams;
    gauge(
        to,
        "streams",
        "Listeners to the stream of events",
        streams.open(),
    )?;
    gauge(to, "streams_limit", "As many may listen", streams.most())?;
    let help = "Listeners that found no place";
    counter(to, "streams_refused", help, streams.refused())?;
    let help = "Listeners that took too long to read and were let go";
    counter(to, "streams_dropped", help, streams.dropped())?;

    let (open, most) = web.posts.open();
    let help = "Requests with posts that are read or wait for their seal";
    gauge(to, "post_requests", help, open as u64)?;
    gauge(
        to,
        "post_requests_limit",
        "Past so many others are refused",
        most as u64,
    )?;

    let help = "Pictures drawn";
    counter(to, "pictures", help, web.pictures.drawn())?;
    let help = "Pictures that whoever asked did not get in time";
    counter(to, "pictures_refused", help, web.pictures.refused())?;

    let lines = log::lines().map(|(level, lines)| ([("level", level)], lines));
    let help = "Lines of the log";
    each(to, "log_lines", help, MetricType::Counter, lines)?;
    let help = "Lines that were left out, since many like them came";
    counter(to, "log_lines_left_out", help, log::left_out())
}
