use std::{collections::BTreeMap, path::Path, thread, time::Instant};

use engine::{
    count::{Counted, Delta, SliceDelta},
    key::{group_of, key_of},
};
use model::{Epoch, Filter, Kind, Ranking, Slice, Window};

use std::sync::atomic::Ordering::Relaxed;

use super::*;
use crate::{
    alerts::Alerts,
    live::{Live, NoTag},
    moderation::{Operators, Rulebook},
    store::{self, SealedEpoch, SealedReceipts, Settings},
};

const BATCH: Duration = Duration::from_secs(2);
const SETTINGS: Settings = Settings {
    batch: BATCH,
    grammar: Grammar::Twitter,
};

/// Epoch `n`: 50 of 200 tags, as if from a log.
fn sealed(n: u64) -> SealedEpoch {
    let count = |i: u64| {
        let tag = format!("Tag{}", (n * 31 + i * 7) % 200);
        let key = key_of(&tag).expect("a key");
        let counted = Counted {
            key,
            spelling: tag.into(),
            count: 1 + (n + i) % 3,
            authors: Vec::new(),
        };
        (group_of(&counted.key), counted)
    };
    let mut groups = BTreeMap::from([(0, Vec::new())]);
    for (group, counted) in (0..50).map(count) {
        groups.entry(group).or_default().push(counted);
    }
    let slice = Slice {
        source: Kind::Tcp,
        lang: None,
    };
    let delta = |(group, counts)| {
        let slices = vec![SliceDelta {
            slice,
            posts: if group == 0 { 10 } else { 0 },
            counts,
        }];
        let delta = Delta {
            slices,
            ..Delta::default()
        };
        (group, delta)
    };
    SealedEpoch {
        epoch: Epoch(n),
        deltas: groups.into_iter().map(delta).collect(),
        remembered: Vec::new(),
        taken_back: store::TakenBack::default(),
    }
}

fn parts(
    log: &Arc<Log>,
    state: Arc<State>,
    workers: usize,
    results: watch::Sender<Option<Arc<Results>>>,
    durable: Arc<AtomicU64>,
) -> Parts {
    Parts {
        log: log.clone(),
        state,
        place: (0, 1),
        given_up: Vec::new(),
        mask: [0; 16],
        joined: watch::Sender::new(false),
        workers,
        batch: BATCH,
        grammar: Grammar::Twitter,
        max_tags: 2_000_000,
        watched: Arc::default(),
        rules: Rulebook::default(),
        operators: Operators::load(log.clone(), Grammar::Twitter, Rulebook::default())
            .expect("they can be read"),
        alerts: Alerts::load(log.clone()).expect("they can be read"),
        single: Vec::new(),
        receipts: Receipts::load(log.clone()).expect("they can be read"),
        told: mpsc::unbounded_channel().0,
        results,
        durable,
        awaited: Arc::default(),
        peers: Peers::default(),
        workload: Workload::default(),
    }
}

struct Generation {
    log: Arc<Log>,
    flow: Flow,
    results: watch::Receiver<Option<Arc<Results>>>,
    durable: Arc<AtomicU64>,
}

impl Generation {
    fn start(directory: &Path, workers: usize) -> Self {
        let (log, state) = store::open(directory, &SETTINGS).expect("it opens");
        let (log, state) = (Arc::new(log), Arc::new(state));
        let (sender, results) = watch::channel(None);
        let durable = Arc::new(AtomicU64::new(0));
        let flow = Flow::start(parts(&log, state, workers, sender, durable.clone()), None);
        Self {
            log,
            flow: flow.expect("it starts"),
            results,
            durable,
        }
    }

    fn seal(&self, epochs: impl IntoIterator<Item = u64>) {
        let epochs: Vec<_> = epochs.into_iter().map(sealed).collect();
        self.log
            .seal(
                &epochs,
                &[],
                &SealedReceipts::default(),
                Epoch(self.durable.load(Relaxed)),
                Epoch(0),
            )
            .expect("sealed");
        self.flow.signal().wake();
    }

    fn live(&self) -> Live {
        let (_, sealed) = watch::channel(None);
        Live::new(self.results.clone(), sealed, Duration::ZERO).asking(self.flow.asker())
    }

