use super::*;

fn source() -> Status {
    Registry::default().add("test")
}

#[test]
fn what_did_not_count_is_shown_where_nothing_else_is() {
    let status = source();
    status.live();
    assert_eq!(status.show().detail, None);
    status.line_cut();
    let why = crate::source::decode::NotAPost::UnknownObject;
    status.line_refused(&why);
    status.line_refused(&why);
    let shown = status.show().detail;
    assert_eq!(
        shown.as_deref(),
        Some("1 line over 1 MiB cut, 2 lines without a post")
    );
    status.late(3);
    assert!(status.show().detail.unwrap().starts_with("3 late posts, "));
    status.waiting("nobody there");
    assert_eq!(status.show().detail.as_deref(), Some("nobody there"));
}

#[test]
fn a_report_says_whose_it_is_and_holds_what_was_counted() {
    let registry = Registry::default();
    let status = registry.add("listen:127.0.0.1:9009");
    status.posts(7);
    status.posts(1);
    status.bot(2);
    status.late(1);
    registry.add("test").line_cut();
    let reports = registry.reports();
    assert_eq!(reports[0].kind, Some(Kind::Listen));
    assert_eq!((reports[0].shown.posts, reports[0].late), (8, 1));
    assert_eq!(reports[0].shown.bots, 2);
    assert_eq!((reports[1].kind, reports[1].lines_cut), (None, 1));
    assert_eq!(reports[1].cursor, None);
}

#[test]
fn the_last_error_stays_when_all_is_well_again() {
    let status = source();
    let last = || status.report().last_error.map(|said| said.sentence);
    status.connecting();
    status.live();
    assert_eq!(last(), None);
    let before = whole(Timestamp::now(), RoundMode::Trunc);
    status.waiting("nobody there");
    status.live();
    assert_eq!(status.show().detail, None);
    assert_eq!(last().as_deref(), Some("nobody there"));
    let said = status.report().last_error.unwrap();
    assert!((before..=Timestamp::now()).contains(&said.at), "{said:?}");
    assert_eq!(said.at.subsec_nanosecond(), 0);

    status.live_but("slow");
    assert_eq!(last().as_deref(), Some("slow"));
    status.waiting_until("too many requests", Duration::from_secs(9));
    assert_eq!(last().as_deref(), Some("too many requests"));
    status.failed("refused");
    status.connecting();
    assert_eq!(last().as_deref(), Some("refused"));
}

#[test]
fn an_end_with_a_reason_is_no_error() {
    let status = source();
    status.ended_because("its budget of $5.00 is used up");
    let report = status.report();
    assert_eq!(report.shown.state, SourceState::Ended);
    let why = report.shown.detail.unwrap();
    assert_eq!(why, "its budget of $5.00 is used up");
    assert_eq!(report.last_error, None);
}

#[test]
fn a_wait_says_when_it_is_over_for_as_long_as_that_is_to_come() {
    let status = source();
    let next_try = || status.show().next_try;
    status.waiting_until("too many requests", Duration::from_secs(600));
    let first: Timestamp = next_try().unwrap().parse().unwrap();
    let left = first.duration_since(Timestamp::now());
    assert!(
        (595..=601).contains(&left.as_secs()),
        "{left:?} until {first}"
    );
    assert_eq!(status.show().state, SourceState::Waiting);

    // The same again is news: it is another moment.
    status.waiting_until("too many requests", Duration::from_secs(6000));
    assert_ne!(next_try(), Some(first.to_string()));
    status.waiting("too many requests");
    assert_eq!(next_try(), None);

    status.waiting_until("nobody there", Duration::ZERO);
    let begun = Instant::now();
    while next_try().is_some() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{:?}",
            next_try()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(status.show().state, SourceState::Waiting);
}

#[test]
fn a_next_try_is_told_in_whole_seconds_and_never_too_early() {
    let now: Timestamp = "2026-11-22T18:30:24.250Z".parse().unwrap();
    for (pause, at) in [
        (Duration::ZERO, "2026-11-22T18:30:25Z"),
        (Duration::from_millis(750), "2026-11-22T18:30:25Z"),
        (Duration::from_millis(751), "2026-11-22T18:30:26Z"),
        (Duration::from_secs(86_400), "2026-11-23T18:30:25Z"),
    ] {
        assert_eq!(after(now, pause).to_string(), at, "{pause:?}");
    }
    // A peer may ask for any patience.
    assert!(
        after(now, Duration::MAX)
            .to_string()
            .starts_with("9999-12-")
    );
}

#[test]
fn where_it_stands_and_what_it_has_spent_are_as_last_given() {
    let status = source();
    assert_eq!(status.show().spend, None);
    status.cursor("1725911162329308");
    status.cursor("17");
    status.spent(5_000);
    status.spent(10_000);
    let report = status.report();
    assert_eq!(report.cursor.as_deref(), Some("17"));
    let spend = |spent, budget| Some(Spend { spent, budget });
    assert_eq!(report.shown.spend, spend(10_000, None));
    status.budget(5_000_000);
    assert_eq!(status.show().spend, spend(10_000, Some(5_000_000)));
}

#[tokio::test]
async fn a_rate_is_kept_also_while_nobody_asks_until_it_is_told_to_stop() {
    let registry = Registry::default();
    let status = registry.add("test");
    let stop = CancellationToken::new();
    let keeping = tokio::spawn(registry.keep_rates(stop.clone()));
    status.posts(1000);
    // A sample that lies behind the posts has been taken by nobody else.
    let limit = Instant::now() + Duration::from_secs(30);
    while lock(&status.0.rate).samples() < 2 {
        assert!(Instant::now() < limit);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(status.show().rate > 0.0);
    stop.cancel();
    keeping.await.unwrap();
}

#[test]
fn of_a_long_cursor_the_beginning_is_told() {
    let registry = Registry::default();
    let status = registry.add("nostr:wss://relay.example");
    status.cursor(&"é".repeat(LONGEST_CURSOR));
    let told = registry.reports().remove(0).cursor.unwrap();
    assert_eq!(told, "é".repeat(LONGEST_CURSOR / 2) + "…");
}
