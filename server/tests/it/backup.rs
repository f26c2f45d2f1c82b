//! A backup taken while the program counts: the data as they were at one moment, from which it goes on;
//! one that is cut short is known, and harms nothing.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use crate::{
    program::{Program, SOON, wait_until},
    random::Random,
};

const LINES: u64 = 150_000;
const TAGS: u64 = 90;
const LONG: Duration = Duration::from_secs(180);

fn tagtide(data: &Path, args: &[&str], crash_at: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tagtide"))
        .args(args)
        .env("TAGTIDE_DATA", data)
        .env("TAGTIDE_LISTEN", "127.0.0.1:0")
        .env("TAGTIDE_CRASH_AT", crash_at)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn back_up(data: &Path, to: &Path) -> Output {
    tagtide(data, &["backup", to.to_str().unwrap()], "")
}

fn succeeded(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The one line on standard error.
fn refused(output: &Output) -> String {
    let line = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}

fn is_unfinished(data: &Path) {
    for args in [&["check"][..], &["serve", "--batch", "100ms"]] {
        let line = refused(&tagtide(data, args, ""));
        assert!(line.contains("not finished"), "{line}");
    }
}

/// Posts by tag in so much of a text.
fn recount(text: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        *counts.entry(line.to_owned()).or_default() += 1;
    }
    counts
}

fn posts(path: &Path) -> String {
    let mut random = Random::new(11);
    let line = |_| format!("#tag{}\n", random.below(TAGS));
    let text: String = (0..LINES).map(line).collect();
    fs::write(path, &text).unwrap();
    text
}

async fn counts(program: &Program) -> BTreeMap<String, u64> {
    program.counts().await.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_what_was_counted_at_its_epoch_and_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let text = posts(&path("posts"));
    let all = recount(&text);
    let source = format!("file:{},speed=max", path("posts").display());
    let args = ["--batch", "100ms", "--source", &source];
    let mut program = Program::serve_in(&path("data"), &args, &[]);

    let mut copies: Vec<PathBuf> = Vec::new();
    let mut had = 0;
    wait_until("all is counted", LONG, async || {
        let counted: u64 = counts(&program).await.values().sum();
        // At a few places on the way, and once more behind the end.
        if counted > had {
            had = counted + LINES / 5;
            let copy = path(&format!("copy{}", copies.len()));
            let told = succeeded(&back_up(&path("data"), &copy));
            assert!(told.contains("as of epoch"), "{told}");
            copies.push(copy);
        }
        counts(&program).await == all
    })
    .await;
    program.terminate();
    assert!(!path("data").join("backup.sock").exists());

    let mut on_the_way = 0;
    for copy in &copies {
        let held = succeeded(&tagtide(copy, &["check"], ""));
        let read_up_to = held.split_once(" is read up to ").unwrap().1;
        let offset: usize = read_up_to.split_once(':').unwrap().0.parse().unwrap();
        on_the_way += usize::from(offset < text.len());
        let expected = recount(&text[..offset]);

        // Another source, so that nothing comes to it.
        let args = ["--batch", "100ms", "--source", "listen:127.0.0.1:0"];
        let mut restored = Program::serve_in(copy, &args, &[]);
        wait_until("what was counted is shown", SOON, async || {
            counts(&restored).await == expected
        })
        .await;
        restored.terminate();
    }
    assert!(on_the_way > 0, "all was read before the first backup");

    let mut restored = Program::serve_in(&copies[0], &args, &[]);
    wait_until("it goes on from there", LONG, async || {
        counts(&restored).await == all
    })
    .await;
    restored.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_killed_is_known_as_unfinished_and_begun_anew() {
    let directory = tempfile::tempdir().unwrap();
    let (data, copy) = (directory.path().join("data"), directory.path().join("copy"));
    let args = ["--batch", "100ms", "--source", "demo:rate=500"];
    let mut program = Program::serve_in(&data, &args, &[]);
    wait_until("something is counted", SOON, async || {
        counts(&program).await.len() > 10
    })
    .await;
    let socket = fs::metadata(data.join("backup.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);

    let args = ["backup", copy.to_str().unwrap()];
    let killed = tagtide(&data, &args, "backup.taken:5");
    assert_eq!(killed.status.code(), None, "it has died");
    is_unfinished(&copy);
    let before = counts(&program).await;
    wait_until("counting goes on", SOON, async || {
        counts(&program).await != before
    })
    .await;

    succeeded(&back_up(&data, &copy));
    succeeded(&tagtide(&copy, &["check"], ""));
    let line = refused(&back_up(&data, &copy));
    assert!(line.contains("something is there already"), "{line}");
    program.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_while_a_backup_is_taken_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (data, copy) = (directory.path().join("data"), directory.path().join("copy"));
    let args = ["--batch", "100ms", "--source", "demo:rate=500"];
    let dies = [("TAGTIDE_CRASH_AT", "backup.sent:5")];
    let program = Program::serve_in(&data, &args, &dies);
    wait_until("something is counted", SOON, async || {
        counts(&program).await.len() > 10
    })
    .await;
    let line = refused(&back_up(&data, &copy));
    assert!(line.contains("not finished"), "{line}");
    is_unfinished(&copy);
    drop(program);
    succeeded(&tagtide(&data, &["check"], ""));

    // Nobody runs on it now: its files are read.
    succeeded(&back_up(&data, &copy));
    let held = |data: &Path| {
        let text = succeeded(&tagtide(data, &["check"], ""));
        let lines = text.lines().skip(1).filter(|line| !line.contains("MiB"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(held(&copy), held(&data));
    Program::serve_in(&data, &args, &[]).terminate();
}

#[test]
fn what_cannot_be_backed_up_makes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let copy = directory.path().join("copy");
    let line = refused(&back_up(&directory.path().join("not-there"), &copy));
    assert!(line.contains("not-there"), "{line}");
    assert!(!copy.exists());
}
