//! What a server says instead of its stream.

use super::*;

async fn failed(fake: &fakes::Mastodon, token: Option<&str>) -> String {
    let url = fake.url();
    let source = Source {
        token,
        ..Source::at(&url)
    };
    let (_, status) = source.start().ends().await;
    let shown = status.show();
    assert_eq!(shown.state, SourceState::Failed);
    shown.detail.unwrap()
}

#[tokio::test]
async fn without_the_right_token_it_is_said_what_to_do_and_not_asked_again() {
    let fake = fakes::Mastodon::start().await;
    let why = failed(&fake, None).await;
    assert!(why.contains("TAGTIDE_MASTODON_TOKEN"), "{why}");
    assert!(why.contains("401: Missing access token"), "{why}");
    let why = failed(&fake, Some("SECRETSECRET")).await;
    assert!(why.contains("token of TAGTIDE_MASTODON_TOKEN"), "{why}");
    assert!(why.contains("401: Invalid access token"), "{why}");
    assert!(!why.contains("SECRET"), "{why}");
    assert_eq!(fake.seen.requests_to(STREAM).len(), 2);
}

#[tokio::test]
async fn what_is_no_stream_is_said_in_words() {
    for (answer, words) in [
        (
            error(400, "Unknown channel requested"),
            "no such stream (400: Unknown channel requested)",
        ),
        (
            error(403, "Forbidden"),
            "does not let this program in (403: Forbidden)",
        ),
        (
            error(404, "Not Found"),
            "it is no Mastodon server, or does not stream",
        ),
        (
            error(422, "This method requires an authenticated user"),
            "TAGTIDE_MASTODON_TOKEN",
        ),
        (
            Answer::text(200, "<!doctype html>"),
            "it sent something else than a stream",
        ),
    ] {
        let fake = fakes::Mastodon::start().await;
        fake.script.answer(STREAM, 1, &answer);
        let why = failed(&fake, Some(TOKEN)).await;
        assert!(why.contains(words), "{why}");
        assert_eq!(fake.seen.requests_to(STREAM).len(), 1);
    }
}

#[tokio::test]
async fn what_was_a_stream_before_is_asked_again() {
    let fake = fakes::Mastodon::start().await;
    let running = Source::at(&fake.url()).start();
    fake.seen.until_streams(1).await;
    publish(&fake, 1);
    running.sink.until(1).await;
    let sink = running.sink.clone();
    fake.script.answer(STREAM, 3, &error(404, "Not Found"));
    fake.live.end(How::Clean);
    says(&running, SourceState::Waiting, "does not stream").await;
    fake.seen.until_streams(1).await;
    running.stop().await;
    // It was so also in another run.
    fake.seen.until_streams(0).await;
    fake.script.answer(STREAM, 3, &error(403, "Forbidden"));
    let running = Source::at(&fake.url()).start_from(Recording::new(), sink.cursor());
    says(
        &running,
        SourceState::Waiting,
        "does not let this program in",
    )
    .await;
    fake.seen.until_streams(1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_server_with_an_error_and_one_that_was_asked_too_often_are_waited_for() {
    let later = error(429, "Too many requests").header("X-RateLimit-Reset", later());
    for (path, answer, words) in [
        (
            STREAM,
            error(503, "Service Unavailable"),
            "has an error (503: Service Unavailable)",
        ),
        (INSTANCE, error(500, "Oh"), "has an error (500: Oh)"),
        (
            STREAM,
            later.clone(),
            "was asked too often (429: Too many requests)",
        ),
        (
            INSTANCE,
            later,
            "was asked too often (429: Too many requests)",
        ),
    ] {
        let fake = fakes::Mastodon::start().await;
        fake.script.answer(path, 1000, &answer);
        let running = Source::at(&fake.url()).start();
        says(&running, SourceState::Waiting, words).await;
        running.stop().await;
    }
}

/// As the server writes it.
fn later() -> String {
    let later = Timestamp::now() + jiff::SignedDuration::from_secs(60);
    format!("{later:.6}")
}

#[tokio::test]
async fn after_too_many_requests_it_comes_back_when_the_server_says() {
    let fake = fakes::Mastodon::start().await;
    let limited = error(429, "Too many requests").header("Retry-After", 1);
    fake.script.answer(STREAM, 1, &limited);
    let begun = std::time::Instant::now();
    let running = Source::at(&fake.url()).start();
    fake.seen.until_streams(1).await;
    assert!(begun.elapsed() >= Duration::from_secs(1), "not before");
    running.stop().await;
}

#[tokio::test]
async fn a_feed_that_nobody_sees_is_said_before_nothing_comes() {
    let fake = fakes::Mastodon::start().await;
    fake.access(Access::Disabled, Access::Disabled);
    publish(&fake, 1);
    for token in [None, Some(TOKEN)] {
        let why = failed(&fake, token).await;
        assert!(why.contains("to its moderators only"), "{why}");
    }
    assert_eq!(fake.seen.requests_to(STREAM).len(), 0);
}

#[tokio::test]
async fn whoever_may_see_a_closed_feed_reads_it() {
    let fake = fakes::Mastodon::start().await;
    let closed = json!({"live_feeds": {"local": "disabled", "remote": "disabled"}});
    fake.describe(|instance| instance["configuration"]["timelines_access"] = closed);
    let before = publish(&fake, 2);
    let running = Source::at(&fake.url()).start();
    fake.seen.until_streams(1).await;
    let ids = publish(&fake, 1);
    assert_eq!(until_told(&running.sink, 1).await, added(&ids));
    assert_eq!(running.status.show().detail, None);
    assert_eq!(before.len(), 2);
    running.stop().await;
}

#[tokio::test]
async fn of_a_feed_that_is_closed_in_part_the_rest_is_read() {
    let fake = fakes::Mastodon::start().await;
    fake.access(Access::Public, Access::Disabled);
    let url = fake.url();
    let running = Source::at(&url).start();
    fake.seen.until_streams(1).await;
    let ids = publish(&fake, 3);
    let local = [ids[0].clone(), ids[2].clone()];
    assert_eq!(until_told(&running.sink, 2).await, added(&local));
    says(
        &running,
        SourceState::Live,
        "shows no posts of other servers",
    )
    .await;
    running.stop().await;
    // Whoever asks for the other part only gets nothing.
    let source = Source {
        feed: ",feed=remote",
        ..Source::at(&url)
    };
    let (_, status) = source.start().ends().await;
    assert_eq!(status.show().state, SourceState::Failed);
}
