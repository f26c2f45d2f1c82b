//! Several processes that count together: the same top everywhere, whatever is lost on the way, and nobody
//! in between who does not belong there.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    admin, alerts,
    fakes::x,
    monitoring::{OF_CLUSTERS, promtool},
    program::{LOOK_AGAIN, Program, SOON, free_port, is_sound, wait_until},
    random::Random,
};

/// For many starts of a debug build on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(180);

/// So that people are told apart alike, by processes alone as well.
pub(crate) const AUTHOR_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

const X_TOKEN: (&str, &str) = ("TAGTIDE_X_TOKEN", x::TOKEN);

/// What each process is told that others must not see.
fn environment() -> [(&'static str, &'static str); 4] {
    let [secret] = alerts::SIGNED;
    let author_key = ("TAGTIDE_AUTHOR_KEY_FILE", AUTHOR_KEY);
    [author_key, admin::TOKEN, secret, X_TOKEN]
}

/// Where so many processes can listen for each other.
fn hosts(processes: usize) -> Vec<String> {
    let ports = (0..processes).map(|_| free_port());
    ports.map(|port| format!("127.0.0.1:{port}")).collect()
}

/// The processes of one cluster.
pub(crate) struct Cluster {
    hosts: Vec<String>,
    options: Vec<String>,
    folder: TempDir,
}

impl Cluster {
    pub(crate) fn new(processes: usize, options: &[&str]) -> Self {
        Self::at(hosts(processes), options)
    }

    /// Of one process at each of these places.
    pub(crate) fn at(hosts: Vec<String>, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), "what only they know\n").unwrap();
        fs::write(folder.path().join("hosts"), hosts.join("\n")).unwrap();
        Self {
            hosts,
            options: options.iter().map(|&option| option.to_owned()).collect(),
            folder,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self, index: usize) -> PathBuf {
        self.path(&format!("data-{index}"))
    }

    /// From now on it is of so many.
    pub(crate) fn resize(&mut self, processes: usize) {
        self.hosts = hosts(processes);
        fs::write(self.path("hosts"), self.hosts.join("\n")).unwrap();
    }

    pub(crate) fn process(&self, index: usize, options: &[&str]) -> Program {
        self.process_in(&self.data(index), index, options)
    }

    pub(crate) fn process_in(&self, data: &Path, index: usize, options: &[&str]) -> Program {
        let all = self.own_and(index, options);
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        Program::serve_in(data, &all, &environment())
    }

    /// One that may die at a crash point before it can be asked anything.
    pub(crate) fn process_to_crash(
        &self,
        data: &Path,
        index: usize,
        options: &[&str],
        at: &str,
    ) -> Program {
        let all = self.own_and(index, options);
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        Program::serve_to_crash(data, &all, &environment(), at)
    }

    /// One that cannot start; what it says.
    pub(crate) fn refused(&self, data: &Path, index: usize) -> String {
        self.refused_with(data, index, &[])
    }

    pub(crate) fn refused_with(&self, data: &Path, index: usize, options: &[&str]) -> String {
        let ended = Command::new(env!("CARGO_BIN_EXE_tagtide"))
            .arg("serve")
            .args(self.own_and(index, options))
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .output()
            .unwrap();
        assert_eq!(ended.status.code(), Some(1));
        String::from_utf8(ended.stderr).unwrap()
    }

    pub(crate) fn own_and(&self, index: usize, options: &[&str]) -> Vec<String> {
        let options = options.iter().map(|&option| option.to_owned());
        self.own(index).into_iter().chain(options).collect()
    }

    fn own(&self, index: usize) -> Vec<String> {
        let path = |name| self.path(name).display().to_string();
        let own = ["--cluster", &path("hosts"), "--index", &index.to_string()];
        let own = own.into_iter().map(str::to_owned);
        let secret = ["--secret-file".to_owned(), path("secret")];
        own.chain(secret).chain(self.options.clone()).collect()
    }

    pub(crate) fn all(&self, options: impl Fn(usize) -> Vec<String>) -> Vec<Program> {
        let one = |index| {
            let options = options(index);
            let options: Vec<_> = options.iter().map(String::as_str).collect();
            self.process(index, &options)
        };
        (0..self.hosts.len()).map(one).collect()
    }
}

