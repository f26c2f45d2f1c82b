use model::SourceState;
use serde_json::{Value, json};

use super::*;
use crate::source::{
    fakes::{
        self, End as How, Fault,
        x::{RULES, SAMPLE, STREAM, TOKEN, edit, post, retweet},
    },
    recording::{Recording, Running},
};

/// So long the service may be silent in these tests.
const QUICK: Duration = Duration::from_millis(300);

struct Options {
    stream: X,
    rules: &'static [&'static str],
    budget: Option<&'static str>,
    token: &'static str,
    silence: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            stream: X::Filtered,
            rules: &["#rust"],
            budget: None,
            token: TOKEN,
            silence: SILENCE,
        }
    }
}

fn ready(fake: &fakes::X, options: &Options) -> Ready {
    let asked = XOptions {
        rules: options.rules.iter().map(|&rule| rule.to_owned()).collect(),
        budget: options.budget.map(|budget| budget.parse().unwrap()),
        url: Some(fake.url().parse().unwrap()),
    };
    let token = Secret::new(options.token).unwrap();
    let mut ready = Ready::new(options.stream, asked, token).unwrap();
    ready.silence = options.silence;
    let short = Backoff::doubling(Duration::from_millis(20), Duration::from_millis(100));
    ready.pauses = Pauses {
        network: short,
        refused: short,
        limited: short,
    };
    ready
}

fn start(fake: &fakes::X, options: &Options) -> Running {
    start_from(fake, options, Recording::new(), None)
}

fn start_from(
    fake: &fakes::X,
    options: &Options,
    sink: Recording,
    cursor: Option<Cursor>,
) -> Running {
    let ready = ready(fake, options);
    Running::spawn(sink, cursor, |context| X::run(ready, context))
}

async fn says(running: &Running, state: SourceState, words: &str) {
    running
        .shows(|source| {
            let detail = source.detail.as_deref().unwrap_or_default();
            source.state == state && detail.contains(words)
        })
        .await;
}

fn values(rules: &[Value]) -> Vec<&str> {
    let mut values: Vec<_> = rules
        .iter()
        .map(|rule| rule["value"].as_str().unwrap())
        .collect();
    values.sort_unstable();
    values
}

#[tokio::test]
async fn rules_are_made_to_match_and_those_that_stay_are_left_alone() {
    let fake = fakes::X::start().await;
    fake.rules_on_a_page(2);
    let stays = fake.set_rule("#rust", None);
    for other in ["#a", "#b", "#c", "#d"] {
        fake.set_rule(other, Some("of somebody else"));
    }
    let options = Options {
        rules: &["#rust", "#tide", " #tide "],
        ..Options::default()
    };
    let running = start(&fake, &options);
    fake.seen.until_streams(1).await;
    let rules = fake.rules();
    assert_eq!(values(&rules), ["#rust", "#tide"]);
    let kept = rules.iter().find(|rule| rule["value"] == "#rust").unwrap();
    assert_eq!(kept["id"], stays, "it was not made anew");
    running.stop().await;

    // With the rules as they should be, there is nothing to change.
    let changes = || {
        let requests = fake.seen.requests_to(RULES);
        requests
            .iter()
            .filter(|request| request.method == "POST")
            .count()
    };
    let before = changes();
    let running = start(&fake, &options);
    fake.seen.until_streams(1).await;
    assert_eq!(changes(), before);
    running.stop().await;
}

#[tokio::test]
async fn without_rules_of_its_own_it_reads_by_those_there_are() {
    let fake = fakes::X::start().await;
    let options = Options {
        rules: &[],
        ..Options::default()
    };
    let running = start(&fake, &options);
    says(&running, SourceState::Waiting, "say with --x-rule").await;
    fake.set_rule("#rust", None);
    running
        .shows(|source| source.state == SourceState::Live)
        .await;
    assert!(fake.seen.requests_to(RULES).is_empty());
    running.stop().await;
}

#[tokio::test]
async fn a_rule_that_x_does_not_take_is_said() {
    let fake = fakes::X::start().await;
    let options = Options {
        rules: &["from:"],
        ..Options::default()
    };
    let running = start(&fake, &options);
    says(&running, SourceState::Failed, "--x-rule").await;
    let (_, status) = running.ends().await;
    assert!(status.show().detail.unwrap().contains("from:"));
}

#[tokio::test]
async fn posts_edits_and_reposts_come_as_they_are_written() {
    let fake = fakes::X::start().await;
    let options = Options {
        rules: &["day has:hashtags"],
        ..Options::default()
    };
    let running = start(&fake, &options);
    fake.seen.until_streams(1).await;
    // Nothing falls on the end of a character or of a line.
    fake.wire.chunk(3);
    let original = post("ann", "a long day with 日本 and 🦋, #Rust #日本");
    let id = fake.publish(original.clone());
    let edited = fake.publish(edit(&original, "it was #Go"));
    fake.publish(retweet("bob", &original));
    running.sink.until(3).await;
    assert_eq!(
        running.sink.tags(),
        [vec!["Rust", "日本"], vec!["Go"], vec!["Rust", "日本"]]
    );
    let events = running.sink.events();
    let posts: Vec<_> = events.iter().filter_map(Event::post).collect();
    assert_eq!(posts[0].lang.as_deref(), Some("en"));
    assert!(posts[0].author.is_some());
    assert_eq!(
        posts[1].id.as_deref(),
        Some(&*id),
        "an edit has the id of the first form"
    );
    assert_ne!(id, edited);
    let asked = fake.seen.requests_to(STREAM).remove(0);
    assert_eq!(asked.parameter("expansions"), Some("referenced_tweets.id"));
    assert_eq!(asked.parameter("user.fields"), None, "accounts cost extra");
    running.stop().await;
}

