//! Another number of processes goes on with what the ones before have counted: the same top as if there had
//! always been one, whoever dies in the change; and what does not belong together is refused by name.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    cluster::{Cluster, LONG, QUIET, count_of, each_posts, has_counted, post, posts_where, tops},
    program::{Program, SOON, is_sound, wait_until},
    random::{Random, Seed},
};

/// Where a process can die in a change.
const POINTS: [&str; 10] = [
    "adopt.claimed",
    "adopt.state",
    "adopt.log",
    "adopt.done",
    "shape.recorded",
    "shape.begun",
    "state.encoded",
    "state.half",
    "state.commit.before",
    "log.commit.after",
];

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
