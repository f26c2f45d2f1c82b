//! The three programs of the tutorial, played by Python scripts, each against the one of ours that
//! takes the place of its partner.

use std::{collections::BTreeMap, fs, time::Duration};

use serde_json::{Value, json};

use crate::program::{Program, SOON, Script, TOKEN, client, free_port, wait_until};

/// Short epochs, and the tutorial's idea of a hashtag.
const TUTORIAL: [&str; 4] = ["--grammar", "words", "--batch", "200ms"];

fn options<'a>(more: &[&'a str]) -> Vec<&'a str> {
    TUTORIAL.iter().chain(more).copied().collect()
}

/// Counts of a script, ordered as tops are: most first, equal ones by the tag.
fn ranked(counts: &Value) -> Vec<(String, u64)> {
    let counts = counts.as_object().unwrap();
    let mut ranked: Vec<(String, u64)> = counts
        .iter()
        .map(|(tag, count)| (tag.clone(), count.as_u64().unwrap()))
        .collect();
    ranked.sort_by(|(a, many), (b, more)| more.cmp(many).then_with(|| a.cmp(b)));
    ranked
}

#[tokio::test]
async fn counts_of_a_writer_are_those_of_the_tutorials_spark_job() {
    let writer = Script::start("writer.py", &["20000", "7"]);
    let port = writer.line(0).await;
    let source = format!("tcp:127.0.0.1:{port}");
    let program = Program::serve(&options(&["--source", &source]));
    let expected = ranked(&writer.line(1).await);
    assert!(
        expected.len() > 10 && expected.len() <= 100,
        "{}",
        expected.len()
    );

    let total = |counts: &[(String, u64)]| counts.iter().map(|(_, count)| count).sum::<u64>();
    wait_until("every mention to be counted", SOON, async || {
        total(&program.counts().await) >= total(&expected)
    })
    .await;
    assert_eq!(program.counts().await, expected);

    let ten = &expected[..10];
    let (labels, values): (Vec<_>, Vec<_>) = ten.iter().cloned().unzip();
    assert_eq!(
        program.json("/refreshData").await,
        json!({"sData": values, "sLabel": labels})
    );
    writer.finish(SOON);
}

#[tokio::test]
async fn a_feed_gives_a_reader_one_line_a_post() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("posts.jsonl");
    let posts: Vec<String> = (0..5000)
        .map(|number| match number % 4 {
            0 => format!("plain #tag{} and #other", number % 7),
            1 => json!({"text": format!("two\nlines #tag{}\r\n#end\r", number % 7)}).to_string(),
            2 => json!({"text": "caf\u{e9} #caf\u{e9} \u{1f980}#\u{1f980}"}).to_string(),
            _ => "nothing here".to_owned(),
        })
        .collect();
    fs::write(&file, posts.join("\n") + "\n").unwrap();

    let port = free_port();
    let source = format!("file:{}", file.display());
    let mut feed = Program::feed(port, &["--source", &source]);
    let reader = Script::start("reader.py", &[&port.to_string(), file.to_str().unwrap()]);
    let seen = reader.line(0).await;
    assert_eq!(seen["lines"], seen["posts"]);
    assert_eq!(seen["counted"], seen["expected"]);
    assert_eq!(seen["returns"], 0);
    reader.finish(SOON);
    feed.terminate();
}

#[tokio::test]
async fn a_poster_of_any_python_is_understood() {
    let program = Program::serve(&options(&["--source", "listen:127.0.0.1:0"]));
    let poster = Script::start("poster.py", &[&program.url("")]);
    assert_eq!(poster.finish(SOON), [json!(5)]);
}

#[tokio::test]
async fn python_literals_are_read_as_python_reads_them() {
    let program = Program::serve(&options(&["--source", "listen:127.0.0.1:0"]));
    let seed = std::env::var("TAGTIDE_TEST_SEED").unwrap_or_else(|_| "20261122".to_owned());
    let script = Script::start("literals.py", &[&program.url(""), &seed, "4000"]);
    let seen = script.finish(Duration::from_secs(120)).swap_remove(0);
    assert_eq!(seen["problems"], json!([]), "{seen}");
    assert!(seen["taken"].as_u64() > Some(1000), "{seen}");
}

