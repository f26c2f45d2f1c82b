//! All sources at once for a long time, with random faults of theirs, restarts and kills of the program, and
//! pages that poll: counts are those of what was written, and memory, file handles and threads do not grow.
//!
//! In a minute here. `make soak` takes two hours with 500 pages and the program as it is given away, and tells what
//! it saw: one built for tests needs longer to come back with a million posts than anybody waits for it.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{
    fakes::{End, Fake, Fault, Jetstream, Mastodon, Relay, X, jetstream, mastodon, nostr, x},
    program::{Program, is_sound, of_x, wait_until},
    random::Random,
};

/// For what takes moments on an idle machine; a source that has failed often waits up to a minute.
const LONG: Duration = Duration::from_secs(240);
/// Tags of each network.
const TAGS: u64 = 90;
const NETWORKS: [&str; 4] = ["bluesky", "mastodon", "nostr", "x"];

/// Posts by tag.
type Counts = BTreeMap<String, u64>;

/// How long, and how much at once.
struct Extent {
    time: Duration,
    pages: usize,
    told: bool,
}

impl Extent {
    fn of_environment() -> Self {
        match std::env::var("TAGTIDE_SOAK") {
            Ok(minutes) => Self {
                time: Duration::from_secs(60 * minutes.parse::<u64>().unwrap()),
                pages: 500,
                told: true,
            },
            Err(_) => Self {
                time: Duration::from_secs(45),
                pages: 50,
                told: false,
            },
        }
    }
}

/// The networks, and what was written to each.
struct World {
    jetstream: Jetstream,
    mastodon: Mastodon,
    relays: [Relay; 2],
    x: X,
    random: Random,
    number: u64,
    written: BTreeMap<&'static str, Counts>,
    faults: u64,
}

impl World {
    async fn start(seed: u64) -> Self {
        let mastodon = Mastodon::start().await;
        mastodon.allow(1_000_000, Duration::from_secs(300));
        Self {
            jetstream: Jetstream::start().await,
            mastodon,
            relays: [Relay::start().await, Relay::start().await],
            x: X::start().await,
            random: Random::new(seed),
            number: 0,
            written: BTreeMap::new(),
            faults: 0,
        }
    }

    fn args(&self) -> Vec<String> {
        let [first, second] = &self.relays;
        let mut args = vec![
            "--batch=500ms".to_owned(),
            format!("--source=bluesky:{}", self.jetstream.url()),
            format!("--source=mastodon:{}", self.mastodon.url()),
            format!("--source=nostr:{},{}", first.url(), second.url()),
        ];
        args.extend(of_x(&self.x.url()).map(str::to_owned));
        args
    }

    /// One post, somewhere.
    fn write(&mut self) {
        let network = NETWORKS[self.random.below(NETWORKS.len() as u64) as usize];
        self.write_to(network);
    }

    fn write_to(&mut self, network: &'static str) {
        self.number += 1;
        let number = self.number;
        let tag = format!("{network}{}", self.random.below(TAGS));
        match network {
            "bluesky" => {
                let record = jetstream::post(&format!("it is #{tag}"), &["en"]);
                let key = number.to_string();
                let event = jetstream::create("did:plc:ann", jetstream::POST, &key, record);
                self.jetstream.publish(event);
            }
            "mastodon" => {
                let status = mastodon::status("ann@a.example", "it is", &[&tag]);
                self.mastodon.publish(status);
            }
            "nostr" => {
                let seconds = jiff::Timestamp::now().as_second();
                let note = nostr::note("ann", seconds, &format!("note {number}"), &[&tag]);
                self.relays.iter().for_each(|relay| relay.publish(&note));
            }
            _ => {
                self.x.publish(x::post("ann", &format!("it is #{tag}")));
            }
        }
        let counts = self.written.entry(network).or_default();
        *counts.entry(format!("#{tag}")).or_default() += 1;
    }

    /// Something goes wrong somewhere.
    fn fault(&mut self) {
        self.faults += 1;
        let which = self.random.below(8);
        match self.random.below(5) {
            0 => go_wrong(&self.jetstream, jetstream::SUBSCRIBE, which),
            1 => go_wrong(&self.mastodon, mastodon::STREAM, which),
            2 => go_wrong(&self.relays[0], "/", which),
            3 => go_wrong(&self.relays[1], "/", which),
            _ => go_wrong(&self.x, x::STREAM, which),
        }
    }
}

fn go_wrong<S: crate::fakes::Service>(fake: &Fake<S>, path: &str, which: u64) {
    match which {
        0 => fake.live.end(End::Clean),
        1 => fake.live.end(End::Cut),
        2 => fake.live.end(End::Reset),
        3 => {
            fake.script.refuse(2);
            fake.live.end(End::Cut);
        }
        4 => {
            fake.script.next(path, Fault::Close);
            fake.live.end(End::Reset);
        }
        // Without the line's end it would spoil the event behind it, where there are no frames.
        5 => fake.live.text("{\"no\": \u{1f4a3}\r\n\r\n"),
        6 => fake.live.text("\u{0}\u{1b}[31m\r\n\r\n"),
        _ => {
            fake.script.next(path, Fault::Reset);
            fake.live.end(End::Clean);
        }
    }
}

/// What the process holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    memory_mb: f64,
    files: usize,
    threads: usize,
}

fn held(program: &Program) -> Held {
    let process = format!("/proc/{}", program.pid());
    let status = fs::read_to_string(format!("{process}/status")).unwrap();
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
        number.unwrap()
    };
    Held {
        memory_mb: number("VmRSS:") as f64 / 1024.0,
        files: fs::read_dir(format!("{process}/fd")).unwrap().count(),
        threads: number("Threads:"),
    }
}

