//! Where a server streams, and who gets the token.

use super::*;

#[tokio::test]
async fn a_server_may_stream_at_a_host_of_its_own_which_gets_the_token_too() {
    let fake = fakes::Mastodon::start_apart().await;
    let running = Source::at(&fake.url()).start();
    fake.seen.until_streams(1).await;
    let ids = publish(&fake, 1);
    assert_eq!(until_told(&running.sink, 1).await, added(&ids));
    let asked = fake.seen.requests_to(STREAM).remove(0);
    assert_eq!(asked.bearer(), Some(TOKEN));
    let host = fake.url().replace("http://", "");
    assert_ne!(asked.header("host"), Some(&*host));
    running.stop().await;
}

#[tokio::test]
async fn an_older_server_says_it_elsewhere() {
    let fake = fakes::Mastodon::start().await;
    let apart = fakes::Mastodon::start().await;
    let streaming = apart.url().replace("http", "ws");
    let said = json!({"uri": "old.example", "urls": {"streaming_api": streaming}});
    fake.script.answer(INSTANCE, 1, &error(404, "Not Found"));
    fake.script
        .answer("/api/v1/instance", 1, &Answer::json(200, &said));
    let running = Source::at(&fake.url()).start();
    apart.seen.until_streams(1).await;
    let mut post = status("ann", "", &["rust"]);
    post["account"]["url"] = Value::Null;
    apart.publish(post);
    running.sink.until(1).await;
    let events = running.sink.events();
    let author = events[0].post().unwrap().author.clone();
    assert_eq!(author.as_deref(), Some("ann@old.example"));
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_describes_itself_in_no_way_is_asked_where_it_was_found() {
    let page = Answer::text(200, "<!doctype html>");
    for answer in [page, error(404, "Not Found"), error(401, "No")] {
        let fake = fakes::Mastodon::start().await;
        fake.script.answer(INSTANCE, 1, &answer);
        let running = Source::at(&fake.url()).start();
        fake.seen.until_streams(1).await;
        running.stop().await;
    }
}

#[tokio::test]
async fn it_is_asked_again_only_once_it_has_led_to_no_stream() {
    let fake = fakes::Mastodon::start().await;
    let running = Source::at(&fake.url()).start();
    fake.seen.until_streams(1).await;
    fake.live.end(How::Clean);
    fake.seen.until_requests(STREAM, 2).await;
    assert_eq!(fake.seen.requests_to(INSTANCE).len(), 1);
    fake.script.answer(STREAM, 1, &error(404, "Not Found"));
    fake.seen.until_streams(1).await;
    fake.live.end(How::Clean);
    fake.seen.until_requests(STREAM, 4).await;
    assert_eq!(fake.seen.requests_to(INSTANCE).len(), 2);
    running.stop().await;
}

#[tokio::test]
async fn a_redirection_to_another_host_takes_no_token_along() {
    let fake = fakes::Mastodon::start().await;
    let other = fakes::Mastodon::start().await;
    for path in [INSTANCE, STREAM] {
        let there = format!("{}{path}", other.url());
        let moved = error(302, "").header("Location", there);
        fake.script.answer(path, 1, &moved);
    }
    let running = Source::at(&fake.url()).start();
    // There it says that it streams.
    other.seen.until_requests(STREAM, 1).await;
    let asked = other.seen.requests_to(INSTANCE).remove(0);
    assert_eq!(asked.bearer(), None);
    running.stop().await;

    fake.script.answer(INSTANCE, 1, &error(404, "Not Found"));
    let running = Source::at(&fake.url()).start();
    other.seen.until_requests(STREAM, 2).await;
    assert_eq!(other.seen.requests_to(STREAM)[1].bearer(), None);
    assert_eq!(fake.script.left(), 0);
    running.stop().await;
}

#[tokio::test]
async fn without_a_token_none_is_sent() {
    let fake = fakes::Mastodon::start().await;
    let url = fake.url();
    let source = Source {
        token: None,
        ..Source::at(&url)
    };
    source.start().ends().await;
    assert!(fake.seen.requests().len() > 1);
    for asked in fake.seen.requests() {
        assert_eq!(asked.header("authorization"), None);
    }
}
