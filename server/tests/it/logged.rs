//! What the log on standard error looks like, whoever sent what is in it.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use serde_json::Value;

use crate::program::{Program, SOON, wait_until};

/// Colours, ends a line, moves the cursor, turns the direction.
const HOSTILE: &str = "\x1b[31mred\n\r2026 ERROR forged\u{2028}\u{202e}\u{2066}\u{9b}2J";

fn does_something(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A server that answers everybody with such an error.
fn hostile_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let answer = format!(
                "HTTP/1.1 400 Bad\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{HOSTILE}",
                HOSTILE.len()
            );
            // Who is gone needs no answer.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// With a source that such a server refuses, and a file of such a name that ends.
async fn among_strangers(data: &Path, args: &[&str]) -> Program {
    let file = data.join(format!("{HOSTILE}.txt"));
    std::fs::write(&file, "#a\n").unwrap();
    let (relay, file) = (
        format!("bluesky:ws://{}/subscribe", hostile_server()),
        format!("file:{}", file.to_str().unwrap()),
    );
    let mut all = vec!["--source", &relay, "--source", &file];
    all.extend(args);
    let program = Program::serve_in(&data.join("data"), &all, &[]);
    wait_until("both are told of", SOON, async || {
        let log = program.stderr();
        log.contains("source is waiting") && log.contains("source is ended")
    })
    .await;
    program
}

#[tokio::test]
async fn a_fact_is_one_line_whatever_strangers_put_into_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = among_strangers(directory.path(), &[]).await;
    program.terminate();
    let log = program.stderr();
    assert!(log.contains("forged"), "it is told what was sent: {log}");
    assert!(!log.replace('\n', "").contains(does_something), "{log:?}");
    for line in log
        .lines()
        .filter(|line| !line.starts_with("tagtide is at "))
    {
        let (time, rest) = line.split_at("2026-11-25T23:36:30.200405Z".len());
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{line}");
        let level = rest.trim_start().split(' ').next();
        assert!(matches!(level, Some("INFO" | "WARN" | "ERROR")), "{line}");
    }
}

#[tokio::test]
async fn as_json_every_line_is_an_object_to_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = among_strangers(directory.path(), &["--log-format", "json"]).await;
    program.terminate();
    let log = program.stderr();
    let mut names = Vec::new();
    for line in log.lines() {
        assert!(!line.contains(does_something), "{line:?}");
        let told: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        let time = told["timestamp"].as_str().unwrap();
        assert!(
            time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(),
            "{line}"
        );
        assert!(
            matches!(told["level"].as_str(), Some("INFO" | "WARN" | "ERROR")),
            "{line}"
        );
        assert!(
            told["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{line}"
        );
        names.extend(told["source"].as_str().map(str::to_owned));
    }
    assert!(
        names.iter().any(|name| name.contains("forged")),
        "{names:?}"
    );
    assert!(log.contains("\"message\":\"ending:"), "{log}");
}

#[tokio::test]
async fn what_ends_it_is_told_in_the_same_form() {
    let output = Command::new(env!("CARGO_BIN_EXE_tagtide"))
        .args(["--log-format", "json", "--source", "file:no/such/file"])
        .args(["--listen", "127.0.0.1:0"])
        .env("TAGTIDE_DATA", tempfile::tempdir().unwrap().path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(told["level"], "ERROR");
    assert!(told["message"].as_str().unwrap().contains("no/such/file"));
}

#[test]
fn a_level_chooses_and_a_wrong_one_is_refused() {
    let mut quiet = Program::serve_with(&[], &[("TAGTIDE_LOG", "warn")]);
    quiet.terminate();
    assert!(!quiet.stderr().contains("INFO"), "{}", quiet.stderr());
    let output = Command::new(env!("CARGO_BIN_EXE_tagtide"))
        .args(["count", "/dev/null"])
        .env("TAGTIDE_LOG", "loud=[\x1b")
        .output()
        .unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert!(line.starts_with("tagtide: TAGTIDE_LOG: "), "{line}");
    assert!(!line.trim_end().contains(does_something), "{line:?}");
}

/// The journal keeps the time itself and reads the level off the line's beginning.
#[test]
fn the_journal_is_told_levels_and_no_times() {
    let directory = tempfile::tempdir().unwrap();
    let refused = format!("bluesky:ws://{}/subscribe", hostile_server());
    let script = "JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec \"$0\" \"$@\"";
    let mut program = Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_tagtide"), "serve"])
        .args(["--listen", "127.0.0.1:0", "--source", &refused, "--data"])
        .arg(directory.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
    let mut seen = BTreeSet::new();
    while !(seen.contains("<4>") && seen.contains("<6>")) {
        let line = lines.next().unwrap().unwrap();
        let (level, rest) = line.split_at(3);
        assert!(matches!(level, "<3>" | "<4>" | "<6>"), "{line}");
        let first = rest.split(' ').next().unwrap();
        assert!(first.parse::<jiff::Timestamp>().is_err(), "{line}");
        seen.insert(level.to_owned());
    }
    program.kill().unwrap();
    program.wait().unwrap();
}

#[tokio::test]
async fn what_others_can_bring_about_does_not_fill_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let program = Program::serve_in(&data, &[], &[]);
    let socket = data.join("backup.sock");
    let line = "a backup was not finished";
    // Whoever leaves before it is given is told of each time, up to a point; later once for all.
    wait_until("some are left out", 2 * SOON, async || {
        let _ = UnixStream::connect(&socket).map(drop);
        program
            .stderr()
            .contains("lines like the one before were left out")
    })
    .await;
    let log = program.stderr();
    assert!(log.matches(line).count() <= 23, "{log}");
    let told = log
        .lines()
        .find_map(|line| line.split_once("left out lines="));
    let left_out: u64 = told.unwrap().1.parse().unwrap();
    assert!(left_out >= 10, "{log}");
    let text = program.get("/metrics").await.text().await.unwrap();
    let left_out = text
        .lines()
        .find_map(|line| line.strip_prefix("tagtide_log_lines_left_out_total "));
    assert!(left_out.is_some_and(|number| number != "0"), "{text}");
}
