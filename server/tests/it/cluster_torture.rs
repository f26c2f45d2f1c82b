//! The processes of a cluster die at any moment: one, two at once, also while they start, some at the named
//! places of the program. Whatever any of them shows for an epoch is what all of them show for it, ever, and
//! what a naive recount of the lines gives.
//!
//! One round here, by its seed with two processes or with three; it is printed when the test fails, and
//! `TAGTIDE_CLUSTER_SEED` runs it again. `TAGTIDE_TORTURE=10` goes on with others for ten minutes, and with
//! `--nocapture` tells what it saw; `TAGTIDE_TORTURE_KILLS=300` goes on until there were so many.

use std::time::{Duration, Instant};

use crate::{
    cluster::Cluster,
    program::{Program, is_sound, wait_until},
    random::{Random, Seed},
    torture::{self, EPOCHS, FIRST_EPOCH, POINTS, Seen, VIEWS},
};

const KILLS: u64 = 10;
const LAST: u64 = FIRST_EPOCH + EPOCHS - 1;
/// For many starts of a debug build on a busy machine.
const LONG: Duration = Duration::from_secs(180);

/// What a round has done.
#[derive(Debug, Default)]
struct Done {
    processes: usize,
    /// Times that one or more were killed.
    kills: u64,
    together: u64,
    while_starting: u64,
    /// At one of the named places.
    at_points: u64,
    tops: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_whenever_every_epoch_is_shown_as_it_was_written() {
    let begun = Instant::now();
    let given = |name| Some(std::env::var(name).ok()?.parse::<u64>().unwrap());
    let minutes = given("TAGTIDE_TORTURE");
    let wanted = given("TAGTIDE_TORTURE_KILLS");
    let time = Duration::from_secs(60 * minutes.unwrap_or(0));
    let mut kills = 0;
    loop {
        let given = Seed::new("TAGTIDE_CLUSTER_SEED");
        let done = round(given.seed).await;
        kills += done.kills;
        if minutes.is_some() || wanted.is_some() {
            tell(given.seed, &done, begun.elapsed());
        }
        if begun.elapsed() >= time && kills >= wanted.unwrap_or(0) {
            break;
        }
    }
}

async fn round(seed: u64) -> Done {
    let mut random = Random::new(seed);
    let processes = 2 + random.below(2) as usize;
    let cluster = Cluster::new(processes, &["--batch", "1s", "--workers", "2"]);
    let lines = torture::lines(seed);
    let mut programs = cluster.all(|index| {
        let path = cluster.path(&format!("posts-{index}"));
        torture::write(&lines, seed, (index, processes), &path);
        let source = format!("file:{},speed=60x", path.display());
        vec!["--source".to_owned(), source]
    });
    let mut seen = Seen::default();
    let mut done = Done {
        processes,
        ..Done::default()
    };
    for kill in 0..KILLS {
        if kill % 2 == 0 {
            // It has come on between two of them.
            let before = seen.newest();
            wait_until("results come again", LONG, async || {
                look(&mut seen, &programs).await > before || before >= LAST
            })
            .await;
        } else {
            let moment = Instant::now() + Duration::from_millis(random.below(800));
            while Instant::now() < moment {
                look(&mut seen, &programs).await;
            }
        }
        let first = random.below(processes as u64) as usize;
        let mut killed = vec![first];
        if random.below(3) == 0 {
            killed.push((first + 1) % processes);
            done.together += 1;
        }
        killed.iter().for_each(|&index| programs[index].kill9());
        done.kills += 1;
        if random.below(3) == 0 {
            done.while_starting += 1;
            for &index in &killed {
                let point = POINTS[random.below(POINTS.len() as u64) as usize];
                programs[index].restart_to_crash(&format!("{point}:{}", 1 + random.below(3)));
            }
            let moment = Instant::now() + Duration::from_millis(random.below(3000));
            while Instant::now() < moment {
                look(&mut seen, &programs).await;
            }
            for &index in &killed {
                if programs[index].has_ended() {
                    done.at_points += 1;
                } else {
                    programs[index].kill9();
                }
            }
        }
        killed.iter().for_each(|&index| programs[index].restart());
    }
    for program in &programs {
        wait_until("all lines are counted", LONG, async || {
            seen.look(program).await >= LAST
        })
        .await;
    }
    programs.iter_mut().for_each(Program::terminate);
    (0..processes).for_each(|index| drop(is_sound(&cluster.data(index))));
    done.tops = seen.recounted(&lines);
    assert!(done.tops > VIEWS.len() * 4, "only {done:?}");
    done
}

/// Once at each that answers; the newest epoch.
async fn look(seen: &mut Seen, programs: &[Program]) -> u64 {
    let mut newest = 0;
    for program in programs {
        newest = newest.max(seen.look(program).await);
    }
    newest
}

#[expect(clippy::print_stderr, reason = "what a long run has seen")]
fn tell(seed: u64, done: &Done, elapsed: Duration) {
    let Done {
        processes,
        kills,
        together,
        while_starting,
        at_points,
        tops,
    } = done;
    eprintln!(
        "{:.0} s: seed {seed}, {processes} processes: {kills} kills, {together} of two at once, \
         {while_starting} again while they started ({at_points} at a named place); {tops} tops as recounted",
        elapsed.as_secs_f64()
    );
}
