//! What programs are told of sources, and of the whole: `/metrics` and `/api/v1/status`.

use super::*;

#[tokio::test]
async fn metrics_tell_the_state_of_each_source_and_what_it_costs() {
    let server = TestServer::start().await;
    let sources = server.sources.clone();
    let paid = sources.add("x");
    paid.live();
    paid.posts(100);
    paid.bot(12);
    paid.spent(500_000);
    paid.budget(5_000_000);
    // Two of one name are one series: in both their states, with the sum of what they counted.
    sources.add("tcp:a:1").live();
    sources.add("tcp:a:1").waiting("nobody there");
    let text = server.get("/metrics").await.text().await.unwrap();
    let lines: Vec<_> = text.lines().collect();
    for line in [
        "# TYPE tagtide_source_state gauge",
        r#"tagtide_source_state{kind="x",source="x",state="live"} 1"#,
        r#"tagtide_source_state{kind="x",source="x",state="waiting"} 0"#,
        r#"tagtide_source_state{kind="tcp",source="tcp:a:1",state="live"} 1"#,
        r#"tagtide_source_state{kind="tcp",source="tcp:a:1",state="waiting"} 1"#,
        r#"tagtide_source_state{kind="tcp",source="tcp:a:1",state="failed"} 0"#,
        r#"tagtide_bot_posts_total{kind="x",source="x"} 12"#,
        "# TYPE tagtide_source_spent_dollars_total counter",
        r#"tagtide_source_spent_dollars_total{kind="x",source="x"} 0.5"#,
        "# TYPE tagtide_source_budget_dollars gauge",
        r#"tagtide_source_budget_dollars{kind="x",source="x"} 5.0"#,
    ] {
        assert!(lines.contains(&line), "{line} is not in\n{text}");
    }
    let states = lines
        .iter()
        .filter(|line| line.starts_with("tagtide_source_state{"));
    assert_eq!(states.count(), 2 * 5);
    let costs = lines
        .iter()
        .filter(|line| line.contains("_dollars") && !line.starts_with('#'));
    assert_eq!(costs.count(), 2, "a source that costs nothing has none");
}

/// The object without the one field whose value nobody can know beforehand.
fn without(mut object: Value, field: &str) -> (Value, Value) {
    let taken = object.as_object_mut().unwrap().remove(field);
    (object, taken.expect(field))
}

#[tokio::test]
async fn status_tells_all_there_is_to_know_also_while_starting() {
    let server = TestServer::start().await;
    let answer = server.get("/api/v1/status").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header(answer.headers(), "content-type"), "application/json");
    assert_eq!(header(answer.headers(), "cache-control"), "no-store");
    let status = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let (status, uptime) = without(status, "uptime_seconds");
    let (status, memory) = without(status, "memory_bytes");
    assert!(memory.as_u64() > Some(0) || cfg!(not(target_os = "linux")));
    assert!(uptime.as_f64().is_some_and(|uptime| uptime >= 0.0));
    assert_eq!(
        status,
        json!({
            "version": env!("CARGO_PKG_VERSION"), "current": false, "epoch": null, "sealed_epoch": null,
            "lag_seconds": 0.0, "sources": [],
            "alerts": {
                "fired": 0, "delivered": 0, "failed": 0, "waiting": 0,
                "last_error": null, "last_error_at": null,
            },
            "stores": {"log_bytes": null, "state_bytes": null}, "cluster": null,
        })
    );
    server.counting.show(3, &[]);
    server.counting.seal(4);
    let status = server.json("/api/v1/status").await;
    assert_eq!(
        (&status["epoch"], &status["sealed_epoch"]),
        (&json!(3), &json!(4))
    );
}

