//! What an operator does at one process of a cluster is in force on all of them.

use futures::future::join_all;

use crate::{
    admin::{Operator, merged},
    cluster::{Cluster, LONG, QUIET, post},
    program::{Program, SOON, is_sound, wait_until},
    random::Random,
};

async fn show(programs: &[Program], expected: &[&str]) {
    for program in programs {
        wait_until("all show the same", LONG, async || {
            let counts = program.counts().await;
            let mut shown: Vec<_> = counts.iter().map(|(tag, _)| tag.as_str()).collect();
            shown.sort_unstable();
            shown == expected
        })
        .await;
    }
}

/// The pages of all, once they say the same.
async fn same_pages(programs: &[Program], operators: &[Operator]) -> String {
    let mut page = String::new();
    wait_until("all know what was done", LONG, async || {
        let pages = programs
            .iter()
            .zip(operators)
            .map(async |(program, operator)| {
                let page = operator.page(program).await;
                page.replace(&operator.form, "")
            });
        let pages = join_all(pages).await;
        page.clone_from(&pages[0]);
        pages.iter().all(|other| *other == page)
    })
    .await;
    page
}

async fn sign_in(programs: &[Program]) -> Vec<Operator> {
    join_all(programs.iter().map(Operator::sign_in)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_at_one_is_in_force_on_all_also_on_who_was_away() {
    let cluster = Cluster::new(3, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    assert!(post(&programs[0], "#a #b #c #d\n").await);
    show(&programs, &["#a", "#b", "#c", "#d"]).await;
    let operators = sign_in(&programs).await;
    assert_eq!(
        operators[1].act(&programs[1], "block", "a").await.status(),
        303
    );
    show(&programs, &["#b", "#c", "#d"]).await;
    for program in &programs {
        assert_eq!(program.get("/api/v1/tags/a").await.status(), 404);
    }

    programs[2].kill9();
    assert_eq!(
        operators[0].act(&programs[0], "block", "b").await.status(),
        303
    );
    assert_eq!(
        operators[1]
            .act(&programs[1], "unblock", "a")
            .await
            .status(),
        303
    );
    programs[2].restart();
    show(&programs, &["#a", "#c", "#d"]).await;

    // Nobody need be there for it: whoever comes later learns of it.
    programs[0].kill9();
    programs[2].kill9();
    assert_eq!(
        operators[1].act(&programs[1], "block", "c").await.status(),
        303
    );
    programs[1].kill9();
    programs.iter_mut().for_each(Program::restart);
    show(&programs, &["#a", "#d"]).await;

    let operators = sign_in(&programs).await;
    assert_eq!(
        operators[2].act(&programs[2], "review", "").await.status(),
        303
    );
    assert!(post(&programs[1], "#e\n").await);
    wait_until("it waits to be approved", SOON, async || {
        operators[0].page(&programs[0]).await.contains("#e")
    })
    .await;
    show(&programs, &["#a", "#d"]).await;
    assert_eq!(
        operators[0]
            .act(&programs[0], "approve", "e")
            .await
            .status(),
        303
    );
    show(&programs, &["#a", "#d", "#e"]).await;
    let page = same_pages(&programs, &operators).await;
    assert!(page.contains("#b") && page.contains("#c"), "{page}");
    programs.iter_mut().for_each(Program::terminate);
    for index in 0..3 {
        let said = is_sound(&cluster.data(index));
        assert!(
            said.contains("2 hashtags are blocked by operators, of whom 6 actions"),
            "{said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_merged_at_one_is_on_the_page_of_all_also_of_who_was_away() {
    let cluster = Cluster::new(3, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    assert!(post(&programs[0], "#a\n").await);
    show(&programs, &["#a"]).await;
    let operators = sign_in(&programs).await;
    let merge = async |at: usize, tag: &str, target: &str| {
        let answer = operators[at].merge(&programs[at], tag, target).await;
        answer.status().as_u16()
    };
    assert_eq!(merge(1, "worldcup26", "WorldCup2026").await, 303);
    let page = same_pages(&programs, &operators).await;
    let as_2026 = ("#worldcup26", "<bdi>#WorldCup2026</bdi>");
    assert_eq!(merged(&page), [as_2026]);
    assert_eq!(merge(2, "WorldCup26", "wm").await, 409);
    assert_eq!(merge(0, "WorldCup2026", "worldcup26").await, 409);

    programs[2].kill9();
    let merge = async |at: usize, tag: &str, target: &str| {
        let answer = operators[at].merge(&programs[at], tag, target).await;
        assert_eq!(answer.status(), 303);
    };
    merge(0, "wm", "WorldCup2026").await;
    let undone = operators[1].act(&programs[1], "separate", "worldcup26");
    assert_eq!(undone.await.status(), 303);
    programs[2].restart();
    let operators = sign_in(&programs).await;
    let page = same_pages(&programs, &operators).await;
    assert_eq!(merged(&page), [("#wm", "<bdi>#WorldCup2026</bdi>")]);
    programs.iter_mut().for_each(Program::terminate);
    for index in 0..3 {
        let said = is_sound(&cluster.data(index));
        assert!(
            said.contains("  1 hashtags are shown as others\n"),
            "{said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_at_once_and_between_kills_comes_to_the_same_on_all() {
    let cluster = Cluster::new(3, &QUIET);
    let mut programs = cluster.all(|_| Vec::new());
    let mut random = Random::new(17);
    let tags = ["a", "b", "c", "d"];
    assert!(post(&programs[0], "#a #b #c #d\n").await);
    show(&programs, &["#a", "#b", "#c", "#d"]).await;
    let mut operators = sign_in(&programs).await;
    for _ in 0..4 {
        let mut any = |of| random.below(of) as usize;
        let deeds: Vec<_> = (0..16)
            .map(|_| (any(3), any(5), tags[any(4)], tags[any(4)]))
            .collect();
        let acts = deeds.iter().map(async |(at, what, tag, target)| {
            let (operator, program) = (&operators[*at], &programs[*at]);
            let answer = match ["block", "unblock", "approve", "separate"].get(*what) {
                Some(what) => operator.act(program, what, tag).await,
                None => operator.merge(program, tag, target).await,
            };
            assert!([303, 409].contains(&answer.status().as_u16()));
        });
        join_all(acts).await;
        let page = same_pages(&programs, &operators).await;

        let killed = random.below(3) as usize;
        programs[killed].kill9();
        let others = (0..3).filter(|index| *index != killed);
        let acts = others.map(async |at| {
            let answer = operators[at].act(&programs[at], "block", tags[at]).await;
            assert!([303, 409].contains(&answer.status().as_u16()));
            let answer = operators[at].act(&programs[at], "unblock", tags[at]).await;
            assert_eq!(answer.status(), 303);
        });
        join_all(acts).await;
        programs[killed].restart();
        operators[killed] = Operator::sign_in(&programs[killed]).await;
        assert_ne!(same_pages(&programs, &operators).await, page);
    }
    let shown = |counts: Vec<(String, u64)>| {
        let mut tags: Vec<_> = counts.into_iter().map(|(tag, _)| tag).collect();
        tags.sort_unstable();
        tags
    };
    wait_until("boards are the same", LONG, async || {
        let all = join_all(programs.iter().map(Program::counts)).await;
        let all: Vec<_> = all.into_iter().map(shown).collect();
        all.iter().all(|one| *one == all[0])
    })
    .await;
    programs.iter_mut().for_each(Program::terminate);
}
