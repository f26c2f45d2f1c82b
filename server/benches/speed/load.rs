//! A running server that many ask at once.
//!
//! * How many answers a second it gives when it does nothing else, beside a route of axum alone that gives
//!   the same bytes ([`bare`]): all of it by turns, so that one slow moment of the machine is nobody's.
//! * How long an answer takes while a thousand pages poll each second and lines come in half as fast as they
//!   could.

mod bare;
mod client;

use std::{
    fs::File,
    io::Read,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;

use super::{
    Scale,
    data::{self, Form},
    live::{Feed, Program},
    table::Table,
};
use client::Latencies;

pub(crate) use bare::{ARGUMENT as BARE, serve as serve_bare};

/// Pages that poll the server function, and scripts that ask for the ranks, each once a second.
const PAGES: usize = 900;
const SCRIPTS: usize = 100;

/// Connections that always have a question open.
const EAGER: usize = 32;

/// Answers a second are measured so many times for each address.
const ROUNDS: u32 = 3;

const TOP: &str = "/api/v1/top";
const BOARD: &str = "/api/fn/board";

pub(crate) fn measure(scale: Scale, table: &mut Table) -> anyhow::Result<()> {
    let text = data::file(Form::Text, scale.lines)?;
    let mut lines = Vec::new();
    File::open(&text.path)?.read_to_end(&mut lines)?;
    let time = Duration::from_secs(scale.seconds);

    table.section(&format!(
        "load: {} clients that ask each second for {time:?}, {EAGER} that never wait",
        PAGES + SCRIPTS
    ));
    let data = tempfile::tempdir_in(data::directory()?)?;
    let program = Program::start("twitter", 2000, data.path())?;
    let feed = Feed {
        text: &lines,
        time: time / 3,
        pace: None,
    };
    // What it can take, and something to show.
    let begun = Instant::now();
    let sent = feed.send(program.source)?;
    program.wait(sent.lines)?;
    let top_speed = sent.lines as f64 / begun.elapsed().as_secs_f64();

    saturation(&program, time / 6, table)?;
    let half = Feed {
        time,
        pace: Some(top_speed / 2.0),
        ..feed
    };
    polled(&program, &half, table)?;
    program.end()
}

fn saturation(program: &Program, time: Duration, table: &mut Table) -> anyhow::Result<()> {
    for path in [TOP, BOARD] {
        let answer = program.get(path)?.context("it is starting")?;
        let bare = bare::Bare::start(answer.as_bytes())?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(client::saturate(program.address(), path, EAGER, time)?);
            theirs.push(client::saturate(bare.address(), "/", EAGER, time)?);
        }
        let median = |rates: &mut Vec<f64>| {
            rates.sort_unstable_by(f64::total_cmp);
            rates[rates.len() / 2]
        };
        let (ours, theirs) = (median(&mut ours), median(&mut theirs));
        table.note(
            &format!("{path}, without pause"),
            format!(
                "{ours:.0} answers/s of {} bytes, {:.0} % of a bare route of axum ({theirs:.0}/s); median of {ROUNDS}",
                answer.len(),
                100.0 * ours / theirs
            ),
        );
    }
    Ok(())
}

fn polled(program: &Program, feed: &Feed<'_>, table: &mut Table) -> anyhow::Result<()> {
    let (sent, told) = thread::scope(|scope| {
        let feeding = scope.spawn(|| feed.send(program.source));
        let told = client::poll(program.address(), PAGES, SCRIPTS, feed.time);
        let sent = feeding
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (sent, told)
    });
    let (sent, (pages, scripts)) = (sent?, told?);
    let pace = sent.lines as f64 / feed.time.as_secs_f64() / 1e6;
    for (path, latencies) in [(BOARD, pages), (TOP, scripts)] {
        table.note(&format!("{path}, polled"), note(&latencies, pace));
    }
    Ok(())
}

fn note(latencies: &Latencies, pace: f64) -> String {
    let took = latencies.sorted();
    let part = |percent: usize| {
        let last = took.len().saturating_sub(1);
        let at = (took.len() * percent / 100).min(last);
        took.get(at).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    };
    format!(
        "{} answers, {} failed; median {:.1} ms, p99 {:.1} ms, slowest {:.1} ms, while {pace:.2} M lines/s come in",
        took.len(),
        latencies.failed,
        part(50),
        part(99),
        part(100)
    )
}