#[tokio::test]
async fn the_sampled_stream_needs_no_rules() {
    let fake = fakes::X::start().await;
    let options = Options {
        stream: X::Sampled,
        ..Options::default()
    };
    let running = start(&fake, &options);
    fake.seen.until_streams(1).await;
    fake.publish(post("ann", "#a"));
    running.sink.until(1).await;
    assert_eq!(fake.seen.requests_to(SAMPLE).len(), 1);
    assert!(fake.seen.requests_to(RULES).is_empty());
    running.stop().await;
}

#[tokio::test]
async fn keep_alives_keep_it_and_silence_ends_it() {
    let fake = fakes::X::start().await;
    fake.wire.beat(Some(QUICK / 10));
    let options = Options {
        silence: QUICK,
        ..Options::default()
    };
    let running = start(&fake, &options);
    fake.seen.until_streams(1).await;
    tokio::time::sleep(QUICK * 2).await;
    assert_eq!(fake.seen.streams().ever, 1, "it was not silent");
    fake.publish(post("ann", "#rust"));
    running.sink.until(1).await;
    fake.wire.beat(None);
    fake.seen
        .until("a second stream", |seen| seen.streams.ever >= 2)
        .await;
    fake.wire.beat(Some(QUICK / 10));
    assert_eq!(fake.seen.streams().most, 1, "never two at once");
    running.stop().await;
}

#[tokio::test]
async fn however_the_stream_ends_it_comes_back_and_nothing_counts_twice_by_id() {
    let fake = fakes::X::start().await;
    fake.repeat(1);
    let running = start(&fake, &Options::default());
    let mut ids = vec![];
    for (round, how) in [How::Clean, How::Cut, How::Reset, How::Clean]
        .into_iter()
        .enumerate()
    {
        fake.seen.until_streams(1).await;
        ids.push(fake.publish(post("ann", "#rust")));
        // The newest came once more at the beginning of the stream.
        running.sink.until(1 + 2 * round).await;
        if round == 3 {
            fake.disconnect();
        } else {
            fake.live.end(how);
        }
        fake.seen
            .until("the next stream", |seen| seen.streams.ever == round + 2)
            .await;
    }
    running.sink.until(8).await;
    let mut given: Vec<_> = running
        .sink
        .events()
        .iter()
        .map(|event| event.post().unwrap().id.clone().unwrap().into_owned())
        .collect();
    given.dedup();
    assert_eq!(given, ids);
    assert_eq!(fake.seen.streams().most, 1);
    running.stop().await;
}

#[tokio::test]
async fn what_x_says_of_the_end_is_shown() {
    let fake = fakes::X::start().await;
    let running = start(&fake, &Options::default());
    fake.seen.until_streams(1).await;
    fake.script.refuse(usize::MAX);
    fake.disconnect();
    running
        .shows(|source| source.state == SourceState::Waiting)
        .await;
    fake.script.refuse(0);
    fake.seen
        .until("it is back", |seen| seen.streams.ever == 2)
        .await;
    running.stop().await;
}

#[tokio::test]
async fn each_refusal_is_told_in_words() {
    for (answer, state, words) in [
        (
            fakes::x::forbidden(),
            SourceState::Failed,
            "403: This app has no access",
        ),
        (
            fakes::x::unavailable(),
            SourceState::Waiting,
            "X has an error (503",
        ),
        (
            fakes::x::rate_limited(),
            SourceState::Waiting,
            "too often (429: Rate limit exceeded)",
        ),
        (
            fakes::x::too_many_connections(),
            SourceState::Waiting,
            "another program holds the connection",
        ),
    ] {
        let fake = fakes::X::start().await;
        fake.script.answer(STREAM, 1000, &answer);
        let running = start(&fake, &Options::default());
        says(&running, state, words).await;
        running.stop().await;
    }
}

#[tokio::test]
async fn an_unknown_token_is_said_and_asked_with_once() {
    let fake = fakes::X::start().await;
    let options = Options {
        token: "SECRETSECRET",
        ..Options::default()
    };
    let running = start(&fake, &options);
    let (_, status) = running.ends().await;
    let shown = status.show();
    assert_eq!(shown.state, SourceState::Failed);
    let why = shown.detail.unwrap();
    assert!(
        why.contains("TAGTIDE_X_TOKEN") && !why.contains("SECRET"),
        "{why}"
    );
    assert_eq!(fake.seen.requests().len(), 1);
}

