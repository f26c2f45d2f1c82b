//! A request that is repeated under its `Idempotency-Key` counts once, whichever process of a cluster it is
//! sent to, and whoever is killed meanwhile.

use std::time::Duration;

use futures::future::{join, join_all};
use reqwest::Response;
use serde_json::Value;

use crate::{
    cluster::{Cluster, LONG, QUIET, count_of, post},
    program::{Program, SOON, client, is_sound, wait_until},
    random::Random,
};

async fn send(url: &str, key: &str, body: &str) -> reqwest::Result<Response> {
    let request = client().post(url).header("content-type", "text/plain");
    let request = request.header("idempotency-key", key);
    request.body(body.to_owned()).send().await
}

/// What comes of it when all are there.
async fn answer(program: &Program, key: &str, body: &str) -> Value {
    let mut answer = Value::Null;
    wait_until("it is answered", LONG, async || {
        let sent = send(&program.url("/api/v1/posts"), key, body)
            .await
            .unwrap();
        let is_answer = sent.status() != 503;
        let text = sent.text().await.unwrap();
        answer = serde_json::from_str(&text).unwrap();
        is_answer
    })
    .await;
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_counts_once_wherever_and_whenever_it_arrives() {
    let cluster = Cluster::new(3, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    let first = answer(&programs[0], "one", "#a\n").await;
    assert_eq!(first["accepted"], 1, "{first}");
    for program in &programs {
        assert_eq!(answer(program, "one", "#a\n").await, first);
    }
    let other = answer(&programs[1], "one", "#b\n").await;
    assert_eq!(other["error"]["code"], "key_reused");

    let keys: Vec<_> = (0..20).map(|number| format!("at-once-{number}")).collect();
    let pairs = keys.iter().map(async |key| {
        let (one, other) = (
            answer(&programs[1], key, "#a\n"),
            answer(&programs[2], key, "#a\n"),
        );
        join(one, other).await
    });
    for (one, other) in join_all(pairs).await {
        assert_eq!(one["accepted"], 1, "{one}");
        assert_eq!(one, other);
    }

    programs[0].kill9();
    wait_until("its loss is noticed", SOON, async || {
        programs[1].get("/readyz").await.status() == 503
    })
    .await;
    let refused = send(&programs[1].url("/api/v1/posts"), "two", "#a\n")
        .await
        .unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "5");
    let refused: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
    assert_eq!(refused["error"]["code"], "away");
    assert!(
        post(&programs[1], "#a\n").await,
        "without a key it is taken"
    );
    programs[0].restart();
    assert_eq!(answer(&programs[2], "one", "#a\n").await, first);
    let second = answer(&programs[2], "two", "#a\n").await;
    assert_eq!(answer(&programs[0], "two", "#a\n").await, second);
    for program in &programs {
        wait_until("each counts once", LONG, async || {
            count_of(program, "#a").await == 23
        })
        .await;
    }
    programs.iter_mut().for_each(Program::terminate);
}

const CLIENTS: u64 = 8;
const REQUESTS: u64 = 30;

/// Repeats each request at any process until it is answered.
async fn run_client(number: u64, urls: Vec<String>) {
    let mut random = Random::new(number);
    for request in 0..REQUESTS {
        let key = format!("client-{number}-request-{request}");
        let mut before: Option<Value> = None;
        // Also who was answered may ask again.
        let mut left = 2;
        while left > 0 {
            let url = &urls[random.below(urls.len() as u64) as usize];
            // It may hang up before it is answered.
            let patience = match random.below(3) {
                0 => Duration::from_millis(random.below(400)),
                _ => LONG,
            };
            let sent = tokio::time::timeout(patience, send(url, &key, "#a\n#b\n")).await;
            let Ok(Ok(response)) = sent else { continue };
            let status = response.status().as_u16();
            let Ok(text) = response.text().await else {
                continue;
            };
            if status == 503 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            assert_eq!(status, 200, "{text}");
            let answer: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(answer["accepted"], 2);
            let before = before.get_or_insert_with(|| answer.clone());
            assert_eq!(*before, answer, "{key}");
            left -= 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_counts_once_also_where_processes_are_killed_meanwhile() {
    let cluster = Cluster::new(2, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    let urls: Vec<_> = programs
        .iter()
        .map(|program| program.url("/api/v1/posts"))
        .collect();
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(run_client(number, urls.clone()));
    }
    let mut random = Random::new(3);
    let mut kills = 0;
    while !clients.is_empty() {
        // Some requests are answered from one kill to the next.
        let life = Duration::from_millis(1_000 + random.below(1_500));
        let end = tokio::time::Instant::now() + life;
        while let Ok(Some(ended)) = tokio::time::timeout_at(end, clients.join_next()).await {
            ended.unwrap();
        }
        let killed = &mut programs[random.below(2) as usize];
        killed.kill9();
        killed.restart();
        kills += 1;
    }
    assert!(kills > 1, "{kills}");
    for program in &programs {
        wait_until("each counts once", LONG, async || {
            count_of(program, "#a").await == CLIENTS * REQUESTS
        })
        .await;
        assert_eq!(count_of(program, "#b").await, CLIENTS * REQUESTS);
    }
    programs.iter_mut().for_each(Program::terminate);
    for index in 0..2 {
        is_sound(&cluster.data(index));
    }
}
