//! A million lines through a socket, and through a file with twenty kills in between: what is shown is
//! a naive recount of the same lines, for every epoch that any run has shown.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    fs::File,
    io::{BufWriter, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    program::{Program, wait_until},
    random::Random,
};

const LINES: u64 = 1_000_000;
const TAGS: u64 = 20_000;
const K: usize = 100;
/// For a million lines by a debug build on a busy machine.
const LONG: Duration = Duration::from_secs(180);

/// A tag of a generated line: which, and whether it is shouted.
type Tag = (u64, bool);

/// Line `n` of a seed, as its tags: mostly one or two, some none, the low numbers far more often.
fn tags(random: &mut Random) -> Vec<Tag> {
    let tag = |random: &mut Random| {
        let number = (TAGS as f64).powf(random.unit()) as u64;
        (number, random.below(4) == 0)
    };
    (0..random.below(4)).map(|_| tag(random)).collect()
}

fn spelled((number, shouted): Tag) -> String {
    if shouted {
        format!("TAG{number}")
    } else {
        format!("Tag{number}")
    }
}

fn text(tags: &[Tag]) -> String {
    let mut text = "what a day".to_owned();
    for tag in tags {
        let _ = write!(text, " #{}, and", spelled(*tag));
    }
    text
}

/// The naive recount: a map from tag to its spellings' counts.
#[derive(Default)]
struct Recount {
    tags: HashMap<u64, [u64; 2]>,
    posts: u64,
    mentions: u64,
}

impl Recount {
    fn post(&mut self, tags: &[Tag]) {
        self.posts += 1;
        let mut seen = Vec::new();
        for (number, shouted) in tags {
            if !seen.contains(number) {
                seen.push(*number);
                self.mentions += 1;
                self.tags.entry(*number).or_default()[usize::from(*shouted)] += 1;
            }
        }
    }

    /// What `/api/v1/top?window=all&k=100` must say: (tag, count), best first.
    fn top(&self) -> Vec<(String, u64)> {
        let mut all: Vec<(u64, String, String)> = Vec::new();
        for (number, [plain, shouted]) in &self.tags {
            // Of equally used spellings the first in byte order is shown: TAG before Tag.
            let shown = format!("#{}", spelled((*number, shouted >= plain)));
            all.push((plain + shouted, format!("tag{number}"), shown));
        }
        all.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        all.into_iter()
            .take(K)
            .map(|(count, _, shown)| (shown, count))
            .collect()
    }
}

fn shown(top: &Value) -> Vec<(String, u64)> {
    let rows = top["rows"].as_array().expect("rows");
    let row = |row: &Value| {
        (
            row["tag"].as_str().unwrap_or_default().to_owned(),
            row["count"].as_u64().unwrap_or(0),
        )
    };
    rows.iter().map(row).collect()
}

fn agrees(top: &Value, recount: &Recount) {
    assert_eq!(top["posts"], recount.posts);
    assert_eq!(top["mentions"], recount.mentions);
    assert_eq!(top["tags"], recount.tags.len());
    assert_eq!(shown(top), recount.top());
}

const TOP: &str = "/api/v1/top?window=all&k=100";

#[tokio::test(flavor = "multi_thread")]
async fn a_million_lines_through_a_socket_are_a_naive_recount() {
    let args = ["--source", "listen:127.0.0.1:0", "--batch", "500ms"];
    let mut program = Program::serve(&args);
    let port = program.source_port();
    let mut recount = Recount::default();
    let mut random = Random::new(1);
    let mut writer = BufWriter::new(TcpStream::connect(("127.0.0.1", port)).unwrap());
    for _ in 0..LINES {
        let tags = tags(&mut random);
        recount.post(&tags);
        writeln!(writer, "{}", text(&tags)).unwrap();
    }
    drop(writer);
    wait_until("all lines are counted", LONG, async || {
        program.json(TOP).await["posts"] == LINES
    })
    .await;
    agrees(&program.json(TOP).await, &recount);
    program.terminate();
}

/// What was shown for each epoch, by any run.
#[derive(Default)]
struct Seen(BTreeMap<u64, Value>);

impl Seen {
    /// Looks once, and gives the posts counted so far.
    async fn look(&mut self, program: &Program) -> u64 {
        let top = program.json(TOP).await;
        // Until the first epoch there is an error to read instead.
        let Some(epoch) = top["epoch"].as_u64() else {
            return 0;
        };
        let posts = top["posts"].as_u64().unwrap_or(0);
        let before = self.0.entry(epoch).or_insert_with(|| top.clone());
        assert_eq!(*before, top, "epoch {epoch} was shown otherwise before");
        posts
    }
}

/// The posts carry their times, so which epoch a line belongs to is known beforehand: what a run shows
/// for an epoch must be the recount of the lines up to its end, in every run.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_twenty_kills_in_between_is_a_naive_recount_epoch_for_epoch() {
    const BATCH_MS: u64 = 1_000;
    const LINES_PER_EPOCH: u64 = 2_500;
    const FIRST_EPOCH: u64 = 1_700_000_000;
    const KILLS: u64 = 20;
    const SEED: u64 = 20_261_122;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("posts.jsonl");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    let mut random = Random::new(SEED);
    for n in 0..LINES {
        let at = FIRST_EPOCH * BATCH_MS + n * BATCH_MS / LINES_PER_EPOCH;
        let text = text(&tags(&mut random));
        writeln!(file, r#"{{"text":"{text}","at":{at}}}"#).unwrap();
    }
    drop(file);

    // Four hundred seconds in about twenty-seven.
    let source = format!("file:{},speed=15x", path.display());
    let mut program = Program::serve(&["--source", &source, "--batch", "1s"]);
    let mut seen = Seen::default();
    for kill in 1..=KILLS {
        // Somewhere in its share of the file's first half, and then a moment later: the seal, the count and
        // the checkpoint are hit in turn. The other half is for a busy machine, where the file goes on
        // while a program starts and is looked at.
        let share = LINES / 2 / KILLS;
        let after = share * (kill - 1) + random.below(share);
        wait_until("more lines are counted", LONG, async || {
            seen.look(&program).await >= after
        })
        .await;
        let moment = Instant::now() + Duration::from_millis(random.below(60));
        let mut posts = 0;
        while Instant::now() < moment {
            posts = seen.look(&program).await;
        }
        program.kill9();
        assert!(posts < LINES, "the file was over before kill {kill}");
        program.restart();
    }
    wait_until("all lines are counted", LONG, async || {
        seen.look(&program).await == LINES
    })
    .await;
    program.terminate();

    let mut recount = Recount::default();
    let mut random = Random::new(SEED);
    let mut line = 0;
    assert!(seen.0.len() > 20, "only {} epochs were seen", seen.0.len());
    for (epoch, top) in seen.0 {
        while line < LINES && line / LINES_PER_EPOCH + FIRST_EPOCH <= epoch {
            recount.post(&tags(&mut random));
            line += 1;
        }
        agrees(&top, &recount);
    }
    assert_eq!(recount.posts, LINES);
}
