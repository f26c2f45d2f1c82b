//! How much one client may ask, and who is taken for one. The tests are on this machine, which is not limited, so
//! they ask as a proxy does that is trusted.

use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use crate::program::{Program, SOON, client, wait_until};

/// A unit a second, and so twenty at once.
const FEW: [&str; 4] = ["--batch", "200ms", "--rate-limit", "1"];
const BEHIND: [&str; 2] = ["--trusted-proxy", "127.0.0.1"];

fn asking(program: &Program, path: &str, whom: &str) -> RequestBuilder {
    let request = client().get(program.url(path));
    request.header("x-forwarded-for", whom)
}

async fn asked(program: &Program, path: &str, whom: &str) -> Response {
    asking(program, path, whom).send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

async fn use_up(program: &Program, whom: &str) {
    wait_until("it is too much", SOON, async || {
        asked(program, "/api/v1/openapi.json", whom).await.status() == 429
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_much_is_told_when_to_come_back_and_others_are_answered() {
    let program = Program::serve(&[&FEW[..], &BEHIND].concat());
    let (greedy, other) = ("203.0.113.5", "203.0.113.6");
    let first = asked(&program, "/api/v1/openapi.json", greedy).await;
    assert_eq!(first.status(), 200);
    assert_eq!(header(&first, "ratelimit-policy"), "\"client\";q=20;w=20");
    assert_eq!(header(&first, "ratelimit"), "\"client\";r=19;t=1");

    use_up(&program, greedy).await;
    for path in [
        "/",
        "/tag/rust",
        "/api/fn/board",
        "/api/fn/tag",
        "/api/v1/tags/rust",
        "/api/v1/top.svg",
        "/api/v1/stream",
        "/refreshData",
        "/nothing",
    ] {
        // Meanwhile it may have saved one unit up.
        wait_until(path, SOON, async || {
            asked(&program, path, greedy).await.status() == 429
        })
        .await;
    }
    let posted = client().post(program.url("/api/v1/posts"));
    let posted = posted.header("content-type", "text/plain").body("#a");
    let posted = posted.header("x-forwarded-for", greedy).send().await;
    assert_eq!(posted.unwrap().status(), 429);

    let refused = asked(&program, "/api/v1/top.png", greedy).await;
    assert_eq!(refused.status(), 429);
    let seconds: u64 = header(&refused, "retry-after").parse().unwrap();
    assert!((1..=20).contains(&seconds), "{seconds}");
    assert!(header(&refused, "ratelimit").starts_with("\"client\";r=0;t="));
    let error: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
    assert_eq!(error["error"]["code"], "too_many_requests");

    let page = asking(&program, "/", greedy).header("accept", "text/html");
    let page = page.send().await.unwrap();
    assert_eq!(page.status(), 429);
    assert!(!header(&page, "retry-after").is_empty());
    assert!(page.text().await.unwrap().starts_with("<!DOCTYPE html>"));

    assert_eq!(asked(&program, "/", other).await.status(), 200);
    for path in ["/healthz", "/metrics"] {
        assert_eq!(asked(&program, path, greedy).await.status(), 200, "{path}");
    }
    wait_until("results are current", SOON, async || {
        asked(&program, "/readyz", greedy).await.status() == 200
    })
    .await;
    let metrics = asked(&program, "/metrics", greedy).await.text().await;
    assert!(!metrics.unwrap().contains("requests_limited_total 0"));

    let begun = Instant::now();
    wait_until("it may ask again", SOON, async || {
        asked(&program, "/api/v1/openapi.json", greedy)
            .await
            .status()
            == 200
    })
    .await;
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_of_itself_gives_it_no_more() {
    let program = Program::serve(&[&FEW[..], &BEHIND].concat());
    use_up(&program, "203.0.113.5").await;
    // Only the right-most is what the proxy saw.
    for made_up in ["6.6.6.6", "127.0.0.1", "203.0.113.6, 10.0.0.1"] {
        let whom = format!("{made_up}, 203.0.113.5");
        wait_until("it is the same client", SOON, async || {
            asked(&program, "/api/v1/top.svg", &whom).await.status() == 429
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machine_is_not_limited_nor_anybody_where_the_operator_says_so() {
    let program = Program::serve(&FEW);
    for _ in 0..60 {
        let answer = asked(&program, "/api/v1/openapi.json", "203.0.113.5").await;
        assert_eq!(answer.status(), 200);
        assert!(!answer.headers().contains_key("ratelimit"));
    }
    assert!(program.stderr().contains("--trusted-proxy 127.0.0.1"));

    let program = Program::serve(&[&["--rate-limit", "0"][..], &BEHIND].concat());
    for _ in 0..60 {
        let answer = asked(&program, "/api/v1/openapi.json", "203.0.113.5").await;
        assert_eq!(answer.status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_begin_as_a_trusted_proxy_says_and_as_nobody_else_does() {
    let page = async |args: &[&str]| {
        let program = Program::serve(args);
        let request = client().get(program.url("/"));
        let request = request.header("x-forwarded-proto", "https");
        let request = request.header("x-forwarded-host", "board.example");
        request.send().await.unwrap().text().await.unwrap()
    };
    assert!(page(&BEHIND).await.contains("https://board.example/"));
    let plain = page(&[]).await;
    assert!(!plain.contains("board.example"), "{plain}");
    assert!(plain.contains("http://127.0.0.1:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_does_not_take_all_places_of_listeners() {
    let program = Program::serve(&[&["--batch", "200ms"][..], &BEHIND].concat());
    wait_until("there are results", SOON, async || {
        !program.counts().await.is_empty()
    })
    .await;
    let (greedy, other) = ("2001:db8::1", "2001:db8:0:1::1");
    let mut listening = Vec::new();
    for number in 0..64 {
        // It can choose among the addresses of its network.
        let stream = asked(&program, "/api/v1/stream", &format!("2001:db8::{number:x}")).await;
        assert_eq!(stream.status(), 200, "{number}");
        listening.push(stream);
    }
    let refused = asked(&program, "/api/v1/stream", greedy).await;
    assert_eq!(refused.status(), 503);
    assert!(!header(&refused, "retry-after").is_empty());
    assert_eq!(asked(&program, "/api/v1/stream", other).await.status(), 200);
    drop(listening);
    wait_until("their places are free again", SOON, async || {
        asked(&program, "/api/v1/stream", greedy).await.status() == 200
    })
    .await;
}
