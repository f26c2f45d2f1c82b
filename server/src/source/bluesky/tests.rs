use std::borrow::Cow;

use model::SourceState;
use serde_json::Value;

use super::*;
use crate::retry::Backoff;
use crate::source::{
    Post,
    fakes::{
        End as How, Fault, Jetstream,
        jetstream::{self, POST, SUBSCRIBE, account, create, delete, identity, update},
    },
    recording::{Recording, Running},
};

/// So long the service may be silent in these tests.
const QUICK: Duration = Duration::from_millis(400);

const ANN: &str = "did:plc:ann";

fn ready(hosts: &[&Jetstream], silence: Duration) -> Ready {
    let urls = hosts.iter().map(|host| host.url()).collect::<Vec<_>>();
    let Bluesky(hosts) = Bluesky::parse(Some(&urls.join(","))).unwrap();
    let short = Backoff::doubling(Duration::from_millis(20), Duration::from_millis(100));
    Ready {
        hosts,
        client: http::client().unwrap(),
        silence,
        pauses: Pauses {
            network: short,
            refused: short,
            limited: short,
        },
    }
}

fn start(hosts: &[&Jetstream], cursor: Option<Cursor>) -> Running {
    let ready = ready(hosts, SILENCE);
    Running::spawn(Recording::new(), cursor, |context| {
        Bluesky::run(ready, context)
    })
}

fn tagged(key: &str, tag: &str) -> Value {
    create(
        ANN,
        POST,
        key,
        jetstream::post(&format!("a #{tag}"), &["en"]),
    )
}

async fn says(running: &Running, words: &str) {
    running
        .shows(|source| {
            source
                .detail
                .as_deref()
                .is_some_and(|why| why.contains(words))
        })
        .await;
}

