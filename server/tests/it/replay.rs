//! Event time: a replay gives the time, from its first post to long after its end.

use std::{fs::OpenOptions, io::Write, process::Command};

use crate::program::{Program, SOON, wait_until};

const TOP: &str = "/api/v1/top?window=5m";

fn post(tag: &str, at: &str) -> String {
    format!("{{\"text\":\"#{tag}\",\"at\":\"{at}\"}}\n")
}

/// As in `zcat archive | … | tagtide --source file:PIPE`, where the first line takes a while.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_line_may_come_late_and_the_end_is_kept_over_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("posts");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let source = format!("file:{}", pipe.display());
    let mut program = Program::serve(&["--source", &source, "--batch", "100ms"]);
    // Many epochs by the wall clock, none of them sealed: the page is told that nothing is there yet.
    wait_until("the source is read", SOON, async || {
        program.stderr().contains("source")
    })
    .await;
    let mut writer = OpenOptions::new().write(true).open(&pipe).unwrap();
    let begun = std::time::Instant::now();
    wait_until("some epochs have passed", SOON, async || {
        begun.elapsed().as_millis() > 500
    })
    .await;
    assert_eq!(program.get("/readyz").await.status(), 503);
    writer
        .write_all(post("old", "2023-01-01T00:00:00Z").as_bytes())
        .unwrap();
    writer
        .write_all(post("new", "2023-01-01T00:10:00.05Z").as_bytes())
        .unwrap();
    drop(writer);
    wait_until("the replay has ended", SOON, async || {
        program.json(TOP).await["at"] == "2023-01-01T00:10:00.1Z"
    })
    .await;
    let before = program.json(TOP).await;
    assert_eq!(
        before["rows"][0]["tag"], "#new",
        "five minutes, by the posts"
    );
    assert_eq!(before["posts"], 1);
    program.terminate();

    // A source that brings nothing: the time is still where the replay ended.
    std::fs::remove_file(&pipe).unwrap();
    std::fs::write(&pipe, "").unwrap();
    program.restart();
    wait_until("it is shown again", SOON, async || {
        program.json(TOP).await == before
    })
    .await;
    let begun = std::time::Instant::now();
    while begun.elapsed().as_millis() < 500 {
        assert_eq!(program.json(TOP).await, before, "time stands still");
    }
    program.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_is_seen_before_the_next_is_due() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("posts");
    let first = post("first", "2023-01-01T00:00:00Z");
    std::fs::write(&path, first + &post("second", "2023-01-01T05:00:00Z")).unwrap();
    let source = format!("file:{},speed=realtime", path.display());
    let mut program = Program::serve(&["--source", &source, "--batch", "100ms"]);
    wait_until("the first is seen", SOON, async || {
        program.json(TOP).await["rows"][0]["tag"] == "#first"
    })
    .await;
    let at = program.json(TOP).await["at"].clone();
    wait_until("the time goes on", SOON, async || {
        program.json(TOP).await["at"] != at
    })
    .await;
    program.terminate();
}

/// A post each five seconds, the last of them 5 s before the day ends, and one that is late.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_at_full_speed_shows_the_windows_at_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("posts");
    let begin = 1_700_006_400;
    let mut day: String = (0..86_400 / 5)
        .map(|n| {
            let at = begin + n * 5;
            format!("{{\"text\":\"#day #hour{}\",\"at\":{at}}}\n", n / 720)
        })
        .collect();
    day += &format!("{{\"text\":\"#late\",\"at\":{begin}}}\n");
    std::fs::write(&path, day).unwrap();
    let source = format!("file:{}", path.display());
    let mut program = Program::serve(&["--source", &source, "--batch", "10s"]);
    wait_until("the day has ended", SOON, async || {
        program.json(TOP).await["at"] == "2023-11-16T00:00:00Z"
    })
    .await;
    let top = program.json(TOP).await;
    assert_eq!(top["posts"], 61, "60 in five minutes, and the late one");
    let rows = top["rows"].as_array().unwrap();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (row["tag"].as_str().unwrap(), row["count"].as_u64().unwrap()))
        .collect();
    assert_eq!(rows, [("#day", 60), ("#hour23", 60), ("#late", 1)]);
    let counts = program.counts().await;
    assert_eq!(counts[0], ("#day".to_owned(), 17_280));
    program.terminate();
}
