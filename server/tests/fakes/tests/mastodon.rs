//! The fake of Mastodon.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::Http;
use crate::fakes::{
    Mastodon,
    mastodon::{Access, HEALTH, INSTANCE, STREAM, TIMELINE, TOKEN, boost, status},
};

async fn open(mastodon: &Mastodon, path: &str) -> Http {
    let ever = mastodon.seen.streams().ever;
    let mut stream = Http::get(&mastodon.url(), &format!("{STREAM}{path}"), TOKEN).await;
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    assert_eq!(stream.chunk_text().await, ":)\n");
    mastodon
        .seen
        .until("one more", |seen| seen.streams.ever > ever)
        .await;
    stream
}

/// Comes in two chunks, one of either line.
async fn event(stream: &mut Http) -> String {
    let name = stream.chunk_text().await;
    name + &stream.chunk_text().await
}

async fn page(mastodon: &Mastodon, query: &str) -> Vec<String> {
    let mut page = Http::get(&mastodon.url(), &format!("{TIMELINE}?{query}"), "").await;
    let page = page.json().await;
    let id = |status: &Value| status["id"].as_str().unwrap().to_owned();
    page.as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn it_says_where_it_streams() {
    let one = Mastodon::start().await;
    let instance = Http::get(&one.url(), INSTANCE, "").await.json().await;
    let streaming = &instance["configuration"]["urls"]["streaming"];
    assert_eq!(*streaming, one.url().replace("http", "ws"));
    assert_eq!(Http::get(&one.url(), HEALTH, "").await.text().await, "OK");

    let apart = Mastodon::start_apart().await;
    let instance = Http::get(&apart.url(), INSTANCE, "").await.json().await;
    let feeds = &instance["configuration"]["timelines_access"]["live_feeds"];
    assert_eq!(*feeds, json!({"local": "public", "remote": "public"}));
    assert_eq!(Http::get(&apart.url(), STREAM, TOKEN).await.status, 404);
    let streaming = instance["configuration"]["urls"]["streaming"]
        .as_str()
        .unwrap();
    assert_eq!(Http::get(streaming, STREAM, TOKEN).await.status, 200);
    assert_eq!(Http::get(streaming, INSTANCE, "").await.status, 404);
}

#[tokio::test]
async fn only_users_get_a_stream_and_only_one_that_there_is() {
    let mastodon = Mastodon::start().await;
    let refusals = [
        (STREAM, "", 401, "Missing access token"),
        (STREAM, "wrong", 401, "Invalid access token"),
        (
            "/api/v1/streaming/public/x",
            "",
            400,
            "Unknown channel requested",
        ),
        ("/api/v1/elsewhere", "", 404, "Not Found"),
    ];
    for (path, token, status, error) in refusals {
        let mut refused = Http::get(&mastodon.url(), path, token).await;
        assert_eq!(
            (refused.status, refused.json().await),
            (status, json!({"error": error}))
        );
    }
    let path = format!("{STREAM}/local?access_token={TOKEN}");
    assert_eq!(Http::get(&mastodon.url(), &path, "").await.status, 200);
}

#[tokio::test]
async fn a_stream_tells_of_statuses_their_edits_and_their_ends() {
    let mastodon = Mastodon::start().await;
    let mut all = open(&mastodon, "").await;
    let mut local = open(&mastodon, "/local").await;
    let mut remote = open(&mastodon, "/remote").await;
    mastodon.emit("announcement", "{}");
    for stream in [&mut all, &mut local, &mut remote] {
        assert_eq!(event(stream).await, "event: announcement\ndata: {}\n\n");
    }
    let mut foreign = status("ann@else.example", "x", &["Rust"]);
    foreign["language"] = Value::Null;
    let id = mastodon.publish(foreign.clone());
    let here = mastodon.publish(boost("bob", &foreign));
    let text = event(&mut all).await;
    assert_eq!(event(&mut remote).await, text);
    let data = text.strip_prefix("event: update\ndata: ").unwrap();
    let data: Value = serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap();
    assert_eq!(
        (&data["id"], &data["tags"][0]["name"]),
        (&json!(id), &json!("Rust"))
    );
    assert_eq!(event(&mut local).await, event(&mut all).await);

    mastodon.edit(&id, |status| status["tags"] = json!([]));
    let edit = event(&mut remote).await;
    assert!(edit.starts_with("event: status.update\n") && edit.contains("\"tags\":[]"));

    mastodon.access(Access::Disabled, Access::Public);
    let mut local = open(&mastodon, "/local").await;
    mastodon.publish(status("bob", "not told", &[]));
    mastodon.delete(&here);
    assert_eq!(
        event(&mut local).await,
        format!("event: delete\ndata: {here}\n\n")
    );

    mastodon.wire.beat(Some(Duration::from_millis(10)));
    assert_eq!(remote.chunk_text().await, ":thump\n");
    mastodon.wire.beat(None);
    mastodon.wire.chunk(1);
    mastodon.emit("filters_changed", "undefined");
    let mut text = String::new();
    while !text.ends_with("event: filters_changed\ndata: undefined\n\n") {
        text += &remote.chunk_text().await;
    }
}

#[tokio::test]
async fn the_timeline_is_read_forward_from_an_id() {
    let mastodon = Mastodon::start().await;
    let ids: Vec<String> = (0..50)
        .map(|n| mastodon.publish(status(["ann", "bob@else.example"][n % 2], "x", &[])))
        .collect();
    mastodon.publish(boost("ann", &status("bob", "x", &[])));
    let newest_first =
        |from: usize, to: usize| ids[from..to].iter().rev().cloned().collect::<Vec<_>>();
    assert_eq!(page(&mastodon, "").await, newest_first(30, 50));
    assert_eq!(page(&mastodon, "limit=100").await, newest_first(10, 50));
    assert_eq!(
        page(&mastodon, &format!("min_id={}&limit=3", ids[4])).await,
        newest_first(5, 8)
    );
    assert_eq!(
        page(&mastodon, &format!("since_id={}&limit=3", ids[4])).await,
        newest_first(47, 50)
    );
    assert_eq!(
        page(&mastodon, &format!("max_id={}&limit=2", ids[4])).await,
        newest_first(2, 4)
    );
    let few = page(&mastodon, &format!("min_id={}&local=true", ids[45])).await;
    assert_eq!(few, [ids[48].clone(), ids[46].clone()]);
    mastodon.delete(&ids[49]);
    assert_eq!(
        page(&mastodon, &format!("min_id={}", ids[48])).await,
        [""; 0]
    );

    let path = format!("{TIMELINE}?min_id={}&limit=2", ids[0]);
    let answer = Http::get(&mastodon.url(), &path, "").await;
    let (next, prev) = answer.header("link").unwrap().split_once(", ").unwrap();
    assert!(next.contains(&format!("limit=2&max_id={}>; rel=\"next\"", ids[1])));
    assert!(prev.contains(&format!("limit=2&min_id={}>; rel=\"prev\"", ids[2])));
}

#[tokio::test]
async fn the_timeline_is_for_those_it_is_open_to_and_not_too_often() {
    let mastodon = Mastodon::start().await;
    mastodon.publish(status("bob@else.example", "x", &[]));
    mastodon.access(Access::Disabled, Access::Authenticated);
    let ask = async |query: &str, token: &str| {
        let mut answer = Http::get(&mastodon.url(), &format!("{TIMELINE}{query}"), token).await;
        (answer.status, answer.json().await)
    };
    assert_eq!(ask("", "").await.0, 422);
    assert_eq!(ask("", "wrong").await.0, 401);
    assert_eq!(ask("?local=true", TOKEN).await, (200, json!([])));
    assert_eq!(ask("", TOKEN).await.1.as_array().unwrap().len(), 1);

    mastodon.allow(1, Duration::ZERO);
    for _ in 0..3 {
        assert_eq!(ask("", TOKEN).await.0, 200, "a new window");
    }
    mastodon.allow(1, Duration::from_secs(600));
    assert_eq!(ask("", TOKEN).await.0, 200);
    let limited = Http::get(&mastodon.url(), TIMELINE, TOKEN).await;
    assert_eq!(
        (limited.status, limited.header("x-ratelimit-remaining")),
        (429, Some("0"))
    );
    let resets = limited.header("x-ratelimit-reset").unwrap();
    assert!(humantime::parse_rfc3339(resets).unwrap() > SystemTime::now());
}
