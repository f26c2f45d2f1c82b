//! `tagtide status`: how a running tagtide does, as a screenful.
//!
//! **Invariant:** whatever answers, no control character of it reaches the reader's terminal.

mod cluster;

use std::{io::Write as _, net::IpAddr, net::Ipv4Addr, net::Ipv6Addr, time::Duration};

use anyhow::{Context as _, bail, ensure};
use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;
use unicode_width::UnicodeWidthStr;

use crate::{cli, client, log::printable};
use cluster::Cluster;

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A longer answer is none of ours.
const MOST_BYTES: usize = 4 << 20;

/// What `/api/v1/status` answers, as far as it is shown.
#[derive(Debug, Deserialize)]
struct Status {
    version: String,
    current: bool,
    uptime_seconds: f64,
    epoch: Option<u64>,
    sealed_epoch: Option<u64>,
    lag_seconds: f64,
    memory_bytes: Option<u64>,
    sources: Vec<Source>,
    stores: Stores,
    /// `None` where one counts alone.
    cluster: Option<Cluster>,
}

#[derive(Debug, Deserialize)]
struct Source {
    name: String,
    state: String,
    detail: Option<String>,
    next_try_at: Option<String>,
    posts_per_second: f64,
    posts: u64,
    last_error: Option<String>,
    last_error_at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Stores {
    log_bytes: Option<u64>,
    state_bytes: Option<u64>,
}

pub(super) async fn run(typed: cli::Status) -> anyhow::Result<()> {
    let url = address(&typed)?;
    let shown = shown(&url);
    let text = ask(beneath(url))
        .await
        .with_context(|| format!("{shown} is not reached"))?;
    let status: Status = serde_json::from_str(&text)
        .with_context(|| format!("{shown} answers, but not as this tagtide does"))?;
    let text = if typed.json {
        format!("{}\n", json(&text))
    } else {
        screen(&status, &shown)
    };
    // A reader that is gone is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ensure!(status.current, "{shown}: {}", health(&status));
    Ok(())
}

fn address(typed: &cli::Status) -> anyhow::Result<Url> {
    if let Some(url) = &typed.url {
        return Ok(url.clone());
    }
    let mut listens = typed.listen;
    // Who listens everywhere is asked here.
    match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => listens.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => listens.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(Url::parse(&format!("http://{listens}/"))?)
}

/// As it may be printed.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Fail only where an address can have none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    printable(url.as_str().trim_end_matches('/')).into_owned()
}

/// A board may lie beneath a path.
fn beneath(mut board: Url) -> Url {
    if let Ok(mut path) = board.path_segments_mut() {
        path.pop_if_empty().extend(["api", "v1", "status"]);
    }
    board
}

async fn ask(url: Url) -> anyhow::Result<String> {
    // What runs on this machine is not reached through a proxy.
    let mut client = client::builder().timeout(PATIENCE).no_proxy();
    if url.scheme() == "http" {
        // Nor does it matter whom a system trusts, or whether it says so.
        client = client.tls_certs_only([]);
    }
    let client = client.build()?;
    let answer = client
        .get(url)
        .send()
        .await
        .map_err(reqwest::Error::without_url)?;
    if answer.status() != StatusCode::OK {
        bail!("it answers {}", answer.status());
    }
    Ok(String::from_utf8(read(answer).await?)?)
}

async fn read(mut answer: Response) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        body.extend_from_slice(&chunk);
        ensure!(body.len() <= MOST_BYTES, "its answer is too long");
    }
    Ok(body)
}

/// As it was sent. What is left of control characters is in texts, where it can be an escape; line ends
/// between them say nothing.
fn json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.trim_end().chars() {
        match char {
            '\n' | '\r' | '\t' => safe.push(' '),
            _ if printable(char.encode_utf8(&mut [0; 4])) == *char.encode_utf8(&mut [0; 4]) => {
                safe.push(char);
            }
            _ => safe.push_str(&format!("\\u{:04x}", u32::from(char))),
        }
    }
    safe
}