fn keys(running: &Running) -> Vec<String> {
    let events = running.sink.events();
    let ids = events.iter().map(|event| match event {
        Event::Post(Post { id: Some(id), .. }) | Event::Delete { id } => id.to_string(),
        other => panic!("{other:?}"),
    });
    ids.map(|id| id.rsplit('/').next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_public_hosts_are_addresses() {
    for host in HOSTS {
        let given = address::url::<Bluesky>(host, &["wss"]).unwrap();
        assert_eq!(given.path(), "/subscribe");
    }
    let of = |given: &str| Bluesky::parse(Some(given)).unwrap().0;
    assert_eq!(of("a.example")[0].as_str(), "wss://a.example/subscribe");
    let own = of("ws://127.0.0.1:6008/x,wss://b.example/subscribe");
    assert_eq!(own[0].as_str(), "ws://127.0.0.1:6008/x");
    assert_eq!(own.len(), 2);
    assert_eq!(name(&own[0]), "127.0.0.1:6008");
}

#[tokio::test]
async fn posts_updates_deletions_and_accounts_come_as_they_happen() {
    let fake = Jetstream::start().await;
    let running = start(&[&fake], None);
    fake.seen.until_streams(1).await;
    fake.publish(tagged("1", "Rust"));
    fake.publish(update(
        ANN,
        POST,
        "1",
        jetstream::post("#日本 #Go", &["ja", "en"]),
    ));
    fake.publish(create(ANN, "app.bsky.feed.like", "2", Value::Null));
    fake.publish(identity(ANN));
    fake.publish(account(ANN, Some("deactivated")));
    fake.publish(delete(ANN, POST, "1"));
    fake.publish(account(ANN, Some("takendown")));
    fake.publish(tagged("3", "last"));
    running.sink.until(3).await;
    let id = |key: &str| Cow::<str>::Owned(format!("{ANN}/{key}"));
    let events = running.sink.events();
    assert_eq!(events.len(), 5, "{events:?}");
    let first = events[0].post().unwrap();
    assert_eq!(
        (first.id.clone(), first.author.as_deref()),
        (Some(id("1")), Some(ANN))
    );
    assert_eq!(
        first.link.as_deref(),
        Some("https://bsky.app/profile/did:plc:ann/post/1")
    );
    let second = events[1].post().unwrap();
    assert_eq!(
        (second.id.clone(), second.lang.as_deref()),
        (Some(id("1")), Some("ja"))
    );
    assert_eq!(events[2], Event::Delete { id: id("1") });
    assert_eq!(events[3], Event::TakeDown { author: ANN.into() });
    assert_eq!(
        running.sink.tags(),
        [vec!["Rust"], vec!["日本", "Go"], vec!["last"]]
    );
    let asked = fake.seen.requests_to(SUBSCRIBE).remove(0);
    assert_eq!(asked.parameter("wantedCollections"), Some(POST));
    assert_eq!(
        asked.parameter("cursor"),
        None,
        "the first start begins now"
    );
    running.stop().await;
}

#[tokio::test]
async fn a_restart_goes_on_behind_the_last_event_and_counts_none_twice() {
    let fake = Jetstream::start().await;
    let mut cursor = None;
    let mut given = vec![];
    for round in 0..5 {
        let running = start(&[&fake], cursor);
        fake.seen.until_streams(1).await;
        for n in 0..10 {
            fake.publish(tagged(&format!("{round}-{n}"), "a"));
        }
        // What has come while nobody was there is read first.
        running.sink.until(if round == 0 { 10 } else { 13 }).await;
        given.extend(keys(&running));
        cursor = running.stop().await.cursor();
        fake.seen.until_streams(0).await;
        for n in 10..13 {
            fake.publish(tagged(&format!("{round}-{n}"), "a"));
        }
    }
    let expected = (0..5).flat_map(|round| (0..13).map(move |n| format!("{round}-{n}")));
    let expected: Vec<_> = expected.take(5 * 13 - 3).collect();
    assert_eq!(given, expected);
}

#[tokio::test]
async fn however_it_ends_it_comes_back_and_misses_nothing() {
    let fake = Jetstream::start().await;
    let running = start(&[&fake], None);
    let mut expected = vec![];
    for (round, how) in [How::Clean, How::Cut, How::Reset, How::Clean]
        .into_iter()
        .enumerate()
    {
        fake.seen
            .until("it is back", |seen| seen.streams.ever == round + 1)
            .await;
        fake.publish(tagged(&format!("{round}"), "a"));
        running.sink.until(2 * round + 1).await;
        match round {
            3 => fake.live.close(1001, "going away"),
            _ => fake.live.end(how),
        }
        fake.publish(tagged(&format!("{round} while away"), "a"));
        running.sink.until(2 * round + 2).await;
        expected.extend([format!("{round}"), format!("{round} while away")]);
    }
    fake.seen
        .until("it is back", |seen| seen.streams.ever == 5)
        .await;
    assert_eq!(keys(&running), expected);
    assert_eq!(fake.seen.streams().most, 1);
    running.stop().await;
}

#[tokio::test]
async fn where_one_host_fails_the_next_brings_the_rest() {
    // Their clocks are seconds apart.
    let hosts = Jetstream::hosts(&[0, 3_000_000, -3_000_000]).await;
    let running = start(&[&hosts[0], &hosts[1], &hosts[2]], None);
    hosts[0].seen.until_streams(1).await;
    for n in 0..20 {
        hosts[0].publish(tagged(&format!("{n}"), "a"));
    }
    running.sink.until(20).await;
    hosts[0].set_ready(false);
    hosts[0].live.end(How::Cut);
    hosts[0].publish(tagged("20", "a"));
    hosts[1].seen.until_streams(1).await;
    running.sink.until(21).await;
    hosts[1].set_ready(false);
    hosts[1].live.end(How::Cut);
    hosts[0].publish(tagged("21", "a"));
    hosts[2].seen.until_streams(1).await;
    running.sink.until(22).await;
    let expected: Vec<_> = (0..22).map(|n| n.to_string()).collect();
    assert_eq!(keys(&running), expected);
    // A restart asks the host again whose clock the place is told by.
    let cursor = running.stop().await.cursor();
    let running = start(&[&hosts[0], &hosts[1], &hosts[2]], cursor);
    hosts[2].publish(tagged("22", "a"));
    running.sink.until(1).await;
    assert_eq!(keys(&running), ["22"]);
    running.stop().await;
}

#[tokio::test]
async fn a_refusal_is_told_in_the_words_of_the_host() {
    let fake = Jetstream::start().await;
    fake.script.answer(
        SUBSCRIBE,
        1000,
        &crate::source::fakes::Answer::text(400, "too many wanted collections\n"),
    );
    let running = start(&[&fake], None);
    says(&running, "it refuses: 400: too many wanted collections").await;
    running.stop().await;
    let fake = Jetstream::start().await;
    fake.set_ready(false);
    let running = start(&[&fake], None);
    says(&running, "503").await;
    fake.set_ready(true);
    running
        .shows(|source| source.state == SourceState::Live)
        .await;
    running.stop().await;
}

#[tokio::test]
async fn what_closes_it_is_told() {
    let fake = Jetstream::start().await;
    let running = start(&[&fake], None);
    fake.seen.until_streams(1).await;
    fake.set_ready(false);
    fake.live.close(1008, "consumer too slow");
    running
        .shows(|source| source.state == SourceState::Waiting)
        .await;
    running.stop().await;
}

#[tokio::test]
async fn what_no_host_has_any_more_is_told() {
    let fake = Jetstream::start().await;
    let now = i64::try_from(http::unix_seconds()).unwrap() * 1_000_000;
    let hour = 3_600_000_000;
    fake.publish_at(now - 50 * hour, tagged("old", "a"));
    let running = start(&[&fake], None);
    fake.seen.until_streams(1).await;
    fake.publish_at(now - 49 * hour, tagged("1", "a"));
    running.sink.until(1).await;
    let cursor = running.stop().await.cursor();
    fake.publish_at(now - 30 * hour, tagged("lost", "a"));
    fake.publish_at(now - hour, tagged("2", "a"));
    fake.forget_all_but(1);
    let running = start(&[&fake], cursor);
    running.sink.until(1).await;
    assert_eq!(keys(&running), ["2"]);
    says(&running, "is lost: no Jetstream has it any more").await;
    running.stop().await;
}

#[tokio::test]
async fn garbage_is_dropped_and_counted() {
    let fake = Jetstream::start().await;
    let running = start(&[&fake], None);
    fake.seen.until_streams(1).await;
    for garbage in [
        "",
        "#rust is no post",
        "{\"did\":",
        "{\"did\":\"did:plc:x\",\"kind\":\"commit\"}",
        "{\"text\":\"#rust\"}",
        "[[[[",
    ] {
        fake.live.text(garbage);
    }
    fake.live.binary(vec![0x28, 0xB5, 0x2F, 0xFD]);
    fake.publish(tagged("1", "a"));
    running.sink.until(1).await;
    assert_eq!(keys(&running), ["1"]);
    says(&running, "6 lines without a post").await;
    // What is no frame ends the connection, and nothing else.
    fake.live.raw([0xFF; 64]);
    fake.publish(tagged("2", "a"));
    running.sink.until(2).await;
    running.stop().await;
}

#[tokio::test]
async fn pings_keep_it_and_silence_ends_it() {
    let fake = Jetstream::start().await;
    fake.wire.beat(Some(QUICK / 10));
    let ready = ready(&[&fake], QUICK);
    let running = Running::spawn(Recording::new(), None, |context| {
        Bluesky::run(ready, context)
    });
    fake.seen.until("pongs", |seen| seen.pongs >= 20).await;
    assert_eq!(fake.seen.streams().ever, 1, "it was not silent");
    fake.wire.beat(None);
    fake.seen
        .until("another stream", |seen| seen.streams.ever >= 2)
        .await;
    assert_eq!(fake.seen.streams().most, 1);
    running.stop().await;
}

#[tokio::test]
async fn half_open_and_refused_connections_are_survived() {
    let fake = Jetstream::start().await;
    fake.script.refuse(2);
    fake.script.next(SUBSCRIBE, Fault::Close);
    fake.script.next(SUBSCRIBE, Fault::Reset);
    let running = start(&[&fake], None);
    fake.seen.until_streams(1).await;
    assert_eq!(fake.script.left(), 0);
    running.stop().await;
    fake.script.next(SUBSCRIBE, Fault::Silence);
    let running = start(&[&fake], None);
    fake.seen
        .until("it asks", |_| fake.script.left() == 0)
        .await;
    running.stop().await;
}

#[tokio::test]
async fn a_clock_that_jumps_loses_nothing() {
    let fake = Jetstream::start().await;
    let now = i64::try_from(http::unix_seconds()).unwrap() * 1_000_000;
    let running = start(&[&fake], None);
    fake.seen.until_streams(1).await;
    fake.publish_at(now, tagged("1", "a"));
    fake.publish_at(now + 30_000_000, tagged("2", "a"));
    running.sink.until(2).await;
    fake.live.end(How::Cut);
    fake.publish_at(now + 30_000_001, tagged("3", "a"));
    running.sink.until(3).await;
    assert_eq!(keys(&running), ["1", "2", "3"]);
    running.stop().await;
}

#[tokio::test]
async fn a_flood_waits_for_the_sink() {
    let fake = Jetstream::start().await;
    fake.wire.patience(Duration::from_secs(60));
    let sink = Recording::new();
    sink.set_room(false);
    let ready = ready(&[&fake], SILENCE);
    let running = Running::spawn(sink, None, |context| Bluesky::run(ready, context));
    fake.seen.until_streams(1).await;
    for n in 0..20_000 {
        fake.publish(tagged(&format!("{n}"), "a"));
    }
    running.sink.set_room(true);
    running.sink.until(20_000).await;
    assert_eq!(fake.seen.streams().ever, 1);
    running.sink.set_room(false);
    fake.publish(tagged("more", "a"));
    running.stop().await;
}