/// Pages that poll each second, and come back when they are cut off.
fn poll(address: String, pages: usize, answers: &Arc<AtomicU64>) -> JoinSet<()> {
    let mut polling = JoinSet::new();
    for page in 0..pages {
        let (address, answers) = (address.clone(), Arc::clone(answers));
        polling.spawn(async move {
            tokio::time::sleep(Duration::from_secs(1) * page as u32 / pages as u32).await;
            loop {
                // What is wrong is that the program is away, or kills.
                let _ = poll_one(&address, &answers).await;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        });
    }
    polling
}

async fn poll_one(address: &str, answers: &AtomicU64) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let mut answer = vec![0; 64 << 10];
    loop {
        let request = format!("GET /api/fn/board?k=10 HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        if stream.read(&mut answer).await? == 0 {
            return Ok(());
        }
        answers.fetch_add(1, Relaxed);
        tokio::time::sleep(Duration::from_secs(1)).await;
        // The rest of an answer that came in parts.
        while matches!(stream.try_read(&mut answer), Ok(read) if read > 0) {}
    }
}

async fn counts(program: &Program, network: &str) -> Counts {
    let path = format!("/api/v1/top?window=all&k=100&source={network}");
    let top = program.try_json(&path).await.unwrap_or(Value::Null);
    let rows = top["rows"].as_array().cloned().unwrap_or_default();
    let row = |row: &Value| {
        let tag = row["tag"].as_str().unwrap().to_owned();
        (tag, row["count"].as_u64().unwrap())
    };
    rows.iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_grows_and_nothing_is_lost() {
    let extent = Extent::of_environment();
    let mut world = World::start(9).await;
    let environment = [
        ("TAGTIDE_MASTODON_TOKEN", mastodon::TOKEN),
        ("TAGTIDE_X_TOKEN", x::TOKEN),
    ];
    let args = world.args();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let directory = tempfile::tempdir().unwrap();
    let mut program = Program::serve_in(directory.path(), &args, &environment);
    // Of what was written before the first cursors were sealed, it knows nothing.
    for seen in [&world.jetstream.seen, &world.mastodon.seen, &world.x.seen] {
        seen.until_streams(1).await;
    }
    for relay in &world.relays {
        relay.seen.until_streams(1).await;
    }
    NETWORKS.iter().for_each(|network| world.write_to(network));
    wait_until("the first posts are counted", LONG, async || {
        !counts(&program, "bluesky").await.is_empty()
            && !counts(&program, "mastodon").await.is_empty()
            && !counts(&program, "nostr").await.is_empty()
    })
    .await;

    let answers = Arc::new(AtomicU64::new(0));
    let address = program.url("").replace("http://", "");
    let _polling = poll(address, extent.pages, &answers);
    let begun = Instant::now();
    // Restarts in the first two thirds; what grows, grows in the last one.
    let (mut restarts, mut kills) = (0, 0);
    let pause = extent.time / 12;
    let mut next_end = pause;
    let mut samples = Vec::new();
    let mut next_sample = extent.time * 2 / 3 + extent.time / 24;
    while begun.elapsed() < extent.time {
        // In two hours the first third brings a million posts, which is as many as are remembered: what
        // grows after that would grow for ever.
        let hurry = if begun.elapsed() < extent.time / 3 {
            3
        } else {
            1
        };
        let posts = match world.random.below(60) {
            0 => 200,
            _ => 1,
        };
        (0..hurry * posts).for_each(|_| world.write());
        if world.random.below(200) == 0 {
            world.fault();
        }
        let wait = world.random.below(40);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let age = begun.elapsed();
        if age > next_end && age < extent.time * 2 / 3 {
            next_end = age + pause;
            if (restarts + kills) % 2 == 0 {
                program.terminate();
                restarts += 1;
            } else {
                program.kill9();
                kills += 1;
            }
            (0..5).for_each(|_| world.write());
            program.restart();
        }
        if age > next_sample {
            next_sample = age + extent.time / 24;
            samples.push(held(&program));
        }
    }

    // First of all: it is known also where something is found.
    if extent.told {
        let posts: u64 = world.written.values().flat_map(Counts::values).sum();
        tell(format_args!(
            "{posts} posts, {} faults, {restarts} restarts, {kills} kills, {} answers\n{samples:#?}",
            world.faults,
            answers.load(Relaxed)
        ));
    }

    for network in ["bluesky", "mastodon", "nostr"] {
        let written = &world.written[network];
        let what = format!("what {network} has is counted: {written:?}");
        wait_until(&what, LONG, async || {
            counts(&program, network).await == *written
        })
        .await;
    }
    // X sends nothing again that was missed.
    let written = &world.written["x"];
    for (tag, count) in counts(&program, "x").await {
        assert!(
            count <= written[&tag],
            "{tag}: {count} of {}",
            written[&tag]
        );
    }
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    let pages = extent.pages as u64;
    assert!(answers.load(Relaxed) > pages * extent.time.as_secs() / 4);
    assert!(
        last.memory_mb < first.memory_mb * 1.1 + 8.0,
        "memory grows: {samples:?}"
    );
    assert!(last.files <= first.files + 16, "files grow: {samples:?}");
    assert!(
        last.threads <= first.threads + 4,
        "threads grow: {samples:?}"
    );
    program.terminate();
    assert!(
        !program.stderr().contains("panicked"),
        "{}",
        program.stderr()
    );
    is_sound(directory.path());
}

#[expect(clippy::print_stderr, reason = "what a long run has seen")]
fn tell(what: std::fmt::Arguments<'_>) {
    eprintln!("{what}");
}
