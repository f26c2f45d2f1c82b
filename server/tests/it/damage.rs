//! A damaged data directory, and a disk that is full: one clear line, nothing half-read, no hanging.

use std::{
    fs::{self, OpenOptions},
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use crate::{
    program::{Program, SOON, wait_until},
    random::Random,
};

const FILES: [&str; 2] = ["log.redb", "state.redb"];

fn tagtide(args: &[&str], data: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tagtide"))
        .args(args)
        .env("TAGTIDE_DATA", data)
        .env("TAGTIDE_LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The last line on standard error, with which it ended.
fn refused(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("tagtide: "), "{text}");
    text
}

/// A data directory with something in both files.
async fn fill(data: &Path) {
    let args = ["--batch", "100ms", "--source", "demo:rate=2000"];
    let mut program = Program::serve_in(data, &args, &[]);
    wait_until("something is counted", SOON, async || {
        let top = program.try_json("/api/v1/top?window=all").await;
        top.is_some_and(|top| top["posts"].as_u64() > Some(2000))
    })
    .await;
    program.terminate();
}

const SERVE: [&str; 4] = ["--batch", "100ms", "--source", "demo:rate=1"];

#[tokio::test(flavor = "multi_thread")]
async fn a_file_cut_short_is_refused_and_found() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    fill(data).await;
    for name in FILES {
        let path = data.join(name);
        let whole = fs::read(&path).unwrap();
        for length in [whole.len() - 1, whole.len() / 2, 5000, 100] {
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(length as u64).unwrap();
            drop(file);
            for args in [&SERVE[..], &["check"]] {
                let line = refused(&tagtide(args, data));
                assert!(line.contains(name), "{line}");
                assert!(line.contains("another --data"), "{line}");
            }
            assert_eq!(fs::metadata(&path).unwrap().len(), length as u64);
            fs::write(&path, &whole).unwrap();
        }
    }
    let check = tagtide(&["check"], data);
    let text = String::from_utf8_lossy(&check.stdout);
    assert!(check.status.success(), "{text}");
    assert!(text.contains("64 of 64 key groups"), "{text}");
}

/// Where it lies in a page that is in use, a flipped bit is found by both; elsewhere by none.
#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_refused_and_found() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    fill(data).await;
    let mut random = Random::new(20_261_122);
    let mut found = 0;
    for name in FILES {
        let path = data.join(name);
        let whole = fs::read(&path).unwrap();
        // Enough for a few to lie in what is in use.
        for _ in 0..12 {
            let mut flipped = whole.clone();
            let at = random.below(flipped.len() as u64) as usize;
            flipped[at] ^= 1 << random.below(8);
            fs::write(&path, &flipped).unwrap();
            let check = tagtide(&["check"], data);
            if check.status.success() {
                continue;
            }
            found += 1;
            let line = refused(&tagtide(&SERVE, data));
            assert!(line.contains(name), "{line}");
            assert!(line.contains("another --data"), "{line}");
        }
        fs::write(&path, &whole).unwrap();
    }
    assert!(found > 0, "all lay where nothing is stored");
}

#[test]
fn check_says_what_is_not_there_and_makes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("not-there");
    let line = refused(&tagtide(&["check"], &data));
    assert!(line.contains("not-there"), "{line}");
    assert!(!data.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn check_refuses_what_is_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let args = ["--batch", "100ms", "--source", "demo:rate=100"];
    let mut program = Program::serve_in(directory.path(), &args, &[]);
    let line = refused(&tagtide(&["check"], directory.path()));
    assert!(line.contains("in use by another process"), "{line}");
    program.terminate();
}

/// A limit on the size of files stands for the end of the disk: writes behind it fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_it_with_a_word_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    fill(&data).await;
    let largest = FILES.map(|name| fs::metadata(data.join(name)).unwrap().len());
    // In blocks of 512 bytes, as POSIX has it; bash counts in 1024.
    let limit = largest.into_iter().max().unwrap() / 1024 + 64;
    let source = format!("file:{}", directory.path().join("posts").display());
    let posts: String = (0..40_000).map(|n| format!("#tag{n} #more{n}\n")).collect();
    fs::write(directory.path().join("posts"), posts).unwrap();
    let script = format!(
        "trap '' XFSZ; ulimit -f {limit}; exec {} serve --batch 100ms --source {source}",
        env!("CARGO_BIN_EXE_tagtide")
    );
    let mut command = Command::new("bash");
    command.args(["-c", &script]);
    command
        .env("TAGTIDE_DATA", &data)
        .env("TAGTIDE_LISTEN", "127.0.0.1:0");
    command.env("TAGTIDE_LOG", "off").stdin(Stdio::null());
    let output = tokio::time::timeout(
        Duration::from_secs(60),
        tokio::task::spawn_blocking(move || command.output().unwrap()),
    );
    let output = output.await.expect("it does not hang").unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let line = text.lines().last().unwrap_or_default();
    assert!(
        line.starts_with("tagtide: ") && line.contains("make room there, then start again"),
        "{text}"
    );

    let check = tagtide(&["check"], &data);
    let found = String::from_utf8_lossy(&check.stdout);
    assert!(check.status.success(), "{found}");
    let args = ["--batch", "100ms", "--source", &source];
    let mut program = Program::serve_in(&data, &args, &[]);
    wait_until("all is counted", Duration::from_secs(120), async || {
        let top = program.try_json("/api/v1/top?window=all&source=file").await;
        top.is_some_and(|top| top["posts"] == 40_000)
    })
    .await;
    program.terminate();
}
