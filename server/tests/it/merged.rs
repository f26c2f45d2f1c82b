//! What boards and programs are shown of hashtags that an operator has merged.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    admin::{Operator, TOKEN, first_event},
    alerts::{numbers, until_later, until_numbers},
    cluster::{Cluster, LONG, QUIET, post},
    program::{Program, SOON, client, wait_until},
};

const ARGS: [&str; 6] = [
    "--source",
    "listen:127.0.0.1:0",
    "--batch",
    "200ms",
    "--alert-tag",
    "worldcup26=5/1h",
];

/// Text, author and language. Of the spellings of the cup Ann uses two, once in one post.
const POSTS: [(&str, &str, &str); 6] = [
    ("#WorldCup2026 #final", "ann", "en"),
    ("#worldcup26 #final", "bob", "en"),
    ("#WorldCup26", "bob", "de"),
    ("#WorldCup2026 #worldcup26 #tickets", "ann", "de"),
    ("#WM26 #final", "cem", "de"),
    ("#rust", "dee", "en"),
];

/// Before anything is merged.
const APART: [(&str, u64, u64); 6] = [
    ("#final", 3, 3),
    ("#worldcup26", 3, 2),
    ("#WorldCup2026", 2, 1),
    ("#rust", 1, 1),
    ("#tickets", 1, 1),
    ("#WM26", 1, 1),
];

fn serve(data: &Path, workers: &str) -> Program {
    let args = [&ARGS[..], &["--workers", workers]].concat();
    Program::serve_in(data, &args, &[TOKEN])
}

async fn post_all(program: &Program) {
    let line = |(number, (text, author, lang)): (usize, &(&str, &str, &str))| {
        let url = format!("https://a.example/{number}");
        let id = number.to_string();
        json!({"text": text, "author": author, "lang": lang, "id": id, "url": url}).to_string()
            + "\n"
    };
    let lines: String = POSTS.iter().enumerate().map(line).collect();
    let request = client().post(program.url("/api/v1/posts")).body(lines);
    let request = request.header("content-type", "application/x-ndjson");
    assert_eq!(request.send().await.unwrap().status(), 200);
}

async fn rows(program: &Program, path: &str) -> Vec<(String, u64, u64)> {
    let top: Option<Value> = program.try_json(path).await;
    let rows = top.and_then(|top| top["rows"].as_array().cloned());
    let row = |row: Value| {
        let tag = row["tag"].as_str().unwrap().to_owned();
        let people = row["people"].as_u64().unwrap_or_default();
        (tag, row["count"].as_u64().unwrap(), people)
    };
    rows.into_iter().flatten().map(row).collect()
}

fn owned(rows: &[(&str, u64, u64)]) -> Vec<(String, u64, u64)> {
    rows.iter()
        .map(|(tag, count, people)| ((*tag).to_owned(), *count, *people))
        .collect()
}

async fn comes_to_show(program: &Program, expected: &[(&str, u64, u64)]) {
    for window in ["all", "5m"] {
        let path = format!("/api/v1/top?window={window}");
        wait_until(&format!("{expected:?} in {window}"), SOON, async || {
            rows(program, &path).await == owned(expected)
        })
        .await;
    }
}

