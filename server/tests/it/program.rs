//! Starts the real program as people do, and takes it down in every way there is.
//!
//! Every program has a data directory and ports of its own, so tests run side by side. Nothing here
//! sleeps for a fixed time: what is waited for is looked at until it is so, with a limit.

use std::{
    collections::HashMap,
    fs,
    net::TcpListener,
    path::Path,
    process::{self, Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

#[cfg(target_os = "linux")]
mod output;
mod script;

#[cfg(target_os = "linux")]
use output::{Output, show};
pub(crate) use script::Script;

/// For what takes moments on an idle machine; tests also run on busy ones.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// That those who post know, where there is one.
pub(crate) const TOKEN: &str = "s3cret";
/// The program's promise after SIGTERM.
const END: Duration = Duration::from_secs(10);
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A running `tagtide`. When a test fails, what it wrote to standard error is shown.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    args: Vec<String>,
    environment: HashMap<String, String>,
    /// How large its files may get, in KiB.
    most: Option<u64>,
    /// `127.0.0.1:PORT` of the board, once it is known.
    address: String,
    stdout: Output,
    stderr: Output,
    /// Removed with the program, unless the directory is the test's own.
    _directory: Option<TempDir>,
}

impl Program {
    /// `tagtide serve` with these options, an empty data directory and a free port; ready to be
    /// asked when this returns.
    pub(crate) fn serve(args: &[&str]) -> Self {
        Self::serve_with(args, &[])
    }

    /// The same with environment variables.
    pub(crate) fn serve_with(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut program = Self::serve_in(directory.path(), args, environment);
        program._directory = Some(directory);
        program
    }

    /// The same in a data directory that outlives the program.
    pub(crate) fn serve_in(data: &Path, args: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::serve_on_disk(None, data, args, environment)
    }

    /// The same where no file can be larger than so many KiB, as on a disk that is full.
    pub(crate) fn serve_on_full_disk(most: u64, data: &Path, args: &[&str]) -> Self {
        Self::serve_on_disk(Some(most), data, args, &[])
    }

    /// The same with a crash point to die at, `NAME:N`; that may be before it can be asked anything.
    pub(crate) fn serve_to_crash(
        data: &Path,
        args: &[&str],
        environment: &[(&str, &str)],
        at: &str,
    ) -> Self {
        let mut all = vec!["serve"];
        all.extend(args);
        all.extend(["--data", data.to_str().unwrap()]);
        let all = all.into_iter().map(str::to_owned).collect();
        let crashing = [environment, &[("TAGTIDE_CRASH_AT", at)]].concat();
        let mut program = Self::start(all, &crashing, None, "127.0.0.1:0");
        program.environment.remove("TAGTIDE_CRASH_AT");
        program
    }

    fn serve_on_disk(
        most: Option<u64>,
        data: &Path,
        args: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut all = vec!["serve".to_owned()];
        all.extend(args.iter().map(|&arg| arg.to_owned()));
        all.push("--data".to_owned());
        all.push(data.to_str().unwrap().to_owned());
        let mut program = Self::start(all, environment, most, "127.0.0.1:0");
        program.wait_for_address();
        program
    }

    /// The same with a board that all networks of this machine reach, and [`TOKEN`] for who posts to it.
    pub(crate) fn serve_publicly(args: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().to_str().unwrap();
        let all = [&["serve", "--public", "--data", data][..], args].concat();
        let all = all.into_iter().map(str::to_owned).collect();
        let environment = [("TAGTIDE_INGEST_TOKEN", TOKEN)];
        let mut program = Self::start(all, &environment, None, "0.0.0.0:0");
        program.wait_for_address();
        program._directory = Some(directory);
        program
    }

    /// `tagtide feed` with these options, on the port given; it may not listen yet.
    pub(crate) fn feed(port: u16, args: &[&str]) -> Self {
        let mut all = vec!["feed".to_owned()];
        all.extend(args.iter().map(|&arg| arg.to_owned()));
        Self::start(all, &[], None, &format!("127.0.0.1:{port}"))
    }

    fn start(
        args: Vec<String>,
        environment: &[(&str, &str)],
        most: Option<u64>,
        listen: &str,
    ) -> Self {
        let environment: HashMap<String, String> = environment
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let (child, stdout, stderr) = spawn(&args, &environment, most, listen);
        Self {
            child,
            args,
            environment,
            most,
            address: listen.to_owned(),
            stdout,
            stderr,
            _directory: None,
        }
    }

    fn wait_for_address(&mut self) {
        let line = self.wait_for_line("tagtide is at http://");
        self.address = line.trim().to_owned();
    }

    /// What follows `start` on the first line of standard error that holds it.
    pub(crate) fn wait_for_line(&mut self, start: &str) -> String {
        let begun = Instant::now();
        loop {
            let ended = self.child.try_wait().unwrap();
            let text = self.stderr.text();
            let mut lines = text
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'));
            if let Some(rest) = lines.find_map(|line| Some(line.split_once(start)?.1)) {
                return rest.trim_end().to_owned();
            }
            assert!(
                ended.is_none(),
                "it ended with {ended:?} before it said {start:?}"
            );
            assert!(begun.elapsed() < SOON, "it did not say {start:?}");
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// The port that its `listen:` source got.
    pub(crate) fn source_port(&mut self) -> u16 {
        let address = self.wait_for_line(" takes lines at ");
        address
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok())
            .unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// `HOST:PORT` of the board.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All it wrote to standard output since it was started last.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// All it wrote to standard error since it was started last.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        client().get(self.url(path)).send().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let text = self.get(path).await.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text:?}"))
    }

    /// Tags and counts of the all-time top; nothing while the program is starting or away.
    pub(crate) async fn counts(&self) -> Vec<(String, u64)> {
        let request = client().get(self.url("/api/v1/top?window=all&k=100"));
        let Ok(response) = request.send().await else {
            return Vec::new();
        };
        let text = response.text().await.unwrap_or_default();
        let Ok(top) = serde_json::from_str::<Value>(&text) else {
            return Vec::new();
        };
        let rows = top["rows"].as_array().cloned().unwrap_or_default();
        rows.iter()
            .map(|row| {
                (
                    row["tag"].as_str().unwrap().to_owned(),
                    row["count"].as_u64().unwrap(),
                )
            })
            .collect()
    }

    /// Waits until its results are current.
    pub(crate) async fn is_ready(&self) {
        wait_until("it is ready", SOON, async || {
            self.get("/readyz").await.status() == 200
        })
        .await;
    }

    /// People and supervisors are answered, at once as far as one can tell on a busy machine.
    pub(crate) async fn serves(&self) {
        for path in ["/", "/api/v1/top", "/healthz", "/readyz", "/metrics"] {
            // Not by a connection that is open already.
            let answer = self.get(path).await;
            assert_eq!(answer.status(), 200, "{path}");
            answer.bytes().await.unwrap();
        }
    }

    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics").await.text().await.unwrap();
        let mut lines = text.lines();
        let number = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        number.unwrap().parse().unwrap()
    }

    /// Memory that it takes, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<u64>().unwrap() << 10
    }

    /// Dies at once, as by a power cut.
    pub(crate) fn kill9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends by itself, with an error; what it says of it.
    pub(crate) fn fails(&mut self) -> String {
        let status = self.wait(SOON);
        assert!(!status.success(), "it ended with {status:?}");
        self.stderr.text()
    }

    /// Is asked to end, does so in time, and says that all is well.
    pub(crate) fn terminate(&mut self) {
        signal(self.pid(), "TERM");
        let begun = Instant::now();
        let status = self.wait(END);
        assert!(
            status.success(),
            "it ended with {status:?} after {:?}",
            begun.elapsed()
        );
    }

    /// It hangs, until it is told to go on.
    pub(crate) fn hang(&self) {
        signal(self.pid(), "STOP");
    }

    pub(crate) fn go_on(&self) {
        signal(self.pid(), "CONT");
    }

    /// From its next start on no file of it can be larger than so many KiB.
    pub(crate) fn limit_files(&mut self, most: Option<u64>) {
        self.most = most;
    }

    fn wait(&mut self, limit: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.stdout.finish();
                self.stderr.finish();
                return status;
            }
            assert!(begun.elapsed() < limit, "it did not end within {limit:?}");
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// The same program with the same data on the same port, after it has ended.
    pub(crate) fn restart(&mut self) {
        assert!(
            self.child.try_wait().unwrap().is_some(),
            "it is still running"
        );
        (self.child, self.stdout, self.stderr) =
            spawn(&self.args, &self.environment, self.most, &self.address);
        self.wait_for_address();
    }

    /// The same with a crash point to die at, `NAME:N`; that may be before it can be asked anything.
    pub(crate) fn restart_to_crash(&mut self, at: &str) {
        assert!(self.has_ended(), "it is still running");
        let mut environment = self.environment.clone();
        environment.insert("TAGTIDE_CRASH_AT".to_owned(), at.to_owned());
        (self.child, self.stdout, self.stderr) =
            spawn(&self.args, &environment, self.most, &self.address);
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// What it answers, if it does: it may be starting, ending or dead.
    pub(crate) async fn try_json(&self, path: &str) -> Option<Value> {
        let response = client().get(self.url(path)).send().await.ok()?;
        serde_json::from_str(&response.text().await.ok()?).ok()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A program that has ended is no error here.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            show("standard error of tagtide", &self.stderr.text());
        }
    }
}

