//! `tagtide serve` as a process, and what it takes.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};

/// Ticks of a processor's time in a second, in `/proc`.
const TICKS: f64 = 100.0;

const PATIENCE: Duration = Duration::from_secs(30);

/// All that was sent must be shown within.
const SHOWN: Duration = Duration::from_secs(120);

pub(crate) struct Program {
    child: Child,
    /// `127.0.0.1:PORT` of the board.
    address: String,
    /// The port that takes lines.
    pub(crate) source: u16,
}

/// What the process has used.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    /// Of processors.
    pub(crate) seconds: f64,
    /// Of memory, at most, in bytes.
    pub(crate) peak: u64,
    /// Bytes that went to disk.
    pub(crate) written: u64,
}

impl Program {
    pub(crate) fn start(grammar: &str, batch: u64, data: &Path) -> anyhow::Result<Self> {
        Self::start_with(grammar, batch, data, &[])
    }

    /// The same with more options.
    pub(crate) fn start_with(
        grammar: &str,
        batch: u64,
        data: &Path,
        options: &[&str],
    ) -> anyhow::Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tagtide"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--source",
                "listen:127.0.0.1:0",
            ])
            .args([
                "--grammar",
                grammar,
                "--batch",
                &format!("{batch}ms"),
                "--data",
            ])
            .arg(data)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stderr = BufReader::new(child.stderr.take().context("no standard error")?);
        let (mut address, mut source) = (None, None);
        let mut said = String::new();
        while address.is_none() || source.is_none() {
            let start = said.len();
            ensure!(stderr.read_line(&mut said)? > 0, "tagtide ended: {said}");
            let line = &said[start..];
            let after = |words: &str| Some(line.split_once(words)?.1.trim().to_owned());
            address = address.or_else(|| after("tagtide is at http://"));
            source = source.or_else(|| after(" takes lines at "));
        }
        // What it says later is read, so that it never waits.
        thread::spawn(move || io::copy(&mut stderr, &mut io::sink()));
        let source = source
            .as_deref()
            .and_then(|at| at.rsplit(':').next()?.parse().ok());
        Ok(Self {
            child,
            address: address.unwrap_or_default(),
            source: source.context("no port")?,
        })
    }

    /// As one writer of lines.
    pub(crate) fn write(&self, mut lines: impl Read) -> io::Result<()> {
        let mut to = TcpStream::connect(("127.0.0.1", self.source))?;
        io::copy(&mut lines, &mut to)?;
        Ok(())
    }

    /// The body of the answer; `None` while the server is starting.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Option<String>> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n",
            self.address
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.contains(" 200 ") => Ok(Some(body.to_owned())),
            Some((head, _)) if head.contains(" 503 ") => Ok(None),
            _ => bail!("{path}: {answer}"),
        }
    }

    /// `null` as long as there is none.
    pub(crate) fn top(&self, window: &str) -> anyhow::Result<serde_json::Value> {
        match self.get(&format!("/api/v1/top?k=1&window={window}"))? {
            Some(body) => Ok(serde_json::from_str(&body)?),
            None => Ok(serde_json::Value::Null),
        }
    }

    /// Until as many posts are shown as were sent.
    pub(crate) fn wait(&self, lines: u64) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let posts = self.top("all")?["posts"].as_u64().unwrap_or(0);
            ensure!(posts <= lines, "{lines} lines were sent, {posts} are shown");
            if posts == lines {
                return Ok(());
            }
            ensure!(
                begun.elapsed() < SHOWN,
                "{lines} lines were sent, {posts} are shown"
            );
            thread::sleep(Duration::from_millis(100));
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let process = format!("/proc/{}", self.child.id());
        let stat = fs::read_to_string(format!("{process}/stat"))?;
        // Behind the program's name, which may hold spaces: utime and stime.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: f64 = ticks.map(|field| field.parse().unwrap_or(0.0)).sum();
        let status = fs::read_to_string(format!("{process}/status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        let io = fs::read_to_string(format!("{process}/io"))?;
        let written = io
            .lines()
            .find_map(|line| line.strip_prefix("write_bytes: "));
        Ok(Usage {
            seconds: ticks / TICKS,
            peak: peak.context("no VmHWM")? << 10,
            written: written.context("no write_bytes")?.parse()?,
        })
    }

    pub(crate) fn end(mut self) -> anyhow::Result<()> {
        let kill = Command::new("kill")
            .arg(self.child.id().to_string())
            .status()?;
        ensure!(kill.success(), "it cannot be told to end");
        let status = self.child.wait()?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Where it has ended there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
