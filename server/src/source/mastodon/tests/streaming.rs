//! What comes live.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::*;

#[tokio::test]
async fn posts_edits_and_deletions_come_as_they_happen() {
    let fake = fakes::Mastodon::start().await;
    // Nothing falls on the end of a character or of a line.
    fake.wire.chunk(3);
    let running = Source::at(&fake.url()).start();
    fake.seen.until_streams(1).await;
    let mut post = status("ann", "a long day with 日本 and 🦋,", &["Rust", "日本"]);
    post["language"] = Value::Null;
    let id = fake.publish(post.clone());
    let other = fake.publish(status("bob@other.example", "a word", &["Go"]));
    fake.emit("announcement", "{\"id\":\"1\"}");
    fake.emit("filters_changed", "undefined");
    fake.publish(boost("ann", &post));
    fake.edit(&id, |status| status["tags"] = json!([{"name": "Zig"}]));
    fake.delete(&other);
    let told = until_told(&running.sink, 4).await;
    let (first, second) = (format!("+{id}"), format!("+{other}"));
    let gone = format!("-{other}");
    assert_eq!(told, [first.clone(), second, first, gone]);
    assert_eq!(
        running.sink.tags(),
        [vec!["Rust", "日本"], vec!["Go"], vec!["Zig"]]
    );
    let host = fake.url().replace("http://", "");
    let events = running.sink.events();
    let posts: Vec<_> = events.iter().filter_map(Event::post).collect();
    assert_eq!(posts[0].id, Some(format!("{host}/{id}").into()));
    assert_eq!(posts[0].lang, None);
    assert_eq!(posts[1].lang.as_deref(), Some("en"));
    let authors: Vec<_> = posts
        .iter()
        .map(|post| post.author.clone().unwrap())
        .collect();
    assert!(authors.iter().all(|author| author.contains(['@', '/'])));
    assert_ne!(authors[0], authors[1]);
    assert_eq!(
        running.status.show().detail,
        None,
        "there was nothing to refuse"
    );
    running.stop().await;
}

