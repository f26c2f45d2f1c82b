//! `POST /api/v1/posts`, with a sealer but without a count.

use reqwest::{Method, RequestBuilder};

use super::*;
use crate::{epoch, secret::Secret, web::Access};

impl TestServer {
    /// With epochs that end.
    async fn sealing() -> Self {
        let server = Self::start().await;
        let ticking = epoch::tick(server.posts.intake().clone(), server.stop.clone());
        tokio::spawn(ticking);
        server
    }

    fn posting(&self, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.client
            .post(self.url("/api/v1/posts"))
            .header("content-type", "text/plain")
            .body(body)
    }
}

async fn sent(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn what_is_taken_is_told_and_shown() {
    let server = TestServer::sealing().await;
    assert_eq!(server.json("/api/v1/status").await["sources"], json!([]));
    let body = "#a\n{\"neither\":1}\n{\"delete\":\"7\"}\n\n#b";
    let (status, answer) = sent(server.posting(body)).await;
    assert_eq!(status, StatusCode::OK);
    let epoch = answer["epoch"].as_u64().unwrap();
    let expected = json!({
        "accepted": 3, "epoch": epoch, "rejected_total": 1,
        "rejected": [{"line": 2, "error": "a JSON object of no known form"}],
    });
    assert_eq!(answer, expected);
    let status = server.json("/api/v1/status").await;
    let source = &status["sources"][0];
    assert_eq!(
        (&source["name"], &source["kind"], &source["state"]),
        (&json!("http"), &json!("http"), &json!("live"))
    );
    assert_eq!(
        (&source["posts"], &source["lines_refused"]),
        (&json!(2), &json!(1))
    );

    let (_, later) = sent(server.posting("")).await;
    assert_eq!(
        (&later["accepted"], &later["rejected"]),
        (&json!(0), &json!([]))
    );
    assert!(later["epoch"].as_u64().unwrap() >= epoch);
}

#[tokio::test]
async fn a_repeat_is_answered_the_same_and_counts_once() {
    let server = TestServer::sealing().await;
    let post = |key: &str, body: &'static str| server.posting(body).header("idempotency-key", key);
    let (first, second) = tokio::join!(sent(post("k", "#a\n{}")), sent(post("k", "#a\n{}")));
    assert_eq!(first, second);
    assert_eq!(first.0, StatusCode::OK);
    assert_eq!(sent(post("k", "#a\n{}")).await, first);
    let (status, answer) = sent(post("k", "#a\n{} ")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer["error"]["code"], "key_reused");
    // Under other keys they are others.
    sent(post("l", "#a\n{}")).await;
    sent(server.posting("#a\n{}")).await;
    let status = server.json("/api/v1/status").await;
    assert_eq!(status["sources"][0]["posts"], 3);
}

#[tokio::test]
async fn what_is_refused_says_why_and_leaves_its_key() {
    let server = TestServer::sealing().await;
    let post = || server.posting("#a").header("idempotency-key", "k");
    let typed = |kind: &'static str| {
        server
            .client
            .post(server.url("/api/v1/posts"))
            .header("content-type", kind)
            .body("#a")
    };
    for (request, status, code) in [
        (
            typed("application/x-www-form-urlencoded"),
            415,
            "unsupported_type",
        ),
        (
            post().header("content-encoding", "br"),
            415,
            "unsupported_coding",
        ),
        (post().header("content-encoding", "gzip"), 400, "bad_body"),
        (
            post().header("sec-fetch-site", "cross-site"),
            403,
            "other_site",
        ),
        (post().header("idempotency-key", "l"), 400, "bad_key"),
        (
            server.posting(vec![b'\n'; (16 << 20) + 1]),
            413,
            "too_large",
        ),
    ] {
        let (got, answer) = sent(request).await;
        assert_eq!(
            (got.as_u16(), &answer["error"]["code"]),
            (status, &json!(code))
        );
    }
    for method in [Method::GET, Method::PUT] {
        let request = server.client.request(method, server.url("/api/v1/posts"));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(header(response.headers(), "allow"), "POST");
        assert_eq!(error_code(response).await, "method_not_allowed");
    }
    assert_eq!(server.json("/api/v1/status").await["sources"], json!([]));
    assert_eq!(sent(post()).await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_token_is_needed_where_there_is_one() {
    let token = Secret::new("s3cret");
    let server =
        TestServer::start_with(|web, _| web.access = Access::new(token, true).unwrap()).await;
    let stranger = server.posting("#a").send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(header(stranger.headers(), "www-authenticate"), "Bearer");
    assert_eq!(error_code(stranger).await, "no_token");
    let fields = [("label", "['#a']"), ("data", "[1]")];
    assert_eq!(server.update(&fields).await.0, StatusCode::UNAUTHORIZED);
    let board = server.client.post(server.url("/updateData")).form(&fields);
    let board = board.bearer_auth("s3cret").send().await.unwrap();
    assert_eq!(board.status(), StatusCode::CREATED);
    assert_eq!(server.get("/healthz").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn where_there_is_no_room_it_says_when_to_come_again() {
    let server = TestServer::start().await;
    let refused = async || {
        let response = server.posting("#a").send().await.unwrap();
        let after: u32 = header(response.headers(), "retry-after").parse().unwrap();
        assert!(after > 0);
        (response.status().as_u16(), error_code(response).await)
    };
    let filled = server.posts.intake().fill();
    assert_eq!(refused().await, (429, "no_room".to_owned()));
    drop(filled);
    let places = server.posts.places().clone();
    let all = places.acquire_many(places.available_permits() as u32).await;
    assert_eq!(refused().await, (429, "busy".to_owned()));
    drop(all);
    // What is delivered after the last epoch would wait for ever.
    let now = epoch::epoch_of(epoch::now(), server.posts.intake().batch());
    server.posts.intake().finish(now).await.unwrap();
    assert_eq!(refused().await, (503, "ending".to_owned()));
}

#[tokio::test]
async fn what_waits_for_a_seal_that_cannot_be_is_told_so() {
    let server = TestServer::start().await;
    let waiting = tokio::spawn(sent(server.posting("#a")));
    while !server.posts.intake().holds_deliveries() {
        tokio::task::yield_now().await;
    }
    server.posts.intake().lose_deliveries();
    let (status, answer) = waiting.await.unwrap();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer["error"]["code"], "not_sealed");
}

/// The program's limit is 60 seconds; in these tests it is half a one.
#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let server = TestServer::sealing().await;
    let head = "POST /api/v1/posts HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\n";
    let slow = format!("{head}content-length: 9\r\nconnection: close\r\n\r\n#a");
    let slow = server.raw(&slow);
    let others = async {
        for _ in 0..3 {
            assert_eq!(sent(server.posting("#b")).await.0, StatusCode::OK);
        }
    };
    let (slow, ()) = tokio::join!(slow, others);
    assert!(slow.starts_with("HTTP/1.1 408"), "{slow}");
    let status = server.json("/api/v1/status").await;
    assert_eq!(status["sources"][0]["posts"], 3);
}