fn spawn(
    args: &[String],
    environment: &HashMap<String, String>,
    most: Option<u64>,
    listen: &str,
) -> (Child, Output, Output) {
    let program = env!("CARGO_BIN_EXE_tagtide");
    let mut command = Command::new(program);
    if let Some(most) = most {
        // bash counts in blocks of 1024 bytes.
        let script = format!("trap '' XFSZ; ulimit -f {most}; exec \"$0\" \"$@\"");
        command = Command::new("bash");
        command.args(["-c", &script, program]);
    }
    let mut child = command
        .args(args)
        .args(["--listen", listen])
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = Output::of(child.stdout.take().unwrap());
    let stderr = Output::of(child.stderr.take().unwrap());
    (child, stdout, stderr)
}

/// Looks until `condition` holds; a test that waits in vain says for what.
pub(crate) async fn wait_until(
    what: &str,
    limit: Duration,
    mut condition: impl AsyncFnMut() -> bool,
) {
    let begun = Instant::now();
    while !condition().await {
        assert!(
            begun.elapsed() < limit,
            "waited {limit:?} in vain for: {what}"
        );
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// `tagtide check` finds nothing wrong in it, and tells this.
pub(crate) fn is_sound(data: &Path) -> String {
    let check = Command::new(env!("CARGO_BIN_EXE_tagtide"))
        .args(["check", "--data"])
        .arg(data)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&check.stdout);
    let error = String::from_utf8_lossy(&check.stderr);
    assert!(check.status.success(), "{text}{error}");
    text.into_owned()
}

/// A port that nobody listens on at the moment, that nobody was given before, and that nobody is given by asking
/// for any.
pub(crate) fn free_port() -> u16 {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    loop {
        let tried = TRIED.fetch_add(1, Relaxed);
        // Linux gives those from 32768 on to who asks for any.
        let port = 10_000 + (process::id().wrapping_mul(97).wrapping_add(tried) % 22_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The options by which all that has a hashtag is read of an X.
pub(crate) fn of_x(url: &str) -> [&str; 6] {
    [
        "--source",
        "x",
        "--x-rule",
        "it has:hashtags",
        "--x-url",
        url,
    ]
}

/// A client that talks to this machine only.
pub(crate) fn client() -> reqwest::Client {
    // An error is only that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        // To read what the system trusts takes longer than what is asked, and is not needed here.
        .tls_certs_only([])
        .timeout(SOON)
        .build()
        .unwrap()
}

/// Sends a signal to one process, by the shell's own command.
fn signal(pid: u32, name: &str) {
    let status = Command::new("sh")
        .args(["-c", &format!("kill -{name} {pid}")])
        .status()
        .unwrap();
    assert!(status.success());
}
