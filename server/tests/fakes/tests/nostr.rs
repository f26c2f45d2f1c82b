//! The fake of a Nostr relay.

use futures::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{WebSocket, connect, heard, heard_json};
use crate::fakes::{
    End, Relay,
    nostr::{event, note},
};

async fn say(socket: &mut WebSocket, message: Value) {
    let text = message.to_string();
    socket.send(Message::text(text)).await.unwrap();
}

#[tokio::test]
async fn stored_events_come_newest_first_and_live_ones_after_them() {
    let relay = Relay::start().await;
    let notes: Vec<Value> = (0..5).map(|n| note("ann", 100 + n, "#a", &["a"])).collect();
    for note in &notes {
        relay.publish(note);
    }
    relay.publish(&event("ann", 103, 7, json!([]), "+"));
    let mut socket = connect(&relay.url()).await.unwrap();
    let filters = [
        json!({"kinds": [1], "since": 101, "limit": 2}),
        json!({"#t": ["a"], "until": 100}),
    ];
    say(&mut socket, json!(["REQ", "s", filters[0], filters[1]])).await;
    for n in [4, 3, 0] {
        assert_eq!(
            heard_json(&mut socket).await,
            json!(["EVENT", "s", notes[n]])
        );
    }
    assert_eq!(heard_json(&mut socket).await, json!(["EOSE", "s"]));
    relay.repeat(&notes[1]);
    relay.publish(&note(
        "ann",
        99,
        "too old for the first, untagged for the second",
        &[],
    ));
    let live = [
        note("bob", 200, "live", &[]),
        note("bob", 201, "over the limit", &[]),
    ];
    live.iter().for_each(|note| relay.publish(note));
    for note in [&notes[1], &live[0], &live[1]] {
        assert_eq!(heard_json(&mut socket).await, json!(["EVENT", "s", note]));
    }
    say(&mut socket, json!(["CLOSE", "s"])).await;
    relay
        .seen
        .until("a close", |seen| seen.frames.len() == 2)
        .await;
    relay.repeat(&notes[1]);
    relay.most_stored(1);
    say(&mut socket, json!(["REQ", "t", {"authors": [notes[0]["pubkey"]], "ids": [notes[0]["id"], notes[2]["id"]]}])).await;
    assert_eq!(
        heard_json(&mut socket).await,
        json!(["EVENT", "t", notes[2]])
    );
    assert_eq!(heard_json(&mut socket).await, json!(["EOSE", "t"]));
}

#[tokio::test]
async fn a_relay_refuses_and_ends_subscriptions() {
    let relay = Relay::start().await;
    relay.refuse_next("auth-required: who are you?");
    let mut socket = connect(&relay.url()).await.unwrap();
    let request = json!(["REQ", "s", {"kinds": [1]}]);
    say(&mut socket, request.clone()).await;
    assert_eq!(
        heard_json(&mut socket).await,
        json!(["CLOSED", "s", "auth-required: who are you?"])
    );
    say(&mut socket, request).await;
    assert_eq!(heard_json(&mut socket).await, json!(["EOSE", "s"]));
    relay.close_subscriptions("error: idle");
    assert_eq!(
        heard_json(&mut socket).await,
        json!(["CLOSED", "s", "error: idle"])
    );
    relay.publish(&note("ann", 1, "to nobody", &[]));
    relay.notice("slow down");
    relay.live.text("[\"EVENT\",");
    assert_eq!(
        heard_json(&mut socket).await,
        json!(["NOTICE", "slow down"])
    );
    assert_eq!(heard(&mut socket).await, Some(Message::text("[\"EVENT\",")));
    say(&mut socket, json!(["EVENT", note("me", 1, "mine", &[])])).await;
    assert_eq!(heard_json(&mut socket).await[2], false);
    say(&mut socket, json!(["REQ", "s", 1])).await;
    assert_eq!(heard_json(&mut socket).await[0], "CLOSED");
    relay.live.end(End::Reset);
    assert_eq!(heard(&mut socket).await, None);
    relay.seen.until_streams(0).await;
}

#[tokio::test]
async fn relays_share_events_whose_ids_are_their_hashes() {
    let (one, other) = (Relay::start().await, Relay::start().await);
    let shared = note("ann", 1_700_000_000, "\"quoted\"\n#ö", &["ö"]);
    one.publish(&shared);
    other.publish(&shared);
    for relay in [&one, &other] {
        let mut socket = connect(&relay.url()).await.unwrap();
        say(&mut socket, json!(["REQ", "s", {}])).await;
        assert_eq!(heard_json(&mut socket).await[2], shared);
    }
    // Both by another implementation of the hash.
    assert_eq!(
        shared["pubkey"],
        "49915e0d7d4b402e3017d010bc1c0e83cac6c797d6c16e66340fe3268693a6a1"
    );
    assert_eq!(
        shared["id"],
        "8cc6b3308d9a146f065f3f0f7cdf9269f17fc69ac6ac662d5c09ac7f746fb76b"
    );
}
