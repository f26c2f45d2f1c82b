//! Sixty kills, some at every named place of the program, some at any moment: whatever any run shows
//! for an epoch is what every run shows for it, and what a naive recount of the lines gives.
//!
//! The seed is printed when the test fails; `TAGTIDE_TORTURE_SEED` runs it again.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    program::{Program, is_sound, wait_until},
    random::{Random, Seed},
};

const KILLS: u64 = 60;
pub(crate) const EPOCHS: u64 = 1_200;
const LINES_PER_EPOCH: u64 = 30;
const BATCH_MS: u64 = 1_000;
pub(crate) const FIRST_EPOCH: u64 = 1_700_000_000;
const TAGS: u64 = 3_000;
const K: usize = 100;
/// For what takes moments, on a busy machine.
const LONG: Duration = Duration::from_secs(90);

/// Where the program can be told to die.
pub(crate) const POINTS: [&str; 6] = [
    "log.commit.before",
    "log.commit.after",
    "state.encoded",
    "state.half",
    "state.commit.before",
    "state.commit.after",
];

/// What is looked at: the query, how many epochs are in it, and the only language in it.
pub(crate) const VIEWS: [(&str, u64, Option<&str>); 4] = [
    ("window=all&k=100", u64::MAX, None),
    ("window=5m&k=100", 300, None),
    ("window=1m&k=100", 60, None),
    ("window=5m&k=100&lang=de", 300, Some("de")),
];

pub(crate) struct Line {
    epoch: u64,
    tags: Vec<u64>,
    lang: &'static str,
}

