//! A stream that allows one connection runs on one process of a cluster.

use crate::{
    cluster::{Cluster, LONG, QUIET, count_of},
    fakes::x::{self, X},
    program::{Program, of_x, wait_until},
};

#[tokio::test(flavor = "multi_thread")]
async fn x_on_two_processes_is_refused_on_the_second_and_moves_when_the_first_is_without_it() {
    let fake = X::start().await;
    let url = fake.url();
    let cluster = Cluster::new(2, &QUIET);
    let x = of_x(&url);
    let mut first = cluster.process(0, &x);
    let mut second = cluster.process(1, &x);
    let said = second.fails();
    assert!(
        said.contains("--source x") && said.contains("runs on process 0 already"),
        "{said}"
    );
    let mut second = cluster.process(1, &[]);
    for program in [&first, &second] {
        wait_until("what the first reads is counted", LONG, async || {
            fake.publish(x::post("ann", "it is #first"));
            count_of(program, "#first").await > 0
        })
        .await;
    }
    first.terminate();
    second.terminate();
    let mut programs = [cluster.process(0, &[]), cluster.process(1, &x)];
    wait_until("what the second reads is counted", LONG, async || {
        fake.publish(x::post("ann", "it is #second"));
        count_of(&programs[0], "#second").await > 0
    })
    .await;
    programs.iter_mut().for_each(Program::terminate);
}