#[tokio::test]
async fn after_too_many_requests_it_waits_until_the_limit_begins_anew() {
    let fake = fakes::X::start().await;
    let reset = http::unix_seconds() + 2;
    let limited = fakes::x::rate_limited_until(reset);
    fake.script.answer(STREAM, 1, &limited);
    let running = start(&fake, &Options::default());
    running
        .shows(|source| source.state == SourceState::Waiting)
        .await;
    fake.seen.until_streams(1).await;
    assert!(http::unix_seconds() >= reset - 1, "not before");
    running.stop().await;
}

#[tokio::test]
async fn garbage_half_open_and_refused_connections_are_survived() {
    let fake = fakes::X::start().await;
    fake.script.refuse(2);
    fake.script.next(STREAM, Fault::Silence);
    fake.script.next(STREAM, Fault::Close);
    fake.script.next(STREAM, Fault::Reset);
    fake.wire.beat(Some(QUICK / 10));
    let options = Options {
        silence: QUICK,
        ..Options::default()
    };
    let running = start(&fake, &options);
    fake.seen.until_streams(1).await;
    fake.live.text("garbage #rust\r\n");
    fake.live
        .binary(b"{\"data\":{\"id\":\"1\",\"text\":\"\xFF\xFE\"}}\r\n".to_vec());
    fake.live
        .text("{\"unknown\":{\"field\":[1,2,{}]}}\r\n[]\r\n7\r\n");
    fake.live.text(format!("{}\r\n", "x".repeat(3 << 20)));
    fake.publish(post("ann", "#rust"));
    running.sink.until(2).await;
    assert_eq!(running.sink.texts()[0], "\u{FFFD}\u{FFFD}");
    assert_eq!(running.sink.tags()[1], ["rust"]);
    assert_eq!(fake.script.left(), 0);
    running.stop().await;
}

#[tokio::test]
async fn a_sink_without_room_holds_the_stream_back() {
    let fake = fakes::X::start().await;
    let sink = Recording::new();
    sink.set_room(false);
    let running = start_from(&fake, &Options::default(), sink.clone(), None);
    fake.seen.until_streams(1).await;
    for _ in 0..2000 {
        fake.publish(post("ann", &format!("#rust {}", "x".repeat(2000))));
    }
    running.stop().await;
    assert_eq!(sink.count(), 0, "it stops also then");
}

#[tokio::test]
async fn it_ends_before_the_budget_is_overrun_and_stays_so() {
    let fake = fakes::X::start().await;
    let options = Options {
        budget: Some("0.50"),
        ..Options::default()
    };
    let running = start(&fake, &options);
    fake.seen.until_streams(1).await;
    let mut published = 0;
    while running.status.show().state != SourceState::Ended {
        fake.publish(post("ann", "#rust"));
        published += 1;
        assert!(published <= 100, "more was read than the budget pays for");
        running
            .shows(|source| source.posts >= published || source.state == SourceState::Ended)
            .await;
    }
    let sink = running.sink.clone();
    let (_, status) = running.ends().await;
    let why = status.show().detail.unwrap();
    assert!(why.starts_with("the budget of $0.50 is used up"), "{why}");
    fake.seen.until_streams(0).await;
    let streams = fake.seen.streams().ever;

    let running = start_from(&fake, &options, Recording::new(), sink.cursor());
    let (_, status) = running.ends().await;
    assert_eq!(status.show().state, SourceState::Ended);
    assert_eq!(fake.seen.streams().ever, streams, "it was not asked again");
}

#[tokio::test]
async fn it_stops_in_every_state() {
    let fake = fakes::X::start().await;
    let running = start(&fake, &Options::default());
    fake.seen.until_streams(1).await;
    running.stop().await;
    fake.seen.until_streams(0).await;

    fake.script.next(RULES, Fault::Silence);
    let running = start(&fake, &Options::default());
    fake.seen
        .until("it asks", |_| fake.script.left() == 0)
        .await;
    running.stop().await;

    fake.script.answer(STREAM, 9, &fakes::x::unavailable());
    let running = start(&fake, &Options::default());
    running
        .shows(|source| source.state == SourceState::Waiting)
        .await;
    running.stop().await;
}

#[test]
fn what_a_line_says_of_the_end() {
    let end = |line: Value| Problem::in_line(line.to_string().as_bytes()).map(End::from);
    let capped = end(
        json!({"errors":[{"title":"UsageCapExceeded","detail":"Usage cap exceeded: Monthly product cap","type":"https://api.x.com/2/problems/usage-capped"}]}),
    );
    assert!(matches!(capped, Some(End::Failed(why)) if why.contains("at its cap")));
    let other = end(
        json!({"errors":[{"title":"ConnectionException","connection_issue":"TooManyConnections"}]}),
    );
    assert!(matches!(
        other,
        Some(End::Lost {
            next: Next::Limited,
            ..
        })
    ));
    // A post of which a part is missing.
    let partial = end(
        json!({"errors":[{"title":"Not Found Error","type":"https://api.twitter.com/2/problems/resource-not-found"}]}),
    );
    assert!(partial.is_none());
}
