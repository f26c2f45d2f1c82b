//! What goes wrong with one process of a cluster, other than its death: the others say so, show what was counted
//! last and take posts, and it goes on where it was.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;

use crate::{
    cluster::{Cluster, LONG, QUIET, count_of, each_posts, post},
    program::{Program, SOON, client, is_sound, wait_until},
};

/// Longer than a count may stand still without being taken as stuck.
const HANGS: Duration = Duration::from_secs(40);

/// From a request that was not answered to the next.
const AGAIN: Duration = Duration::from_millis(50);

async fn all_count(programs: &[Program], tag: &str, posts: u64) {
    for program in programs {
        wait_until("all that was accepted is counted", LONG, async || {
            count_of(program, tag).await == posts
        })
        .await;
    }
}

async fn is_away(program: &Program, index: usize) -> bool {
    let status = program.json("/api/v1/status").await;
    status["cluster"]["processes"][index]["connected"] == false
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_is_given_up_and_goes_on_where_it_was() {
    let cluster = Cluster::new(2, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    each_posts(&programs, "#kept", 0).await;
    programs[1].hang();
    let begun = Instant::now();
    wait_until("it is given up", SOON, async || {
        is_away(&programs[0], 1).await
    })
    .await;
    let said = programs[0].stderr();
    let why = "process 1 of the cluster is gone (nothing has come of it for 20s)";
    assert!(said.contains(why), "{said}");
    let mut posts = 2;
    while begun.elapsed() < HANGS {
        assert!(post(&programs[0], "#kept\n").await);
        posts += 1;
        assert_eq!(count_of(&programs[0], "#kept").await, 2, "the last count");
    }
    programs[1].go_on();
    all_count(&programs, "#kept", posts).await;
    for program in &mut programs {
        assert!(!program.stderr().contains("panicked"), "it is no fault");
        program.terminate();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_disk_is_full_stops_and_goes_on_once_there_is_room() {
    let cluster = Cluster::new(2, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    each_posts(&programs, "#kept", 0).await;
    programs[1].terminate();
    let size = fs::metadata(cluster.data(1).join("log.redb"))
        .unwrap()
        .len();
    programs[1].limit_files(Some(size / 1024 + 16));
    programs[1].restart();
    let mut posts = 2;
    for request in 0.. {
        let lines: String = (0..2_000)
            .map(|n| format!("#kept #tag{request}x{n}\n"))
            .collect();
        // It ends when its disk is full: who comes later finds nobody.
        if post(&programs[1], &lines).await {
            posts += 2_000;
        } else {
            break;
        }
        assert!(posts < 2_000_000, "the disk does not get full");
    }
    let said = programs[1].fails();
    assert!(said.contains("make room there"), "{said}");
    wait_until("its end is told", SOON, async || {
        is_away(&programs[0], 1).await
    })
    .await;
    assert!(post(&programs[0], "#kept\n").await, "posts are taken");
    assert_eq!(programs[0].get("/").await.status(), 200);

    programs[1].limit_files(None);
    programs[1].restart();
    all_count(&programs, "#kept", posts + 1).await;
    programs.iter_mut().for_each(Program::terminate);
    (0..2).for_each(|index| drop(is_sound(&cluster.data(index))));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_of_another_cluster_is_refused_by_name() {
    let clusters = [Cluster::new(2, &QUIET), Cluster::new(2, &QUIET)];
    let mut both = Vec::new();
    for cluster in &clusters {
        let mut programs = cluster.all(|_| Vec::new());
        each_posts(&programs, "#kept", 0).await;
        programs.iter_mut().for_each(Program::terminate);
        both.push(programs);
    }
    let [ours, other] = clusters.each_ref().map(|cluster| cluster.data(1));
    let away = clusters[0].path("away");
    fs::rename(&ours, &away).unwrap();
    fs::rename(&other, &ours).unwrap();
    let programs = &mut both[0];
    programs.iter_mut().for_each(Program::restart);
    for program in programs.iter_mut() {
        let said = program.fails();
        let why = "the stores of processes 0 and 1 are of two clusters: give each process the one that it was begun with";
        assert!(said.contains(why), "{said}");
    }
    // Neither has changed.
    fs::rename(&ours, &other).unwrap();
    fs::rename(&away, &ours).unwrap();
    for programs in &mut both {
        programs.iter_mut().for_each(Program::restart);
        all_count(programs, "#kept", 2).await;
        programs.iter_mut().for_each(Program::terminate);
    }
}

/// Posts to each process, one request after the other, each repeated with its key until it is answered.
struct Load {
    over: Arc<AtomicBool>,
    writers: Vec<JoinHandle<u64>>,
}

impl Load {
    fn on(programs: &[Program]) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let write = |(number, program): (usize, &Program)| {
            let url = program.url("/api/v1/posts");
            tokio::spawn(write(number, url, over.clone()))
        };
        Self {
            writers: programs.iter().enumerate().map(write).collect(),
            over,
        }
    }

    /// How many posts were accepted.
    async fn end(self) -> u64 {
        self.over.store(true, Relaxed);
        let mut accepted = 0;
        for writer in self.writers {
            accepted += writer.await.unwrap();
        }
        accepted
    }
}

/// A key counts once wherever it arrives, so each writer has its own.
async fn write(number: usize, url: String, over: Arc<AtomicBool>) -> u64 {
    let client = client();
    let (mut accepted, mut answered) = (0_u64, true);
    while !answered || !over.load(Relaxed) {
        let request = client.post(&url).header("content-type", "text/plain");
        let request = request.header("idempotency-key", format!("{number}-{accepted}"));
        let answer = request.body("#kept\n").send().await;
        answered = answer.is_ok_and(|answer| answer.status().is_success());
        accepted += u64::from(answered);
        if !answered {
            tokio::time::sleep(AGAIN).await;
        }
    }
    accepted
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_restarted_in_turn_under_load_and_nothing_is_lost() {
    let cluster = Cluster::new(3, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    let load = Load::on(&programs);
    for restarted in 0..programs.len() {
        // All of them show results that move on: then the next one may be restarted.
        for program in &programs {
            let before = count_of(program, "#kept").await;
            wait_until("results move on", LONG, async || {
                count_of(program, "#kept").await > before
                    && program.get("/readyz").await.status() == 200
            })
            .await;
        }
        programs[restarted].terminate();
        for other in (0..programs.len()).filter(|other| *other != restarted) {
            let other = &programs[other];
            wait_until("its absence is told", SOON, async || {
                is_away(other, restarted).await
            })
            .await;
            assert_eq!(other.get("/").await.status(), 200);
            assert!(count_of(other, "#kept").await > 0, "the last count");
        }
        programs[restarted].restart();
    }
    let accepted = load.end().await;
    all_count(&programs, "#kept", accepted).await;
    programs.iter_mut().for_each(Program::terminate);
}
