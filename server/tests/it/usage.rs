//! What cannot start says why in one line, starts nothing, and ends with the status that tells usage
//! from all else.

use std::{
    fs::{File, OpenOptions},
    net::TcpListener,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use crate::program::{Program, wait_until};

/// Longer than from one checkpoint to the next.
const LONG: Duration = Duration::from_secs(60);

fn tagtide(data: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tagtide"));
    command.args(args).env("TAGTIDE_DATA", data);
    command.env("TAGTIDE_LISTEN", "127.0.0.1:0");
    command.output().unwrap()
}

/// The one line on standard error.
fn refused(output: &Output, status: i32) -> String {
    let line = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(status), "{line}");
    assert!(output.stdout.is_empty());
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    assert!(line.starts_with("tagtide: "), "{line}");
    line
}

#[test]
fn wrong_usage_is_status_2() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("not-made");
    for (args, says) in [
        (&["--nonsense"][..], "--nonsense"),
        (&["--btach", "2s"], "--batch"),
        (&["--batch", "10ms"], "100ms to 60s"),
        (&["--source", "x:all"], "x[:sample]"),
        (&["--x-rule", "#rust"], "--source x"),
        (&["--source", "tcp:here"], "tcp"),
        (&["--grammar", "klingon"], "twitter"),
        (&["--source", "demo", "--source", "demo"], "given twice"),
        (&["--listen", "0.0.0.0:80"], "loopback"),
        (&["--listen", "0.0.0.0:80"], "--public"),
        (
            &["--listen", "0.0.0.0:80", "--public"],
            "TAGTIDE_INGEST_TOKEN_FILE",
        ),
        (&["--public"], "TAGTIDE_INGEST_TOKEN"),
        (&["--post-to", "ftp://dashboard.example/"], "http://"),
        (&["feed", "--listen", "nowhere"], "127.0.0.1"),
        (&["status", "ftp://127.0.0.1/"], "127.0.0.1:3000"),
        (&["--log-format", "xml"], "text or json"),
        (&["count", "--top", "many"], "many"),
        (&["--block", "no/such/file"], "no/such/file"),
        (&["--trusted-proxy", "localhost"], "such as 10.0.0.0/8"),
        (&["--rate-limit", "many"], "many"),
        (&["--alert-rise", "high"], "such as 8"),
        (&["--alert-tag", "rust"], "rust=100"),
        (&["--alert-url", "http://a.example/"], "--alert-rise"),
        (
            &["--alert-rise", "8", "--alert-url", "http://a.example/"],
            "TAGTIDE_ALERT_SECRET_FILE",
        ),
    ] {
        let line = refused(&tagtide(&data, args), 2);
        assert!(line.contains(says), "{line}");
    }
    assert!(!data.exists(), "nothing is half-started");
}

#[test]
fn what_is_in_the_way_is_status_1() {
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (args, says) in [
        (&["--listen", &taken][..], "choose another --listen"),
        (&["--source", "file:no/such/file"], "no/such/file"),
        (&["--source", &format!("listen:{taken}")], "another port"),
        (&["--source", "listen:0.0.0.0:0"], "loopback"),
        (&["--source", "x"], "TAGTIDE_X_TOKEN_FILE"),
        (&["count", "no/such/file"], "no/such/file"),
        (&["feed", "--listen", &taken], "another"),
        (&["status", "127.0.0.1:1"], "127.0.0.1:1 is not reached"),
    ] {
        let line = refused(&tagtide(data.path(), args), 1);
        assert!(line.contains(says), "{line}");
    }
}

