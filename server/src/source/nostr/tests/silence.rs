//! Relays that say nothing, by a server that does only what a test makes it do.

use futures::{SinkExt, StreamExt};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};

use super::*;
use crate::source::recording::LIMIT;

/// So long a relay may be silent here.
const QUICK: Duration = Duration::from_millis(200);

async fn relay() -> (TcpListener, Ready) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ready = Ready {
        silence: QUICK,
        ..ready(&format!("ws://{address}"))
    };
    (listener, ready)
}

async fn accept(listener: &TcpListener) -> WebSocketStream<TcpStream> {
    let accepted = timeout(LIMIT, listener.accept()).await;
    let (stream, _) = accepted.expect("it comes back").unwrap();
    accept_async(stream).await.unwrap()
}

async fn next(socket: &mut WebSocketStream<TcpStream>) -> Option<Message> {
    timeout(LIMIT, socket.next()).await.unwrap()?.ok()
}

async fn say(socket: &mut WebSocketStream<TcpStream>, text: &str) {
    socket.send(Message::text(text)).await.unwrap();
}

#[tokio::test]
async fn a_silent_relay_that_answers_pings_is_kept() {
    let (listener, ready) = relay().await;
    let running = run(ready, Recording::new(), None);
    let mut socket = accept(&listener).await;
    assert!(next(&mut socket).await.unwrap().is_text(), "the request");
    say(&mut socket, r#"["EOSE","live"]"#).await;
    for _ in 0..8 {
        // Reading answers it.
        assert!(next(&mut socket).await.unwrap().is_ping());
    }
    let note = note("ann", now(), "after a long silence", &[]);
    say(&mut socket, &json!(["EVENT", "live", note]).to_string()).await;
    running.sink.until(1).await;
    is_live(&running).await;
    running.stop().await;
}

#[tokio::test]
async fn one_that_answers_nothing_is_left_before_it_is_tried_again() {
    let (listener, ready) = relay().await;
    let running = run(ready, Recording::new(), None);
    for _ in 0..3 {
        let mut socket = accept(&listener).await;
        say(&mut socket, r#"["EOSE","live"]"#).await;
        is_live(&running).await;
        says(&running, SourceState::Waiting, "nothing came for 0 s").await;
        // The request, perhaps some pings, and the end.
        while next(&mut socket).await.is_some() {}
    }
    running.stop().await;
}

#[tokio::test]
async fn one_that_does_not_answer_what_it_was_asked_is_not_live() {
    for (said, told) in [
        ("[]", "it does not answer what it was asked"),
        (
            r#"["EOSE","other"]"#,
            "it does not answer what it was asked",
        ),
        (
            r#"["NOTICE","closed on Sundays"]"#,
            "it does not answer what it was asked, and had said: closed on Sundays",
        ),
        (
            r#"["AUTH","challenge"]"#,
            "it wants a login, and tagtide has none (it does not answer what it was asked)",
        ),
    ] {
        let (listener, mut ready) = relay().await;
        ready.answer = QUICK;
        let running = run(ready, Recording::new(), None);
        for _ in 0..2 {
            let mut socket = accept(&listener).await;
            while let Some(message) = next(&mut socket).await {
                if message.is_text() {
                    // It may have waited for too long already.
                    let _ = socket.send(Message::text(said)).await;
                }
            }
        }
        says(&running, SourceState::Waiting, told).await;
        running.stop().await;
    }
}

#[tokio::test]
async fn one_that_wants_a_login_and_goes_away_says_so() {
    let (listener, ready) = relay().await;
    let running = run(ready, Recording::new(), None);
    let mut socket = accept(&listener).await;
    say(&mut socket, r#"["AUTH","challenge"]"#).await;
    drop(socket);
    says(
        &running,
        SourceState::Waiting,
        "it wants a login, and tagtide has none (",
    )
    .await;
    running.stop().await;
}
