//! Each source of the network, killed with the server at random moments while posts are written: where
//! its protocol can replay, each post is counted exactly once; where it cannot, none is counted twice.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{
    fakes::{Jetstream, Mastodon, Relay, Seen, X, jetstream, mastodon, nostr, x},
    program::{Program, of_x, wait_until},
    random::Random,
};

const KILLS: u64 = 20;
const TAGS: u64 = 90;
/// For twenty starts of a debug build on a busy machine.
const LONG: Duration = Duration::from_secs(180);

/// Posts by tag, those that were written or those that are counted.
type Counts = BTreeMap<String, u64>;

/// Writes posts, kills the program in between, and gives what was written and what is counted. `write`
/// publishes one post with the tag.
async fn kill(
    args: &[&str],
    environment: &[(&str, &str)],
    seen: &Seen,
    mut write: impl FnMut(&str),
) -> (Program, Counts) {
    let mut all = vec!["--batch", "200ms"];
    all.extend(args);
    let directory = tempfile::tempdir().unwrap();
    let mut program = Program::serve_in(directory.path(), &all, environment);
    let mut random = Random::new(4);
    let mut written = Counts::new();
    let mut post = |random: &mut Random| {
        let tag = format!("tag{}", random.below(TAGS));
        write(&tag);
        *written.entry(format!("#{tag}")).or_default() += 1;
    };
    // Of what was written before the first of its cursors was sealed, it knows nothing.
    seen.until_streams(1).await;
    post(&mut random);
    wait_until("the first post is counted", LONG, async || {
        !program.counts().await.is_empty()
    })
    .await;
    for _ in 0..KILLS {
        let moment = Instant::now() + Duration::from_millis(50 + random.below(1_500));
        while Instant::now() < moment {
            post(&mut random);
            tokio::time::sleep(Duration::from_millis(random.below(30))).await;
        }
        program.kill9();
        for _ in 0..random.below(5) {
            post(&mut random);
        }
        program.restart();
    }
    // The directory lives as long as the test's process.
    let _ = directory.keep();
    (program, written)
}

async fn counts(program: &Program) -> Counts {
    program.counts().await.into_iter().collect()
}

/// Waits until what is counted is what was written, and sees that it stays so.
async fn is_exact(mut program: Program, written: Counts) {
    let begun = Instant::now();
    while counts(&program).await != written {
        let counted = counts(&program).await;
        let differ = written
            .iter()
            .filter(|(tag, count)| counted.get(*tag) != Some(count));
        let differ: Vec<_> = differ
            .map(|(tag, count)| (tag, count, counted.get(tag)))
            .collect();
        assert!(
            begun.elapsed() < LONG,
            "written and counted differ: {differ:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let top = program.json("/api/v1/top?window=all&k=100").await;
    assert_eq!(top["posts"], written.values().sum::<u64>());
    program.terminate();
    assert!(
        !program.stderr().contains("panicked"),
        "{}",
        program.stderr()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jetstream_is_counted_exactly_once() {
    let fake = Jetstream::start().await;
    let source = format!("bluesky:{}", fake.url());
    let mut number = 0;
    let write = |tag: &str| {
        number += 1;
        let record = jetstream::post(&format!("it is #{tag}"), &["en"]);
        fake.publish(jetstream::create(
            "did:plc:ann",
            jetstream::POST,
            &number.to_string(),
            record,
        ));
    };
    let (program, written) = kill(&["--source", &source], &[], &fake.seen, write).await;
    is_exact(program, written).await;
    assert_eq!(fake.seen.streams().most, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mastodon_is_counted_exactly_once() {
    let fake = Mastodon::start().await;
    fake.allow(100_000, Duration::from_secs(300));
    let source = format!("mastodon:{}", fake.url());
    let write = |tag: &str| {
        fake.publish(mastodon::status("ann@a.example", "it is", &[tag]));
    };
    let environment = [("TAGTIDE_MASTODON_TOKEN", mastodon::TOKEN)];
    let (program, written) = kill(&["--source", &source], &environment, &fake.seen, write).await;
    is_exact(program, written).await;
    assert_eq!(fake.seen.streams().most, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn relays_of_nostr_are_counted_exactly_once() {
    let relays = [Relay::start().await, Relay::start().await];
    let source = format!("nostr:{},{}", relays[0].url(), relays[1].url());
    let mut number = 0;
    let write = |tag: &str| {
        number += 1;
        let seconds = jiff::Timestamp::now().as_second();
        let note = nostr::note("ann", seconds, &format!("note {number}"), &[tag]);
        // Some relays have what others have not.
        match number % 3 {
            0 => relays[0].publish(&note),
            1 => relays[1].publish(&note),
            _ => relays.iter().for_each(|relay| relay.publish(&note)),
        }
    };
    let (program, written) = kill(&["--source", &source], &[], &relays[1].seen, write).await;
    is_exact(program, written).await;
    assert!(relays.iter().all(|relay| relay.seen.streams().most == 1));
}

/// X sends nothing again but by chance; what it does send again is no other post.
#[tokio::test(flavor = "multi_thread")]
async fn of_x_nothing_is_counted_twice() {
    let fake = X::start().await;
    fake.repeat(5);
    let url = fake.url();
    let args = of_x(&url);
    let write = |tag: &str| {
        fake.publish(x::post("ann", &format!("it is #{tag}")));
    };
    let environment = [("TAGTIDE_X_TOKEN", x::TOKEN)];
    let (mut program, written) = kill(&args, &environment, &fake.seen, write).await;
    fake.seen.until_streams(1).await;
    fake.publish(x::post("ann", "it is #last"));
    wait_until("what comes after the kills is counted", LONG, async || {
        counts(&program).await.contains_key("#last")
    })
    .await;
    let mut counted = counts(&program).await;
    counted.remove("#last");
    for (tag, count) in &counted {
        assert!(count <= &written[tag], "{tag}: {count} of {}", written[tag]);
    }
    let (counted, written): (u64, u64) = (counted.values().sum(), written.values().sum());
    assert!(counted * 2 > written, "{counted} of {written}");
    let status = program.json("/api/v1/status").await;
    let told = status.to_string() + &program.stderr() + &program.stdout();
    assert!(!told.contains(x::TOKEN), "the token is told");
    assert_eq!(fake.seen.streams().most, 1);
    program.terminate();
}
