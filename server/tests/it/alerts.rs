//! Tags that reach a threshold: told by webhooks, on the board and by the API.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    fakes::{Answer, Fault, Hook, Request, webhook::PATH},
    program::{Program, SOON, Script, is_sound, wait_until},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const SIGNED: [(&str, &str); 1] = [("TAGTIDE_ALERT_SECRET", SECRET)];
const LINES: [&str; 4] = ["--source", "listen:127.0.0.1:0", "--batch", "200ms"];

fn watching(data: &Path, options: &[&str]) -> Program {
    Program::serve_in(data, &[&LINES[..], options].concat(), &SIGNED)
}

async fn post(program: &mut Program, lines: &str) {
    let port = program.source_port();
    let mut writer = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    writer.write_all(lines.as_bytes()).await.unwrap();
    writer.shutdown().await.unwrap();
}

fn ids(requests: &[Request]) -> Vec<&str> {
    let ids = requests
        .iter()
        .map(|request| request.header("webhook-id").unwrap());
    ids.collect()
}

pub(crate) async fn numbers(program: &Program) -> [u64; 4] {
    let status = program.json("/api/v1/status").await;
    ["fired", "delivered", "failed", "waiting"].map(|name| status["alerts"][name].as_u64().unwrap())
}

pub(crate) async fn until_numbers(program: &Program, expected: [u64; 4]) {
    let what = format!("fired, delivered, failed, waiting: {expected:?}");
    wait_until(&what, SOON, async || numbers(program).await == expected).await;
}