#[test]
fn a_token_that_cannot_be_read_is_missed_before_anything_starts() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("not-made");
    for (name, value, says) in [
        ("TAGTIDE_INGEST_TOKEN_FILE", "no/such/file", "no/such/file"),
        ("TAGTIDE_POST_TO_TOKEN_FILE", "no/such/file", "no/such/file"),
        (
            "TAGTIDE_INGEST_TOKEN",
            "two words",
            "one line of visible ASCII",
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_tagtide"))
            .args(["--post-to", "http://127.0.0.1:1/updateData"])
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .env(name, value)
            .output()
            .unwrap();
        let line = refused(&output, 1);
        assert!(line.contains(name) && line.contains(says), "{line}");
        assert!(!line.contains("two words"), "{line}");
    }
    assert!(!data.exists(), "nothing is half-started");
}

#[test]
fn a_data_directory_is_one_process_of_one_kind() {
    let data = tempfile::tempdir().unwrap();
    let args = ["--source", "listen:127.0.0.1:0", "--batch", "500ms"];
    let mut first = Program::serve_in(data.path(), &args, &[]);
    let line = refused(&tagtide(data.path(), &["--batch", "500ms"]), 1);
    assert!(line.contains("in use by another process"), "{line}");
    first.terminate();
    let line = refused(&tagtide(data.path(), &["--batch", "1s"]), 1);
    assert!(
        line.contains("--batch 500ms") && line.contains("another --data"),
        "{line}"
    );
}

#[test]
fn help_and_version_are_told_on_standard_output() {
    let data = tempfile::tempdir().unwrap();
    for args in [
        &["--help"][..],
        &["-h"],
        &["feed", "--help"],
        &["status", "--help"],
        &["count", "-h"],
    ] {
        let output = tagtide(data.path(), args);
        assert!(output.status.success() && output.stderr.is_empty());
        assert!(
            String::from_utf8(output.stdout)
                .unwrap()
                .contains("Usage: tagtide")
        );
    }
    let version = tagtide(data.path(), &["--version"]);
    let version = String::from_utf8(version.stdout).unwrap();
    assert!(
        version.starts_with(concat!("tagtide ", env!("CARGO_PKG_VERSION"))),
        "{version}"
    );
    let short = String::from_utf8(tagtide(data.path(), &["-h"]).stdout).unwrap();
    assert!(short.lines().count() <= 40, "-h is a screen");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_half_of_the_data_is_missed_before_anything_starts() {
    for lost in ["log.redb", "state.redb"] {
        let data = tempfile::tempdir().unwrap();
        let args = ["--batch", "100ms", "--source", "demo:rate=1000"];
        let mut program = Program::serve_in(data.path(), &args, &[]);
        // The log is only shorter than the state when a checkpoint has been made.
        wait_until("the state is written down", LONG, async || {
            let size = std::fs::metadata(data.path().join("state.redb"));
            size.is_ok_and(|file| file.len() > 1_200_000)
        })
        .await;
        program.kill9();
        std::fs::remove_file(data.path().join(lost)).unwrap();
        let line = refused(&tagtide(data.path(), &args), 1);
        assert!(
            line.contains("log.redb") && line.contains("state.redb"),
            "{line}"
        );
    }
}

/// As after Ctrl-C in `tagtide 2>&1 | tee log`.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_needs_to_read_standard_error() {
    let data = tempfile::tempdir().unwrap();
    let output = data.path().join("rows");
    let posts = data.path().join("posts");
    std::fs::write(&posts, "{\"neither\":1}\n#x\n").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tagtide"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--print",
            "--batch",
            "100ms",
            "--source",
        ])
        .arg(format!("file:{}", posts.display()))
        .arg("--data")
        .arg(data.path().join("data"))
        .stderr(OpenOptions::new().write(true).open("/dev/full").unwrap())
        .stdout(File::create(&output).unwrap())
        .spawn()
        .unwrap();
    wait_until("the line behind the warning is counted", LONG, async || {
        std::fs::read_to_string(&output).is_ok_and(|rows| rows.contains("#x|"))
    })
    .await;
    let told = Command::new("kill").arg(child.id().to_string()).status();
    assert!(told.unwrap().success());
    assert!(child.wait().unwrap().success());
}
