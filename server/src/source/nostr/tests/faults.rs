//! What goes wrong with relays that answer.

use super::*;
use crate::source::fakes::Answer;

#[tokio::test]
async fn however_it_ends_it_comes_back_and_misses_nothing() {
    let fake = Fake::start().await;
    let running = start(&[&fake], None);
    let mut expected = vec![];
    for (round, how) in ["clean", "cut", "reset", "1001", "1012", "error", "frame"]
        .into_iter()
        .enumerate()
    {
        fake.seen
            .until("it is back", |seen| seen.streams.ever == round + 1)
            .await;
        fake.publish(&note("ann", now(), how, &["a"]));
        running.sink.until(2 * round + 1).await;
        match how {
            "clean" => fake.live.end(How::Clean),
            "cut" => fake.live.end(How::Cut),
            "reset" => fake.live.end(How::Reset),
            "error" => fake.close_subscriptions("error: shutting down idle subscription"),
            "frame" => fake.live.raw([0xFF; 64]),
            code => fake.live.close(code.parse().unwrap(), "bye"),
        }
        let away = format!("{how} while away");
        fake.publish(&note("ann", now(), &away, &["a"]));
        running.sink.until(2 * round + 2).await;
        expected.extend([how.to_owned(), away]);
    }
    fake.seen
        .until("it is back", |seen| seen.streams.ever == 8)
        .await;
    is_live(&running).await;
    assert_eq!(fake.seen.streams().most, 1);
    assert_eq!(sorted(running.stop().await.texts()), sorted(expected));
}

#[tokio::test]
async fn why_a_subscription_is_closed_is_told_and_it_is_tried_again() {
    for (reason, told) in [
        (
            "auth-required: only for members",
            "it wants a login, and tagtide has none (auth-required: only for members)",
        ),
        (
            "restricted: not for you",
            "it does not give its posts to everybody (restricted: not for you)",
        ),
        (
            "blocked: banned",
            "it has blocked this client (blocked: banned)",
        ),
        (
            "unsupported: too wide",
            "it does not take what it was asked (unsupported: too wide)",
        ),
        (
            "error: no database",
            "it has met an error (error: no database)",
        ),
        ("", "it has ended the subscription"),
    ] {
        let fake = Fake::start().await;
        for _ in 0..1000 {
            fake.refuse_next(reason);
        }
        let running = start(&[&fake], None);
        says(&running, SourceState::Waiting, told).await;
        fake.seen
            .until("more tries", |seen| seen.frames.len() > 3)
            .await;
        assert_eq!(fake.seen.streams().most, 1);
        running.stop().await;
    }
}

#[tokio::test]
async fn who_is_asked_too_often_is_left_alone_for_long() {
    let fake = Fake::start().await;
    let running = start(&[&fake], None);
    is_live(&running).await;
    fake.close_subscriptions("rate-limited: slow down");
    says(&running, SourceState::Waiting, "it was asked too often").await;
    let next = running.status.show().next_try.unwrap();
    let next: jiff::Timestamp = next.parse().unwrap();
    let pause = next.duration_since(jiff::Timestamp::now());
    assert!(pause.as_secs() > 3000, "{pause}");
    running.stop().await;
    assert_eq!(fake.seen.streams().ever, 1);
    let fake = Fake::start().await;
    fake.script
        .answer("/", 1, &Answer::text(429, "slow down\n"));
    let running = start(&[&fake], None);
    says(&running, SourceState::Waiting, "it refuses: 429: slow down").await;
    running.stop().await;
    assert_eq!(fake.seen.sockets().ever, 1);
}

#[tokio::test]
async fn a_refusal_is_told_in_the_words_of_the_relay() {
    for (answer, told) in [
        (
            Answer::text(403, "members only\n"),
            "it refuses: 403: members only",
        ),
        (
            Answer::text(200, "a page"),
            "what answers there is no relay",
        ),
    ] {
        let fake = Fake::start().await;
        fake.script.answer("/", 3, &answer);
        let running = start(&[&fake], None);
        says(&running, SourceState::Waiting, told).await;
        is_live(&running).await;
        running.stop().await;
    }
}

