//! Clients that keep their connections, and know of HTTP what they need: the status and where an answer ends.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::{Builder, Runtime},
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// How long answers took.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    took: Vec<Duration>,
    pub(super) failed: u64,
}

impl Latencies {
    pub(super) fn sorted(&self) -> Vec<Duration> {
        let mut took = self.took.clone();
        took.sort_unstable();
        took
    }

    fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        self.failed += other.failed;
    }
}

struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    async fn connect(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            answer: Vec::with_capacity(16 << 10),
        })
    }

    /// The body of an answer that is one.
    async fn ask(&mut self, path: &str) -> anyhow::Result<&[u8]> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.answer.clear();
        let body = loop {
            let read = self.stream.read_buf(&mut self.answer).await?;
            anyhow::ensure!(read > 0, "the connection has ended");
            if let Some(head) = memchr::memmem::find(&self.answer, b"\r\n\r\n") {
                break head + 4;
            }
        };
        let head = str::from_utf8(&self.answer[..body])?;
        if !head.starts_with("HTTP/1.1 200") {
            bail!("{path}: {head}");
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>().ok())?
        });
        let end = body + length.context("an answer without a length")?;
        while self.answer.len() < end {
            let read = self.stream.read_buf(&mut self.answer).await?;
            anyhow::ensure!(read > 0, "the connection has ended");
        }
        Ok(&self.answer[body..end])
    }
}

/// On one thread, so that the server has the rest of the machine.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Answers a second, by clients that ask again as soon as they are answered.
pub(super) fn saturate(
    address: &str,
    path: &'static str,
    clients: usize,
    time: Duration,
) -> anyhow::Result<f64> {
    runtime()?.block_on(async {
        let mut asking = JoinSet::new();
        let begun = Instant::now();
        for _ in 0..clients {
            let mut client = Client::connect(address).await?;
            asking.spawn(async move {
                let mut answers = 0_u64;
                while begun.elapsed() < time {
                    client.ask(path).await?;
                    answers += 1;
                }
                anyhow::Ok(answers)
            });
        }
        let mut answers = 0;
        while let Some(asked) = asking.join_next().await {
            answers += asked??;
        }
        Ok(answers as f64 / begun.elapsed().as_secs_f64())
    })
}

/// Pages that ask for the board with what they have of it, and scripts that ask for the ranks: each once a
/// second, all of them spread over it.
pub(super) fn poll(
    address: &str,
    pages: usize,
    scripts: usize,
    time: Duration,
) -> anyhow::Result<(Latencies, Latencies)> {
    runtime()?.block_on(async {
        let begun = Instant::now();
        let end = begun + time;
        let mut asking = JoinSet::new();
        let all = pages + scripts;
        for number in 0..all {
            let mut client = Client::connect(address).await?;
            let is_page = number * pages / all != (number + 1) * pages / all;
            let phase = Duration::from_secs(1) * number as u32 / all as u32;
            asking.spawn(async move {
                let mut latencies = Latencies::default();
                let mut held = Held::default();
                let mut next = begun + Duration::from_secs(1) + phase;
                while next < end {
                    sleep_until(next).await;
                    let path = if is_page {
                        held.address()
                    } else {
                        super::TOP.to_owned()
                    };
                    // From when it was due: who is made to wait, waits for that too.
                    match client.ask(&path).await {
                        Ok(answer) => held.take(answer),
                        Err(_) => latencies.failed += 1,
                    }
                    latencies.took.push(next.elapsed());
                    next += Duration::from_secs(1);
                }
                (is_page, latencies)
            });
        }
        let (mut of_pages, mut of_scripts) = (Latencies::default(), Latencies::default());
        while let Some(asked) = asking.join_next().await {
            let (is_page, latencies) = asked?;
            if is_page {
                of_pages.add(latencies);
            } else {
                of_scripts.add(latencies);
            }
        }
        Ok((of_pages, of_scripts))
    })
}

/// The newest board that a page has.
#[derive(Default)]
struct Held {
    epoch: Option<u64>,
    states: Option<u32>,
}

impl Held {
    fn address(&self) -> String {
        let mut address = super::BOARD.to_owned();
        if let (Some(epoch), Some(states)) = (self.epoch, self.states) {
            address.push_str(&format!("?states={states}&after={epoch}"));
        }
        address
    }

    fn take(&mut self, answer: &[u8]) {
        if let Ok(model::Answer::Board(board)) = serde_json::from_slice(answer) {
            self.epoch = Some(board.top.epoch.0);
            self.states = Some(model::states(&board.sources));
        }
    }
}