#[tokio::test]
async fn a_dashboard_gets_the_top_ten_as_python_prints_it() {
    // Nobody listens there at first: a dashboard that is down.
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/updateData");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("posts.txt");
    let text =
        "#rust it's#x \"#q\" #caf\u{e9} #no\u{a0}break #\u{1f980} #back\\slash both'\"#\n#rust\n";
    fs::write(&file, text).unwrap();
    let source = format!("file:{}", file.display());
    let mut program = Program::serve(&options(&["--source", &source, "--post-to", &url]));
    let outage = "the dashboard is not reached";
    wait_until("the outage to be logged", SOON, async || {
        program.stderr().contains(outage)
    })
    .await;
    let before = program.json("/api/v1/top").await["epoch"].as_u64().unwrap();
    wait_until("epochs to go on", SOON, async || {
        program.json("/api/v1/top").await["epoch"].as_u64().unwrap() > before + 3
    })
    .await;
    assert_eq!(
        program.stderr().matches(outage).count(),
        1,
        "an outage is logged once"
    );

    let dashboard = Script::start("dashboard.py", &[&port.to_string()]);
    let post = dashboard.line(1).await;
    let counts = program.counts().await;
    let (labels, values): (Vec<_>, Vec<_>) = counts.into_iter().unzip();
    assert_eq!(post["labels"], json!(labels));
    assert_eq!(post["values"], json!(values));
    assert_eq!(post["type"], "application/x-www-form-urlencoded");
    assert_eq!(post["as_python"], true);
    program.terminate();
    dashboard.finish(SOON);
}

#[tokio::test]
async fn a_dashboard_that_asks_for_a_token_is_told_it() {
    let dashboard = Program::serve_with(
        &options(&["--source", "listen:127.0.0.1:0", "--public"]),
        &[("TAGTIDE_INGEST_TOKEN", TOKEN)],
    );
    let url = dashboard.url("/updateData");
    let directory = tempfile::tempdir().unwrap();
    let [posts, token] = ["posts.txt", "token"].map(|name| directory.path().join(name));
    fs::write(&posts, "#ours\n").unwrap();
    fs::write(&token, format!("{TOKEN}\n")).unwrap();
    let source = format!("file:{}", posts.display());
    let args = options(&["--source", &source, "--post-to", &url]);

    let mut stranger = Program::serve(&args);
    wait_until("it is told that it needs a token", SOON, async || {
        stranger.stderr().contains("TAGTIDE_POST_TO_TOKEN")
    })
    .await;
    stranger.terminate();
    let empty = json!({"sData": [], "sLabel": []});
    assert_eq!(dashboard.json("/refreshData").await, empty);

    let environment = [("TAGTIDE_POST_TO_TOKEN_FILE", token.to_str().unwrap())];
    let mut known = Program::serve_with(&args, &environment);
    let ours = json!({"sData": [1], "sLabel": ["#ours"]});
    wait_until("its board is there", SOON, async || {
        dashboard.json("/refreshData").await == ours
    })
    .await;
    known.terminate();
    let told = known.stderr() + &dashboard.stderr();
    assert!(!told.contains(TOKEN), "the token is told");
}

#[tokio::test]
async fn the_tables_of_the_spark_job_are_printed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("posts.txt");
    fs::write(
        &file,
        "#b #a #a #a-word-longer-than-twenty\n#a #b \x1b[31m#c\n",
    )
    .unwrap();
    let source = format!("file:{}", file.display());
    let mut program = Program::serve(&options(&["--source", &source, "--print"]));
    let table = "\
+--------------------+-------------+
|             hashtag|hashtag_count|
+--------------------+-------------+
|                  #a|            3|
|                  #b|            2|
|     \\u{1b}[31m#c|            1|
|#a-word-longer-th...|            1|
+--------------------+-------------+

-----------";
    // The order of equal counts is that of the tags, and an escape comes before `#`.
    let table = table.replace("     \\u{1b}[31m#c", &format!("{:>20}", "\\u{1b}[31m#c"));
    wait_until("the table", SOON, async || {
        program.stdout().contains(&table)
    })
    .await;
    program.terminate();
    for line in program.stdout().lines() {
        let is_time = line.starts_with("----------- 20") && line.ends_with(" -----------");
        assert!(
            is_time || line.is_empty() || line.starts_with(['+', '|']),
            "{line:?}"
        );
    }
}

#[tokio::test]
async fn a_posted_board_does_not_touch_the_own_counts() {
    let mut program = Program::serve(&options(&["--source", "listen:127.0.0.1:0"]));
    let port = program.source_port();
    let mut writer = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut writer, b"#own\n")
        .await
        .unwrap();
    wait_until("the line to be counted", SOON, async || {
        !program.counts().await.is_empty()
    })
    .await;

    let form = BTreeMap::from([("label", "['#theirs']"), ("data", "[99]")]);
    let answer = client()
        .post(program.url("/updateData"))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    let posted = json!({"sData": [99], "sLabel": ["#theirs"]});
    assert_eq!(program.json("/refreshData").await, posted);
    assert_eq!(program.counts().await, [("#own".to_owned(), 1)]);
}