fn health(status: &Status) -> String {
    let of_epochs = (status.epoch, status.sealed_epoch);
    let results = match (status.current, of_epochs) {
        (true, _) => "fine, results are current".to_owned(),
        (false, (None, _)) => "starting, there are no results yet".to_owned(),
        (false, _) => format!(
            "behind, results wait for {}",
            duration(status.lag_seconds.max(0.0))
        ),
    };
    let away = status.cluster.as_ref().and_then(Cluster::away);
    let results = match away {
        Some(away) => format!("{results}; {away}"),
        None => results,
    };
    match status
        .sources
        .iter()
        .filter(|source| source.state == "failed")
        .count()
    {
        0 => results,
        1 => format!("{results}; a source has failed"),
        failed => format!("{results}; {failed} sources have failed"),
    }
}

fn screen(status: &Status, url: &str) -> String {
    let rate: f64 = status
        .sources
        .iter()
        .map(|source| source.posts_per_second)
        .sum();
    let facts = [
        ("health", health(status)),
        ("uptime", duration(status.uptime_seconds)),
        ("posts", format!("{rate:.1} a second")),
        ("lag", format!("{:.1} s", status.lag_seconds)),
        (
            "epoch",
            status
                .epoch
                .map_or_else(|| "none yet".to_owned(), |epoch| epoch.to_string()),
        ),
        (
            "stores",
            format!(
                "log.redb {}, state.redb {}",
                size(status.stores.log_bytes),
                size(status.stores.state_bytes)
            ),
        ),
        ("memory", size(status.memory_bytes)),
    ];
    let mut text = format!("tagtide {} at {url}\n", printable(&status.version));
    for (name, fact) in facts {
        text.push_str(&format!("{name:<6}  {fact}\n"));
    }
    if let Some(cluster) = &status.cluster {
        text.push('\n');
        text.push_str(&cluster.table());
    }
    text.push('\n');
    text.push_str(&sources(&status.sources));
    text
}

/// A table, and under each source what there is to say of it.
fn sources(sources: &[Source]) -> String {
    let head = ["source", "state", "posts/s", "posts"].map(str::to_owned);
    let rows = sources.iter().map(|source| {
        [
            printable(&source.name).into_owned(),
            printable(&source.state).into_owned(),
            format!("{:.1}", source.posts_per_second),
            source.posts.to_string(),
        ]
    });
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let widths = [0, 1, 2, 3].map(|column| {
        let cells = rows.iter().map(|row| row[column].width());
        cells.max().unwrap_or(0)
    });
    let mut text = String::new();
    for (place, [name, state, rate, posts]) in rows.iter().enumerate() {
        // Padding by hand: the formatter counts characters and not cells.
        let gap = |cell: &str, column: usize| " ".repeat(widths[column] - cell.width());
        let (after_name, after_state) = (gap(name, 0), gap(state, 1));
        let [_, _, rates, numbers] = widths;
        text.push_str(&format!(
            "{name}{after_name}  {state}{after_state}  {rate:>rates$}  {posts:>numbers$}\n"
        ));
        if let Some(source) = place.checked_sub(1).and_then(|place| sources.get(place)) {
            text.push_str(&remarks(source));
        }
    }
    text
}

fn remarks(source: &Source) -> String {
    let detail = source.detail.as_deref();
    let next = source.next_try_at.as_ref();
    let now = match (detail, next) {
        (Some(detail), Some(next)) => Some(format!("{detail}; next try at {next}")),
        (Some(detail), None) => Some(detail.to_owned()),
        (None, next) => next.map(|next| format!("next try at {next}")),
    };
    // What it is in now says the same.
    let error = source
        .last_error
        .as_deref()
        .filter(|error| Some(*error) != detail);
    let error = error.map(|error| match &source.last_error_at {
        Some(at) => format!("last error, {at}: {error}"),
        None => format!("last error: {error}"),
    });
    let remarks = now.into_iter().chain(error);
    remarks
        .map(|remark| format!("  {}\n", printable(&remark)))
        .collect()
}

/// In whole seconds; what is no time is none.
fn duration(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    humantime::format_duration(Duration::from_secs(whole.as_secs())).to_string()
}

fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(
        || "unknown".to_owned(),
        |bytes| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer() -> Value {
        json!({
            "version": "0.1.0", "current": true, "uptime_seconds": 7384.5, "epoch": 904_613_312,
            "sealed_epoch": 904_613_312, "lag_seconds": 0.04, "memory_bytes": 64_172_851,
            "stores": {"log_bytes": 12_582_912, "state_bytes": null}, "cluster": null,
            "sources": [
                {"name": "bluesky", "state": "live", "detail": null, "next_try_at": null,
                 "posts_per_second": 42.25, "posts": 123_456, "last_error": "it restarts (1012)",
                 "last_error_at": "2026-11-22T18:30:24Z", "cursor": "1 x"},
                {"name": "file:タグ", "state": "waiting", "detail": "nobody there",
                 "next_try_at": "2026-11-22T18:31:00Z", "posts_per_second": 0.0, "posts": 0,
                 "last_error": "nobody there", "last_error_at": "2026-11-22T18:30:59Z"},
            ],
        })
    }

    fn shown(answer: Value) -> String {
        screen(
            &serde_json::from_value(answer).unwrap(),
            "http://127.0.0.1:3000",
        )
    }

    #[test]
    fn a_screenful() {
        let expected = "\
tagtide 0.1.0 at http://127.0.0.1:3000
health  fine, results are current
uptime  2h 3m 4s
posts   42.2 a second
lag     0.0 s
epoch   904613312
stores  log.redb 12.0 MiB, state.redb unknown
memory  61.2 MiB

source     state    posts/s   posts
bluesky    live        42.2  123456
  last error, 2026-11-22T18:30:24Z: it restarts (1012)
file:タグ  waiting      0.0       0
  nobody there; next try at 2026-11-22T18:31:00Z
";
        assert_eq!(shown(answer()), expected);
    }

    #[test]
    fn health_is_told_in_words() {
        let with = |current: bool, epoch: Value, state: &str| {
            let mut told = answer();
            told["current"] = json!(current);
            told["epoch"] = epoch;
            told["lag_seconds"] = json!(65.0);
            told["sources"][0]["state"] = json!(state);
            health(&serde_json::from_value(told).unwrap())
        };
        assert_eq!(
            with(false, json!(null), "live"),
            "starting, there are no results yet"
        );
        assert_eq!(
            with(false, json!(7), "live"),
            "behind, results wait for 1m 5s"
        );
        assert_eq!(
            with(true, json!(7), "failed"),
            "fine, results are current; a source has failed"
        );
        let mut told = answer();
        told["current"] = json!(false);
        told["cluster"] = json!({"index": 0, "generation": 1, "processes": [
            {"index": 1, "address": "a:1", "connected": false, "silent_seconds": 9.0, "epoch": 7},
        ]});
        assert_eq!(
            health(&serde_json::from_value(told).unwrap()),
            "behind, results wait for 0s; process 1 is not connected"
        );
    }

    #[test]
    fn whatever_answers_nothing_of_it_moves_the_cursor() {
        let hostile = "a\x1b[2J\n\u{2028}\u{202e}\u{9b}";
        let mut told = answer();
        for field in [
            "name",
            "state",
            "detail",
            "next_try_at",
            "last_error",
            "last_error_at",
        ] {
            told["sources"][0][field] = json!(hostile);
        }
        told["version"] = json!(hostile);
        told["cluster"] = json!({"index": 0, "generation": null, "processes": [
            {"index": 1, "address": hostile, "connected": false, "silent_seconds": 1e300, "epoch": null},
        ]});
        // What it is in now is told once.
        told["sources"][0]["last_error"] = json!(format!("{hostile}!"));
        for text in [shown(told.clone()), json(&told.to_string())] {
            let moves = |char: char| char.is_control() || "\u{2028}\u{202e}".contains(char);
            assert!(!text.replace('\n', "").contains(moves), "{text:?}");
        }
        assert_eq!(
            shown(told.clone()).lines().count(),
            shown(answer()).lines().count() + 1 + 3
        );
        assert_eq!(
            serde_json::from_str::<Value>(&json(&told.to_string())).unwrap(),
            told
        );
    }
}
