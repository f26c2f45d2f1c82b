//! Posts over HTTP while the program is killed at any moment: each client repeats a request under its key
//! until it is answered, and every post that was accepted is counted exactly once.
//!
//! `TAGTIDE_POSTS_REQUESTS=10000` makes it as many; the seed is printed when the test fails, and
//! `TAGTIDE_POSTS_SEED` runs it again.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    program::{Program, client, is_sound, wait_until},
    random::{Random, Seed},
};

const REQUESTS: u64 = 1_500;
const CLIENTS: u64 = 20;
const TAGS: u64 = 90;
/// For what takes moments, on a busy machine.
const LONG: Duration = Duration::from_secs(180);

/// Where the program dies in every other life: around the commit that decides.
const POINTS: [&str; 2] = ["log.commit.before", "log.commit.after"];

type Counts = BTreeMap<String, u64>;

/// What a client knows to be counted, and how often it had to repeat itself.
#[derive(Default)]
struct Known {
    counts: Counts,
    posts: u64,
    repeats: u64,
}

/// Posts until it is answered. `None` is for a request that found nobody, or no room.
async fn post(http: &reqwest::Client, url: &str, key: &str, body: &str) -> Option<Value> {
    let request = http
        .post(url)
        .header("content-type", "application/x-ndjson")
        .header("idempotency-key", key)
        .body(body.to_owned());
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    let text = response.text().await.ok()?;
    if status == 503 || status == 429 {
        return None;
    }
    assert_eq!(status, 200, "{text}");
    Some(serde_json::from_str(&text).unwrap())
}

async fn run_client(number: u64, requests: u64, seed: u64, url: String) -> Known {
    let mut random = Random::new(seed ^ (number << 32));
    let http = client();
    let mut known = Known::default();
    for request in 0..requests {
        let key = format!("client-{number}-request-{request}");
        let lines = random.below(5);
        let mut body = String::new();
        for _ in 0..lines {
            let tag = format!("tag{}", random.below(TAGS));
            let line = json!({"text": format!("it is #{tag}"), "author": number.to_string()});
            body = format!("{body}{line}\n");
            *known.counts.entry(format!("#{tag}")).or_default() += 1;
        }
        known.posts += lines;
        let answer = loop {
            let patience = match random.below(4) {
                // It hangs up before it is answered: mostly it was counted.
                0 => Duration::from_millis(random.below(150)),
                _ => LONG,
            };
            let posting = post(&http, &url, &key, &body);
            if let Ok(Some(answer)) = tokio::time::timeout(patience, posting).await {
                break answer;
            }
            known.repeats += 1;
            tokio::time::sleep(Duration::from_millis(random.below(60))).await;
        };
        assert_eq!(answer["accepted"], lines);
        // Also who was answered may ask again.
        if random.below(10) == 0
            && let Some(again) = post(&http, &url, &key, &body).await
        {
            assert_eq!(again, answer, "{key}");
        }
    }
    known
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_repeated_under_its_key_counts_once_whenever_it_is_killed() {
    let requests = std::env::var("TAGTIDE_POSTS_REQUESTS");
    let requests: u64 = requests.map_or(REQUESTS, |given| given.parse().unwrap());
    let told = Seed::new("TAGTIDE_POSTS_SEED");
    let mut random = Random::new(told.seed);
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let args = ["--batch", "100ms", "--source", "listen:127.0.0.1:0"];
    let mut program = Program::serve_in(data, &args, &[]);
    let url = program.url("/api/v1/posts");
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let client = run_client(number, requests / CLIENTS, told.seed, url.clone());
        clients.spawn(client);
    }
    let mut counts = Counts::new();
    let (mut posts, mut repeats, mut kills) = (0, 0, 0_u64);
    while !clients.is_empty() {
        let life = Duration::from_millis(100 + random.below(2_000));
        let end = tokio::time::Instant::now() + life;
        while let Ok(Some(ended)) = tokio::time::timeout_at(end, clients.join_next()).await {
            let known = ended.unwrap();
            for (tag, count) in known.counts {
                *counts.entry(tag).or_default() += count;
            }
            posts += known.posts;
            repeats += known.repeats;
        }
        if !program.has_ended() {
            program.kill9();
        }
        kills += 1;
        if kills.is_multiple_of(2) {
            let point = POINTS[(kills / 2) as usize % POINTS.len()];
            program.restart_to_crash(&format!("{point}:{}", 1 + random.below(8)));
            wait_until("it dies where it should", LONG, async || {
                program.has_ended()
            })
            .await;
        }
        program.restart();
    }
    assert!(
        kills >= 5 && repeats > kills,
        "{kills} kills, {repeats} repeats"
    );
    wait_until("all is counted", LONG, async || {
        let top = program.try_json("/api/v1/top?window=all&source=http").await;
        top.is_some_and(|top| top["posts"] == posts)
    })
    .await;
    let counted: Counts = program.counts().await.into_iter().collect();
    assert_eq!(counted, counts);
    program.terminate();
    let text = is_sound(data);
    let remembered = requests / CLIENTS * CLIENTS;
    let remembered = format!("{remembered} deliveries under a key are remembered");
    assert!(text.contains(&remembered), "{text}");
}
