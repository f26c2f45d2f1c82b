//! What is trending, with its last seven days, as a client of Mastodon lists it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::OpenOptions,
    io::Write,
    path::Path,
};

use serde_json::{Value, json};

use crate::program::{Program, SOON, Script, wait_until};

/// The first second of 2023-11-15 in UTC.
const BEGIN: u64 = 1_700_006_400;
const DAY: u64 = 24 * 60 * 60;
const DAYS: u64 = 8;
const TRENDING: u64 = 25;
/// Posts of the same second.
const TOGETHER: u64 = 8;
/// No day is a number of these.
const BATCH_MS: u64 = 700;

/// Posts of eight days, and what is to be told of each tag and day.
#[derive(Debug, Default)]
struct Week {
    /// The lines of each day.
    days: Vec<String>,
    standing: u64,
    /// By tag and day.
    uses: HashMap<(String, u64), u64>,
    accounts: HashMap<(String, u64), BTreeSet<u64>>,
}

impl Week {
    /// A tag that rises on the last day has few mentions before.
    fn of_rising_tags() -> Self {
        let mut week = Self::default();
        for day in 0..DAYS {
            let last = day == DAYS - 1;
            let mut posts = Vec::new();
            for number in 0..TRENDING {
                let count = if last {
                    20 + number
                } else {
                    (number + day) % 5
                };
                posts.extend((0..count).map(|post| (format!("tag{number}"), post)));
            }
            let fading = if last { 10 } else { 40 };
            posts.extend((0..fading).map(|post| ("fading".to_owned(), post)));
            if last {
                posts.extend((0..90).map(|post| ("never".to_owned(), post)));
            }
            // From the first second of the day to the last, some at a time: each time is an epoch.
            let last_time = (posts.len() as u64 - 1) / TOGETHER;
            let mut lines = String::new();
            for (place, (tag, post)) in (0_u64..).zip(posts) {
                let at = BEGIN + day * DAY + place / TOGETHER * (DAY - 1) / last_time;
                week.post(&mut lines, &tag, at, post % 7, day * 1000 + place);
            }
            week.days.push(lines);
        }
        week
    }

    /// Each fifth post of a tag is deleted, and is by somebody who has no other.
    fn post(&mut self, lines: &mut String, tag: &str, at: u64, author: u64, id: u64) {
        let deleted = id % 5 == 3;
        let author = if deleted { 10_000 + id } else { author };
        let post = json!({
            "text": format!("a post with #{tag}"),
            "author": author.to_string(),
            "at": at,
            "id": id.to_string(),
        });
        *lines += &format!("{post}\n");
        if deleted {
            *lines += &format!("{}\n", json!({"delete": id.to_string()}));
            return;
        }
        self.standing += 1;
        // An epoch is of the day that it begins in.
        let epoch = at * 1000 / BATCH_MS;
        let day = epoch * BATCH_MS / 1000 / DAY;
        *self.uses.entry((tag.to_owned(), day)).or_default() += 1;
        let accounts = self.accounts.entry((tag.to_owned(), day));
        accounts.or_default().insert(author);
    }

