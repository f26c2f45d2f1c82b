//! The processes of a cluster on machines of their own, with a network that fails: cables are pulled, machines
//! vanish without a word, packets are lost or late. Nobody is waited for in silence, and what was sealed is counted.
//!
//! That needs Linux, root, and the commands `unshare`, `ip` and `nft`; where it is not to be had, a test says so and
//! leaves itself out.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{
    cluster::{Cluster, LONG, QUIET, count_of, post},
    program::{Program, is_sound, wait_until},
};

mod machines;
mod relay;

use machines::{Network, address};

/// Where each listens for the others.
const PORT: u16 = 2101;

/// For how long a link is down.
const DOWN: Duration = Duration::from_secs(30);

/// Within this a machine that is not reached is told as away: README.
const NOTICED: Duration = Duration::from_secs(15);

#[expect(clippy::print_stderr, reason = "a test that was left out is told of")]
fn network(machines: usize) -> Option<Network> {
    let network = Network::new(machines);
    if network.is_none() {
        eprintln!("left out: no network can be made here (root, unshare, ip)");
    }
    network
}

/// All of a cluster, each on its machine.
struct Machines {
    network: Network,
    cluster: Cluster,
    programs: Vec<Program>,
    /// Posts that were accepted.
    accepted: u64,
}

impl Machines {
    /// Started, and what each was sent is counted by all.
    async fn on(network: Network, machines: usize) -> Self {
        let hosts = (0..machines).map(|index| format!("{}:{PORT}", address(index)));
        let cluster = Cluster::at(hosts.collect(), &QUIET);
        let mut programs = Vec::new();
        for index in 0..machines {
            let start = async || cluster.process(index, &[]);
            programs.push(network.on(index, start).await);
        }
        let mut all = Self {
            network,
            cluster,
            programs,
            accepted: 0,
        };
        all.each_posts().await;
        all.all_are_counted().await;
        all
    }

    /// Those that are not dead take a post each, whoever is away.
    async fn each_posts(&mut self) {
        for (index, program) in self.programs.iter_mut().enumerate() {
            if program.has_ended() {
                continue;
            }
            let posting = async || post(program, "#kept\n").await;
            assert!(self.network.on(index, posting).await);
            self.accepted += 1;
        }
    }

    async fn count(&self, index: usize) -> u64 {
        let program = &self.programs[index];
        let count = async || count_of(program, "#kept").await;
        self.network.on(index, count).await
    }

    async fn status(&self, index: usize) -> Value {
        let program = &self.programs[index];
        let status = async || program.json("/api/v1/status").await;
        self.network.on(index, status).await
    }

    /// Every process comes to the count of all that was accepted.
    async fn all_are_counted(&self) {
        for index in 0..self.programs.len() {
            wait_until("all that was accepted is counted", LONG, async || {
                self.count(index).await == self.accepted
            })
            .await;
        }
    }

    async fn says_away(&self, index: usize, other: usize) -> bool {
        let status = self.status(index).await;
        status["cluster"]["processes"][other]["connected"] == false
    }

    /// Machine 1 is not reached, which is told within its time; meanwhile those that live take posts, and show
    /// their boards and what was counted last. It takes all of [`DOWN`].
    async fn machine_1_is_away(&mut self) {
        let begun = Instant::now();
        let before = self.count(0).await;
        for index in [0, 2] {
            let left = NOTICED.saturating_sub(begun.elapsed());
            wait_until("its absence is told", left, async || {
                self.says_away(index, 1).await
            })
            .await;
        }
        while begun.elapsed() < DOWN {
            self.each_posts().await;
            for index in [0, 2] {
                let program = &self.programs[index];
                let board = async || program.get("/").await.status();
                assert_eq!(self.network.on(index, board).await, 200);
                assert_eq!(self.count(index).await, before, "the last count");
                assert_eq!(self.status(index).await["current"], false);
            }
        }
    }

    /// All ended well, with sound stores.
    async fn end(mut self) {
        for program in &mut self.programs {
            assert!(!program.stderr().contains("panicked"), "it is no fault");
            program.terminate();
        }
        for index in 0..self.programs.len() {
            is_sound(&self.cluster.data(index));
        }
    }
}

#[tokio::test]
async fn a_cable_that_is_pulled_out_for_half_a_minute_costs_nothing_but_time() {
    let Some(network) = network(3) else { return };
    let mut all = Machines::on(network, 3).await;
    all.network.set_cable(1, false);
    all.machine_1_is_away().await;
    all.network.set_cable(1, true);
    all.all_are_counted().await;
    all.end().await;
}

#[tokio::test]
async fn a_machine_that_is_not_heard_of_for_half_a_minute_costs_nothing_but_time() {
    let Some(network) = network(3) else { return };
    let mut all = Machines::on(network, 3).await;
    all.network.set_lost(1, true);
    all.machine_1_is_away().await;
    all.network.set_lost(1, false);
    all.all_are_counted().await;
    all.end().await;
}

#[tokio::test]
async fn a_machine_that_vanishes_without_a_word_is_missed_and_goes_on_when_it_is_back() {
    let Some(network) = network(3) else { return };
    let mut all = Machines::on(network, 3).await;
    all.network.set_lost(1, true);
    all.programs[1].kill9();
    all.machine_1_is_away().await;
    all.network.set_lost(1, false);
    let program = &mut all.programs[1];
    all.network.on(1, async || program.restart()).await;
    all.all_are_counted().await;
    all.end().await;
}

/// Posts and results go on for so long, and nobody is taken for lost; how long it took at least until posts were
/// counted by all.
async fn go_on_together(all: &mut Machines, time: Duration) -> Duration {
    let generation = async |all: &Machines| all.status(0).await["cluster"]["generation"].clone();
    let before = generation(all).await;
    let begun = Instant::now();
    let mut least = LONG;
    while begun.elapsed() < time {
        let posted = Instant::now();
        for _ in 0..5 {
            all.each_posts().await;
        }
        all.all_are_counted().await;
        least = least.min(posted.elapsed());
    }
    assert_eq!(generation(all).await, before);
    least
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "a test that was left out is told of")]
async fn packets_that_get_lost_are_no_loss() {
    let Some(network) = network(2) else { return };
    if !(0..2).all(|index| network.lose(index, 5)) {
        eprintln!("left out: no packets can be dropped here (nft)");
        return;
    }
    let mut all = Machines::on(network, 2).await;
    go_on_together(&mut all, Duration::from_secs(10)).await;
    for index in 0..2 {
        assert!(all.network.packets_lost(index) > 0);
    }
    all.end().await;
}

#[tokio::test]
async fn one_that_answers_half_a_second_late_is_waited_for() {
    let Some(network) = network(2) else { return };
    let late = Duration::from_millis(500);
    network.delay(1, 0, PORT, late);
    let mut all = Machines::on(network, 2).await;
    assert!(go_on_together(&mut all, Duration::from_secs(10)).await > late);
    all.end().await;
}
