//! The scripts that play other programs: those of the tutorial in Python, a client of Mastodon and a receiver of
//! webhooks in Node.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{LOOK_AGAIN, Output, SOON, output::show, wait_until};

/// A script that prints a JSON value a line. Closing its standard input tells it to end.
#[derive(Debug)]
pub(crate) struct Script {
    child: Child,
    stdout: Output,
    stderr: Output,
    name: &'static str,
}

impl Script {
    /// One of `tests/tutorial`, run by Python 3 with nothing but its standard library.
    pub(crate) fn start(name: &'static str, args: &[&str]) -> Self {
        let mut python = Command::new("python3");
        // Nothing is left beside the scripts, and what is printed comes at once.
        python.args(["-B", "-u"]);
        Self::run(python, "tests/tutorial", name, args)
    }

    /// One of `tests/mastodon`, run by Node with the packages that `.build/setup networks` installs there.
    pub(crate) fn of_mastodon(name: &'static str, args: &[&str]) -> Self {
        Self::run(Command::new("node"), "tests/mastodon", name, args)
    }

    /// One of `tests/webhooks`, likewise.
    pub(crate) fn of_webhooks(name: &'static str, args: &[&str]) -> Self {
        Self::run(Command::new("node"), "tests/webhooks", name, args)
    }

    fn run(mut runner: Command, folder: &str, name: &'static str, args: &[&str]) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(folder)
            .join(name);
        let mut child = runner
            .arg(path)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("these tests need python3 and node");
        let stdout = Output::of(child.stdout.take().unwrap());
        let stderr = Output::of(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
            name,
        }
    }

    /// The lines printed so far, each a JSON value.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.stdout
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Line number `index` from 0, waited for.
    pub(crate) async fn line(&self, index: usize) -> Value {
        let what = format!("line {index} of {}", self.name);
        wait_until(&what, SOON, async || self.lines().len() > index).await;
        self.lines().swap_remove(index)
    }

    /// Waits for its end, which must be a good one, and gives the lines printed.
    pub(crate) fn finish(mut self, limit: Duration) -> Vec<Value> {
        drop(self.child.stdin.take());
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < limit, "{} did not end", self.name);
            thread::sleep(LOOK_AGAIN);
        }
        let status = self.child.wait().unwrap();
        self.stdout.finish();
        self.stderr.finish();
        assert!(
            status.success(),
            "{} failed: {}",
            self.name,
            self.stderr.text()
        );
        self.lines()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            show(self.name, &self.stderr.text());
        }
    }
}
