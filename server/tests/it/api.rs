//! What scripts and supervisors rely on, of the real program.

use std::{fs::OpenOptions, io::Write, process::Command, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::program::{Program, SOON, client, wait_until};

const SOURCE: &str = "listen:127.0.0.1:0";

/// A server with one listening source, and a writer to it.
async fn with_writer(more: &[&str]) -> (Program, TcpStream) {
    let args: Vec<&str> = ["--source", SOURCE, "--batch", "200ms"]
        .iter()
        .chain(more)
        .copied()
        .collect();
    let mut program = Program::serve(&args);
    let port = program.source_port();
    let writer = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    (program, writer)
}

#[tokio::test]
async fn the_top_of_every_window() {
    let (program, mut writer) = with_writer(&[]).await;
    writer
        .write_all(b"#Rust and #rust\n#tokio #rust\nnothing\n")
        .await
        .unwrap();
    wait_until("three posts", SOON, async || {
        program.json("/api/v1/top?window=all").await["posts"] == 3
    })
    .await;
    for window in ["1m", "5m", "15m", "1h", "24h", "all"] {
        let top = program.json(&format!("/api/v1/top?window={window}")).await;
        assert_eq!(top["window"], window);
        assert_eq!(top["by"], "count");
        assert_eq!(
            (&top["mentions"], &top["tags"]),
            (&Value::from(3), &Value::from(2))
        );
        assert_eq!(top["rows"][0]["count"], 2);
        assert_eq!(top["rows"][0]["rank"], 1);
        assert_eq!(top["rows"][1]["tag"], "#tokio");
        assert!(top["at"].as_str().unwrap().ends_with('Z'));
        let share = top["rows"][0]["share"].as_f64().unwrap();
        assert!((share - 2.0 / 3.0).abs() < 1e-9);
    }
    assert_eq!(program.json("/api/v1/top").await["window"], "5m");
    let one = program.json("/api/v1/top?window=all&k=1").await;
    assert_eq!(one["rows"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_part_of_the_posts_and_one_tag_in_depth() {
    let (program, mut writer) = with_writer(&[]).await;
    writer
        .write_all(
            concat!(
                r##"{"text":"#Rust #wasm","lang":"en","author":"a"}"##,
                "\n",
                r##"{"text":"#rust","lang":"de","author":"b"}"##,
                "\n#rust\n",
            )
            .as_bytes(),
        )
        .await
        .unwrap();
    wait_until("three posts", SOON, async || {
        program.json("/api/v1/top?window=all").await["posts"] == 3
    })
    .await;
    for (query, counts) in [
        ("lang=en", vec![1, 1]),
        ("lang=de", vec![1]),
        ("lang=fr", vec![]),
        ("source=listen", vec![3, 1]),
        ("source=demo", vec![]),
        ("source=listen&lang=de", vec![1]),
    ] {
        let path = format!("/api/v1/top?window=all&{query}");
        let top = program.json(&path).await;
        let rows = top["rows"].as_array().unwrap();
        let found: Vec<_> = rows
            .iter()
            .map(|row| row["count"].as_u64().unwrap())
            .collect();
        assert_eq!(found, counts, "{query}: {top}");
    }

    for name in ["rust", "RUST", "%23rust"] {
        let tag = program
            .json(&format!("/api/v1/tags/{name}?window=5m"))
            .await;
        assert_eq!(
            (&tag["key"], &tag["count"]),
            (&"rust".into(), &3.into()),
            "{tag}"
        );
        let languages = tag["languages"].as_array().unwrap();
        assert_eq!(languages.len(), 3, "{tag}");
        assert_eq!(tag["sources"][0]["source"], "listen");
    }
    let never = program.get("/api/v1/tags/never").await;
    assert_eq!(never.status(), 404);
    assert!(never.text().await.unwrap().contains("unknown_tag"));

    let page = program.get("/tag/rust?window=all").await;
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(page.contains("/?window=all&amp;lang=de"), "{page}");
    assert_eq!(program.get("/tag/never").await.status(), 404);

    let metrics = program.get("/metrics").await.text().await.unwrap();
    let posts = metrics
        .lines()
        .find(|line| line.starts_with(r#"tagtide_posts_total{kind="listen""#));
    assert!(posts.is_some_and(|line| line.ends_with(" 3")), "{metrics}");
}

#[tokio::test]
async fn ready_when_results_are_current() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posts");
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    // A file that has brought nothing yet may be a replay: for its sake no epoch ends for 10 s.
    let source = format!("file:{}", path.display());
    let program = Program::serve(&["--batch", "200ms", "--source", &source]);
    assert_eq!(program.get("/healthz").await.status(), 200);
    let starting = program.get("/readyz").await;
    assert_eq!(starting.status(), 503);
    assert!(starting.text().await.unwrap().contains("starting"));

    // Opened by either side, a pipe waits for the other.
    let open = tokio::task::spawn_blocking(|| OpenOptions::new().write(true).open(path));
    let mut pipe = open.await.unwrap().unwrap();
    pipe.write_all(b"#first\n").unwrap();
    wait_until("ready", SOON, async || {
        program.get("/readyz").await.status() == 200
    })
    .await;
}

#[tokio::test]
async fn wrong_questions_are_answered_in_one_shape() {
    let (program, _writer) = with_writer(&[]).await;
    for (path, status, code) in [
        ("/api/v1/top?window=2m", 400, "bad_window"),
        ("/api/v1/top?k=1000", 400, "bad_k"),
        ("/api/v1/top?lang=English", 400, "bad_lang"),
        ("/api/v1/top?source=moon", 400, "bad_source"),
        ("/api/v1/tags/a?window=2m", 400, "bad_window"),
        ("/api/v1/nothing", 404, "not_found"),
    ] {
        let answer = program.get(path).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(program.json(path).await["error"]["code"], code, "{path}");
    }
    let posted = client()
        .post(program.url("/api/v1/top"))
        .send()
        .await
        .unwrap();
    assert_eq!(posted.status(), 405);
    assert_eq!(program.get("/nowhere").await.status(), 404);
}

#[tokio::test]
async fn an_etag_holds_until_the_next_epoch() {
    let (program, _writer) = with_writer(&[]).await;
    wait_until(
        "a question that falls into the same epoch as the one before",
        SOON,
        async || {
            let first = program.get("/api/v1/top").await;
            let Some(tag) = first.headers().get("etag") else {
                return false;
            };
            let again = client()
                .get(program.url("/api/v1/top"))
                .header("if-none-match", tag);
            again.send().await.unwrap().status() == 304
        },
    )
    .await;
}

#[tokio::test]
async fn the_page_holds_the_table_before_any_script_runs() {
    let (program, mut writer) = with_writer(&[]).await;
    writer
        .write_all("#caf\u{e9} <b>#x</b>\n".as_bytes())
        .await
        .unwrap();
    wait_until("both tags", SOON, async || {
        program.counts().await.len() == 2
    })
    .await;
    let answer = program.get("/?window=all").await;
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("nonce-"), "{policy}");
    let page = answer.text().await.unwrap();
    assert!(
        page.contains("<table") && page.contains("#caf\u{e9}"),
        "{page}"
    );
}

#[tokio::test]
async fn ending_waits_for_no_client_and_frees_the_port() {
    let (mut program, mut writer) = with_writer(&[]).await;
    writer.write_all(b"#kept\n").await.unwrap();
    wait_until("the line to be counted", SOON, async || {
        !program.counts().await.is_empty()
    })
    .await;
    let address = program.url("").replace("http://", "");
    // One that asked half a question, one that is silent, and one kept alive.
    let mut half = TcpStream::connect(&address).await.unwrap();
    half.write_all(b"POST /updateData HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        .await
        .unwrap();
    let _silent = TcpStream::connect(&address).await.unwrap();
    let mut kept = TcpStream::connect(&address).await.unwrap();
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 1024];
    assert!(kept.read(&mut answer).await.unwrap() > 0);
    program.terminate();

    program.restart();
    wait_until(
        "the count to be back",
        Duration::from_secs(30),
        async || program.counts().await == [("#kept".to_owned(), 1)],
    )
    .await;
    program.kill9();
    program.restart();
    wait_until("the count to be back again", SOON, async || {
        program.counts().await == [("#kept".to_owned(), 1)]
    })
    .await;
}