#[tokio::test]
async fn spellings_that_are_merged_are_one_everywhere_until_that_is_undone() {
    for workers in ["1", "2", "4"] {
        let data = tempfile::tempdir().unwrap();
        let mut program = serve(data.path(), workers);
        program.is_ready().await;
        post_all(&program).await;
        comes_to_show(&program, &APART).await;
        let operator = Operator::sign_in(&program).await;
        for (tag, target) in [("worldcup26", "WorldCup2026"), ("wm26", "#WorldCup2026")] {
            assert_eq!(operator.merge(&program, tag, target).await.status(), 303);
        }
        let merged = [
            ("#WorldCup2026", 6, 3),
            ("#final", 3, 3),
            ("#rust", 1, 1),
            ("#tickets", 1, 1),
        ];
        comes_to_show(&program, &merged).await;
        is_one_everywhere(&program).await;
        wait_until("the watched spelling fires", SOON, async || {
            let alerts = program.json("/api/v1/alerts").await;
            let fired = alerts["alerts"].as_array().unwrap();
            fired
                .iter()
                .any(|alert| alert["tag"] == "#WorldCup2026" && alert["count"] == 6)
        })
        .await;

        program.kill9();
        program.restart();
        let mut first = Vec::new();
        wait_until("what was counted", SOON, async || {
            first = rows(&program, "/api/v1/top?window=all").await;
            !first.is_empty()
        })
        .await;
        assert_eq!(first, owned(&merged), "never is it shown apart");

        let operator = Operator::sign_in(&program).await;
        for tag in ["worldcup26", "wm26"] {
            let answer = operator.act(&program, "separate", tag).await;
            assert_eq!(answer.status(), 303);
        }
        comes_to_show(&program, &APART).await;
        program.terminate();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spellings_that_other_processes_count_are_one_as_well() {
    // Of three processes each counts some of the spellings.
    let cluster = Cluster::new(3, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    assert!(post(&programs[0], "#never\n").await, "they have met");
    post_all(&programs[1]).await;
    let operator = Operator::sign_in(&programs[2]).await;
    for (tag, target) in [("worldcup26", "WorldCup2026"), ("wm26", "#WorldCup2026")] {
        let answer = operator.merge(&programs[2], tag, target).await;
        assert_eq!(answer.status(), 303);
    }
    for program in &programs {
        wait_until("one row", LONG, async || {
            let rows = rows(program, "/api/v1/top?window=all").await;
            rows.first() == owned(&[("#WorldCup2026", 6, 3)]).first() && rows.len() == 5
        })
        .await;
        is_one_everywhere(program).await;
    }
    programs.iter_mut().for_each(Program::terminate);
}

async fn is_one_everywhere(program: &Program) {
    for path in [
        "/api/v1/top?source=http",
        "/api/v1/top?window=1h&by=people",
        "/api/v1/top.csv",
        "/api/v1/top.svg",
        "/",
        "/?window=all",
        "/api/fn/board",
        "/api/v1/tags/final",
        "/tag/final",
        "/refreshData",
        "/api/v1/trends/tags",
    ] {
        let text = program.get(path).await.text().await.unwrap();
        let text = text.to_lowercase();
        assert!(text.contains("worldcup2026"), "{path}: {text}");
        for apart in ["worldcup26", "wm26"] {
            assert!(!text.contains(apart), "{apart} {path}: {text}");
        }
    }
    let german = rows(program, "/api/v1/top?window=all&lang=de").await;
    let expected = [
        ("#WorldCup2026", 4, 3),
        ("#final", 1, 1),
        ("#tickets", 1, 1),
    ];
    assert_eq!(german, owned(&expected));
    let event = first_event(program).await.to_lowercase();
    assert!(
        event.contains("#worldcup2026") && !event.contains("cup26\""),
        "{event}"
    );

    let detail = async |name: &str| {
        let mut detail = program.json(&format!("/api/v1/tags/{name}")).await;
        // They move on from epoch to epoch.
        for moving in ["at", "epoch", "series"] {
            detail.as_object_mut().unwrap().remove(moving).unwrap();
        }
        detail
    };
    let whole = detail("WorldCup2026").await;
    for name in ["worldcup26", "WM26"] {
        assert_eq!(detail(name).await, whole, "{name}");
        let page = program.get(&format!("/tag/{name}")).await;
        assert_eq!(page.status(), 200);
        let page = page.text().await.unwrap();
        assert!(page.contains("#WorldCup2026</bdi>"), "{page}");
    }
    let number = |name: &str| whole[name].as_u64().unwrap();
    assert_eq!((number("count"), number("people")), (6, 3));
    assert_eq!(whole["tag"], "#WorldCup2026");
    assert_eq!(whole["key"], "worldcup2026");
    let list = |name: &str, of: &str| -> Vec<(String, u64)> {
        let list = whole[name].as_array().unwrap().iter();
        let entry = |entry: &Value| {
            let of = entry[of].as_str().unwrap().to_owned();
            (of, entry["count"].as_u64().unwrap())
        };
        list.map(entry).collect()
    };
    let pairs = |pairs: &[(&str, u64)]| -> Vec<(String, u64)> {
        pairs
            .iter()
            .map(|(of, count)| ((*of).to_owned(), *count))
            .collect()
    };
    let spellings = [
        ("#WorldCup2026", 2),
        ("#worldcup26", 2),
        ("#WM26", 1),
        ("#WorldCup26", 1),
    ];
    assert_eq!(list("spellings", "tag"), pairs(&spellings));
    assert_eq!(list("languages", "lang"), pairs(&[("de", 4), ("en", 2)]));
    assert_eq!(
        list("together", "tag"),
        pairs(&[("#final", 3), ("#tickets", 2)])
    );
    let posts = whole["posts"].as_array().unwrap();
    assert_eq!(posts.len(), 5, "a post with two of them is one: {posts:?}");
}

#[tokio::test]
async fn what_is_blocked_or_not_approved_of_merged_hashtags_is_hidden() {
    let data = tempfile::tempdir().unwrap();
    let program = serve(data.path(), "2");
    program.is_ready().await;
    post_all(&program).await;
    comes_to_show(&program, &APART).await;
    let operator = Operator::sign_in(&program).await;
    let act = async |what: &str, tag: &str| {
        assert_eq!(
            operator.act(&program, what, tag).await.status(),
            303,
            "{what} {tag}"
        );
    };
    for (tag, target) in [("worldcup26", "WorldCup2026"), ("WorldCup2026", "WM26")] {
        assert_eq!(operator.merge(&program, tag, target).await.status(), 303);
    }
    let rest = [("#final", 3, 3), ("#rust", 1, 1), ("#tickets", 1, 1)];
    let with = |count: u64, people: u64| {
        let mut rows = rest.to_vec();
        rows.push(("#WM26", count, people));
        let place = |(tag, count, _): &(&str, u64, u64)| (u64::MAX - count, tag.to_lowercase());
        rows.sort_by_key(place);
        rows
    };
    comes_to_show(&program, &with(6, 3)).await;

    act("block", "worldcup26").await;
    comes_to_show(&program, &with(3, 2)).await;
    assert_eq!(program.get("/api/v1/tags/worldcup26").await.status(), 404);
    act("unblock", "worldcup26").await;
    act("block", "WorldCup2026").await;
    comes_to_show(&program, &with(4, 3)).await;
    act("unblock", "WorldCup2026").await;
    comes_to_show(&program, &with(6, 3)).await;

    act("block", "wm26").await;
    comes_to_show(&program, &rest).await;
    for tag in ["wm26", "worldcup26", "worldcup2026"] {
        let path = format!("/api/v1/tags/{tag}");
        assert_eq!(program.get(&path).await.status(), 404, "{tag}");
    }
    act("unblock", "wm26").await;
    comes_to_show(&program, &with(6, 3)).await;

    // What is shown when a review begins is approved.
    act("review", "").await;
    comes_to_show(&program, &with(6, 3)).await;
    act("block", "wm26").await;
    act("unblock", "wm26").await;
    comes_to_show(&program, &rest).await;
    wait_until("it waits as one", SOON, async || {
        let page = operator.page(&program).await;
        let waits = "<bdi>#WM26</bdi></th><td>6</td><td>3</td>";
        page.contains(waits) && !page.contains("<bdi>#worldcup26</bdi></th><td>3</td>")
    })
    .await;
    act("approve", "#wm26").await;
    comes_to_show(&program, &with(6, 3)).await;

    // Another program may show them by their own names.
    let form = [
        ("label", "['#worldcup26', '#WorldCup2026', '#rust']"),
        ("data", "[3, 2, 1]"),
    ];
    let posted = client().post(program.url("/updateData")).form(&form);
    assert_eq!(posted.send().await.unwrap().status(), 201);
    let labels = async || program.json("/refreshData").await["sLabel"].clone();
    let all = json!(["#worldcup26", "#WorldCup2026", "#rust"]);
    wait_until("all", SOON, async || labels().await == all).await;
    act("block", "wm26").await;
    wait_until("the rest", SOON, async || {
        labels().await == json!(["#rust"])
    })
    .await;
}

/// Until the next epoch results are those of before.
#[tokio::test]
async fn what_is_merged_can_be_asked_for_and_approved_before_it_is_shown_as_one() {
    let data = tempfile::tempdir().unwrap();
    let args = ["--source", "listen:127.0.0.1:0", "--batch", "2s"];
    let program = Program::serve_in(data.path(), &args, &[TOKEN]);
    program.is_ready().await;
    post_all(&program).await;
    comes_to_show(&program, &APART).await;
    let operator = Operator::sign_in(&program).await;
    let answer = operator.merge(&program, "worldcup26", "Cup").await;
    assert_eq!(answer.status(), 303);
    let path = "/api/v1/tags/worldcup26?window=all";
    assert_eq!(program.json(path).await["count"], 3);
    let answer = operator.act(&program, "review", "").await;
    assert_eq!(answer.status(), 303);
    let merged = [
        ("#Cup", 3, 2),
        ("#final", 3, 3),
        ("#WorldCup2026", 2, 1),
        ("#rust", 1, 1),
        ("#tickets", 1, 1),
        ("#WM26", 1, 1),
    ];
    comes_to_show(&program, &merged).await;

    operator.act(&program, "block", "Cup").await;
    comes_to_show(&program, &merged[1..]).await;
    assert_eq!(program.get(path).await.status(), 404);
    operator.act(&program, "separate", "worldcup26").await;
    wait_until(
        "it is itself again, and never what is blocked",
        SOON,
        async || {
            let detail = program.json(path).await;
            assert_ne!(detail["tag"], "#Cup");
            detail["tag"] == "#worldcup26"
        },
    )
    .await;
}

#[tokio::test]
async fn what_operators_do_is_in_force_also_where_a_replay_has_ended() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("posts.jsonl");
    let line = |(text, author, _): &(&str, &str, &str)| {
        json!({"text": text, "author": author, "at": "2023-01-01T00:00:00Z"}).to_string() + "\n"
    };
    std::fs::write(&file, POSTS.iter().map(line).collect::<String>()).unwrap();
    let source = format!("file:{}", file.display());
    let args = ["--source", &source, "--batch", "200ms"];
    let mut program = Program::serve_in(&data.path().join("data"), &args, &[TOKEN]);
    let merged = [
        ("#WorldCup2026", 5, 2),
        ("#final", 3, 3),
        ("#rust", 1, 1),
        ("#tickets", 1, 1),
        ("#WM26", 1, 1),
    ];
    for _ in 0..2 {
        comes_to_show(&program, &APART).await;
        let operator = Operator::sign_in(&program).await;
        let answer = operator.merge(&program, "worldcup26", "WorldCup2026").await;
        assert_eq!(answer.status(), 303);
        comes_to_show(&program, &merged).await;
        operator.act(&program, "block", "WorldCup2026").await;
        comes_to_show(&program, &merged[1..]).await;
        operator.act(&program, "unblock", "WorldCup2026").await;
        comes_to_show(&program, &merged).await;
        operator.act(&program, "separate", "worldcup26").await;
        comes_to_show(&program, &APART).await;
        // It stands where it ended, but for an epoch each time.
        let at = program.json("/api/v1/top").await["at"].to_string();
        assert!(at.starts_with("\"2023-01-01T00:00:0"), "{at}");
        program.terminate();
        program.restart();
    }
}

#[tokio::test]
async fn a_rise_that_was_told_of_is_not_told_of_again_by_another_name() {
    let data = tempfile::tempdir().unwrap();
    let args = [&ARGS[..4], &["--alert-rise", "8"]].concat();
    let program = Program::serve_in(data.path(), &args, &[TOKEN]);
    program.is_ready().await;
    let storm = "#storm\n".repeat(200);
    let posts = client().post(program.url("/api/v1/posts")).body(storm);
    let posts = posts.header("content-type", "text/plain");
    assert_eq!(posts.send().await.unwrap().status(), 200);
    let once = [1, 0, 0, 0];
    until_numbers(&program, once).await;
    let operator = Operator::sign_in(&program).await;
    let answer = operator.merge(&program, "storm", "Tempest").await;
    assert_eq!(answer.status(), 303);
    comes_to_show(&program, &[("#Tempest", 200, 0)]).await;
    until_later(&program).await;
    assert_eq!(numbers(&program).await, once);
    let answer = operator.act(&program, "separate", "storm").await;
    assert_eq!(answer.status(), 303);
    comes_to_show(&program, &[("#storm", 200, 0)]).await;
    until_later(&program).await;
    assert_eq!(numbers(&program).await, once);
}
