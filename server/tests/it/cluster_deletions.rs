//! A deletion or a take-down reaches the posts that any process of a cluster has read.

use crate::{
    cluster::{Cluster, LONG, QUIET, count_of, post},
    program::{Program, is_sound, wait_until},
    random::Random,
};

async fn until_count(programs: &[Program], tag: &str, count: u64) {
    for program in programs {
        wait_until("all show what is left", LONG, async || {
            count_of(program, tag).await == count
        })
        .await;
    }
}

fn line(id: u64, author: &str) -> String {
    format!("{{\"text\":\"it is #a\",\"id\":\"{id}\",\"author\":\"{author}\"}}\n")
}

fn deletion(id: u64) -> String {
    format!("{{\"delete\":\"{id}\"}}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_posts_back_may_come_to_any_process() {
    let cluster = Cluster::new(3, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    for (id, program) in (0..).zip(&programs) {
        let lines = line(id, "ann") + &line(10 + id, "bob") + "#a\n";
        assert!(post(program, &lines).await);
    }
    until_count(&programs, "#a", 9).await;
    assert!(post(&programs[2], &(deletion(0) + &deletion(1) + &deletion(99))).await);
    until_count(&programs, "#a", 7).await;
    assert!(post(&programs[0], "{\"takedown\":\"bob\"}\n").await);
    until_count(&programs, "#a", 4).await;
    // What comes later stays.
    let newest = async || programs[2].json("/api/v1/status").await["epoch"].as_u64();
    let before = newest().await.unwrap();
    wait_until("later epochs", LONG, async || {
        newest().await > Some(before + 6)
    })
    .await;
    assert!(post(&programs[1], &line(50, "bob")).await);
    until_count(&programs, "#a", 5).await;

    programs[2].kill9();
    assert!(post(&programs[0], &deletion(2)).await);
    programs[0].kill9();
    programs[0].restart();
    programs[2].restart();
    until_count(&programs, "#a", 4).await;
    programs.iter_mut().for_each(Program::terminate);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_taken_back_once_whoever_is_killed() {
    let cluster = Cluster::new(2, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    let mut random = Random::new(23);
    let mut left = 0;
    for round in 0..6_u64 {
        let ids = 100 * round..100 * round + 20;
        let lines: String = ids.clone().map(|id| line(id, "ann")).collect();
        let at = random.below(2) as usize;
        assert!(post(&programs[at], &lines).await);
        let deletions: String = ids.take(15).map(deletion).collect();
        assert!(post(&programs[1 - at], &deletions).await);
        left += 5;
        let killed = random.below(2) as usize;
        programs[killed].kill9();
        programs[killed].restart();
    }
    until_count(&programs, "#a", left).await;
    programs.iter_mut().for_each(Program::terminate);
    for index in 0..2 {
        is_sound(&cluster.data(index));
    }
}
