use std::collections::BTreeSet;

use model::SourceState;
use serde_json::{Value, json};

use super::*;
use crate::retry::Backoff;
use crate::source::{
    Cursor, Event,
    fakes::{
        End as How, Fault, Relay as Fake,
        nostr::{event, note},
    },
    recording::{Given, Recording, Running},
};

mod faults;
mod silence;

const HOUR: Duration = Duration::from_secs(3600);

fn now() -> i64 {
    i64::try_from(http::unix_seconds()).unwrap()
}

/// With pauses that are short, save after being asked too often.
fn ready(urls: &str) -> Ready {
    let Nostr(relays) = Nostr::parse(Some(urls)).unwrap();
    let short = Backoff::doubling(Duration::from_millis(20), Duration::from_millis(100));
    Ready {
        relays,
        client: http::client().unwrap(),
        silence: SILENCE,
        answer: http::ANSWER,
        pauses: Pauses {
            network: short,
            refused: short,
            limited: Backoff::doubling(HOUR, HOUR),
        },
    }
}

fn urls(relays: &[&Fake]) -> String {
    relays
        .iter()
        .map(|relay| relay.url())
        .collect::<Vec<_>>()
        .join(",")
}

fn run(ready: Ready, sink: Recording, cursor: Option<Cursor>) -> Running {
    Running::spawn(sink, cursor, |context| Nostr::run(ready, context))
}

fn start(relays: &[&Fake], cursor: Option<Cursor>) -> Running {
    run(ready(&urls(relays)), Recording::new(), cursor)
}

/// As if all of the relays had been read up to then, and no post had been given.
fn since(relays: &[&Fake], at: i64) -> Cursor {
    let relays = relays.iter().map(|relay| format!("{at}@{}/", relay.url()));
    Cursor(format!("1 {} ", relays.collect::<Vec<_>>().join(",")))
}

async fn says(running: &Running, state: SourceState, words: &str) {
    running
        .shows(|source| {
            let detail = source.detail.as_deref().unwrap_or_default();
            source.state == state && detail.contains(words)
        })
        .await;
}

