//! The whole router over a real socket, as clients see it.

mod formats;
mod posts;
mod reading;
mod sources;
mod stream;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use reqwest::{Client, Response, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{Clients, Posts, Streams, Web, connections, router, serve, testing::Counting};
use crate::source::Registry;

/// A server on a port of its own, with counts shown by hand.
struct TestServer {
    counting: Counting,
    address: SocketAddr,
    client: Client,
    sources: Registry,
    posts: Posts,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl TestServer {
    async fn start() -> Self {
        Self::start_with(|web, stop| web.streams = Streams::until(stop)).await
    }

    /// One that is set up otherwise; its end is given too.
    async fn start_with(set_up: impl FnOnce(&mut Web, CancellationToken)) -> Self {
        let counting = Counting::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let mut web = counting.web();
        set_up(&mut web, stop.clone());
        let (sources, posts) = (web.sources.clone(), web.posts.clone());
        let serving = tokio::spawn(serve(listener, web, stop.clone()));
        let client = crate::client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .unwrap();
        Self {
            counting,
            address,
            client,
            sources,
            posts,
            stop,
            serving,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        let text = self.get(path).await.text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    async fn update(&self, fields: &[(&str, &str)]) -> (StatusCode, String) {
        let response = self
            .client
            .post(self.url("/updateData"))
            .form(fields)
            .send()
            .await
            .unwrap();
        (response.status(), response.text().await.unwrap())
    }

    /// What comes back for bytes that no client library would send.
    async fn raw(&self, bytes: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

async fn error_code(response: Response) -> String {
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert!(
        body["error"]["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty())
    );
    body["error"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn starting_is_told_apart_from_ready_and_from_lagging() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/healthz").await.status(), StatusCode::OK);
    assert_eq!(
        server.get("/readyz").await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    let response = server.get("/api/v1/top").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(response.headers(), "retry-after"), "1");
    assert_eq!(error_code(response).await, "starting");
    assert_eq!(
        server.json("/refreshData").await,
        json!({"sData": [], "sLabel": []})
    );

    server.counting.show(1, &[]);
    server.counting.seal(1);
    assert_eq!(server.get("/readyz").await.status(), StatusCode::OK);
    server.counting.seal(2);
    assert_eq!(
        server.get("/readyz").await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
async fn top_is_cut_to_k_and_has_the_fields_of_the_contract() {
    let server = TestServer::start().await;
    server.counting.show(4, &[("#a", 9), ("#b", 5), ("#c", 1)]);
    let top = server.json("/api/v1/top?window=all&k=2").await;
    assert_eq!(
        top,
        json!({
            "window": "all", "by": "count", "epoch": 4, "at": "2026-11-22T18:30:04Z",
            "posts": 7, "mentions": 15, "tags": 3,
            "rows": [
                {"rank": 1, "tag": "#a", "count": 9, "error": 0, "people": null, "score": null,
                 "share": 0.0, "change": null, "recent": []},
                {"rank": 2, "tag": "#b", "count": 5, "error": 0, "people": null, "score": null,
                 "share": 0.0, "change": null, "recent": []},
            ],
        })
    );
    assert_eq!(server.json("/api/v1/top").await["window"], "5m");
}

#[tokio::test]
async fn an_etag_saves_what_the_client_has() {
    let server = TestServer::start().await;
    server.counting.show(4, &[("#a", 9)]);
    let first = server.get("/api/v1/top").await;
    let tag = header(first.headers(), "etag").to_owned();
    assert!(tag.starts_with("W/\""));
    let ask = |path: &str, known: &str| {
        server
            .client
            .get(server.url(path))
            .header("if-none-match", known)
            .send()
    };
    let again = ask("/api/v1/top", &format!("\"x\", {tag}")).await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(header(again.headers(), "etag"), tag);
    assert_eq!(again.text().await.unwrap(), "");
    assert_eq!(
        ask("/api/v1/top?window=all", &tag).await.unwrap().status(),
        StatusCode::OK
    );
    server.counting.show(5, &[("#a", 9)]);
    assert_eq!(
        ask("/api/v1/top", &tag).await.unwrap().status(),
        StatusCode::OK
    );

    let head = server
        .client
        .head(server.url("/api/v1/top"))
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert!(!header(head.headers(), "etag").is_empty());
}

#[tokio::test]
async fn every_error_of_the_api_has_the_one_shape() {
    let server = TestServer::start().await;
    server.counting.show(1, &[]);
    for (path, status, code) in [
        ("/api/v1/top?window=7m", 400, "bad_window"),
        ("/api/v1/top?by=luck", 400, "bad_by"),
        ("/api/v1/top?k=0", 400, "bad_k"),
        ("/api/v1/top?lang=English", 400, "bad_lang"),
        ("/api/v1/top?source=moon", 400, "bad_source"),
        ("/api/v1/tags/rust?window=7m", 400, "bad_window"),
        ("/api/v1/tags/%ff", 404, "unknown_tag"),
        ("/api/v1/tags/", 404, "not_found"),
        ("/api/v1/tags", 404, "not_found"),
        ("/api/fn/board?by=luck", 400, "bad_by"),
        ("/api/fn/board?k=0", 400, "bad_k"),
        ("/api/fn/board?lang=English", 400, "bad_lang"),
        ("/api/fn/board?source=moon", 400, "bad_source"),
        ("/api/fn/board?after=soon", 400, "bad_after"),
        ("/api/fn/tag", 400, "bad_name"),
        ("/api/fn/tag?name=a&name=b", 400, "bad_query"),
        ("/api/fn/board?k=1&k=2", 400, "bad_query"),
        ("/api/fn/tag?name=a&window=7m", 400, "bad_window"),
        ("/api/v1/nothing", 404, "not_found"),
        ("/api/", 404, "not_found"),
        ("/api/fn/nothing", 404, "not_found"),
    ] {
        let response = server.get(path).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(error_code(response).await, code, "{path}");
    }
    let response = server
        .client
        .post(server.url("/api/v1/top"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(header(response.headers(), "allow").contains("GET"));
    assert_eq!(error_code(response).await, "method_not_allowed");
}

#[tokio::test]
async fn people_are_shown_a_page_where_an_address_does_not_work() {
    let server = TestServer::start().await;
    let get = server.client.get(server.url("/updateData"));
    let page = get.header("accept", "text/html, */*").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(header(page.headers(), "content-type").starts_with("text/html"));
    let page = page.text().await.unwrap();
    assert!(
        page.contains("<title>tagtide: This does not work</title>"),
        "{page}"
    );
    let program = server.get("/updateData").await;
    assert!(header(program.headers(), "content-type").starts_with("text/plain"));
}

#[tokio::test]
async fn the_external_board_is_a_source_of_the_api() {
    let server = TestServer::start().await;
    let empty = server.json("/api/v1/top?source=external").await;
    assert_eq!(empty["rows"], json!([]));
    let fields = [("label", "['a', 'b']"), ("data", "[2, 1]")];
    assert_eq!(server.update(&fields).await.0, StatusCode::CREATED);
    let top = server.json("/api/v1/top?source=external&k=1").await;
    assert_eq!(
        (&top["window"], &top["mentions"]),
        (&json!("all"), &json!(3))
    );
    assert_eq!(top["rows"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_tag_that_nobody_used_has_no_page() {
    let server = TestServer::start().await;
    server.counting.show(1, &[]);
    for path in ["/api/v1/tags/a", "/api/fn/tag?name=a", "/tag/a"] {
        // The count that is shown by hand answers no questions: as while starting.
        let response = server.get(path).await;
        let starting = response.status() == StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(starting, path.starts_with("/api/v1"), "{path}");
    }
    let page = server.get("/tag/a%2Fb").await.text().await.unwrap();
    assert!(page.contains("<title>#a/b · tagtide</title>"), "{page}");
    let long = format!("/api/v1/tags/{}", "a".repeat(5000));
    assert_eq!(error_code(server.get(&long).await).await, "unknown_tag");
}

#[tokio::test]
async fn metrics_are_told_by_source_and_in_a_format_that_ends() {
    let server = TestServer::start().await;
    let sources = server.sources.clone();
    for (name, posts) in [("tcp:a:1", 2), ("tcp:a:1", 3), ("file:\"x\"", 4)] {
        sources.add(name).posts(posts);
    }
    server.counting.show(3, &[("#secret", 1)]);
    server.counting.seal(4);
    let asked = server.client.get(server.url("/metrics"));
    let open_metrics = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
    let answer = asked.header("accept", open_metrics).send().await.unwrap();
    let kind = header(answer.headers(), "content-type");
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"));
    let text = answer.text().await.unwrap();
    let lines: Vec<_> = text.lines().collect();
    for line in [
        "# TYPE tagtide_posts counter",
        r#"tagtide_posts_total{kind="tcp",source="tcp:a:1"} 5"#,
        r#"tagtide_posts_total{kind="file",source="file:\"x\""} 4"#,
        r#"tagtide_late_posts_total{kind="tcp",source="tcp:a:1"} 0"#,
        "tagtide_retracted_posts_total 0",
        "tagtide_unknown_retractions_total 0",
        "tagtide_epoch_shown 3",
        "tagtide_epoch_sealed 4",
        "# EOF",
    ] {
        assert!(lines.contains(&line), "{line} is not in\n{text}");
    }
    assert!(text.contains("\ntagtide_results_lag_seconds 0."), "{text}");
    assert!(!text.contains("secret"));
    // Where nothing costs anything.
    assert!(!text.contains("dollars"), "{text}");
}

#[tokio::test]
async fn a_posted_board_is_given_back_as_the_tutorial_does() {
    let server = TestServer::start().await;
    server.counting.show(1, &[("#own", 3)]);
    let own = server.get("/refreshData").await;
    assert_eq!(header(own.headers(), "content-type"), "application/json");
    assert_eq!(
        own.text().await.unwrap(),
        r##"{"sData":[3],"sLabel":["#own"]}"##
    );

    let fields = [
        ("label", r"['#rust', '#caf\xc3\xa9', None]"),
        ("data", "[12, 3.5]"),
    ];
    let response = server
        .client
        .post(server.url("/updateData"))
        .form(&fields)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(
        header(response.headers(), "content-type"),
        "text/html; charset=utf-8"
    );
    assert_eq!(response.text().await.unwrap(), "success");
    let text = server.get("/refreshData").await.text().await.unwrap();
    assert_eq!(
        text,
        r##"{"sData":[12,3.5],"sLabel":["#rust","#café",null]}"##
    );
}

#[tokio::test]
async fn a_bad_post_is_refused_and_changes_nothing() {
    let server = TestServer::start().await;
    let many = format!("[{}]", "1,".repeat(1001));
    for fields in [
        &[][..],
        &[("label", "['a']")],
        &[("data", "[1]")],
        &[("label", "['a'"), ("data", "[1]")],
        &[("label", "['a']"), ("data", "[1j]")],
        &[("label", "['a']"), ("data", "1")],
        &[("label", "{'a': 1}"), ("data", "[1]")],
        &[("label", "['a']"), ("data", &many)],
    ] {
        let refused = (StatusCode::BAD_REQUEST, "error".to_owned());
        assert_eq!(server.update(fields).await, refused, "{fields:?}");
    }
    let long = format!("['{}']", "a".repeat(2_000_000));
    assert_eq!(
        server.update(&[("label", &long), ("data", "[1]")]).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let post = || server.client.post(server.url("/updateData"));
    assert_eq!(
        post()
            .body("label=[]&data=[]")
            .send()
            .await
            .unwrap()
            .status(),
        400
    );
    let elsewhere = post()
        .header("sec-fetch-site", "cross-site")
        .form(&[("data", "[]")]);
    assert_eq!(
        elsewhere.send().await.unwrap().status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        server.get("/updateData").await.status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert_eq!(
        server.json("/refreshData").await,
        json!({"sData": [], "sLabel": []})
    );
}

#[tokio::test]
async fn pages_are_html_and_wrong_addresses_are_404() {
    let server = TestServer::start().await;
    server.counting.show(1, &[("#a", 1)]);
    let page = server.get("/").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(header(page.headers(), "content-type").starts_with("text/html"));
    assert_eq!(header(page.headers(), "x-content-type-options"), "nosniff");
    assert_eq!(header(page.headers(), "referrer-policy"), "no-referrer");
    assert!(page.text().await.unwrap().contains("/pkg/tagtide.css"));

    let missing = server.get("/nowhere").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert!(header(missing.headers(), "content-type").starts_with("text/html"));
    let file = server.get("/pkg/tagtide.js").await;
    assert_eq!(file.status(), StatusCode::NOT_FOUND);
    assert!(header(file.headers(), "content-type").starts_with("text/plain"));
    assert_eq!(server.get("/api/fn/board").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn larger_answers_are_compressed() {
    let server = TestServer::start().await;
    let tags: Vec<String> = (0..100).map(|number| format!("#tag{number}")).collect();
    let rows: Vec<_> = tags.iter().map(|tag| (tag.as_str(), 5)).collect();
    server.counting.show(1, &rows);
    let ask = |path: &str| {
        server
            .client
            .get(server.url(path))
            .header("accept-encoding", "gzip, br")
            .send()
    };
    let large = ask("/api/v1/top?k=100").await.unwrap();
    assert_eq!(header(large.headers(), "content-encoding"), "gzip");
    let varies = header(large.headers(), "vary");
    assert!(varies.starts_with("accept-encoding"), "{varies}");
    let small = ask("/api/v1/top?k=1").await.unwrap();
    assert_eq!(header(small.headers(), "content-encoding"), "");
}

#[tokio::test]
async fn odd_requests_get_an_answer() {
    let server = TestServer::start().await;
    for request in [
        "GET * ",
        "GET host:80 ",
        "OPTIONS * ",
        "CONNECT host:80 ",
        "GET /%ff%00 ",
    ] {
        let answer = server
            .raw(&format!(
                "{request}HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            ))
            .await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{request}: {answer}");
    }
    assert_eq!(server.get("/healthz").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_end_waits_for_no_idle_or_hanging_client() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/healthz").await.status(), StatusCode::OK);
    let _silent = TcpStream::connect(server.address).await.unwrap();
    let mut half = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /updateData HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\r\n";
    half.write_all(head.as_bytes()).await.unwrap();
    // The body is waited for, and the silent client, which came before, has been taken.
    let mut answer = [0; 12];
    half.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    server.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), server.serving)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answers_is_let_go() {
    const LIMIT: Duration = Duration::from_millis(300);
    let counting = Counting::default();
    let tags: Vec<String> = (0..100).map(|number| format!("#tag{number}")).collect();
    let rows: Vec<_> = tags.iter().map(|tag| (tag.as_str(), 5)).collect();
    counting.show(1, &rows);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let stop = CancellationToken::new();
    let app = router(counting.web());
    let serving = tokio::spawn(connections::serve(
        listener,
        app,
        Clients::default(),
        LIMIT,
        stop.clone(),
    ));

    let begun = Instant::now();
    // Once its answers fill all buffers the server reads no more, and soon the client cannot write.
    let questions = "GET /api/v1/top?k=100 HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
    let asking = async { while client.write_all(questions.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(30), asking)
        .await
        .expect("the server closes the connection");
    assert!(begun.elapsed() >= LIMIT, "it had its time");
    stop.cancel();
    serving.await.unwrap();
}