    fn history(&self, tag: &str) -> Value {
        let today = BEGIN / DAY + DAYS - 1;
        let day = |ago: u64| {
            let place = (tag.to_owned(), today - ago);
            json!({
                "day": ((today - ago) * DAY).to_string(),
                "uses": self.uses.get(&place).copied().unwrap_or(0).to_string(),
                "accounts": self.accounts.get(&place).map_or(0, BTreeSet::len).to_string(),
            })
        };
        (0..7).map(day).collect()
    }
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

async fn wait_for_posts(program: &Program, posts: u64) {
    wait_until("all posts to be counted", SOON, async || {
        let top = program.try_json("/api/v1/top?window=all").await;
        top.is_some_and(|top| top["posts"] == posts)
    })
    .await;
}

fn serve(folder: &Path, name: &str, workers: &str) -> (Program, std::path::PathBuf) {
    let (posts, data) = (folder.join(name), folder.join(format!("{name}-data")));
    append(&posts, "");
    let block = folder.join("block");
    std::fs::write(&block, "#Never\n").unwrap();
    let source = format!("file:{}", posts.display());
    let args = [
        "--source",
        &source,
        "--batch",
        "700ms",
        "--workers",
        workers,
        "--block",
        block.to_str().unwrap(),
    ];
    (Program::serve_in(&data, &args, &[]), posts)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_mastodon_lists_what_rises_with_seven_days_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let week = Week::of_rising_tags();
    append(&folder.path().join("posts"), &week.days.concat());
    let (program, _) = serve(folder.path(), "posts", "2");
    wait_for_posts(&program, week.standing).await;

    let pages = Script::of_mastodon("trends.mjs", &[&program.url(""), "10"]).finish(SOON);
    let lengths: Vec<_> = pages
        .iter()
        .map(|page| page.as_array().unwrap().len())
        .collect();
    assert_eq!(lengths, [10, 10, 5]);
    let listed: Vec<Value> = pages
        .into_iter()
        .flat_map(|page| page.as_array().unwrap().clone())
        .collect();
    let top = program.json("/api/v1/top?window=24h&by=rising&k=100").await;
    let rising = top["rows"].as_array().unwrap();
    assert_eq!(rising.len(), listed.len());
    for (row, tag) in rising.iter().zip(&listed) {
        let name = tag["name"].as_str().unwrap();
        assert_eq!(row["tag"], format!("#{name}"), "in the order of their rise");
        assert_eq!(tag["history"], week.history(name), "{name}");
        assert_eq!(tag["id"], name);
        assert_eq!(tag["url"], program.url(&format!("/tag/{name}")));
    }
    let first = listed[0]["url"].as_str().unwrap();
    let page = program
        .get(first.strip_prefix(&program.url("")).unwrap())
        .await;
    assert_eq!(page.status(), 200);

    let ten = program.json("/api/v1/trends/tags").await;
    assert_eq!(
        ten.as_array().unwrap().len(),
        10,
        "as many as Mastodon gives"
    );
    assert_eq!(program.json("/api/v1/trends").await, ten, "its old name");
    let most = program.json("/api/v1/trends/tags?limit=40").await;
    assert_eq!(most, Value::from_iter(listed[..20].iter().cloned()));
    let answer = program.get("/api/v1/trends/tags?limit=5&offset=20").await;
    let link = answer.headers()["link"].to_str().unwrap().to_owned();
    let before = program.url("/api/v1/trends/tags?limit=5&offset=15");
    assert_eq!(link, format!("<{before}>; rel=\"prev\""));
    for (query, code) in [("limit=ten", "bad_limit"), ("offset=-1", "bad_offset")] {
        let refused = program.get(&format!("/api/v1/trends/tags?{query}")).await;
        assert_eq!(refused.status(), 400);
        assert!(refused.text().await.unwrap().contains(code), "{query}");
    }
}

/// By any number of workers, and with an end or a crash between two days.
#[tokio::test(flavor = "multi_thread")]
async fn trends_are_the_same_for_any_workers_and_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let week = Week::of_rising_tags();
    let mut told = BTreeMap::new();
    for workers in ["1", "2", "4"] {
        let name = format!("posts-{workers}");
        let (mut program, posts) = serve(folder.path(), &name, workers);
        program.terminate();
        // The middle of a day, and of its posts.
        let (early, late) = (week.days[..5].concat(), week.days[5..].concat());
        let middle = early[..early.len() - week.days[4].len() / 2]
            .rfind('\n')
            .unwrap()
            + 1;
        append(&posts, &early[..middle]);
        program.restart();
        wait_until("what there is to be read", SOON, async || {
            let status = program.try_json("/api/v1/status").await;
            status.is_some_and(|status| status["sources"][0]["state"] == "ended")
        })
        .await;
        match workers {
            "1" => program.terminate(),
            _ => program.kill9(),
        }
        append(&posts, &early[middle..]);
        append(&posts, &late);
        program.restart();
        wait_for_posts(&program, week.standing).await;
        let trends = program.json("/api/v1/trends/tags?limit=20").await;
        let trends = trends.to_string().replace(&program.url(""), "");
        told.insert(trends, workers);
    }
    assert_eq!(told.len(), 1, "{told:#?}");
    let (trends, _) = told.pop_first().unwrap();
    let trends: Vec<Value> = serde_json::from_str(&trends).unwrap();
    assert_eq!(trends.len(), 20);
    for tag in trends {
        assert_eq!(tag["history"], week.history(tag["name"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn words_trend_as_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let posts = folder.path().join("posts");
    append(&posts, &"#Rust C# #Rust\nC#\n".repeat(6));
    let source = format!("file:{}", posts.display());
    let program = Program::serve(&[
        "--source",
        &source,
        "--batch",
        "200ms",
        "--grammar",
        "words",
    ]);
    wait_for_posts(&program, 12).await;
    let trends = program.json("/api/v1/trends/tags").await;
    let told = |tag: &Value| {
        let today = tag["history"][0].clone();
        let path = tag["url"].as_str().unwrap().replace(&program.url(""), "");
        json!([tag["name"], path, today["uses"], today["accounts"]])
    };
    let told: Vec<Value> = trends.as_array().unwrap().iter().map(told).collect();
    // Equal ones by their key; of lines of text no author is known.
    let expected = [
        json!(["Rust", "/tag/Rust", "12", "0"]),
        json!(["C#", "/tag/C%23", "12", "0"]),
    ];
    assert_eq!(told, expected);
}
