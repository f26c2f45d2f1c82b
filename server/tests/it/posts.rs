//! `POST /api/v1/posts`: what is taken, and what a client sends that is too much, too slow, or not what
//! it says.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::program::{Program, SOON, client, wait_until};

const ARGS: [&str; 4] = ["--batch", "100ms", "--source", "listen:127.0.0.1:0"];
const PATH: &str = "/api/v1/posts";
const LIMIT: usize = 16 << 20;

fn posting(program: &Program, body: impl Into<reqwest::Body>) -> RequestBuilder {
    client()
        .post(program.url(PATH))
        .header("content-type", "text/plain; charset=utf-8")
        .body(body)
}

/// Status and answer.
async fn sent(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap())
}

async fn posts(program: &Program) -> Value {
    let top = program.try_json("/api/v1/top?window=all&source=http").await;
    top.unwrap_or_default()["posts"].clone()
}

/// A request that a client library would not send, as far as it is written here.
fn begin(program: &Program, head: &str, part: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(program.address()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: text/plain\r\n{head}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(part).unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut sent = Vec::new();
    for chunk in body.chunks(1 << 16) {
        write!(sent, "{:x}\r\n", chunk.len()).unwrap();
        sent.extend_from_slice(chunk);
        sent.extend_from_slice(b"\r\n");
    }
    sent.extend_from_slice(b"0\r\n\r\n");
    sent
}

fn gzip(parts: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    parts.for_each(|part| gzip.write_all(&part).unwrap());
    gzip.finish().unwrap()
}

/// A frame of so many blocks that are each 128 KiB of one byte.
fn zstd_of_one_byte(blocks: usize) -> Vec<u8> {
    let mut frame = b"\x28\xB5\x2F\xFD\x00\x38".to_vec();
    for block in 1..=blocks {
        let last = u32::from(block == blocks);
        let head = last | 1 << 1 | (128 << 10) << 3;
        frame.extend_from_slice(&head.to_le_bytes()[..3]);
        frame.push(b'a');
    }
    frame
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_is_counted_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = Program::serve_in(directory.path(), &ARGS, &[]);
    let body = r##"{"text":"one #a","id":"1","author":"ann"}
{"text":"two #b","id":"2","author":"ann"}
{"text":"now #c","id":"1","author":"ann"}
{"title":"#none"}
three #b"##;
    let (status, told) = sent(posting(&program, body)).await;
    program.kill9();
    assert_eq!(status, 200);
    assert_eq!(
        (&told["accepted"], &told["rejected_total"]),
        (&json!(4), &json!(1))
    );
    assert_eq!(told["rejected"][0]["line"], 4);
    program.restart();
    let is = async |program: &Program, expected: &[(&str, u64)]| {
        let expected: Vec<_> = expected
            .iter()
            .map(|&(tag, n)| (tag.to_owned(), n))
            .collect();
        wait_until("the counts are these", SOON, async || {
            program.counts().await == expected
        })
        .await;
    };
    is(&program, &[("#b", 2), ("#c", 1)]).await;
    let delete = posting(&program, "{\"delete\":\"2\"}");
    let (_, told) = sent(delete).await;
    assert_eq!(told["accepted"], 1);
    is(&program, &[("#b", 1), ("#c", 1)]).await;
    program.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_mebibytes_are_taken_and_no_byte_more() {
    let mut program = Program::serve(&ARGS);
    let line = [&vec![b'x'; (1 << 16) - 1][..], b"\n"].concat();
    let whole = line.repeat(LIMIT / line.len());
    let over = [&whole[..], b"\n"].concat();
    let lines = (LIMIT / line.len()) as u64;
    let (status, told) = sent(posting(&program, whole.clone())).await;
    assert_eq!((status, &told["accepted"]), (200, &json!(lines)));
    let (status, told) = sent(posting(&program, over.clone())).await;
    assert_eq!((status, &told["error"]["code"]), (413, &json!("too_large")));

    let by_chunks = |body: &[u8]| {
        let (head, sent) = ("transfer-encoding: chunked", chunked(body));
        answer(begin(&program, head, &sent))
    };
    let told = by_chunks(&whole);
    assert!(told.starts_with("HTTP/1.1 200"), "{told}");
    let told = by_chunks(&over);
    assert!(told.starts_with("HTTP/1.1 413"), "{told}");
    // Other addresses keep their limit.
    let form = client()
        .post(program.url("/updateData"))
        .form(&[("data", "x".repeat(2 << 20))]);
    let refused = form.send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    wait_until("all is counted", SOON, async || {
        posts(&program).await == 2 * lines
    })
    .await;
    program.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_are_put_out() {
    let mut program = Program::serve(&ARGS);
    let line = [&vec![b'x'; (1 << 20) - 1][..], b"\n"].concat();
    let bombs = [
        ("gzip", gzip((0..200).map(|_| line.clone()))),
        ("gzip", gzip((0..1).map(|_| line.clone())).repeat(200)),
        ("zstd", zstd_of_one_byte(200 * 8)),
    ];
    let encoded =
        |coding, body: &[u8]| posting(&program, body.to_vec()).header("content-encoding", coding);
    for _ in 0..2 {
        let sending = bombs
            .iter()
            .map(|(coding, bomb)| sent(encoded(*coding, bomb)));
        for (status, told) in futures::future::join_all(sending).await {
            assert_eq!((status, &told["error"]["code"]), (413, &json!("too_large")));
        }
    }
    let status = fs::read_to_string(format!("/proc/{}/status", program.pid())).unwrap();
    let most = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let most: u64 = most.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(most < 300 << 10, "it took {most} KiB");

    let small = gzip((0..1).map(|_| b"#small\n".to_vec()));
    assert_eq!(sent(encoded("gzip", &small)).await.0, 200);
    let small = zstd_of_one_byte(1);
    assert_eq!(sent(encoded("zstd", &small)).await.0, 200);
    let cut = &gzip((0..2).map(|_| b"#cut\n".to_vec()))[..20];
    let (status, told) = sent(encoded("gzip", cut)).await;
    assert_eq!((status, &told["error"]["code"]), (400, &json!("bad_body")));
    wait_until("the small ones are counted", SOON, async || {
        posts(&program).await == 2
    })
    .await;
    program.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_hold_nobody_up_and_half_ones_count_nothing() {
    let mut program = Program::serve(&ARGS);
    let head = "content-length: 12\r\nidempotency-key: slow";
    let slow: Vec<_> = (0..20)
        .map(|n| begin(&program, &format!("{head}{n}"), b"#slow\n"))
        .collect();
    for _ in 0..5 {
        assert_eq!(sent(posting(&program, "#quick")).await.0, 200);
        assert_eq!(program.get("/healthz").await.status(), StatusCode::OK);
    }
    for (n, mut stream) in slow.into_iter().enumerate() {
        if n % 2 == 0 {
            // Gone in the middle: its key is free.
            drop(stream);
            let again = posting(&program, "#again").header("idempotency-key", format!("slow{n}"));
            assert_eq!(sent(again).await.0, 200);
        } else {
            stream.write_all(b"#slow\n").unwrap();
            let told = answer(stream);
            assert!(told.starts_with("HTTP/1.1 200"), "{told}");
        }
    }
    let expected = [("#slow", 20), ("#again", 10), ("#quick", 5)];
    let expected = expected.map(|(tag, count)| (tag.to_owned(), count));
    wait_until("all that was whole is counted", SOON, async || {
        program.counts().await == expected
    })
    .await;
    program.terminate();
}

/// Whoever waits for a seal when the program is told to end is answered when it has sealed.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_seals_what_waits() {
    let directory = tempfile::tempdir().unwrap();
    let args = ["--batch", "60s", "--source", "listen:127.0.0.1:0"];
    let mut program = Program::serve_in(directory.path(), &args, &[]);
    let waiting = tokio::spawn(sent(posting(&program, "#a")));
    wait_until("it is read", SOON, async || {
        let status = program.json("/api/v1/status").await;
        status["sources"][1]["posts"] == 1
    })
    .await;
    program.terminate();
    assert_eq!(waiting.await.unwrap().0, 200);
    program.restart();
    wait_until("it is counted", SOON, async || posts(&program).await == 1).await;
    program.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_counts_but_what_was_answered() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let mut program = Program::serve_in(data, &ARGS, &[]);
    assert_eq!(sent(posting(&program, "#first")).await.0, 200);
    program.terminate();
    let size = fs::metadata(data.join("log.redb")).unwrap().len();
    let mut program = Program::serve_on_full_disk(size / 1024 + 16, data, &ARGS);
    let mut accepted = 1;
    let mut refused = Vec::new();
    for request in 0.. {
        let lines: String = (0..2_000).map(|n| format!("#tag{request}x{n}\n")).collect();
        let request = posting(&program, lines).header("idempotency-key", request.to_string());
        // It ends when its disk is full: who comes later finds nobody.
        let Ok(response) = request.send().await else {
            break;
        };
        match response.status().as_u16() {
            200 => accepted += 2_000,
            status => {
                refused.push(status);
                let told = response.text().await.unwrap();
                let told: Value = serde_json::from_str(&told).unwrap();
                let code = told["error"]["code"].as_str().unwrap();
                assert!(["not_sealed", "ending"].contains(&code), "{told}");
            }
        }
        assert!(accepted < 2_000_000, "the disk does not get full");
    }
    assert_eq!(refused.first(), Some(&503), "{refused:?}");
    assert!(refused.iter().all(|status| *status == 503), "{refused:?}");
    wait_until("it ends", SOON, async || program.has_ended()).await;
    assert!(
        program.stderr().contains("make room there"),
        "{}",
        program.stderr()
    );

    let mut program = Program::serve_in(data, &ARGS, &[]);
    let (status, _) = sent(posting(&program, "#last")).await;
    assert_eq!(status, 200);
    wait_until("what was answered is counted", SOON, async || {
        posts(&program).await == accepted + 1
    })
    .await;
    program.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_lets_in_and_is_told_nowhere() {
    const TOKEN: &str = "t0ken-that-nobody-tells";
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let environment = [("TAGTIDE_INGEST_TOKEN_FILE", file.to_str().unwrap())];
    let mut args = ARGS.to_vec();
    args.push("--public");
    let mut program = Program::serve_with(&args, &environment);
    let status = program.json("/api/v1/status").await;
    assert_eq!(status["sources"][1]["name"], "http", "it is expected");
    let (status, told) = sent(posting(&program, "#a")).await;
    assert_eq!((status, &told["error"]["code"]), (401, &json!("no_token")));
    let (status, _) = sent(posting(&program, "#a").bearer_auth("another")).await;
    assert_eq!(status, 401);
    let (status, _) = sent(posting(&program, "#b").bearer_auth(TOKEN)).await;
    assert_eq!(status, 200);
    wait_until("it is counted", SOON, async || {
        program.counts().await == [("#b".to_owned(), 1)]
    })
    .await;
    let status = program.json("/api/v1/status").await;
    let told = status.to_string() + &program.get("/metrics").await.text().await.unwrap();
    program.terminate();
    assert!(!(told + &program.stderr() + &program.stdout()).contains(TOKEN));
}

/// What is asked while the program waits for a first seal of a minute.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_waits_for_the_first() {
    let args = ["--batch", "5s", "--source", "listen:127.0.0.1:0"];
    let mut program = Program::serve(&args);
    let post = || {
        let request = posting(&program, "#a\n#b").header("idempotency-key", "k");
        sent(request.timeout(Duration::from_secs(60)))
    };
    let all = futures::future::join_all((0..10).map(|_| post())).await;
    assert!(all.iter().all(|told| *told == all[0]), "{all:?}");
    assert_eq!(all[0].0, 200);
    wait_until("it is counted", SOON, async || posts(&program).await == 2).await;
    program.terminate();
}
