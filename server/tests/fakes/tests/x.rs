//! The fake of the X API.

use std::{
    io::ErrorKind,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{Http, in_time};
use crate::fakes::{
    End, Fault, X,
    x::{self, RULES, SAMPLE, STREAM, TOKEN},
};

async fn open(x: &X, path: &str) -> Http {
    Http::get(&x.url(), path, TOKEN).await
}

async fn change(x: &X, query: &str, body: Value) -> Http {
    let headers = format!("Authorization: Bearer {TOKEN}\r\n");
    let what = format!("POST {RULES}{query}");
    Http::ask(&x.url(), &what, &headers, &body.to_string())
        .await
        .unwrap()
}

async fn next_post(stream: &mut Http) -> Value {
    let line = stream.chunk_text().await;
    assert!(line.ends_with("\r\n"));
    serde_json::from_str(&line).unwrap()
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_counts_until_there_are_too_many() {
    let x = X::start().await;
    x.allow(1, Duration::ZERO);
    for _ in 0..3 {
        assert_eq!(open(&x, STREAM).await.status, 409, "a new window");
    }
    x.allow(2, Duration::from_secs(900));
    for left in ["1", "0"] {
        let mut refused = Http::get(&x.url(), STREAM, "wrong").await;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.header("x-rate-limit-remaining"), Some(left));
        assert_eq!(refused.json().await["type"], "about:blank");
    }
    let mut limited = open(&x, STREAM).await;
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("x-rate-limit-limit"), Some("2"));
    assert_eq!(limited.json().await["errors"][0]["code"], 88);
    let resets = limited.header("x-rate-limit-reset").unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    assert!(resets.parse::<u64>().unwrap() > now.as_secs());
    let asked = x.seen.requests_to(STREAM);
    assert_eq!((asked.len(), asked[3].bearer()), (6, Some("wrong")));
}

#[tokio::test]
async fn rules_are_added_once_listed_by_pages_and_deleted() {
    let x = X::start().await;
    let none = open(&x, RULES).await.json().await;
    assert!(none.get("data").is_none() && none["meta"]["result_count"] == 0);

    let add =
        json!({"add": [{"value": "#a"}, {"value": "#b lang:en", "tag": "t"}, {"value": "from:"}]});
    assert_eq!(change(&x, "?dry_run=true", add.clone()).await.status, 201);
    assert!(x.rules().is_empty());
    let mut added = change(&x, "", add.clone()).await;
    assert_eq!(added.status, 201);
    let added = added.json().await;
    let summary = json!({"created": 2, "not_created": 1, "valid": 2, "invalid": 1});
    assert_eq!(added["meta"]["summary"], summary);
    assert_eq!(
        (&added["data"][1]["tag"], &added["data"][0].get("tag")),
        (&json!("t"), &None)
    );
    let kind = added["errors"][0]["type"].as_str().unwrap();
    assert!(kind.ends_with("/invalid-rules"));
    let again = change(&x, "", add).await.json().await;
    assert_eq!(again["errors"][0]["title"], "DuplicateRule");
    assert_eq!(again["errors"][0]["id"], added["data"][0]["id"]);
    assert!(again.get("data").is_none());

    let first = open(&x, &format!("{RULES}?max_results=1"))
        .await
        .json()
        .await;
    assert_eq!(first["data"][0]["value"], "#a");
    let token = first["meta"]["next_token"].as_str().unwrap();
    let path = format!("{RULES}?max_results=1&pagination_token={token}");
    let second = open(&x, &path).await.json().await;
    assert_eq!(second["data"][0]["value"], "#b lang:en");
    assert!(second["meta"].get("next_token").is_none());

    let delete =
        json!({"delete": {"ids": [added["data"][0]["id"], "1"], "values": ["#b lang:en"]}});
    let deleted = change(&x, "", delete).await.json().await;
    assert_eq!(
        deleted["meta"]["summary"],
        json!({"deleted": 2, "not_deleted": 1})
    );
    assert!(x.rules().is_empty());
}

#[tokio::test]
async fn a_stream_gives_what_was_asked_for_and_nothing_else() {
    let x = X::start().await;
    x.set_rule("#rust", Some("r"));
    let asked = "tweet.fields=entities,lang&expansions=author_id,referenced_tweets.id";
    let mut full = open(&x, &format!("{STREAM}?{asked}")).await;
    x.seen.until_streams(1).await;
    x.publish(x::post("ann", "no tag that anybody asked for"));
    let original = x::post("ann", "höher #Rust");
    let mut again = x::retweet("bob", &original);
    again["data"]["new"] = json!(1);
    x.publish(again);
    let post = next_post(&mut full).await;
    assert_eq!(post["data"]["text"], "RT @ann: höher #Rust");
    assert_eq!(post["data"]["lang"], "en");
    assert_eq!(post["data"]["new"], 1, "what nobody knows is sent");
    assert!(post["data"].get("created_at").is_none());
    let tags = json!([{"start": 6, "end": 11, "tag": "Rust"}]);
    let users = post["includes"]["users"].as_array().unwrap();
    assert_eq!((users.len(), &users[0]["username"]), (1, &json!("bob")));
    let included = &post["includes"]["tweets"][0];
    assert_eq!(included["id"], post["data"]["referenced_tweets"][0]["id"]);
    assert_eq!(included["entities"]["hashtags"], tags);
    assert_eq!(post["matching_rules"][0]["tag"], "r");
    drop(full);

    let mut bare = open(&x, SAMPLE).await;
    x.seen
        .until("a second stream", |seen| seen.streams.ever == 2)
        .await;
    let edited = x::edit(&original, "lower");
    let id = x.publish(edited.clone());
    let post = next_post(&mut bare).await;
    let ids = [&original["data"]["id"], &json!(id)];
    assert_eq!(
        post,
        json!({"data": {"id": id, "text": "lower", "edit_history_tweet_ids": ids}})
    );
    let wrong = open(&x, &format!("{STREAM}?tweet.fields=hashtags"))
        .await
        .json()
        .await;
    assert_eq!(
        wrong["errors"][0]["parameters"]["tweet.fields"][0],
        "hashtags"
    );
}

