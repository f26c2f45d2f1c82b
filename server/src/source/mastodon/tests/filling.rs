//! What was written while there was no stream.

use super::*;

/// A source that has read some and was stopped: its sink, and the ids that it has given.
async fn before(fake: &fakes::Mastodon, count: usize) -> (Recording, Vec<String>) {
    let running = Source::at(&fake.url()).start();
    fake.seen.until_streams(1).await;
    let ids = publish(fake, count);
    until_told(&running.sink, count).await;
    let sink = running.stop().await;
    fake.seen.until_streams(0).await;
    (sink, ids)
}

fn place(sink: &Recording) -> Place {
    sink.cursor().unwrap().0.parse().unwrap()
}

fn id(text: &str) -> u64 {
    text.parse().unwrap()
}

/// Pages that were asked for, by what they were to be behind.
fn asked_behind(fake: &fakes::Mastodon) -> Vec<u64> {
    let pages = fake.seen.requests_to(TIMELINE);
    let behind = |page: &fakes::Request| id(page.parameter("min_id").unwrap());
    pages.iter().map(behind).collect()
}

#[tokio::test]
async fn a_gap_is_filled_page_by_page_from_where_it_begins() {
    let fake = fakes::Mastodon::start().await;
    let (sink, had) = before(&fake, 3).await;
    let gap = publish(&fake, 100);
    let running = Source::at(&fake.url()).start_from(Recording::new(), sink.cursor());
    assert_eq!(until_told(&running.sink, 100).await, added(&gap));
    let live = publish(&fake, 2);
    assert_eq!(until_told(&running.sink, 102).await[100..], added(&live));
    let behind = asked_behind(&fake);
    assert_eq!(
        behind[0],
        id(&had[0]),
        "what was had is asked for again"
    );
    assert!(behind.is_sorted() && behind.len() >= 3);
    for page in fake.seen.requests_to(TIMELINE) {
        assert_eq!(page.parameter("limit"), Some("40"));
        assert_eq!(page.bearer(), Some(TOKEN));
    }
    let streams = fake.seen.requests();
    let stream = streams.iter().rposition(|asked| asked.path == STREAM);
    let page = streams.iter().position(|asked| asked.path == TIMELINE);
    assert!(stream < page, "the stream is open before");
    assert_eq!(running.status.show().detail, None);
    running.stop().await;
}

#[tokio::test]
async fn at_the_very_first_there_is_no_gap() {
    let fake = fakes::Mastodon::start().await;
    publish(&fake, 5);
    let running = Source::at(&fake.url()).start();
    fake.seen.until_streams(1).await;
    let live = publish(&fake, 1);
    assert_eq!(until_told(&running.sink, 1).await, added(&live));
    running.stop().await;
    assert_eq!(fake.seen.requests_to(TIMELINE).len(), 0);
}

#[tokio::test]
async fn whenever_it_dies_nothing_is_lost_and_nothing_counts_twice() {
    let fake = fakes::Mastodon::start().await;
    let (first, had) = before(&fake, 50).await;
    let gap = publish(&fake, 90);
    let running = Source::at(&fake.url()).start_from(first.clone(), first.cursor());
    let live = {
        // The first page takes a while, in which more is written.
        fake.seen.until_requests(TIMELINE, 1).await;
        publish(&fake, 5)
    };
    let all: Vec<_> = [had, gap, live].concat();
    until_told(&running.sink, all.len()).await;
    running.stop().await;
    fake.seen.until_streams(0).await;

    // What was sealed when it died, and what is given by a source that goes on from there.
    let mut sealed = BTreeSet::new();
    let given = first.given();
    assert!(given.len() > 4, "{} moments to die at", given.len());
    for died in given {
        let Given::Posts(posts, cursor) = died else {
            panic!("it replays nothing");
        };
        for post in posts {
            assert!(sealed.insert(post.id.unwrap()), "given twice");
        }
        let running = Source::at(&fake.url()).start_from(Recording::new(), cursor);
        let rest = until_told(&running.sink, all.len() - sealed.len()).await;
        fake.seen.until_streams(1).await;
        let sink = running.stop().await;
        assert_eq!(sink.events().len(), rest.len());
        for event in sink.events() {
            assert!(!sealed.contains(&*event.post().unwrap().id.clone().unwrap()));
        }
        let rest: BTreeSet<_> = rest.into_iter().collect();
        assert_eq!(rest.len() + sealed.len(), all.len());
        fake.seen.until_streams(0).await;
    }
}