#[tokio::test]
async fn a_part_of_the_feed_is_asked_for_where_it_is() {
    for (feed, path, is_first) in [
        (",feed=local", "local", true),
        (",feed=remote", "remote", false),
    ] {
        let fake = fakes::Mastodon::start().await;
        let url = fake.url();
        let source = Source {
            feed,
            ..Source::at(&url)
        };
        let running = source.start();
        fake.seen.until_streams(1).await;
        let ids = publish(&fake, 4);
        let mine: Vec<_> = ids
            .into_iter()
            .skip(usize::from(!is_first))
            .step_by(2)
            .collect();
        assert_eq!(until_told(&running.sink, 2).await, added(&mine));
        fake.live.end(How::Cut);
        fake.seen.until_requests(TIMELINE, 2).await;
        let streams = fake.seen.requests_to(&format!("{STREAM}/{path}"));
        assert_eq!(streams.len(), 2);
        for page in fake.seen.requests_to(TIMELINE) {
            assert_eq!(page.parameter(path), Some("true"));
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn thumps_of_either_kind_keep_it_and_silence_ends_it() {
    for thump in [":thump\n", ":thump\n\n"] {
        let fake = fakes::Mastodon::start().await;
        fake.thump_as(thump);
        fake.wire.beat(Some(QUICK / 10));
        let url = fake.url();
        let source = Source {
            silence: QUICK,
            ..Source::at(&url)
        };
        let running = source.start();
        fake.seen.until_streams(1).await;
        tokio::time::sleep(QUICK * 2).await;
        assert_eq!(fake.seen.streams().ever, 1, "it was not silent");
        publish(&fake, 1);
        running.sink.until(1).await;
        fake.wire.beat(None);
        let again = |seen: &fakes::Record| seen.streams.ever >= 2;
        fake.seen.until("a second stream", again).await;
        fake.wire.beat(Some(QUICK / 10));
        assert_eq!(fake.seen.streams().most, 1, "never two at once");
        running.stop().await;
    }
}

#[tokio::test]
async fn however_a_stream_ends_nothing_is_lost_and_nothing_comes_twice() {
    let fake = fakes::Mastodon::start().await;
    let running = Source::at(&fake.url()).start();
    let mut ids = vec![];
    let ends = [How::Clean, How::Cut, How::Reset, How::Clean, How::Reset];
    for (round, how) in ends.into_iter().enumerate() {
        let begun = |seen: &fakes::Record| seen.streams.ever == round + 1;
        fake.seen.until("the next stream", begun).await;
        ids.extend(publish(&fake, 3));
        // At the very first there is no gap to fill with what is lost of a reset.
        // What a reset takes with it would be in a gap that nothing is known of.
        until_told(&running.sink, ids.len()).await;
        fake.script.refuse(2);
        fake.live.end(how);
        ids.extend(publish(&fake, 2));
    }
    assert_eq!(until_told(&running.sink, ids.len()).await, added(&ids));
    fake.seen.until_streams(1).await;
    assert_eq!(fake.seen.streams().most, 1);
    running.stop().await;
}

#[tokio::test]
async fn garbage_is_counted_and_dropped() {
    let fake = fakes::Mastodon::start().await;
    let running = Source::at(&fake.url()).start();
    fake.seen.until_streams(1).await;
    fake.live.text("garbage #rust\n\n");
    fake.live
        .binary(b"event: update\ndata: {\"id\":\"1\",\xFF\xFE\n\n".to_vec());
    fake.live
        .text("event: update\ndata: {\"text\":\"#rust\"}\n\n");
    fake.live.text("event: delete\ndata:\n\n");
    fake.live
        .text(format!("event: update\ndata: {}\n\n", "x".repeat(3 << 20)));
    fake.live.text("data: {\r\rdata\r\n\r\n");
    let ids = publish(&fake, 1);
    assert_eq!(until_told(&running.sink, 1).await, added(&ids));
    let detail = running.status.show().detail;
    assert_eq!(detail.as_deref(), Some("4 lines without a post"));
    // Not even HTTP.
    fake.live.raw("garbage\r\n");
    fake.seen
        .until("a second stream", |seen| seen.streams.ever == 2)
        .await;
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_or_says_nothing_is_asked_again() {
    let fake = fakes::Mastodon::start().await;
    fake.script.refuse(2);
    for path in [INSTANCE, STREAM] {
        fake.script.next(path, Fault::Silence);
        fake.script.next(path, Fault::Close);
        fake.script.next(path, Fault::Reset);
    }
    let url = fake.url();
    let source = Source {
        patience: QUICK,
        ..Source::at(&url)
    };
    let running = source.start();
    fake.seen.until_streams(1).await;
    assert_eq!(fake.script.left(), 0);
    let ids = publish(&fake, 1);
    assert_eq!(until_told(&running.sink, 1).await, added(&ids));
    running.stop().await;
}

/// Answers one request, whatever it is.
async fn answer(server: &TcpListener, answer: &str) -> TcpStream {
    let (mut socket, _) = server.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        assert!(socket.read_buf(&mut request).await.unwrap() > 0);
    }
    socket.write_all(answer.as_bytes()).await.unwrap();
    socket
}

/// A source whose sink has had no room for so long that its server could write nothing more; with how many
/// statuses that server has written.
async fn held_up(sink: &Recording) -> (Running, TcpStream, usize) {
    const NONE: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:)\n";
    sink.set_room(false);
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    let running = Source::at(&url).start_from(sink.clone(), None);
    answer(&server, NONE).await;
    answer(&server, NONE).await;
    let mut socket = answer(&server, STREAM).await;
    let words = status("ann", &"words ".repeat(10_000), &["rust"]);
    let mut written = 0;
    loop {
        let event = update(&written.to_string(), &words);
        if timeout(QUICK, socket.write_all(event.as_bytes()))
            .await
            .is_err()
        {
            return (running, socket, written);
        }
        written += 1;
        let megabytes = written * event.len() / 1_000_000;
        assert!(megabytes < 60, "somebody holds {megabytes} MB");
    }
}

#[tokio::test]
async fn while_the_sink_has_no_room_the_stream_is_not_read() {
    let sink = Recording::new();
    let (running, _socket, written) = held_up(&sink).await;
    assert_eq!(sink.count(), 0);
    assert_eq!(running.status.show().state, SourceState::Live);
    sink.set_room(true);
    assert_eq!(sink.until(written).await.len(), written);
    running.stop().await;
}

#[tokio::test]
async fn it_stops_in_every_state() {
    let stopped = async |fake: &fakes::Mastodon, cursor: Option<Cursor>, what: &str| {
        let running = Source::at(&fake.url()).start_from(Recording::new(), cursor);
        let met = |_: &fakes::Record| fake.script.left() == 0;
        fake.seen.until(what, met).await;
        running.stop().await;
        fake.seen.until_streams(0).await;
    };
    let fake = fakes::Mastodon::start().await;
    for path in [INSTANCE, STREAM] {
        fake.script.next(path, Fault::Silence);
        stopped(&fake, None, "it connects").await;
    }

    let running = Source::at(&fake.url()).start();
    fake.seen.until_streams(1).await;
    publish(&fake, 1);
    running.sink.until(1).await;
    let cursor = running.sink.cursor();
    running.stop().await;

    fake.script.next(TIMELINE, Fault::Silence);
    stopped(&fake, cursor.clone(), "a page is asked for").await;
    let later = error(429, "Too many requests").header("Retry-After", 60);
    fake.script.answer(TIMELINE, 1, &later);
    stopped(&fake, cursor.clone(), "it waits for a page").await;

    let gone = error(503, "Service Unavailable").header("Retry-After", 60);
    fake.script.answer(STREAM, 1, &gone);
    let running = Source::at(&fake.url()).start_from(Recording::new(), cursor);
    says(&running, SourceState::Waiting, "has an error (503").await;
    running.stop().await;

    let (running, _socket, _) = held_up(&Recording::new()).await;
    running.stop().await;
}