/// Posts to it until they are on disk. One that is new takes nothing before it has met the others.
pub(crate) async fn post(program: &Program, lines: &str) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < LONG {
        let client = crate::program::client();
        let request = client.post(program.url("/api/v1/posts"));
        let request = request.header("content-type", "text/plain");
        let Ok(response) = request.body(lines.to_owned()).send().await else {
            return false;
        };
        let status = response.status();
        let answer = response.text().await.unwrap_or_default();
        if !answer.contains("\"joining\"") {
            return status.is_success();
        }
        assert_eq!(status, 503);
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    false
}

pub(crate) async fn count_of(program: &Program, tag: &str) -> u64 {
    let counts = program.counts().await;
    let found = counts.into_iter().find(|(name, _)| name == tag);
    found.map_or(0, |(_, count)| count)
}

/// All that is counted is posted.
pub(crate) const QUIET: [&str; 4] = ["--batch", "200ms", "--source", "listen:127.0.0.1:0"];

pub(crate) const BEGIN: u64 = 1_700_006_400;

/// Forty minutes of posts by their times, of which each of `parts` has its share.
fn posts(part: usize, parts: usize) -> String {
    posts_where(|n| n % parts == part)
}

/// Those of them by their numbers.
pub(crate) fn posts_where(is_in: impl Fn(usize) -> bool) -> String {
    let mut random = Random::new(11);
    let mut lines = String::new();
    for n in 0..6_000_u64 {
        let tag = random.below(300) * random.below(300) / 300;
        let (author, lang) = (
            random.below(500),
            ["en", "de", "ja"][random.below(3) as usize],
        );
        if is_in(n as usize) {
            let at = BEGIN + n * 2_400 / 6_000;
            lines += &format!(
                "{{\"text\":\"#Tag{tag} #all\",\"author\":\"a{author}\",\"lang\":\"{lang}\",\"at\":{at}}}\n"
            );
        }
    }
    lines
}

/// So many of the posts, in the epochs that they are of.
pub(crate) async fn has_counted(program: &Program, posts: usize) {
    let at = format!(
        "2023-11-15T00:{:02}:{:02}Z",
        posts / 150,
        posts * 2 / 5 % 60
    );
    wait_until("all is counted", LONG, async || {
        let top = program.json("/api/v1/top?window=all").await;
        top["posts"] == posts && top["at"] == at
    })
    .await;
}

/// Every top of the newest epoch, once all posts are counted.
pub(crate) async fn tops(program: &Program) -> String {
    has_counted(program, 6_000).await;
    let mut tops = String::new();
    for window in ["1m", "5m", "15m", "1h", "24h", "all"] {
        for by in ["count", "rising", "people"] {
            let path = format!("/api/v1/top?window={window}&by={by}&k=100");
            tops += &program.get(&path).await.text().await.unwrap();
        }
    }
    tops + &program
        .get("/api/v1/top?lang=de&k=100")
        .await
        .text()
        .await
        .unwrap()
}