/// A source that asks for a page and does not get it, with the page behind it.
async fn stalled(fake: &fakes::Mastodon, cursor: Option<Cursor>, bounds: Bounds) -> Running {
    let pages = fake.seen.requests_to(TIMELINE).len();
    fake.script.next(TIMELINE, Fault::Silence);
    let url = fake.url();
    let source = Source {
        patience: Duration::from_secs(2),
        bounds,
        ..Source::at(&url)
    };
    let running = source.start_from(Recording::new(), cursor);
    fake.seen.until_requests(TIMELINE, pages + 1).await;
    running
}

fn bounds() -> Bounds {
    Source::at("").bounds
}

#[tokio::test]
async fn what_comes_live_waits_until_the_gap_is_filled() {
    let fake = fakes::Mastodon::start().await;
    let (sink, had) = before(&fake, 2).await;
    let gap = publish(&fake, 50);
    let running = stalled(&fake, sink.cursor(), bounds()).await;
    let live = publish(&fake, 3);
    // Of the gap, and therefore in the timeline; of what was had; and of what is live.
    fake.edit(&gap[0], |status| {
        status["tags"] = json!([{"name": "changed"}])
    });
    fake.delete(&had[0]);
    fake.edit(&live[0], |status| {
        status["tags"] = json!([{"name": "later"}])
    });
    fake.delete(&live[1]);
    assert_eq!(
        running.sink.events().len(),
        0,
        "nothing is given before the page"
    );

    let told = until_told(&running.sink, 57).await;
    // The page is as things are when it is asked for.
    let kept = [&gap[..], &live[..1], &live[2..]].concat();
    assert_eq!(told[..52], added(&kept));
    let plus = |id: &str| format!("+{id}");
    let minus = |id: &str| format!("-{id}");
    let then = [
        plus(&live[1]),
        plus(&gap[0]),
        minus(&had[0]),
        plus(&live[0]),
        minus(&live[1]),
    ];
    assert_eq!(told[52..], then, "in the order in which they came");
    assert_eq!(running.sink.tags()[0], ["changed"]);
    for given in running.sink.given() {
        let Given::Posts(posts, Some(cursor)) = given else {
            panic!("there is a cursor with all of it");
        };
        let place: Place = cursor.0.parse().unwrap();
        let ids = posts.iter().map(|post| post.id.as_deref().unwrap());
        let ids: Vec<u64> = ids
            .map(|text| id(text.split_once('/').unwrap().1))
            .collect();
        let first_live = id(&live[0]);
        assert!(place.newest() < first_live || ids.iter().any(|id| *id >= first_live));
    }
    running.stop().await;
}

#[tokio::test]
async fn where_the_stream_ends_before_the_gap_is_filled_its_deletions_are_kept() {
    let fake = fakes::Mastodon::start().await;
    let (sink, had) = before(&fake, 2).await;
    let gap = publish(&fake, 3);
    let running = stalled(&fake, sink.cursor(), bounds()).await;
    let live = publish(&fake, 1);
    fake.delete(&had[0]);
    fake.edit(&had[1], |status| {
        status["tags"] = json!([{"name": "changed"}])
    });
    fake.edit(&gap[1], |_| {});
    fake.live.end(How::Clean);
    let told = until_told(&running.sink, 6).await;
    let last = [format!("-{}", had[0]), format!("+{}", had[1])];
    assert_eq!(told[..2], last);
    assert_eq!(told[2..], added(&[gap, live].concat()));
    let Given::Posts(_, cursor) = &running.sink.given()[0] else {
        panic!("it replays nothing");
    };
    let cursor: Place = cursor.as_ref().unwrap().0.parse().unwrap();
    assert_eq!(cursor.newest(), place(&sink).newest(), "it moves nowhere");
    running.stop().await;
}