/// Waits until all that was sealed so far was looked at.
pub(crate) async fn until_later(program: &Program) {
    let epoch = async || {
        program.json("/api/v1/status").await["epoch"]
            .as_u64()
            .unwrap_or(0)
    };
    let before = epoch().await;
    wait_until("three more epochs", SOON, async || {
        epoch().await > before + 3
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_is_reached_is_told_once_signed_and_shown() {
    let (hook, data) = (Hook::start().await, tempfile::tempdir().unwrap());
    let options = [
        "--alert-tag",
        "Rust=3/1h",
        "--alert-url",
        &hook.url(),
        "--alert-site",
        "https://tags.example/",
    ];
    let mut program = watching(data.path(), &options);
    post(&mut program, "#rust\n#RUST #wasm\n").await;
    until_later(&program).await;
    assert_eq!(numbers(&program).await, [0; 4]);
    assert_eq!(program.json("/api/v1/alerts").await, json!({"alerts": []}));
    post(&mut program, "#rust\n#rust\n").await;

    let told = hook.until_told(1).await;
    let said = told[0].json();
    let alert = json!({
        "id": ids(&told)[0], "kind": "count", "tag": "#rust", "window": "1h", "count": said["count"],
        "people": null, "score": said["score"], "threshold": 3.0, "epoch": said["epoch"], "at": said["at"],
    });
    let mut expected = alert.clone();
    expected["url"] = json!("https://tags.example/tag/rust?window=1h");
    assert_eq!(said, expected);
    assert!(
        said["count"].as_u64().is_some_and(|count| count >= 3),
        "{said}"
    );
    let file = data.path().join("delivery.json");
    let headers: Value = told[0]
        .headers
        .iter()
        .cloned()
        .map(|(name, value)| (name, Value::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let body = String::from_utf8(told[0].body.clone()).unwrap();
    fs::write(&file, json!({"headers": headers, "body": body}).to_string()).unwrap();
    let verified =
        Script::of_webhooks("verify.mjs", &[SECRET, file.to_str().unwrap()]).finish(SOON);
    // To JavaScript 3.0 is 3.
    expected["threshold"] = json!(3);
    assert_eq!(verified, [expected]);

    until_numbers(&program, [1, 1, 0, 0]).await;
    post(&mut program, "#rust\n#rust\n").await;
    until_later(&program).await;
    assert_eq!(
        (hook.told().len(), numbers(&program).await),
        (1, [1, 1, 0, 0])
    );
    let listed = program.get("/api/v1/alerts").await;
    let tag = listed.headers()["etag"].clone();
    let listed: Value = serde_json::from_str(&listed.text().await.unwrap()).unwrap();
    assert_eq!(listed, json!({"alerts": [alert]}));
    let again = crate::program::client()
        .get(program.url("/api/v1/alerts"))
        .header("if-none-match", tag);
    assert_eq!(again.send().await.unwrap().status(), 304);
    let page = program.get("/").await.text().await.unwrap();
    let shown = page
        .split("<aside")
        .find(|part| part.contains("class=\"alerts\""));
    let shown = shown.unwrap().split("</aside>").next().unwrap();
    assert!(
        shown.contains("href=\"/tag/rust?window=1h\"")
            && shown.contains(" mentions in the last hour"),
        "{shown}"
    );
    let metrics = program.get("/metrics").await.text().await.unwrap();
    assert!(
        metrics.contains("\ntagtide_alerts_delivered_total 1\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("\ntagtide_alerts_waiting 0\n"),
        "{metrics}"
    );

    let copy = tempfile::tempdir().unwrap();
    let tagtide = |command: &str, to: Option<&Path>, data: &Path| {
        let mut running = Command::new(env!("CARGO_BIN_EXE_tagtide"));
        running.arg(command).args(to).arg("--data").arg(data);
        String::from_utf8(running.output().unwrap().stdout).unwrap()
    };
    tagtide("backup", Some(copy.path()), data.path());
    let held = tagtide("check", None, copy.path());
    let kept = "1 alerts are kept, 0 of them to be delivered; 1 tags fire";
    assert!(held.contains(kept), "{held}");

    program.terminate();
    is_sound(data.path());
    program.restart();
    post(&mut program, "#rust\n").await;
    until_later(&program).await;
    assert_eq!((hook.told().len(), numbers(&program).await), (1, [0; 4]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rise_of_any_tag_is_told_but_of_a_blocked_one() {
    let data = tempfile::tempdir().unwrap();
    let list = data.path().join("blocked");
    fs::write(&list, "spam").unwrap();
    let hook = Hook::start().await;
    let options = [
        "--alert-rise",
        "8",
        "--alert-tag",
        "spam=5",
        "--block",
        list.to_str().unwrap(),
        "--alert-url",
        &hook.url(),
    ];
    let mut program = watching(data.path(), &options);
    post(&mut program, &"#storm #spam\n".repeat(200)).await;
    let told = hook.until_told(1).await;
    let said = told[0].json();
    assert_eq!(
        (&said["kind"], &said["tag"], &said["window"]),
        (&json!("rise"), &json!("#storm"), &json!("5m"))
    );
    assert!(
        said["score"].as_f64().is_some_and(|score| score >= 8.0),
        "{said}"
    );
    until_later(&program).await;
    assert_eq!(
        (hook.told().len(), numbers(&program).await),
        (1, [1, 1, 0, 0])
    );

    fs::write(&list, "spam\nstorm").unwrap();
    wait_until("it is not told of any more", SOON, async || {
        program.json("/api/v1/alerts").await == json!({"alerts": []})
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_is_told_again_and_holds_up_no_other() {
    let (bad, good, data) = (
        Hook::start().await,
        Hook::start().await,
        tempfile::tempdir().unwrap(),
    );
    bad.script.answer(PATH, 1, &Answer::text(500, "no"));
    bad.script.answer(
        PATH,
        1,
        &Answer::text(302, "").header("Location", good.url()),
    );
    bad.script
        .answer(PATH, 1, &Answer::text(429, "").header("Retry-After", 1));
    bad.script.next(PATH, Fault::Reset);
    let options = [
        "--alert-tag",
        "rust=3",
        "--alert-url",
        &bad.url(),
        "--alert-url",
        &good.url(),
    ];
    let mut program = watching(data.path(), &options);
    post(&mut program, "#rust\n#rust\n#rust\n").await;
    good.until_told(1).await;
    bad.until_told(1).await;
    wait_until("an error in the status", SOON, async || {
        program.json("/api/v1/status").await["alerts"]["last_error"].is_string()
    })
    .await;
    let status = program.json("/api/v1/status").await.to_string();
    assert!(
        status.contains(&bad.address().to_string()) && !status.contains("hidden"),
        "{status}"
    );
    let told = bad.until_told(5).await;
    until_numbers(&program, [1, 2, 0, 0]).await;
    assert_eq!(good.told().len(), 1, "nobody is led to it");
    let ids = ids(&told);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(!program.stderr().contains("hidden"), "{}", program.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_is_refused_does_not_hold_up_the_next() {
    let (hook, data) = (Hook::start().await, tempfile::tempdir().unwrap());
    let refused = Answer::text(422, "not this one");
    hook.script.answer(PATH, 4, &refused);
    let url = hook.url();
    let tags = ["--alert-tag", "odd=1", "--alert-tag", "good=1"];
    let options = [&tags[..], &["--alert-url", &url]].concat();
    let mut program = watching(data.path(), &options);
    post(&mut program, "#odd\n").await;
    // It is told again in eight seconds.
    hook.until_told(4).await;
    post(&mut program, "#good\n").await;
    let told = hook.until_told(6).await;
    let tags = told
        .iter()
        .map(|request| request.json()["tag"].as_str().unwrap().to_owned());
    let tags: Vec<_> = tags.collect();
    assert_eq!(tags[3..], ["#odd", "#good", "#odd"], "{tags:?}");
    until_numbers(&program, [2, 2, 0, 0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_is_told_no_more_until_the_next_start() {
    let (hook, data) = (Hook::start().await, tempfile::tempdir().unwrap());
    hook.script.answer(PATH, 1, &Answer::text(410, ""));
    let options = [
        "--alert-tag",
        "a=3",
        "--alert-tag",
        "b=3",
        "--alert-tag",
        "c=3",
        "--alert-url",
        &hook.url(),
    ];
    let mut program = watching(data.path(), &options);
    post(&mut program, "#a\n#a\n#a\n").await;
    until_numbers(&program, [1, 0, 1, 0]).await;
    post(&mut program, "#b\n#b\n#b\n").await;
    until_numbers(&program, [2, 0, 2, 0]).await;
    assert_eq!(hook.told().len(), 1);
    program.terminate();
    program.restart();
    post(&mut program, "#c\n#c\n#c\n").await;
    until_numbers(&program, [1, 1, 0, 0]).await;
    assert_eq!(hook.told()[1].json()["tag"], "#c");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_does_not_slow_the_count_and_a_kill_loses_and_repeats_nothing()
 {
    let (hook, data) = (Hook::start().await, tempfile::tempdir().unwrap());
    hook.script.next(PATH, Fault::Silence);
    let options = [
        "--alert-tag",
        "rust=3/24h",
        "--alert-tag",
        "wasm=3/24h",
        "--alert-url",
        &hook.url(),
    ];
    let mut program = watching(data.path(), &options);
    post(&mut program, "#rust\n#rust\n#rust\n").await;
    hook.until_told(1).await;
    // It is being told, and knows of nothing else.
    post(&mut program, "#wasm\n#wasm\n#wasm\n").await;
    until_numbers(&program, [2, 0, 0, 2]).await;
    until_later(&program).await;
    assert_eq!(hook.told().len(), 1);
    program.kill9();
    is_sound(data.path());

    program.restart();
    let told = hook.until_told(3).await;
    until_numbers(&program, [0, 2, 0, 0]).await;
    let ids = ids(&told);
    assert_eq!(ids[0], ids[1], "the same again");
    assert_ne!(ids[1], ids[2]);
    let tags: Vec<Value> = told
        .iter()
        .map(|request| request.json()["tag"].clone())
        .collect();
    assert_eq!(tags, ["#rust", "#rust", "#wasm"]);
    // What is sealed is counted in again, and more comes.
    program.kill9();
    program.restart();
    post(&mut program, "#rust\n#wasm\n").await;
    until_later(&program).await;
    assert_eq!((hook.told().len(), numbers(&program).await), (3, [0; 4]));
}