    /// The results of an epoch, once it is counted.
    fn shown(&self, epoch: u64) -> Arc<Results> {
        let limit = Instant::now() + Duration::from_secs(30);
        loop {
            match &*self.results.borrow() {
                Some(results) if results.epoch.0 >= epoch => return results.clone(),
                _ => assert!(Instant::now() < limit, "epoch {epoch} is not counted"),
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn text(results: &Results) -> String {
    let text = |(window, by)| serde_json::to_string(results.top(window, by)).expect("json");
    let views = Window::ALL.map(|window| Ranking::ALL.map(|by| (window, by)));
    let tops: String = views.concat().into_iter().map(text).collect();
    format!("{tops}{:?}", results.whole)
}

#[test]
fn any_number_of_workers_shows_the_same() {
    // A gap longer than the window is in there, and one checkpoint every five epochs.
    let epochs = || (1..40).chain(400..410);
    let shown = [1, 2, 3].map(|workers| {
        let directory = tempfile::tempdir().unwrap();
        let generation = Generation::start(directory.path(), workers);
        let shown: Vec<String> = epochs()
            .map(|epoch| {
                generation.seal([epoch]);
                text(&generation.shown(epoch))
            })
            .collect();
        generation.flow.finish().expect("a clean end");
        shown
    });
    assert_eq!(shown[0], shown[1]);
    assert_eq!(shown[0], shown[2]);
}

#[test]
fn a_later_generation_of_another_shape_shows_the_same_again_and_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let straight = tempfile::tempdir().unwrap();
    let straight = Generation::start(straight.path(), 1);
    let mut last = None;
    for (round, workers) in (0..).zip([2, 1, 3, 3]) {
        let generation = Generation::start(directory.path(), workers);
        if let Some((epoch, before)) = last {
            assert_eq!(text(&generation.shown(epoch)), before, "shown again");
        }
        let first = round * 23 + 1;
        generation.seal(first..first + 23);
        straight.seal(first..first + 23);
        let newest = first + 22;
        let now = text(&generation.shown(newest));
        assert_eq!(now, text(&straight.shown(newest)));
        generation.flow.finish().expect("a clean end");
        last = Some((newest, now));
    }
}

#[test]
fn what_a_checkpoint_holds_leaves_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let generation = Generation::start(directory.path(), 2);
    let limit = Instant::now() + Duration::from_secs(30);
    let mut newest = 0;
    while generation.durable.load(Relaxed) < 20 {
        assert!(Instant::now() < limit, "no checkpoint was made");
        newest += 1;
        generation.seal([newest]);
        generation.shown(newest);
    }
    generation.seal([newest + 1]);
    let dropped = generation.log.dropped().unwrap();
    assert!((20..=newest).contains(&dropped.0), "{dropped:?}");
    generation.flow.finish().expect("a clean end");
}

#[test]
fn after_a_clean_end_nothing_is_replayed() {
    let directory = tempfile::tempdir().unwrap();
    let generation = Generation::start(directory.path(), 2);
    generation.seal(1..=23);
    generation.shown(23);
    generation.flow.finish().expect("a clean end");
    drop(generation.log);
    let (_, state) = store::open(directory.path(), &SETTINGS).expect("it opens");
    let groups = state.groups().unwrap();
    assert_eq!(groups.len(), 64);
    assert!(groups.iter().all(|(_, as_of)| *as_of == Epoch(23)));
}

/// What an answer says, as text.
async fn asked(live: &Live, filter: Filter, tag: &str) -> String {
    let results = live.of(filter).await.expect("an answer");
    let mut details = Vec::new();
    for window in [Window::OneMinute, Window::All] {
        details.push(live.tag(tag, window).await);
    }
    format!("{} {} {details:?}", results.epoch.0, text(&results))
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_of_the_newest_epoch_and_any_number_of_workers_gives_the_same() {
    let filter = Filter {
        source: Some(Kind::Tcp),
        lang: None,
    };
    let mut all = Vec::new();
    for workers in [1, 2, 3] {
        let directory = tempfile::tempdir().unwrap();
        let mut answers = Vec::new();
        for epochs in [1..=12, 13..=30] {
            let generation = Generation::start(directory.path(), workers);
            let live = generation.live();
            for epoch in epochs {
                generation.seal([epoch]);
                generation.shown(epoch);
                let answer = asked(&live, filter, "#TAG7").await;
                assert!(answer.starts_with(&format!("{epoch} ")), "{answer}");
                answers.push(answer);
            }
            assert_eq!(
                live.tag("nobody's", Window::All).await,
                Err(NoTag::NeverSeen)
            );
            assert_eq!(live.tag("# ", Window::All).await, Err(NoTag::NeverSeen));
            generation.flow.finish().expect("a clean end");
            assert_eq!(live.tag("Tag8", Window::All).await, Err(NoTag::NotNow));
        }
        all.push(answers);
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rise_is_told_with_when_it_began() {
    let directory = tempfile::tempdir().unwrap();
    let generation = Generation::start(directory.path(), 2);
    let live = generation.live();
    let key = key_of("Burst").expect("a key");
    let counted = |count| Counted {
        key: key.clone(),
        spelling: "Burst".into(),
        count,
        authors: Vec::new(),
    };
    for n in 1..=200 {
        let mut epoch = sealed(n);
        let mut deltas: BTreeMap<u8, Delta> = epoch.deltas.into_iter().collect();
        if n > 50 {
            let count = if n < 180 { 1 } else { 30 };
            let more = SliceDelta {
                slice: deltas[&0].slices[0].slice,
                posts: 0,
                counts: vec![counted(count)],
            };
            deltas.entry(group_of(&key)).or_default().slices.push(more);
        }
        epoch.deltas = deltas.into_iter().collect();
        generation
            .log
            .seal(
                &[epoch],
                &[],
                &SealedReceipts::default(),
                Epoch(0),
                Epoch(0),
            )
            .expect("sealed");
    }
    generation.flow.signal().wake();
    generation.shown(200);
    let since = async |window| {
        let detail = live.tag("#burst", window).await.expect("it is there");
        assert_eq!(detail.score.is_some(), detail.rising_since.is_some());
        detail.rising_since
    };
    // Epoch 180 begins six minutes after time does.
    let began = Some("1970-01-01T00:06:00Z".to_owned());
    assert_eq!(since(Window::OneMinute).await, began);
    assert_eq!(since(Window::FiveMinutes).await, began);
    assert_eq!(since(Window::All).await, None);
    generation.flow.finish().expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_the_same_are_given_one_answer() {
    let directory = tempfile::tempdir().unwrap();
    let generation = Generation::start(directory.path(), 2);
    let filter = Filter {
        source: Some(Kind::Tcp),
        lang: None,
    };
    let live = generation.live();
    assert!(live.of(filter).await.is_none(), "it is starting");
    assert_eq!(live.tag("Tag7", Window::All).await, Err(NoTag::NotNow));
    for epoch in [1, 2] {
        generation.seal([epoch]);
        generation.shown(epoch);
        let ask = |_| {
            let live = live.clone();
            tokio::spawn(async move { live.of(filter).await.expect("an answer") })
        };
        let asked: Vec<_> = (0..1000).map(ask).collect();
        let mut answers = Vec::new();
        for answer in asked {
            answers.push(answer.await.unwrap());
        }
        assert_eq!(answers[0].epoch, Epoch(epoch));
        assert!(
            answers
                .iter()
                .all(|answer| Arc::ptr_eq(answer, &answers[0]))
        );
    }
    // More questions than are kept, and than go together.
    let asked: Vec<_> = (0..500)
        .map(|n| {
            let live = live.clone();
            tokio::spawn(async move { live.tag(&format!("Tag{n}"), Window::All).await })
        })
        .collect();
    for answer in asked {
        assert_ne!(answer.await.unwrap(), Err(NoTag::NotNow));
    }
    generation.flow.finish().expect("a clean end");
}

/// Why a generation does not even start.
fn refused(directory: &Path) -> FlowError {
    let (log, state) = store::open(directory, &SETTINGS).expect("it opens");
    let (log, state) = (Arc::new(log), Arc::new(state));
    let parts = parts(&log, state, 2, watch::Sender::new(None), Arc::default());
    Flow::start(parts, None).expect_err("it starts")
}

#[test]
fn a_lost_log_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let generation = Generation::start(directory.path(), 2);
    generation.seal(1..=24);
    generation.shown(24);
    generation.flow.finish().expect("a clean end");
    std::fs::remove_file(directory.path().join("log.redb")).unwrap();
    let error = refused(directory.path());
    assert!(matches!(error, FlowError::Refused(_)), "{error}");
}

#[test]
fn a_state_that_cannot_be_read_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    store::open(directory.path(), &SETTINGS).unwrap().1.damage();
    let error = refused(directory.path());
    assert!(matches!(error, FlowError::Store(_)), "{error}");
}

#[test]
fn the_end_does_not_wait_for_a_long_log() {
    let directory = tempfile::tempdir().unwrap();
    let generation = Generation::start(directory.path(), 1);
    // Far more than can be counted while the end lasts.
    generation.seal(1..=60_000);
    let begun = Instant::now();
    generation.flow.finish().expect("a clean end");
    assert!(begun.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_state_that_is_not_the_logs_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    {
        let (log, _) = store::open(directory.path(), &SETTINGS).unwrap();
        log.seal(
            &[sealed(7)],
            &[],
            &SealedReceipts::default(),
            Epoch(0),
            Epoch(0),
        )
        .unwrap();
        log.seal(
            &[sealed(8)],
            &[],
            &SealedReceipts::default(),
            Epoch(7),
            Epoch(0),
        )
        .unwrap();
    }
    let error = refused(directory.path());
    assert!(matches!(error, FlowError::Refused(_)), "{error}");
}

#[test]
fn damage_ends_the_count_with_a_word_and_without_an_abort() {
    let directory = tempfile::tempdir().unwrap();
    {
        let (log, _) = store::open(directory.path(), &SETTINGS).unwrap();
        log.seal(
            &[sealed(7)],
            &[],
            &SealedReceipts::default(),
            Epoch(0),
            Epoch(0),
        )
        .unwrap();
        log.damage(Epoch(7));
    }
    for workers in [1, 3] {
        let generation = Generation::start(directory.path(), workers);
        let error = generation.flow.finish().expect_err("the epoch is damaged");
        assert!(matches!(error, FlowError::Store(_)), "{error}");
    }
}