#[tokio::test]
async fn when_nothing_more_can_be_held_the_server_is_left_to_hold_it() {
    let fake = fakes::Mastodon::start().await;
    let (sink, _) = before(&fake, 1).await;
    let tight = Bounds {
        held: 3,
        ..bounds()
    };
    let running = stalled(&fake, sink.cursor(), tight).await;
    let live = publish(&fake, 200);
    assert_eq!(until_told(&running.sink, 200).await, added(&live));
    let last = publish(&fake, 1);
    assert_eq!(until_told(&running.sink, 201).await[200..], added(&last));
    running.stop().await;
}

#[tokio::test]
async fn what_was_on_its_way_from_another_server_is_found() {
    let fake = fakes::Mastodon::start().await;
    let (sink, had) = before(&fake, 2).await;
    let ids: Vec<u64> = had.iter().map(|text| id(text)).collect();
    // Written between the two, and come after both.
    let late = status("eve@far.example", "", &["late"]);
    let page: Vec<_> = [ids[0], ids[0] + 1, ids[1]]
        .iter()
        .rev()
        .map(|id| {
            let mut status = late.clone();
            status["id"] = json!(id.to_string());
            status
        })
        .collect();
    fake.script
        .answer(TIMELINE, 1, &Answer::json(200, &json!(page)));
    let running = Source::at(&fake.url()).start_from(Recording::new(), sink.cursor());
    let told = until_told(&running.sink, 1).await;
    assert_eq!(told, [format!("+{}", ids[0] + 1)]);
    assert_eq!(place(&running.sink).newest(), ids[1]);
    running.stop().await;
}

#[tokio::test]
async fn a_limit_is_waited_for_and_never_run_into() {
    let fake = fakes::Mastodon::start().await;
    let (sink, _) = before(&fake, 1).await;
    let gap = publish(&fake, 150);
    fake.allow(2, Duration::from_millis(1500));
    let running = Source::at(&fake.url()).start_from(Recording::new(), sink.cursor());
    says(
        &running,
        SourceState::Live,
        "it allows no more requests for now",
    )
    .await;
    assert_eq!(until_told(&running.sink, 150).await, added(&gap));
    running.shows(|source| source.detail.is_none()).await;
    let pages = fake.seen.requests_to(TIMELINE).len();
    assert!((4..=8).contains(&pages), "{pages} pages: some were refused");
    running.stop().await;
}

#[tokio::test]
async fn a_server_with_an_error_is_asked_again_for_the_page() {
    let fake = fakes::Mastodon::start().await;
    let (sink, _) = before(&fake, 1).await;
    let gap = publish(&fake, 60);
    fake.script
        .answer(TIMELINE, 2, &error(503, "Service Unavailable"));
    fake.script.next(TIMELINE, Fault::Close);
    fake.script.next(TIMELINE, Fault::Reset);
    let limited = error(429, "Too many requests").header("Retry-After", 1);
    fake.script.answer(TIMELINE, 1, &limited);
    let running = Source::at(&fake.url()).start_from(Recording::new(), sink.cursor());
    assert_eq!(until_told(&running.sink, 60).await, added(&gap));
    assert_eq!(fake.script.left(), 0);
    running.shows(|source| source.detail.is_none()).await;
    running.stop().await;
}