pub(crate) fn lines(seed: u64) -> Vec<Line> {
    let mut random = Random::new(seed);
    let line = |n| {
        let tag = |random: &mut Random| (TAGS as f64).powf(random.unit()) as u64;
        let mut tags: Vec<u64> = Vec::new();
        for _ in 0..random.below(4) {
            let tag = tag(&mut random);
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        Line {
            epoch: FIRST_EPOCH + n / LINES_PER_EPOCH,
            tags,
            lang: if random.below(3) == 0 { "de" } else { "en" },
        }
    };
    (0..EPOCHS * LINES_PER_EPOCH).map(line).collect()
}

/// The lines of which `part` of so many parts is one.
pub(crate) fn write(lines: &[Line], seed: u64, (part, parts): (usize, usize), path: &Path) {
    let mut random = Random::new(seed ^ 1);
    let mut text = String::new();
    for (n, line) in (0..).zip(lines) {
        let author = random.below(500);
        if n as usize % parts != part {
            continue;
        }
        let at = FIRST_EPOCH * BATCH_MS + n * BATCH_MS / LINES_PER_EPOCH;
        let tags: Vec<String> = line.tags.iter().map(|tag| format!("tag{tag}")).collect();
        let post = serde_json::json!({
            "tags": tags,
            "at": at,
            "lang": line.lang,
            "author": format!("somebody{author}"),
        });
        let _ = writeln!(text, "{post}");
    }
    std::fs::write(path, text).unwrap();
}

/// The naive recount of the lines up to `epoch`: posts, mentions, tags, and the first rows.
fn recount(
    lines: &[Line],
    epoch: u64,
    epochs: u64,
    lang: Option<&str>,
) -> (u64, u64, usize, Vec<(String, u64)>) {
    let first = (epoch + 1).saturating_sub(epochs);
    let mut counts: HashMap<u64, u64> = HashMap::new();
    let mut posts = 0;
    for line in lines {
        let is_in = (first..=epoch).contains(&line.epoch);
        if is_in && lang.is_none_or(|lang| lang == line.lang) {
            posts += 1;
            for tag in &line.tags {
                *counts.entry(*tag).or_default() += 1;
            }
        }
    }
    let tags = counts.len();
    let mentions = counts.values().sum();
    let mut rows: Vec<(String, u64)> = counts
        .into_iter()
        .map(|(tag, count)| (format!("#tag{tag}"), count))
        .collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    rows.truncate(K);
    (posts, mentions, tags, rows)
}

fn told(top: &Value) -> (u64, u64, usize, Vec<(String, u64)>) {
    let number = |value: &Value| value.as_u64().unwrap();
    let row = |row: &Value| {
        let tag = row["tag"].as_str().unwrap().to_owned();
        (tag, number(&row["count"]))
    };
    (
        number(&top["posts"]),
        number(&top["mentions"]),
        number(&top["tags"]) as usize,
        top["rows"].as_array().unwrap().iter().map(row).collect(),
    )
}

/// What was shown in each view for each epoch, by any run.
#[derive(Default)]
pub(crate) struct Seen(BTreeMap<(usize, u64), Value>);

impl Seen {
    /// Looks once, and gives the newest epoch.
    pub(crate) async fn look(&mut self, program: &Program) -> u64 {
        let mut newest = 0;
        for (view, (query, ..)) in VIEWS.iter().enumerate() {
            let top = program.try_json(&format!("/api/v1/top?{query}")).await;
            let Some(top) = top.filter(|top| top["epoch"].is_u64()) else {
                continue;
            };
            let epoch = top["epoch"].as_u64().unwrap();
            newest = newest.max(epoch);
            let before = self.0.entry((view, epoch)).or_insert_with(|| top.clone());
            assert_eq!(*before, top, "epoch {epoch} was shown otherwise before");
        }
        newest
    }

    pub(crate) fn newest(&self) -> u64 {
        let epochs = self.0.keys().map(|(_, epoch)| *epoch);
        epochs.max().unwrap_or(0)
    }

    /// Each is what a recount of the lines gives; how many there are.
    pub(crate) fn recounted(&self, lines: &[Line]) -> usize {
        for ((view, epoch), top) in &self.0 {
            let (query, epochs, lang) = VIEWS[*view];
            let recount = recount(lines, *epoch, epochs, lang);
            assert_eq!(told(top), recount, "{query} at epoch {epoch}");
        }
        self.0.len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_kills_change_nothing() {
    let given = Seed::new("TAGTIDE_TORTURE_SEED");
    let seed = given.seed;
    let mut random = Random::new(seed);

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("posts.jsonl");
    let data = directory.path().join("data");
    let lines = lines(seed);
    write(&lines, seed, (0, 1), &path);
    let source = format!("file:{},speed=60x", path.display());
    let args = ["--source", &source, "--batch", "1s", "--workers", "2"];
    let mut program = Program::serve_in(&data, &args, &[]);
    let mut seen = Seen::default();
    let last = FIRST_EPOCH + EPOCHS - 1;
    let mut points = HashSet::new();
    for kill in 0..KILLS {
        if kill % 2 == 0 {
            // Each place has its turn, and then another time on the way through it.
            let point = POINTS[(kill / 2) as usize % POINTS.len()];
            program.kill9();
            program.restart_to_crash(&format!("{point}:{}", 1 + random.below(3)));
            let begun = Instant::now();
            while !program.has_ended() && begun.elapsed() < LONG {
                if seen.look(&program).await >= last {
                    break;
                }
            }
            if program.has_ended() {
                points.insert(point);
            }
        } else {
            let moment = Instant::now() + Duration::from_millis(random.below(400));
            while Instant::now() < moment {
                seen.look(&program).await;
            }
        }
        if !program.has_ended() {
            program.kill9();
        }
        if kill % 12 == 0 {
            is_sound(&data);
        }
        program.restart();
    }
    wait_until("all lines are counted", LONG, async || {
        seen.look(&program).await >= last
    })
    .await;
    program.terminate();
    is_sound(&data);

    assert_eq!(points.len(), POINTS.len(), "it died only at {points:?}");
    // However busy the machine is, a run shows something before it dies.
    let looks = seen.recounted(&lines) as u64;
    assert!(looks > KILLS, "only {looks} were seen");
}
