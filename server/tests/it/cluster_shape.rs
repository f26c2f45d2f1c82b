//! Another number of processes goes on with what the ones before have counted: the same top as if there had
//! always been one, whoever dies in the change; and what does not belong together is refused by name.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    cluster::{Cluster, LONG, QUIET, count_of, each_posts, has_counted, post, posts_where, tops},
    program::{Program, SOON, is_sound, wait_until},
    random::{Random, Seed},
};

/// Where each process passes in a change, in this order.
const OF_ALL: [&str; 5] = [
    "shape.recorded",
    "shape.begun",
    "state.encoded",
    "state.commit.before",
    "state.commit.after",
];

/// Where one passes before that which takes others over.
const OF_ADOPTION: [&str; 4] = ["adopt.claimed", "adopt.state", "adopt.log", "adopt.done"];

const TAGS: u64 = 40;

/// Options that take over these directories.
fn adopt(directories: &[PathBuf]) -> Vec<String> {
    let option = |path: &PathBuf| ["--adopt".to_owned(), path.display().to_string()];
    directories.iter().flat_map(option).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_processes_after_any_other_shows_the_same() {
    let options = ["--batch", "2s", "--workers", "2"];
    let mut cluster = Cluster::new(1, &options);
    let one = cluster.path("all");
    fs::write(&one, posts_where(|_| true)).unwrap();
    let mut straight = Program::serve_with(
        &[
            &options[..],
            &["--source", &format!("file:{}", one.display())],
        ]
        .concat(),
        &[("TAGTIDE_AUTHOR_KEY_FILE", crate::cluster::AUTHOR_KEY)],
    );
    let expected = tops(&straight).await;
    straight.terminate();

    // Each process reads the posts of some minutes of its own, one after the other.
    let ends = [0, 850, 1_700, 2_550, 3_400, 4_250, 5_100, 6_000];
    let mut read = 0;
    for processes in [1, 2, 3, 1] {
        let gone = (processes..3).map(|index| cluster.data(index));
        let gone: Vec<_> = gone.filter(|path| path.exists()).collect();
        cluster.resize(processes);
        let mut programs = cluster.all(|index| {
            let minutes = ends[read + index]..ends[read + index + 1];
            let path = cluster.path(&format!("posts-{}", minutes.start));
            fs::write(&path, posts_where(|n| minutes.contains(&n))).unwrap();
            let source = ["--source".to_owned(), format!("file:{}", path.display())];
            let adopted = if index == 0 { adopt(&gone) } else { Vec::new() };
            [&source[..], &adopted].concat()
        });
        read += processes;
        for program in &programs {
            has_counted(program, ends[read]).await;
        }
        if read == 7 {
            assert_eq!(tops(&programs[0]).await, expected);
        }
        programs.iter_mut().for_each(Program::kill9);
    }
    is_sound(&cluster.data(0));
}

/// The stores of a cluster, and what was accepted by it.
struct Stores {
    cluster: Cluster,
    /// By the processes that have them.
    paths: Vec<PathBuf>,
    made: usize,
    accepted: BTreeMap<String, u64>,
}

impl Stores {
    fn new(options: &[&str]) -> Self {
        Self {
            cluster: Cluster::new(1, &[&QUIET[..], options].concat()),
            paths: Vec::new(),
            made: 0,
            accepted: BTreeMap::new(),
        }
    }

    /// From now on there are so many processes: those whose stores are taken over by one of the others.
    fn resize(&mut self, processes: usize) -> Vec<PathBuf> {
        self.cluster.resize(processes);
        let gone = self.paths.split_off(processes.min(self.paths.len()));
        while self.paths.len() < processes {
            self.paths
                .push(self.cluster.path(&format!("store-{}", self.made)));
            self.made += 1;
        }
        gone
    }

    fn start(&self, index: usize, options: &[&str]) -> Program {
        self.cluster.process_in(&self.paths[index], index, options)
    }

    /// Some posts to each.
    async fn post(&mut self, programs: &[Program], random: &mut Random) {
        for program in programs {
            let mut lines = String::new();
            for _ in 0..30 {
                let tag = format!("#t{}", random.below(TAGS));
                lines += &format!("{tag}\n");
                *self.accepted.entry(tag).or_default() += 1;
            }
            assert!(post(program, &lines).await);
        }
    }

    /// Each shows what was accepted, no more and no less.
    async fn are_counted(&self, programs: &[Program]) {
        for program in programs {
            wait_until("all that was accepted is counted", LONG, async || {
                let counts = program.counts().await;
                let total: u64 = counts.iter().map(|(_, count)| count).sum();
                let accepted: u64 = self.accepted.values().sum();
                assert!(total <= accepted, "{total} of {accepted}");
                counts.into_iter().collect::<BTreeMap<_, _>>() == self.accepted
            })
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_in_a_change_nothing_is_lost_or_counted_twice() {
    let given = Seed::new("TAGTIDE_SHAPE_SEED");
    let mut random = Random::new(given.seed);
    let mut stores = Stores::new(&["--workers", "2"]);
    for processes in [1, 2, 3, 1, 2_usize] {
        let before = stores.paths.len();
        let gone = stores.resize(processes);
        let stays = before.clamp(1, processes) as u64;
        let adopter = random.below(stays) as usize;
        let options = adopt(&gone);
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        let of = |index| if index == adopter { &options[..] } else { &[] };
        let mut programs: Vec<Option<Program>> = (0..processes).map(|_| None).collect();
        let of_adoption = OF_ADOPTION.iter().filter(|_| !gone.is_empty());
        // One that begins alone records nothing.
        let of_all = OF_ALL.iter().filter(|_| before > 0);
        for point in of_adoption.chain(of_all) {
            let dies = match OF_ADOPTION.contains(point) {
                true => adopter,
                false => random.below(processes as u64) as usize,
            };
            let at = format!("{point}:1");
            for (index, place) in programs.iter_mut().enumerate() {
                let path = &stores.paths[index];
                match place {
                    None if index == dies => {
                        let program = stores.cluster.process_to_crash(path, index, of(index), &at);
                        *place = Some(program);
                    }
                    // The others need not be there for it.
                    _ if index != dies && OF_ADOPTION.contains(point) => {}
                    None => *place = Some(stores.start(index, of(index))),
                    Some(program) => {
                        if index == dies && !program.has_ended() {
                            program.kill9();
                        }
                        if index == dies {
                            program.restart_to_crash(&at);
                        } else if program.has_ended() {
                            program.restart();
                        }
                    }
                }
            }
            let Some(program) = &mut programs[dies] else {
                panic!("it was started");
            };
            wait_until(point, LONG, async || program.has_ended()).await;
            for program in programs.iter_mut().flatten() {
                if !program.has_ended() && random.below(2) == 0 {
                    program.kill9();
                }
            }
        }
        let start = |(index, program)| match program {
            Some(program) => program,
            None => stores.start(index, of(index)),
        };
        let mut programs: Vec<_> = programs.into_iter().enumerate().map(start).collect();
        // And at any moment.
        for _ in 0..2 {
            for program in &mut programs {
                if !program.has_ended() {
                    program.kill9();
                }
                program.restart_to_crash("log.commit.after:1000");
            }
            tokio::time::sleep(Duration::from_millis(random.below(2_000))).await;
            programs.iter_mut().for_each(Program::kill9);
        }
        programs.iter_mut().for_each(Program::restart);
        stores.are_counted(&programs).await;
        stores.post(&programs, &mut random).await;
        stores.are_counted(&programs).await;
        programs.iter_mut().for_each(Program::kill9);
        for path in &gone {
            fs::remove_dir_all(path).unwrap();
        }
        for path in &stores.paths {
            is_sound(path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_the_same_to_a_process_that_is_added_to_one_that_was_alone() {
    let mut cluster = Cluster::new(1, &QUIET);
    let lines = "{\"text\":\"#who\",\"author\":\"ann\"}\n";
    let mut alone = Program::serve_in(&cluster.data(0), &QUIET, &[]);
    assert!(post(&alone, lines).await);
    wait_until("it is counted", SOON, async || {
        count_of(&alone, "#who").await == 1
    })
    .await;
    alone.kill9();

    cluster.resize(2);
    let started = |index| {
        let options = cluster.own_and(index, &[]);
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        Program::serve_in(&cluster.data(index), &options, &[])
    };
    let new = started(1);
    let client = crate::program::client();
    let request = client.post(new.url("/api/v1/posts")).body(lines);
    let answer = request
        .header("content-type", "text/plain")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 503, "it has not met the other");
    assert_eq!(answer.headers()["retry-after"], "5");
    assert!(answer.text().await.unwrap().contains("\"joining\""));

    let programs = [started(0), new];
    for program in &programs {
        assert!(post(program, lines).await);
    }
    for program in &programs {
        wait_until("all is counted", LONG, async || {
            count_of(program, "#who").await == 3
        })
        .await;
        let detail = program.json("/api/v1/tags/who?window=all").await;
        assert_eq!(detail["people"], 1, "{detail}");
    }
}

/// What `serve` says that does not start.
fn refused(data: &Path, options: &[&str], status: i32) -> String {
    let ended = Command::new(env!("CARGO_BIN_EXE_tagtide"))
        .args(["serve", "--listen", "127.0.0.1:0", "--batch", "200ms"])
        .args(["--source", "listen:127.0.0.1:0", "--data"])
        .arg(data)
        .args(options)
        .output()
        .unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(status), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_over_is_refused_by_name() {
    let clusters = [Cluster::new(2, &QUIET), Cluster::new(2, &QUIET)];
    for cluster in &clusters {
        let mut programs = cluster.all(|_| Vec::new());
        each_posts(&programs, "#kept", 1).await;
        programs.iter_mut().for_each(Program::kill9);
    }
    let [mut cluster, other] = clusters;
    let (zero, one) = (cluster.data(0), cluster.data(1));
    let adopting = |data: &Path, directory: &Path, status| {
        refused(data, &["--adopt", directory.to_str().unwrap()], status)
    };
    let said = refused(&zero, &[], 1);
    assert!(said.contains("the store of process 1 is missing"), "{said}");
    let said = is_sound(&one);
    assert!(said.contains("process 1 of 2 of a cluster"), "{said}");
    let said = adopting(&zero, &other.data(1), 1);
    assert!(said.contains("it is of another cluster"), "{said}");
    let said = adopting(&zero, &cluster.path("nowhere"), 1);
    assert!(
        said.contains("there is no data directory of tagtide"),
        "{said}"
    );
    let said = adopting(&zero, &zero, 2);
    assert!(said.contains("is --data, or given twice"), "{said}");
    let said = adopting(&cluster.path("new"), &one, 1);
    assert!(
        said.contains("is new and cannot take others over"),
        "{said}"
    );
    let one_twice = ["--adopt", one.to_str().unwrap()].repeat(2);
    let said = refused(&zero, &one_twice, 2);
    assert!(said.contains("is --data, or given twice"), "{said}");
    let copy = cluster.path("copy");
    copy_directory(&one, &copy);

    // What has been refused has changed nothing, and it is taken over, once.
    cluster.resize(1);
    let mut program = cluster.process(0, &["--adopt", one.to_str().unwrap()]);
    wait_until("nothing is lost", SOON, async || {
        count_of(&program, "#kept").await == 2
    })
    .await;
    let said = adopting(&cluster.path("another"), &zero, 1);
    assert!(said.contains("is in use by another process"), "{said}");
    program.kill9();
    program.restart();
    program.wait_for_line("was taken over before: leave out --adopt");
    wait_until("nothing is counted twice", SOON, async || {
        count_of(&program, "#kept").await == 2
    })
    .await;
    program.kill9();
    let said = refused(&one, &[], 1);
    assert!(said.contains("was taken over by process 0"), "{said}");
    let said = is_sound(&one);
    assert!(
        said.contains("process 0 of its cluster has taken it over"),
        "{said}"
    );
    cluster.resize(2);
    let mut programs =
        [&zero, &copy].map(|data| cluster.process_in(data, usize::from(data == &copy), &[]));
    for program in &mut programs {
        let said = program.fails();
        let name = "process 1 brings the store of process 1 of 2, which was left behind";
        assert!(said.contains(name), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_taken_over_by_one_process_alone() {
    let mut stores = Stores::new(&["--workers", "1"]);
    let mut random = Random::new(3);
    stores.resize(3);
    let mut programs: Vec<_> = (0..3).map(|index| stores.start(index, &[])).collect();
    stores.post(&programs, &mut random).await;
    programs.iter_mut().for_each(Program::kill9);
    let gone = stores.resize(2);
    let options = ["--adopt", gone[0].to_str().unwrap()];
    let mut first =
        stores
            .cluster
            .process_to_crash(&stores.paths[0], 0, &options, "adopt.claimed:1");
    wait_until("it has claimed it", SOON, async || first.has_ended()).await;
    let said = stores.cluster.refused_with(&stores.paths[1], 1, &options);
    assert!(said.contains("process 0 has taken it over"), "{said}");
    first.restart();
    let mut programs = [first, stores.start(1, &[])];
    stores.are_counted(&programs).await;
    programs.iter_mut().for_each(Program::kill9);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_begins_anew_and_nothing_else_does() {
    let mut stores = Stores::new(&["--workers", "1"]);
    let mut random = Random::new(7);
    stores.resize(2);
    let mut programs: Vec<_> = (0..2).map(|index| stores.start(index, &[])).collect();
    stores.post(&programs, &mut random).await;
    stores.are_counted(&programs).await;
    // Until it is in the states, and no longer in the logs.
    for program in &programs {
        let written = written(program).await;
        wait_until("it is written down", LONG, async || {
            post(program, "#later\n").await && self::written(program).await >= written + 2
        })
        .await;
    }
    assert!(post(&programs[0], "#later\n").await);
    programs[0].kill9();
    programs.remove(0);
    let mut last = programs.remove(0);
    last.kill9();

    // It is there.
    let said = stores_refuse(&stores, &["--accept-loss", "1"]).await;
    assert!(
        said.contains("--accept-loss 1: the store of process 1 is not missing"),
        "{said}"
    );

    let lost = stores.cluster.path("lost");
    fs::rename(&stores.paths[1], &lost).unwrap();
    let mut programs = [
        stores.start(0, &["--accept-loss", "1"]),
        stores.start(1, &[]),
    ];
    programs[0]
        .wait_for_line("the store of process 1 is given up: the tags that it counted begin anew");
    let mut counts = BTreeMap::new();
    wait_until("what is left is counted", LONG, async || {
        counts = programs[1].counts().await.into_iter().collect();
        !counts.is_empty() && programs[1].get("/readyz").await.status() == 200
    })
    .await;
    counts.remove("#later");
    let is_whole = |(tag, count): (&String, &u64)| stores.accepted.get(tag) == Some(count);
    assert!(
        counts.iter().all(is_whole),
        "{counts:?} of {:?}",
        stores.accepted
    );
    assert!(
        counts.len() < stores.accepted.len(),
        "half of the tags begin anew"
    );
    assert!(counts.len() > 5, "the other half is there");
    stores.accepted = counts;
    programs.iter_mut().for_each(Program::kill9);
    // It was said once, and is said again by a supervisor.
    programs.iter_mut().for_each(Program::restart);
    for program in &programs {
        wait_until("all goes on", LONG, async || {
            let mut counts: BTreeMap<_, _> = program.counts().await.into_iter().collect();
            counts.remove("#later");
            counts == stores.accepted
        })
        .await;
    }
    programs.iter_mut().for_each(Program::kill9);
    stores.paths[1] = lost;
    let said = stores_refuse(&stores, &[]).await;
    let name = "process 1 brings the store of process 1 of 2, which was given up by --accept-loss";
    assert!(said.contains(name), "{said}");
}

/// What the first says when both are started and refuse to count.
async fn stores_refuse(stores: &Stores, options: &[&str]) -> String {
    let mut programs = [stores.start(0, options), stores.start(1, &[])];
    programs.each_mut().map(Program::fails)[0].clone()
}

/// How often the count was written to state.redb.
async fn written(program: &Program) -> u64 {
    let metrics = program.get("/metrics").await.text().await.unwrap();
    let name = "tagtide_checkpoints_total ";
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for name in ["log.redb", "state.redb"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}