#[tokio::test]
async fn one_stream_is_open_at_a_time() {
    let x = X::start().await;
    let mut without = open(&x, STREAM).await;
    assert_eq!(without.status, 409);
    assert_eq!(
        without.json().await["connection_issue"],
        "RuleConfigurationIssue"
    );
    x.set_rule("anything", None);
    let first = open(&x, STREAM).await;
    let mut second = open(&x, STREAM).await;
    assert_eq!((first.status, second.status), (200, 429));
    assert_eq!(
        second.json().await["connection_issue"],
        "TooManyConnections"
    );
    drop(first);
    let third = open(&x, STREAM).await;
    assert_eq!(third.status, 200, "who has let go may come back at once");
    assert_eq!(x.seen.streams().most, 1);
    drop(third);
    x.seen.until_streams(0).await;
    x.stick(1);
    assert_eq!(open(&x, STREAM).await.status, 429);
    let headers = format!("Authorization: Bearer {TOKEN}\r\n");
    let freed = Http::ask(&x.url(), "DELETE /2/connections/all", &headers, "").await;
    assert_eq!(freed.unwrap().status, 200);
    assert_eq!(open(&x, STREAM).await.status, 200);
}

#[tokio::test]
async fn posts_come_again_to_who_asks_for_a_backfill_and_to_others() {
    let x = X::start().await;
    let ids: Vec<String> = (0..3).map(|_| x.publish(x::post("ann", "x"))).collect();
    x.repeat(1);
    let mut stream = open(&x, SAMPLE).await;
    assert_eq!(next_post(&mut stream).await["data"]["id"], ids[2]);
    drop(stream);
    let mut stream = open(&x, &format!("{SAMPLE}?backfill_minutes=5")).await;
    for id in &ids {
        assert_eq!(next_post(&mut stream).await["data"]["id"], *id);
    }
}

#[tokio::test]
async fn a_stream_breaks_in_every_way() {
    let x = X::start().await;
    let mut stream = open(&x, SAMPLE).await;
    x.wire.beat(Some(Duration::from_millis(10)));
    for _ in 0..3 {
        assert_eq!(stream.chunk_text().await, "\r\n");
    }
    x.wire.beat(None);
    x.wire.chunk(1);
    x.live.text("ö garbage\r\n");
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"garbage\r\n") {
        let piece = stream.chunk().await.unwrap().unwrap();
        assert!(
            piece.len() == 1 || piece == b"\r\n",
            "half a letter at a time"
        );
        bytes.extend(piece);
    }
    x.wire.chunk(usize::MAX);
    x.disconnect();
    let last = next_post(&mut stream).await;
    assert_eq!(last["errors"][0]["title"], "operational-disconnect");
    assert!(stream.chunk().await.unwrap().is_none());

    for (end, kind) in [
        (End::Cut, ErrorKind::UnexpectedEof),
        (End::Reset, ErrorKind::ConnectionReset),
    ] {
        x.seen.until_streams(0).await;
        let mut stream = open(&x, SAMPLE).await;
        x.live.end(end);
        assert_eq!(stream.chunk().await.unwrap_err().kind(), kind);
    }
}

#[tokio::test]
async fn faults_come_before_the_service() {
    let x = X::start().await;
    let ask = async || Http::ask(&x.url(), &format!("GET {RULES}"), "", "").await;
    x.script.answer(RULES, 2, &x::unavailable());
    x.script.next(RULES, Fault::Close);
    x.script.next(RULES, Fault::Reset);
    x.script.next(RULES, Fault::Silence);
    assert_eq!(
        open(&x, "/elsewhere").await.status,
        404,
        "faults are for a path"
    );
    assert_eq!(ask().await.unwrap().status, 503);
    assert_eq!(ask().await.unwrap().status, 503);
    assert_eq!(ask().await.err().unwrap().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(
        ask().await.err().unwrap().kind(),
        ErrorKind::ConnectionReset
    );
    tokio::select! {
        _ = ask() => panic!("it was to say nothing"),
        () = x.seen.until_requests(RULES, 5) => {}
    }
    assert_eq!(x.script.left(), 0);
    x.script.refuse(1);
    assert_eq!(
        ask().await.err().unwrap().kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(ask().await.unwrap().status, 401);
    let sockets = x.seen.sockets().ever;
    let mut one = TcpStream::connect(x.address()).await.unwrap();
    let two_requests = b"GET /one HTTP/1.1\r\n\r\nGET /two HTTP/1.1\r\n\r\n";
    one.write_all(two_requests).await.unwrap();
    x.seen.until_requests("/two", 1).await;
    assert_eq!(x.seen.sockets().ever, sockets + 1);

    let url = x.url();
    drop(x);
    let until_closed = async {
        while Http::ask(&url, "GET /", "", "").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    in_time(until_closed).await;
}