#[tokio::test]
async fn status_tells_of_each_source_what_is_known() {
    let server = TestServer::start().await;
    let paid = server.sources.add("x");
    paid.waiting("too many requests");
    paid.live();
    paid.posts(100);
    paid.bot(12);
    paid.retractions(2);
    paid.bytes(300);
    paid.cursor("1862");
    paid.spent(5_000);
    paid.budget(5_000_000);
    let other = server.sources.add("moon");
    other.waiting_until("nobody there", Duration::from_secs(3600));
    let status = server.json("/api/v1/status").await;

    let (first, rate) = without(status["sources"][0].clone(), "posts_per_second");
    assert!(
        rate.as_f64()
            .is_some_and(|rate| (0.1..=100.0).contains(&rate))
    );
    let (first, error_at) = without(first, "last_error_at");
    let is_time = |time: &Value| {
        time.as_str()
            .is_some_and(|time| time.len() == 20 && time.ends_with('Z'))
    };
    assert!(is_time(&error_at), "{error_at}");
    assert_eq!(
        first,
        json!({
            "name": "x", "kind": "x", "state": "live", "detail": null, "next_try_at": null,
            "posts": 100, "bot_posts": 12, "late_posts": 0,
            "lines_cut": 0, "lines_refused": 0, "last_error": "too many requests",
            "retractions": 2, "bytes": 300, "cursor": "1862", "spent_dollars": 0.005, "budget_dollars": 5.0,
        })
    );
    let (second, next_try) = without(status["sources"][1].clone(), "next_try_at");
    assert!(is_time(&next_try), "{next_try}");
    let (second, _) = without(second, "last_error_at");
    assert_eq!(
        second,
        json!({
            "name": "moon", "kind": null, "state": "waiting", "detail": "nobody there",
            "posts_per_second": 0.0, "posts": 0, "bot_posts": 0,
            "late_posts": 0, "lines_cut": 0, "lines_refused": 0, "last_error": "nobody there",
            "retractions": 0, "bytes": 0, "cursor": null, "spent_dollars": null, "budget_dollars": null,
        })
    );
}

/// The lines of a metric.
fn lines_of<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let is = |line: &&str| {
        line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} "))
    };
    text.lines().filter(is).collect()
}

#[tokio::test]
async fn answers_are_counted_by_route_and_never_by_path() {
    let server = TestServer::start().await;
    server.counting.show(1, &[("#hidden", 1)]);
    for path in [
        "/api/v1/tags/hidden?window=1h",
        "/api/v1/tags/hidden2",
        "/tag/hidden",
        "/hidden",
        "/pkg/hidden.js",
        "/healthz",
    ] {
        server.get(path).await;
    }
    let made_up = server
        .client
        .request("HIDDEN".parse().unwrap(), server.url("/healthz"));
    made_up.send().await.unwrap();
    let text = server.get("/metrics").await.text().await.unwrap();
    let name = "tagtide_http_request_duration_seconds_count";
    for line in [
        r#"{route="/api/v1/tags/{name}",method="GET",status="5xx"} 2"#,
        r#"{route="/healthz",method="GET",status="2xx"} 1"#,
        r#"{route="/healthz",method="other",status="4xx"} 1"#,
        r#"{route="other",method="GET",status="4xx"} 1"#,
    ] {
        let line = format!("{name}{line}");
        assert!(
            lines_of(&text, name).contains(&&*line),
            "{line} is not in\n{text}"
        );
    }
    assert!(!text.to_lowercase().contains("hidden"), "{text}");
}

#[tokio::test]
async fn whoever_asks_for_nothing_special_gets_the_older_format() {
    let server = TestServer::start().await;
    let answer = server.get("/metrics").await;
    assert_eq!(
        header(answer.headers(), "content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(header(answer.headers(), "vary"), "accept");
    let text = answer.text().await.unwrap();
    assert!(
        text.contains("# TYPE tagtide_posts_total counter\n"),
        "{text}"
    );
    assert!(!text.contains("# EOF"), "{text}");
}

#[tokio::test]
async fn who_is_connected_and_who_listens_is_told() {
    let server = TestServer::start().await;
    server.counting.show(1, &[]);
    let _listening = server.get("/api/v1/stream").await;
    let text = server.get("/metrics").await.text().await.unwrap();
    assert_eq!(lines_of(&text, "tagtide_streams"), ["tagtide_streams 1"]);
    let open = lines_of(&text, "tagtide_http_connections");
    assert_eq!(open, ["tagtide_http_connections 2"]);
}