#[tokio::test]
async fn what_a_relay_says_to_people_is_shown() {
    let fake = Fake::start().await;
    let mut patient = ready(&fake.url());
    patient.pauses.refused = Backoff::doubling(HOUR, HOUR);
    let running = run(patient, Recording::new(), None);
    is_live(&running).await;
    fake.live
        .text(r#"["AUTH","a challenge, which is nothing where posts come"]"#);
    fake.notice(&format!("slow\u{7}\n{}", "down ".repeat(100_000)));
    says(&running, SourceState::Live, "it says: slow  down").await;
    let shown = running.status.show().detail.unwrap();
    assert!(
        shown.len() < 300 && !shown.contains(char::is_control),
        "{shown}"
    );
    fake.notice("you are too slow");
    fake.live.close(1008, "bye");
    let why = "it refuses this client by its rules (1008: bye), and had said: you are too slow";
    says(&running, SourceState::Waiting, why).await;
    fake.seen
        .until("an answer to the close", |seen| seen.closes == [Some(1008)])
        .await;
    running.stop().await;
}

#[tokio::test]
async fn garbage_is_dropped_and_counted() {
    let fake = Fake::start().await;
    let running = start(&[&fake], None);
    is_live(&running).await;
    let mut made_up = note("ann", now(), "made up", &["a"]);
    made_up["id"] = json!("0f".repeat(32));
    let good = note("ann", now(), "of another subscription", &["a"]);
    for garbage in [
        "".to_owned(),
        "#rust is no post".to_owned(),
        "{}".to_owned(),
        "[[[[".to_owned(),
        json!(["EVENT", "live", {}]).to_string(),
        json!(["EVENT", "live", made_up]).to_string(),
        json!(["EVENT", "other", good]).to_string(),
        json!(["NOTICE", "x".repeat(2 << 20)]).to_string(),
    ] {
        fake.live.text(garbage);
    }
    for nothing in [
        json!(["EOSE", "other"]),
        json!(["EOSE", "past"]),
        json!(["EOSE", "live"]),
        json!(["CLOSED", "past", "error: not now"]),
        json!(["OK", "x", true, ""]),
        json!(["COUNT", "live", {"count": 7}]),
    ] {
        fake.live.text(nothing.to_string());
    }
    fake.live.binary(vec![0xFF; 99]);
    fake.publish(&note("ann", now(), "1", &["a"]));
    assert_eq!(running.sink.until(1).await, ["1"]);
    says(&running, SourceState::Live, "8 lines without a post").await;
    assert_eq!(fake.seen.streams().ever, 1);
    // A message beyond all measure ends the connection, and nothing else.
    fake.live.text("x".repeat(5 << 20));
    fake.publish(&note("ann", now(), "2", &["a"]));
    assert_eq!(running.sink.until(2).await, ["1", "2"]);
    running.stop().await;
}

#[tokio::test]
async fn what_has_a_wrong_date_is_refused_and_moves_nothing() {
    let fake = Fake::start().await;
    let future = note("ann", now() + 1_000_000_000, "future", &["a"]);
    fake.publish(&future);
    let running = start(&[&fake], None);
    says(&running, SourceState::Live, "1 line without a post").await;
    for at in [0, 1, now() - 1000, now() + 1000, 253_402_300_799] {
        let note = note("ann", at, "wrong", &["a"]);
        fake.live.text(json!(["EVENT", "live", note]).to_string());
    }
    says(&running, SourceState::Live, "6 lines without a post").await;
    fake.publish(&note("ann", now() + 600, "somewhat fast", &[]));
    assert_eq!(running.sink.until(1).await, ["somewhat fast"]);
    let cursor = running.stop().await.cursor().unwrap();
    let (at, _) = cursor.0[2..].split_once('@').unwrap();
    assert!(at.parse::<i64>().unwrap() <= now() - 120, "{cursor:?}");
    let running = start(&[&fake], Some(cursor));
    says(&running, SourceState::Live, "1 line without a post").await;
    fake.publish(&note("ann", now(), "right", &[]));
    assert_eq!(running.sink.until(1).await, ["right"]);
    running.stop().await;
}

#[tokio::test]
async fn a_full_sink_is_felt_by_every_relay() {
    let relays = [Fake::start().await, Fake::start().await];
    let sink = Recording::new();
    let running = run(ready(&urls(&[&relays[0], &relays[1]])), sink.clone(), None);
    is_live(&running).await;
    sink.set_room(false);
    let text = "x".repeat(50_000);
    let mut expected = 0;
    for (n, relay) in relays.iter().enumerate() {
        relay.wire.patience(Duration::from_millis(300));
        for m in 0..400 {
            relay.publish(&note("ann", now(), &format!("{n} {m} {text}"), &[]));
            expected += 1;
        }
    }
    for relay in &relays {
        relay
            .seen
            .until("it was given up on", |seen| seen.dropped == 1)
            .await;
        relay.wire.patience(Duration::from_secs(30));
    }
    assert_eq!(sink.count(), 0);
    sink.set_room(true);
    let texts: BTreeSet<_> = sink.until(expected).await.into_iter().collect();
    assert_eq!(texts.len(), expected);
    is_live(&running).await;
    assert_eq!(running.stop().await.count(), expected);
    assert!(relays.iter().all(|relay| relay.seen.streams().most == 1));
}

#[tokio::test]
async fn a_flood_of_one_relay_costs_the_others_nothing() {
    let (calm, flood) = (Fake::start().await, Fake::start().await);
    let running = start(&[&calm, &flood], None);
    is_live(&running).await;
    for n in 0..5_000 {
        flood.publish(&note("bob", now(), &n.to_string(), &["spam"]));
        flood.live.text("[]");
        if n % 500 == 0 {
            calm.publish(&note("ann", now(), &format!("calm {n}"), &[]));
        }
    }
    let texts = running.sink.until(5_010).await;
    assert_eq!(
        texts.iter().filter(|text| text.starts_with("calm")).count(),
        10
    );
    says(&running, SourceState::Live, "5000 lines without a post").await;
    assert_eq!(running.stop().await.count(), 5_010);
}

#[tokio::test]
async fn it_stops_whatever_it_waits_for() {
    let relays = [Fake::start().await, Fake::start().await];
    let both = [&relays[0], &relays[1]];
    // For the upgrade.
    relays[0].script.next("/", Fault::Silence);
    let running = start(&both, None);
    relays[0].seen.until_requests("/", 1).await;
    relays[1].seen.until_streams(1).await;
    running.stop().await;
    // For the next try.
    relays[0].script.refuse(1);
    let mut patient = ready(&relays[0].url());
    patient.pauses.network = Backoff::doubling(HOUR, HOUR);
    let running = run(patient, Recording::new(), None);
    says(&running, SourceState::Waiting, "onnection").await;
    running.stop().await;
    // For posts.
    let running = start(&both, None);
    is_live(&running).await;
    running.stop().await;
    // For room, and for the turn of the other.
    let sink = Recording::new();
    sink.set_room(false);
    let running = run(ready(&urls(&both)), sink.clone(), None);
    for relay in both {
        relay.publish(&note("ann", now(), &relay.url(), &[]));
        relay.seen.until_streams(1).await;
    }
    running.stop().await;
    assert_eq!(sink.count(), 0);
    for relay in both {
        relay.seen.until_streams(0).await;
        assert_eq!(relay.seen.streams().most, 1);
    }
}

/// A relay that waits for its turn while the one before is stopped in the middle of its own.
#[tokio::test]
async fn no_cursor_is_ahead_of_what_was_given_before_a_stop() {
    let sink = Recording::new();
    let names = ["a", "b"].map(str::to_owned);
    let shown = Shown::new(
        crate::source::Registry::default().add("test"),
        names.into_iter(),
    );
    let place = Place::of(["a", "b"].into_iter(), 5, None);
    let mut shares = Share::all(sink.clone(), place, &shown.statuses());
    let post = |text: &str| {
        let id = format!("{}/{:064x}", "0".repeat(64), text.len());
        let post = crate::source::Post {
            id: Some(id.into()),
            at: Some(7000),
            ..crate::source::Post::of_text(text.to_owned().into())
        };
        [Event::Post(post)]
    };
    let at = |seconds: u64| Some(Cursor(seconds.to_string()));
    shares[0].accept(&post("1"), at(6)).await.unwrap();
    sink.set_room(false);
    let (one, other) = (post("22"), post("333"));
    let [first, second] = &mut shares[..] else {
        panic!("two");
    };
    let turn = first.accept(&one, at(8));
    assert!(
        tokio::time::timeout(Duration::from_millis(1), turn)
            .await
            .is_err()
    );
    sink.set_room(true);
    assert_eq!(
        second.accept(&other, at(9)).await,
        Err(crate::source::Closed)
    );
    assert_eq!(sink.texts(), ["1"]);
    let cursor = sink.cursor().unwrap().0;
    assert!(cursor.starts_with("1 6@a,5@b 7="), "{cursor}");
}
