//! Of a cluster process 0 decides which alerts fire and sends them, once; all of them show them.

use serde_json::{Value, json};

use crate::{
    alerts::{numbers, until_later, until_numbers},
    cluster::{Cluster, LONG, QUIET, count_of, post},
    fakes::Hook,
    program::{Program, wait_until},
};

async fn same_alerts(programs: &[Program], number: usize) -> Vec<Value> {
    let mut listed = Vec::new();
    for program in programs {
        wait_until("all list them", LONG, async || {
            let alerts = program.json("/api/v1/alerts").await;
            listed.push(alerts["alerts"].clone());
            listed.last().and_then(Value::as_array).map(Vec::len) == Some(number)
        })
        .await;
    }
    let all: Vec<_> = listed
        .into_iter()
        .filter(|list| list.as_array().map(Vec::len) == Some(number))
        .collect();
    assert!(all.iter().all(|list| *list == all[0]), "{all:?}");
    all[0].as_array().cloned().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_fires_once_whoever_counts_the_tag_and_whoever_is_killed() {
    let hook = Hook::start().await;
    // Some of them are counted by the one, some by the other.
    let tags = ["rust", "wasm", "tokio", "serde"];
    let cluster = Cluster::new(2, &QUIET);
    let mut programs = cluster.all(|index| match index {
        0 => {
            let watched = tags.map(|tag| ["--alert-tag".to_owned(), format!("{tag}=3/1h")]);
            let url = ["--alert-url".to_owned(), hook.url()];
            watched.into_iter().flatten().chain(url).collect()
        }
        _ => ["--alert-tag", "rust=1", "--alert-url", &hook.url()]
            .map(str::to_owned)
            .into(),
    });
    programs[1].wait_for_line("process 0 decides which alerts fire");
    let posts = "#rust #wasm #tokio #serde\n".repeat(3);
    assert!(post(&programs[1], &posts).await);
    let told = hook.until_told(4).await;
    let alerts = same_alerts(&programs, 4).await;
    assert!(
        alerts.iter().all(|alert| alert["threshold"] == json!(3.0)),
        "{alerts:?}"
    );
    until_numbers(&programs[0], [4, 4, 0, 0]).await;
    assert_eq!(
        numbers(&programs[1]).await,
        [0; 4],
        "it decides and sends none"
    );
    let page = programs[1].get("/").await.text().await.unwrap();
    assert!(page.contains("class=\"alerts\""), "its board shows them");

    for killed in [0, 1] {
        programs[killed].kill9();
        assert!(post(&programs[1 - killed], &posts).await);
        programs[killed].restart();
        let expected = 6 + 3 * killed as u64;
        for program in &programs {
            wait_until("all is counted", LONG, async || {
                count_of(program, "#rust").await == expected
            })
            .await;
        }
        until_later(&programs[0]).await;
        assert_eq!(same_alerts(&programs, 4).await, alerts);
        assert_eq!(hook.told().len(), told.len(), "nothing fires again");
    }
    programs.iter_mut().for_each(Program::terminate);
}