async fn is_live(running: &Running) {
    running
        .shows(|source| (source.state, &source.detail) == (SourceState::Live, &None))
        .await;
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

fn id(event: &Value) -> String {
    let part = |name: &str| event[name].as_str().unwrap().to_owned();
    format!("{}/{}", part("pubkey"), part("id"))
}

fn deletion(author: &str, of: &Value) -> Value {
    event(author, now(), 5, json!([["e", of["id"]]]), "")
}

fn identity(given: &str) -> String {
    Nostr::parse(Some(given)).unwrap().identity()
}

#[test]
fn relays_are_the_same_in_any_order_and_each_is_one() {
    let expected = "nostr:ws://127.0.0.1:7/,wss://a.example/,wss://b.example/x";
    for given in [
        "a.example,wss://b.example/x,ws://127.0.0.1:7",
        "wss://b.example/x,ws://127.0.0.1:7/,wss://A.example:443/,a.example/#top",
    ] {
        assert_eq!(identity(given), expected);
    }
    assert_ne!(identity("a.example"), identity("b.example"));
    let Nostr(relays) = Nostr::parse(Some("ws://127.0.0.1:7,b.example/x/?token=y")).unwrap();
    let names: Vec<_> = relays.iter().map(name).collect();
    assert_eq!(names, ["127.0.0.1:7", "b.example/x"]);
    let many: Vec<_> = (0..=MOST_RELAYS).map(|n| format!("{n}.example")).collect();
    let error = Nostr::parse(Some(&many.join(","))).unwrap_err().to_string();
    assert!(error.contains("at most 32 relays"), "{error}");
    for wrong in ["", ",", "a.example,", "a.example,https://b.example"] {
        let error = Nostr::parse(Some(wrong)).unwrap_err().to_string();
        assert!(error.contains(Nostr::FORM), "{error}");
    }
}

#[tokio::test]
async fn posts_and_what_takes_them_back_come_as_they_happen() {
    let fake = Fake::start().await;
    let running = start(&[&fake], None);
    is_live(&running).await;
    let first = note("ann", now(), "a", &["rust", "日本"]);
    fake.publish(&first);
    fake.publish(&note("bob", now(), "a #Tag of the text", &[]));
    fake.publish(&event("bob", now(), 7, json!([["t", "no"]]), "+"));
    fake.publish(&event("bob", now(), 20, json!([["t", "art"]]), "a picture"));
    fake.publish(&deletion("bob", &first));
    fake.publish(&deletion("ann", &first));
    fake.publish(&event(
        "ann",
        now(),
        62,
        json!([["relay", "ALL_RELAYS"]]),
        "",
    ));
    fake.publish(&note("bob", now(), "last", &[]));
    running.sink.until(4).await;
    let events = running.sink.events();
    let (ann, bob) = (&first["pubkey"], &note("bob", 0, "", &[])["pubkey"]);
    let stranger = format!(
        "{}/{}",
        bob.as_str().unwrap(),
        first["id"].as_str().unwrap()
    );
    assert_eq!(
        events[3],
        Event::Delete {
            id: stranger.into()
        }
    );
    assert_eq!(
        events[4],
        Event::Delete {
            id: id(&first).into()
        }
    );
    let author = ann.as_str().unwrap().into();
    assert_eq!(events[5], Event::TakeDown { author });
    let post = events[0].post().unwrap();
    assert_eq!(post.id.as_deref(), Some(&*id(&first)));
    assert_eq!(
        running.sink.tags()[..3],
        [vec!["rust", "日本"], vec![], vec!["art"]]
    );
    assert_eq!(events[1].post().unwrap().tags, None, "the text has them");
    let request: Value = serde_json::from_str(&fake.seen.frames()[0]).unwrap();
    assert_eq!(request[2]["kinds"], json!([1, 5, 11, 20, 21, 22, 62, 1111]));
    let asked = request[2]["since"].as_i64().unwrap();
    assert!(
        (now() - 150..now() - 100).contains(&asked),
        "the first start begins now"
    );
    running.stop().await;
}

#[tokio::test]
async fn what_several_relays_have_is_counted_once() {
    let relays = [
        Fake::start().await,
        Fake::start().await,
        Fake::start().await,
    ];
    let running = start(&[&relays[0], &relays[1], &relays[2]], None);
    is_live(&running).await;
    let mut expected = vec![];
    for n in 0..60 {
        let text = format!("{n:02}");
        let note = note("ann", now() - n % 7, &text, &["a"]);
        for (i, relay) in relays.iter().enumerate() {
            if (n % 6) as usize / 2 == i || n % 2 == 0 {
                relay.publish(&note);
            }
            if n % 5 == 0 {
                relay.repeat(&note);
            }
        }
        expected.push(text);
    }
    assert_eq!(sorted(running.sink.until(60).await), expected);
    for (n, relay) in relays.iter().enumerate() {
        relay.publish(&note("bob", now(), &format!("last {n}"), &[]));
    }
    running.sink.until(63).await;
    assert_eq!(running.stop().await.count(), 63);
    assert!(relays.iter().all(|relay| relay.seen.streams().ever == 1));
}

#[tokio::test]
async fn a_relay_that_is_down_costs_the_others_nothing_and_is_told_of() {
    let up = Fake::start().await;
    let down = Fake::start().await.url();
    let running = run(
        ready(&format!("{down},{}", up.url())),
        Recording::new(),
        None,
    );
    let why = format!("1 of 2 relays; {}: no connection: ", &down[5..]);
    says(&running, SourceState::Live, &why).await;
    up.publish(&note("ann", now(), "here", &["a"]));
    assert_eq!(running.sink.until(1).await, ["here"]);
    up.script.refuse(usize::MAX);
    up.live.end(How::Cut);
    says(&running, SourceState::Waiting, "no connection").await;
    up.script.refuse(0);
    says(&running, SourceState::Live, "1 of 2 relays").await;
    running.stop().await;
}

#[tokio::test]
async fn a_relay_that_comes_later_brings_what_it_alone_has() {
    let (first, late) = (Fake::start().await, Fake::start().await);
    late.script.refuse(usize::MAX);
    let running = start(&[&first, &late], None);
    says(&running, SourceState::Live, "1 of 2 relays").await;
    for n in 0..10 {
        let note = note("ann", now(), &n.to_string(), &["a"]);
        if n % 3 != 0 {
            late.publish(&note);
        }
        if n % 3 != 1 {
            first.publish(&note);
        }
    }
    running.sink.until(7).await;
    late.script.refuse(0);
    running.sink.until(10).await;
    is_live(&running).await;
    let texts: BTreeSet<_> = running.stop().await.texts().into_iter().collect();
    assert_eq!(texts.len(), 10);
}

#[tokio::test]
async fn a_deletion_may_come_before_its_post() {
    let (first, second) = (Fake::start().await, Fake::start().await);
    let running = start(&[&first, &second], None);
    is_live(&running).await;
    let (deleted, kept) = (
        note("ann", now(), "deleted", &[]),
        note("ann", now(), "kept", &[]),
    );
    first.publish(&deletion("ann", &deleted));
    first.publish(&deletion("bob", &kept));
    first.publish(&note("ann", now(), "then", &[]));
    running.sink.until(1).await;
    second.publish(&deleted);
    second.publish(&kept);
    assert_eq!(running.sink.until(2).await, ["then", "kept"]);
    running.stop().await;
}

#[tokio::test]
async fn what_nobody_is_to_see_any_more_is_not_counted() {
    let fake = Fake::start().await;
    let running = start(&[&fake], None);
    is_live(&running).await;
    for (text, expires) in [("expired", now() - 1), ("not yet", now() + 3600)] {
        let tags = json!([["expiration", expires.to_string()]]);
        fake.publish(&event("ann", now(), 1, tags, text));
    }
    assert_eq!(running.sink.until(1).await, ["not yet"]);
    running.stop().await;
}

#[tokio::test]
async fn however_often_it_is_started_each_post_is_counted_once() {
    let relays = [Fake::start().await, Fake::start().await];
    let publish = |text: &str, n: usize| {
        let note = note("ann", now(), text, &["a"]);
        for relay in &relays[n % 2..=(n % 3).min(1).max(n % 2)] {
            relay.publish(&note);
        }
    };
    let (mut cursor, mut given, mut expected) = (None, vec![], vec![]);
    for round in 0..5 {
        let running = start(&[&relays[0], &relays[1]], cursor);
        is_live(&running).await;
        for n in 0..12 {
            let text = format!("{round} {n}");
            publish(&text, n);
            expected.push(text);
        }
        let away = if round == 0 { 0 } else { 6 };
        running.sink.until(12 + away).await;
        let sink = running.stop().await;
        given.extend(sink.texts());
        cursor = sink.cursor();
        for n in 0..6 {
            let text = format!("{round} {n} while away");
            publish(&text, n);
            if round < 4 {
                expected.push(text);
            }
        }
    }
    assert_eq!(sorted(given), sorted(expected));
    assert!(relays.iter().all(|relay| relay.seen.streams().most == 1));
}

#[tokio::test]
async fn from_wherever_it_was_killed_it_goes_on() {
    let relays = [Fake::start().await, Fake::start().await];
    let both = [&relays[0], &relays[1]];
    for relay in both {
        relay.most_stored(5);
    }
    let before = now() - 1500;
    for n in 0..40 {
        let note = note("ann", before + 35 * n, &n.to_string(), &["a"]);
        relays[(n % 2) as usize].publish(&note);
        if n % 3 == 0 {
            relays[((n + 1) % 2) as usize].publish(&note);
        }
    }
    let running = start(&both, Some(since(&both, before)));
    running.sink.until(40).await;
    is_live(&running).await;
    let given = running.stop().await.given();
    assert!(given.len() > 10, "{}", given.len());
    let mut had = BTreeSet::new();
    for chunk in given {
        let Given::Posts(posts, cursor) = chunk else {
            panic!("{chunk:?}");
        };
        had.extend(posts.iter().map(|post| post.text.to_string()));
        let running = start(&both, cursor);
        running.sink.until(40 - had.len()).await;
        is_live(&running).await;
        let rest = running.stop().await.texts();
        let all: BTreeSet<_> = had.iter().cloned().chain(rest.iter().cloned()).collect();
        assert_eq!((all.len(), rest.len()), (40, 40 - had.len()));
        for relay in both {
            relay.seen.until_streams(0).await;
        }
    }
}

#[tokio::test]
async fn more_than_a_relay_gives_at_once_is_read_page_by_page() {
    let fake = Fake::start().await;
    fake.most_stored(7);
    let begin = now() - 4000;
    for n in 0..150 {
        // Up to four in a second, and all of the last at once.
        let at = if n < 140 {
            begin + n / 4 * 110
        } else {
            now() - n % 3
        };
        fake.publish(&note("ann", at, &format!("{n:03}"), &[]));
    }
    let running = start(&[&fake], Some(since(&[&fake], begin)));
    let texts = sorted(running.sink.until(150).await);
    let expected: Vec<_> = (0..150).map(|n| format!("{n:03}")).collect();
    assert_eq!(texts, expected);
    fake.publish(&note("ann", now(), "live", &[]));
    running.sink.until(151).await;
    assert_eq!(running.stop().await.count(), 151);
    assert_eq!(fake.seen.streams().ever, 1);
}

#[tokio::test]
async fn what_is_not_asked_for_any_more_is_told() {
    let fake = Fake::start().await;
    fake.publish(&note("ann", now() - 90_000, "old", &[]));
    fake.publish(&note("ann", now() - 80_000, "yesterday", &[]));
    let running = start(&[&fake], Some(since(&[&fake], now() - 100_000)));
    assert_eq!(running.sink.until(1).await, ["yesterday"]);
    says(
        &running,
        SourceState::Live,
        "is not read: it is more than a day old",
    )
    .await;
    running.stop().await;
}

#[tokio::test]
async fn what_is_no_place_is_refused_at_once() {
    let fake = Fake::start().await;
    let running = start(&[&fake], Some(Cursor("7".to_owned())));
    let (_, status) = running.ends().await;
    assert_eq!(status.show().state, SourceState::Failed);
    assert_eq!(fake.seen.sockets().ever, 0);
}