/// Each of two processes is sent a post, and the one `at` counts both.
pub(crate) async fn each_posts(programs: &[Program], tag: &str, at: usize) {
    for program in programs {
        assert!(post(program, &format!("{tag}\n")).await);
    }
    wait_until("both are counted", SOON, async || {
        count_of(&programs[at], tag).await == 2
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_processes_and_workers_shows_the_same() {
    let mut all = Vec::new();
    for (processes, workers) in [(1, 1), (1, 2), (2, 1), (3, 1), (2, 2)] {
        let options = ["--batch", "10s", "--workers", &workers.to_string()];
        let cluster = Cluster::new(processes, &options);
        let mut programs = cluster.all(|index| {
            let path = cluster.path(&format!("posts-{index}"));
            fs::write(&path, posts(index, processes)).unwrap();
            vec!["--source".to_owned(), format!("file:{}", path.display())]
        });
        for program in &programs {
            all.push((processes, workers, tops(program).await));
            let detail = program.json("/api/v1/tags/all?window=all").await;
            assert_eq!(
                detail["count"], 6_000,
                "who does not count it asks who does"
            );
        }
        programs.iter_mut().for_each(Program::terminate);
    }
    let (.., first) = &all[0];
    for (processes, workers, tops) in &all {
        assert_eq!(tops, first, "{processes} × {workers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_comes_back_and_nothing_is_lost_or_counted_twice() {
    let cluster = Cluster::new(3, &[&QUIET[..], &["--workers", "2"]].concat());
    let mut programs = cluster.all(|_| Vec::new());
    let mut random = Random::new(5);
    let mut accepted = 0;
    for _ in 0..12 {
        for _ in 0..5 {
            for program in &programs {
                let posts = 1 + random.below(20);
                let taken = post(program, &"#kept\n".repeat(posts as usize)).await;
                assert!(taken, "posts are taken also while others are away");
                accepted += posts;
            }
        }
        let killed = random.below(3) as usize;
        programs[killed].kill9();
        for (index, program) in programs.iter().enumerate() {
            if index != killed {
                assert!(post(program, "#kept\n").await);
                accepted += 1;
            }
        }
        programs[killed].restart();
    }
    for program in &programs {
        wait_until("all that was accepted is counted", LONG, async || {
            count_of(program, "#kept").await == accepted
        })
        .await;
        assert_eq!(program.get("/readyz").await.status(), 200);
    }
    programs.iter_mut().for_each(Program::terminate);
    for index in 0..3 {
        is_sound(&cluster.data(index));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_one_is_away_the_others_show_what_was_counted_last() {
    let cluster = Cluster::new(2, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    each_posts(&programs, "#before", 0).await;
    programs[1].terminate();
    wait_until("its loss is noticed", SOON, async || {
        programs[0].get("/readyz").await.status() == 503
    })
    .await;
    assert!(post(&programs[0], "#before\n#after\n").await);
    let before = programs[0].json("/api/v1/top?window=all").await;
    assert_eq!(before["rows"][0]["count"], 2);
    let detail = programs[0].get("/api/v1/tags/before").await;
    assert_eq!(detail.status(), 503, "nobody is kept waiting");
    programs[1].restart();
    for program in &programs {
        wait_until("what was sealed meanwhile is counted", SOON, async || {
            count_of(program, "#before").await == 3 && count_of(program, "#after").await == 1
        })
        .await;
    }
    programs.iter_mut().for_each(Program::terminate);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tells_who_is_there_and_who_is_away() {
    let cluster = Cluster::new(3, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    for (index, program) in programs.iter().enumerate() {
        assert!(post(program, "#here\n").await);
        wait_until("all have come to an epoch", LONG, async || {
            let status = program.json("/api/v1/status").await;
            let processes = status["cluster"]["processes"].as_array().unwrap();
            processes.iter().all(|process| process["epoch"].is_u64())
        })
        .await;
        let told = &program.json("/api/v1/status").await["cluster"];
        assert_eq!(told["index"], index);
        for (other, process) in told["processes"].as_array().unwrap().iter().enumerate() {
            assert_eq!(process["index"], other);
            assert_eq!(process["address"], cluster.hosts[other]);
            assert_eq!(process["connected"], true);
            let silent = process["silent_seconds"].as_f64();
            assert_eq!(silent.is_some(), other != index);
            assert!(silent.is_none_or(|silent| silent < SOON.as_secs_f64()));
        }
        let metrics = program.get("/metrics").await.text().await.unwrap();
        promtool(&["check", "metrics"], &metrics);
        for name in OF_CLUSTERS {
            assert!(metrics.contains(&format!("# TYPE {name} ")), "{name}");
        }
        for other in 0..3 {
            let line = format!("tagtide_cluster_process_connected{{index=\"{other}\"}} 1\n");
            assert!(metrics.contains(&line), "{metrics}");
            let sent = format!("tagtide_cluster_sent_bytes_total{{index=\"{other}\"}} ");
            let sent = metrics.lines().find_map(|line| line.strip_prefix(&sent));
            assert_eq!(sent.is_some_and(|bytes| bytes != "0"), other != index);
        }
    }
    let generation = |status: &Value| status["cluster"]["generation"].as_u64();
    let before = generation(&programs[0].json("/api/v1/status").await);
    assert!(before.is_some());
    for program in &programs {
        assert_eq!(generation(&program.json("/api/v1/status").await), before);
    }

    programs[2].kill9();
    wait_until("its loss is told", SOON, async || {
        let status = programs[0].json("/api/v1/status").await;
        let process = |index: usize| status["cluster"]["processes"][index]["connected"].clone();
        status["current"] == false && process(1) == true && process(2) == false
    })
    .await;
    let metrics = programs[0].get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains("tagtide_cluster_process_connected{index=\"2\"} 0\n"));
    let screen = Command::new(env!("CARGO_BIN_EXE_tagtide"))
        .args(["status", programs[0].address()])
        .output()
        .unwrap();
    assert_eq!(screen.status.code(), Some(1));
    let screen = String::from_utf8(screen.stdout).unwrap();
    let away = format!("{}  away, nothing of it for", cluster.hosts[2]);
    for part in [
        "process 2 is not connected",
        "process 0 of 3, generation",
        "this one, at epoch",
        &away,
    ] {
        assert!(screen.contains(part), "{part} is not in\n{screen}");
    }

    programs[2].restart();
    wait_until("all are together again", SOON, async || {
        let status = programs[0].json("/api/v1/status").await;
        generation(&status) > before && status["current"] == true
    })
    .await;
    programs.iter_mut().for_each(Program::terminate);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_first_is_away_the_others_know_of_each_other() {
    let cluster = Cluster::new(4, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    each_posts(&programs[2..], "#here", 1).await;
    programs[0].kill9();
    programs[1].kill9();
    programs[1].restart();
    for program in &programs[1..] {
        wait_until("the others are there", SOON, async || {
            let status = program.json("/api/v1/status").await;
            let processes = status["cluster"]["processes"].as_array().unwrap().iter();
            let there: Vec<_> = processes.map(|process| &process["connected"]).collect();
            there == [false, true, true, true]
        })
        .await;
    }
    programs[3].kill9();
    wait_until("it is away too", SOON, async || {
        let status = programs[2].json("/api/v1/status").await;
        let process = |index: usize| status["cluster"]["processes"][index]["connected"].clone();
        process(1) == true && process(3) == false
    })
    .await;
    programs[0].restart();
    programs[3].restart();
    each_posts(&programs[..2], "#again", 1).await;
    programs.iter_mut().for_each(Program::terminate);
}

/// Of the process: its threads, its open files, its memory in KiB.
fn holds(program: &Program) -> (usize, usize, u64) {
    let of = |what: &str| PathBuf::from(format!("/proc/{}/{what}", program.pid()));
    let status = fs::read_to_string(of("status")).unwrap();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let memory = memory.unwrap().trim().trim_end_matches(" kB").parse();
    let entries = |what| fs::read_dir(of(what)).unwrap().count();
    (entries("task"), entries("fd"), memory.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_rebuilds_leave_nothing_behind() {
    let cluster = Cluster::new(2, &[&QUIET[..], &["--workers", "2"]].concat());
    let mut programs = cluster.all(|_| Vec::new());
    let mut before = (0, 0, 0);
    for round in 1..=100 {
        let newest = programs[0].json("/api/v1/status").await["epoch"].as_u64();
        wait_until("results come again", SOON, async || {
            programs[0].json("/api/v1/status").await["epoch"].as_u64() > newest
        })
        .await;
        if round == 20 {
            before = holds(&programs[0]);
        }
        if round < 100 {
            programs[1].kill9();
            programs[1].restart();
        }
    }
    let after = holds(&programs[0]);
    // A thread or a file of a request may come and go.
    assert!(after.0 <= before.0 + 2, "threads: {before:?} {after:?}");
    assert!(after.1 <= before.1 + 4, "files: {before:?} {after:?}");
    assert!(after.2 <= before.2 + 30_000, "memory: {before:?} {after:?}");
    let panicked = programs[0].stderr().contains("panicked");
    assert!(!panicked, "the loss of another is no fault");
    programs.iter_mut().for_each(Program::terminate);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_belong_there_is_refused_with_a_line_each() {
    let cluster = Cluster::new(2, &QUIET);
    let one = ["--workers", "1"];
    let mut first = cluster.process(0, &one);
    let place = &cluster.hosts[0];
    let mut scanner = TcpStream::connect(place).unwrap();
    scanner.write_all(b"\r\n").unwrap();
    drop(scanner);
    first.wait_for_line("is refused: it left before it had said who it is");
    let mut browser = TcpStream::connect(place).unwrap();
    browser.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // It may be a reset, as not all of it was read.
    let _ = browser.read_to_end(&mut answer);
    assert!(answer.is_empty(), "{answer:?}");
    first.wait_for_line("is refused: it is no tagtide");
    let silent = TcpStream::connect(place).unwrap();
    first.wait_for_line("is refused: it has not said who it is");
    drop(silent);

    let others: [(&[&str], _, _); 3] = [
        (
            &["--workers", "2"],
            "is of 2 processes with --workers 2, this one of 2 with --workers 1",
            "is of 2 processes with --workers 1, this one of 2 with --workers 2",
        ),
        (
            &["--workers", "1", "--grammar", "words"],
            "has --grammar words, this one has --grammar twitter",
            "has --grammar twitter, this one has --grammar words",
        ),
        (
            &["--workers", "1", "--max-tags", "5000"],
            "has --max-tags 5000, this one has --max-tags 2000000",
            "has --max-tags 2000000, this one has --max-tags 5000",
        ),
    ];
    for (place, (options, refusal, told)) in others.into_iter().enumerate() {
        let mut wrong = cluster.process_in(&cluster.path(&format!("wrong-{place}")), 1, options);
        first.wait_for_line(&format!("is refused: it {refusal}"));
        wrong.wait_for_line(&format!(
            "waiting for process 0 at {}: it {told}",
            cluster.hosts[0]
        ));
        wrong.kill9();
    }
    fs::rename(cluster.path("secret"), cluster.path("right")).unwrap();
    fs::write(cluster.path("secret"), "what nobody else knows").unwrap();
    let mut wrong = cluster.process_in(&cluster.path("third"), 1, &one);
    first.wait_for_line("is refused: its --secret-file is another");
    wrong.kill9();
    fs::rename(cluster.path("right"), cluster.path("secret")).unwrap();

    let mut second = cluster.process(1, &one);
    for program in [&first, &second] {
        wait_until("they count", SOON, async || {
            program.get("/readyz").await.status() == 200
        })
        .await;
    }
    let said = cluster.refused(&cluster.path("again"), 1);
    assert!(said.contains("cannot listen at"), "{said}");
    let said = first.stderr();
    let refused = said.lines().filter(|line| line.contains("is refused"));
    // Who tries again is told of again.
    let strangers = ["it is of", "it has --", "its"];
    let strangers = refused.filter(|line| !strangers.iter().any(|text| line.contains(text)));
    assert_eq!(strangers.count(), 3, "a line each: {said}");
    let newest = first.json("/api/v1/status").await["epoch"].as_u64();
    wait_until("they go on", SOON, async || {
        second.json("/api/v1/status").await["epoch"].as_u64() > newest
    })
    .await;
    assert!(!first.stderr().contains("is gone"), "nobody else notices");
    first.terminate();
    second.terminate();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_missing_is_refused_by_name() {
    let cluster = Cluster::new(2, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    each_posts(&programs, "#kept", 1).await;
    programs[1].kill9();
    let away = cluster.path("away");
    fs::rename(cluster.data(1), &away).unwrap();
    programs[1].restart();
    for program in &mut programs {
        let said = program.fails();
        assert!(said.contains("the store of process 1 is missing"), "{said}");
    }
    // It is brought back, and that of another process in its place is none.
    fs::remove_dir_all(cluster.data(1)).unwrap();
    let said = cluster.refused(&away, 0);
    assert!(said.contains("is that of process 1 of 2"), "{said}");
    fs::rename(&away, cluster.data(1)).unwrap();
    programs.iter_mut().for_each(Program::restart);
    wait_until("nothing is lost", SOON, async || {
        count_of(&programs[0], "#kept").await == 2
    })
    .await;
    programs.iter_mut().for_each(Program::terminate);
}