#[tokio::test]
async fn what_cannot_be_had_is_told_and_the_stream_goes_on() {
    let limited = error(429, "Too many requests").header("Retry-After", 3600);
    for (answer, words) in [
        (
            error(401, "The access token is invalid"),
            "it refuses (401: The access token is invalid)",
        ),
        (error(404, "Not Found"), "it refuses (404: Not Found)"),
        (
            error(422, "This method requires an authenticated user"),
            "(422: This method",
        ),
        (limited, "it refuses (429: Too many requests)"),
        (
            Answer::text(200, "<!doctype html>"),
            "something else than a timeline",
        ),
        (
            Answer::json(200, &json!({"error": "none"})),
            "something else than a timeline",
        ),
        (
            Answer::text(200, &"[".repeat(9 << 20)),
            "an answer of no end",
        ),
    ] {
        let fake = fakes::Mastodon::start().await;
        let (sink, _) = before(&fake, 1).await;
        publish(&fake, 2);
        fake.script.answer(TIMELINE, 1, &answer);
        let running = Source::at(&fake.url()).start_from(Recording::new(), sink.cursor());
        says(
            &running,
            SourceState::Live,
            "about a minute of posts is missing",
        )
        .await;
        says(&running, SourceState::Live, words).await;
        let live = publish(&fake, 1);
        assert_eq!(until_told(&running.sink, 1).await, added(&live));
        assert_eq!(place(&running.sink).newest(), id(&live[0]));
        running.stop().await;
    }
}

#[tokio::test]
async fn patience_has_an_end() {
    let fake = fakes::Mastodon::start().await;
    let (sink, _) = before(&fake, 1).await;
    publish(&fake, 2);
    fake.script.answer(
        TIMELINE,
        usize::from(u16::MAX),
        &error(503, "Service Unavailable"),
    );
    let url = fake.url();
    let source = Source {
        bounds: Bounds {
            patience: QUICK,
            ..bounds()
        },
        ..Source::at(&url)
    };
    let running = source.start_from(Recording::new(), sink.cursor());
    says(&running, SourceState::Live, "is missing").await;
    let live = publish(&fake, 1);
    assert_eq!(until_told(&running.sink, 1).await, added(&live));
    running.stop().await;
}

#[tokio::test]
async fn of_more_than_is_asked_for_at_once_the_oldest_is_read() {
    let fake = fakes::Mastodon::start().await;
    let (sink, _) = before(&fake, 1).await;
    let gap = publish(&fake, 130);
    let url = fake.url();
    let source = Source {
        bounds: Bounds {
            pages: 3,
            ..bounds()
        },
        ..Source::at(&url)
    };
    let running = source.start_from(Recording::new(), sink.cursor());
    says(
        &running,
        SourceState::Live,
        "more than is asked for at once",
    )
    .await;
    let live = publish(&fake, 1);
    let told = until_told(&running.sink, 121).await;
    assert_eq!(told, added(&[&gap[..120], &live[..]].concat()));
    assert_eq!(fake.seen.requests_to(TIMELINE).len(), 3);
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_does_not_know_where_to_begin_brings_nothing_twice() {
    let fake = fakes::Mastodon::start().await;
    let old = publish(&fake, 10);
    let (sink, had) = before(&fake, 2).await;
    let shown = old.iter().chain(&had).rev().map(|id| {
        let mut status = status("ann", "", &[]);
        status["id"] = json!(id);
        status
    });
    let page = Answer::json(200, &shown.collect());
    fake.script.answer(TIMELINE, 100, &page);
    let running = Source::at(&fake.url()).start_from(Recording::new(), sink.cursor());
    fake.seen.until_streams(1).await;
    let live = publish(&fake, 1);
    assert_eq!(until_told(&running.sink, 1).await, added(&live));
    running.stop().await;
}

#[tokio::test]
async fn a_place_that_is_none_is_refused() {
    let fake = fakes::Mastodon::start().await;
    let cursor = Some(Cursor("2 7 0".to_owned()));
    let running = Source::at(&fake.url()).start_from(Recording::new(), cursor);
    let (_, status) = running.ends().await;
    assert_eq!(status.show().state, SourceState::Failed);
    assert_eq!(fake.seen.requests().len(), 0);
}
