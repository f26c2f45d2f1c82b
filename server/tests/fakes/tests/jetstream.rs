//! The fake of Jetstream.

use std::time::Duration;

use futures::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Http, WebSocket, connect, heard, heard_json};
use crate::fakes::{
    End, Jetstream,
    jetstream::{self, POST},
};

async fn subscribe(host: &Jetstream, query: &str) -> WebSocket {
    let open = host.seen.streams().ever;
    let socket = connect(&format!("{}/subscribe{query}", host.url()))
        .await
        .unwrap();
    host.seen
        .until("one more", |seen| seen.streams.ever > open)
        .await;
    socket
}

fn post(n: u32) -> Value {
    jetstream::create(
        "did:plc:a",
        POST,
        &format!("r{n}"),
        jetstream::post("#a", &["en"]),
    )
}

async fn rkey(socket: &mut WebSocket) -> String {
    let event = heard_json(socket).await;
    event["commit"]["rkey"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_no_subscription_is_refused_before_the_upgrade() {
    let host = Jetstream::start().await;
    let many: String = (0..101)
        .map(|n| format!("&wantedCollections=a.b.c{n}"))
        .collect();
    let bad = [
        "?cursor=-1",
        "?cursor=now",
        "?wantedCollections=post",
        "?wantedDids=me",
        &many.replacen('&', "?", 1),
    ];
    for (query, status) in bad.map(|query| (query, 400)).into_iter().chain([("", 426)]) {
        let mut answer = Http::get(&host.url(), &format!("/subscribe{query}"), "").await;
        assert_eq!(answer.status, status, "{query}");
        assert!(
            answer
                .header("content-type")
                .unwrap()
                .starts_with("text/plain")
        );
        assert!(answer.text().await.ends_with('\n'));
    }
    assert_eq!(Http::get(&host.url(), "/", "").await.status, 404);
    host.set_ready(false);
    assert_eq!(Http::get(&host.url(), "/subscribe", "").await.status, 503);
    assert_eq!(host.seen.streams().ever, 0);
}

#[tokio::test]
async fn a_cursor_is_where_it_goes_on_on_every_host() {
    let hosts = Jetstream::hosts(&[0, 5_000_000]).await;
    let times: Vec<i64> = (0..4).map(|n| hosts[0].publish(post(n))).collect();
    assert!(times.is_sorted_by(|a, b| a < b));
    let mut inclusive = subscribe(&hosts[0], &format!("?cursor={}", times[2])).await;
    assert_eq!(rkey(&mut inclusive).await, "r2");
    assert_eq!(rkey(&mut inclusive).await, "r3");
    let ahead = times[3] + 5_000_000;
    let mut other = subscribe(&hosts[1], &format!("?cursor={ahead}")).await;
    let event = heard_json(&mut other).await;
    assert_eq!(
        (&event["time_us"], &event["commit"]["rkey"]),
        (&json!(ahead), &json!("r3"))
    );

    hosts[0].forget_all_but(2);
    let mut clamped = subscribe(&hosts[0], &format!("?cursor={}", times[0])).await;
    assert_eq!(rkey(&mut clamped).await, "r2");
    let mut future = subscribe(&hosts[0], &format!("?cursor={}", times[3] + 3_600_000_000)).await;
    let mut live = subscribe(&hosts[0], "").await;
    hosts[1].publish(post(4));
    for socket in [&mut future, &mut live, &mut inclusive, &mut other] {
        assert_eq!(rkey(socket).await, "r4");
    }
    assert_eq!(hosts[0].seen.streams().now, 4);
}

#[tokio::test]
async fn accounts_are_told_to_everybody_and_records_to_who_wants_them() {
    let host = Jetstream::start().await;
    let mut posts = subscribe(
        &host,
        &format!("?wantedCollections={POST}&maxMessageSizeBytes=400"),
    )
    .await;
    let mut wide = subscribe(&host, "?wantedCollections=app.bsky.*&wantedDids=did:plc:a").await;
    host.publish(jetstream::create("did:plc:b", POST, "other", json!({})));
    host.publish(jetstream::create(
        "did:plc:a",
        "app.bsky.feed.like",
        "like",
        json!({}),
    ));
    host.publish(jetstream::create(
        "did:plc:a",
        POST,
        "long",
        json!({"text": "x".repeat(400)}),
    ));
    host.publish(jetstream::account("did:plc:a", Some("takendown")));
    host.publish(jetstream::identity("did:plc:b"));
    host.publish(jetstream::update("did:plc:a", POST, "u", json!({})));
    assert_eq!(rkey(&mut posts).await, "other");
    let account = heard_json(&mut posts).await;
    assert_eq!(
        (&account["account"]["active"], &account["account"]["status"]),
        (&json!(false), &json!("takendown"))
    );
    assert_eq!(heard_json(&mut posts).await["kind"], "identity");
    assert_eq!(
        heard_json(&mut posts).await["commit"]["operation"],
        "update"
    );
    assert_eq!(rkey(&mut wide).await, "like");
    assert_eq!(rkey(&mut wide).await, "long");
    assert_eq!(heard_json(&mut wide).await["kind"], "account");
    assert_eq!(rkey(&mut wide).await, "u");

    let update =
        |list: Value| json!({"type": "options_update", "payload": {"wantedCollections": list}});
    posts
        .send(Message::text(update(json!(["a.b.c"])).to_string()))
        .await
        .unwrap();
    host.seen
        .until("an update", |seen| seen.frames.len() == 1)
        .await;
    host.publish(post(1));
    host.publish(jetstream::delete("did:plc:a", "a.b.c", "d"));
    assert_eq!(rkey(&mut posts).await, "d");
    posts
        .send(Message::text(update(json!(["x"])).to_string()))
        .await
        .unwrap();
    let Some(Message::Close(Some(closed))) = heard(&mut posts).await else {
        panic!()
    };
    assert_eq!(u16::from(closed.code), 1008);
}

#[tokio::test]
async fn frames_are_written_as_the_service_writes_them() {
    let host = Jetstream::start().await;
    let mut socket = subscribe(&host, "").await;
    let real = [
        r#"{"did":"did:plc:3xn","time_us":1779719009153272,"kind":"commit","commit":{"rev":"3mmoojpae7c2e","operation":"delete","collection":"org.a.b","rkey":"3mm"}}"#,
        r#"{"did":"did:plc:mcc","time_us":1779719009153273,"kind":"commit","commit":{"rev":"3mm","operation":"create","collection":"app.bsky.graph.block","rkey":"3mp","record":{"$type":"app.bsky.graph.block","createdAt":"2026-05-25T14:23:27.379Z","subject":"did:plc:pgs"},"cid":"bafyrei"}}"#,
        r#"{"did":"did:plc:g4u","time_us":1779719010272410,"kind":"account","account":{"active":true,"did":"did:plc:g4u","seq":30340180351,"time":"2026-05-25T14:23:29.950Z"}}"#,
    ];
    for line in real {
        let event: Value = serde_json::from_str(line).unwrap();
        host.publish_at(event["time_us"].as_i64().unwrap(), event);
        assert_eq!(heard(&mut socket).await.unwrap().to_text().unwrap(), line);
    }
    let record = jetstream::post("hö #Rust!", &["de"]);
    let index = json!({"byteStart": 4, "byteEnd": 9});
    assert_eq!(record["facets"][0]["index"], index);
    assert_eq!(record["facets"][0]["features"][0]["tag"], "Rust");
}

#[tokio::test]
async fn a_connection_lives_as_long_as_it_answers() {
    let host = Jetstream::start().await;
    host.wire.beat(Some(Duration::from_millis(200)));
    let dead = subscribe(&host, "").await;
    host.seen.until_streams(0).await;
    drop(dead);
    let mut alive = subscribe(&host, "").await;
    tokio::select! {
        () = host.seen.until("pongs", |seen| seen.pongs >= 2) => {}
        message = heard(&mut alive) => panic!("{message:?}"),
    }
    host.wire.beat(None);
    host.wire.patience(Duration::from_millis(50));
    let long = "x".repeat(100_000);
    for n in 0..500 {
        host.publish(jetstream::create(
            "did:plc:a",
            POST,
            &n.to_string(),
            json!({"text": long}),
        ));
    }
    host.seen
        .until("a slow reader's end", |seen| seen.dropped == 1)
        .await;
    host.seen.until_streams(0).await;
}

#[tokio::test]
async fn a_connection_ends_in_every_way() {
    let host = Jetstream::start().await;
    let mut socket = subscribe(&host, "").await;
    host.live.text("{garbage");
    host.live.binary(vec![0xff]);
    assert_eq!(heard(&mut socket).await, Some(Message::text("{garbage")));
    assert_eq!(heard(&mut socket).await, Some(Message::binary(vec![0xff])));
    host.live.close(1001, "server shutting down");
    let Some(Message::Close(Some(closed))) = heard(&mut socket).await else {
        panic!()
    };
    assert_eq!(
        (u16::from(closed.code), closed.reason.as_str()),
        (1001, "server shutting down")
    );
    assert_eq!(heard(&mut socket).await, None);
    host.seen
        .until("its answer", |seen| seen.closes == [Some(1001)])
        .await;

    let mut socket = subscribe(&host, "").await;
    host.live.raw(*b"\x81\x05half");
    host.live.end(End::Cut);
    assert_eq!(heard(&mut socket).await, None, "half a frame is none");
    host.seen.until_streams(0).await;
    assert_eq!(host.seen.streams().most, 1);
}
