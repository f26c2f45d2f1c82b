//! A count for tests: results are shown by hand.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use engine::grammar::Grammar;
use model::{Epoch, Kind, Lang, Pulse, Ranking, Row, Top, Window};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Access, Answers, Capacity, Clients, ExternalBoard, Pictures, Posts, Rates, Requests, Site,
    Streams, Web,
};
use crate::{
    alerts::Alerts,
    epoch::{self, AuthorKey, Intake, Receipts, Retractions, Sealed, Sealer},
    flow::{Peers, Workload},
    live::Live,
    process::Process,
    results::{Results, Whole},
    source::Registry,
    store::{Commits, Files, Log},
};

#[derive(Debug)]
pub(crate) struct Counting {
    results: watch::Sender<Option<Arc<Results>>>,
    sealed: watch::Sender<Option<Sealed>>,
}

impl Default for Counting {
    fn default() -> Self {
        Self {
            results: watch::Sender::new(None),
            sealed: watch::Sender::new(None),
        }
    }
}

impl Counting {
    pub(crate) fn live(&self) -> Live {
        Live::new(
            self.results.subscribe(),
            self.sealed.subscribe(),
            Duration::ZERO,
        )
    }

    pub(crate) fn web(&self) -> Web {
        let (intake, receipts) = intake();
        let sources = Registry::default();
        Web {
            begun: Instant::now(),
            live: self.live(),
            posts: Posts::new(intake, receipts, sources.clone(), false),
            access: Access::default(),
            admin: None,
            sources,
            retractions: Retractions::default(),
            seals: Commits::default(),
            checkpoints: Commits::default(),
            files: Files::default(),
            external: ExternalBoard::default(),
            alerts: Alerts::load(Arc::new(Log::in_memory())).unwrap(),
            batch: Duration::from_secs(2),
            site: Site::none(),
            answers: Answers::default(),
            pictures: Pictures::default(),
            streams: Streams::until(CancellationToken::new()),
            process: Process::begins(),
            workload: Workload::default(),
            peers: Peers::default(),
            capacity: Capacity {
                workers: 1,
                max_tags: 1024,
            },
            requests: Requests::default(),
            clients: Clients::default(),
            rates: Rates::default(),
        }
    }

    /// The same rows in every window.
    pub(crate) fn show(&self, epoch: u64, tags: &[(&str, u64)]) {
        let rows: Vec<Row> = tags
            .iter()
            .zip(1..)
            .map(|(&(tag, count), rank)| row(rank, tag, count))
            .collect();
        let top = |window, by| Top {
            window,
            by,
            epoch: Epoch(epoch),
            at: format!("2026-11-22T18:30:{:02}Z", epoch % 60),
            posts: 7,
            mentions: rows.iter().map(|row| row.count).sum(),
            tags: rows.len() as u64,
            rows: rows.clone(),
        };
        let tops = Window::ALL.map(|window| Ranking::ALL.map(|by| top(window, by)));
        self.results.send_replace(Some(Arc::new(Results::new(
            Epoch(epoch),
            tops.concat(),
            Whole {
                pulse: Pulse {
                    posts_per_second: 0.7,
                    ..Pulse::default()
                },
                languages: Lang::of_tag("en").into_iter().collect(),
                kinds: vec![Kind::Tcp],
            },
        ))));
    }

    pub(crate) fn seal(&self, epoch: u64) {
        self.sealed.send_replace(Some(Sealed {
            epoch: Epoch(epoch),
            behind_since: Some(tokio::time::Instant::now()),
        }));
    }
}

/// An intake with a sealer that ends with it. Nothing closes its epochs.
pub(crate) fn intake() -> (Intake, Receipts) {
    let log = Arc::new(Log::in_memory());
    let (grammar, batch) = (Grammar::Twitter, Duration::from_millis(100));
    let receipts = Receipts::load(log.clone()).unwrap();
    let parts = epoch::Parts {
        log,
        grammar,
        batch,
        author_key: Some(AuthorKey::new([0; 16])),
        receipts: receipts.clone(),
        shared: false,
        sealed: watch::Sender::new(None),
        droppable: Arc::default(),
        awaited: Arc::default(),
        counted: || Epoch(u64::MAX),
    };
    let (_, intake) = Sealer::start(parts).unwrap().unwrap();
    (intake, receipts)
}

pub(crate) fn row(rank: u32, tag: &str, count: u64) -> Row {
    Row {
        share: 0.0,
        ..Row::counted(rank, tag.to_owned(), count, 0)
    }
}
