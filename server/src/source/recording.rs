//! A sink for tests: it remembers what it was given, and can be told to take nothing.

use std::{
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{Closed, Context, Cursor, Event, Opened, Options, Post, Registry, Sink, Status, open};

/// Longer than anything in these tests takes, on a machine with much else to do.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    Posts(Vec<Post<'static>>, Option<Cursor>),
    Advance(i64),
}

#[derive(Clone, Debug)]
pub(super) struct Recording {
    given: Arc<Mutex<Vec<Given>>>,
    events: Arc<Mutex<Vec<Event<'static>>>>,
    /// Counts the posts, as every sink does.
    status: Arc<OnceLock<Status>>,
    /// Texts so far, for whoever waits for some.
    count: watch::Sender<usize>,
    /// Whether there is room.
    room: watch::Sender<bool>,
}

impl Recording {
    pub(super) fn new() -> Self {
        Self {
            given: Arc::default(),
            events: Arc::default(),
            status: Arc::default(),
            count: watch::Sender::new(0),
            room: watch::Sender::new(true),
        }
    }

    pub(super) fn set_room(&self, room: bool) {
        self.room.send_replace(room);
    }

    pub(super) fn given(&self) -> Vec<Given> {
        self.given.lock().unwrap().clone()
    }

    /// All that was given, deletions too.
    pub(super) fn events(&self) -> Vec<Event<'static>> {
        self.events.lock().unwrap().clone()
    }

    /// The tags of each post, in order.
    pub(super) fn tags(&self) -> Vec<Vec<String>> {
        let tags = |post: &Post<'_>| {
            let tags = post.tags.iter().flatten();
            tags.map(|tag| tag.to_string()).collect()
        };
        let events = self.events();
        let posts = events.iter().filter_map(Event::post);
        posts.map(|post| tags(&post)).collect()
    }

    pub(super) fn texts(&self) -> Vec<String> {
        let mut texts = vec![];
        for given in self.given.lock().unwrap().iter() {
            if let Given::Posts(posts, _) = given {
                texts.extend(posts.iter().map(|post| post.text.to_string()));
            }
        }
        texts
    }

    pub(super) fn count(&self) -> usize {
        *self.count.borrow()
    }

    pub(super) fn cursor(&self) -> Option<Cursor> {
        self.given
            .lock()
            .unwrap()
            .iter()
            .rev()
            .find_map(|given| match given {
                Given::Posts(_, cursor) => cursor.clone(),
                Given::Advance(_) => None,
            })
    }

    /// Waits until so many posts were given, and says which.
    pub(super) async fn until(&self, count: usize) -> Vec<String> {
        let mut counts = self.count.subscribe();
        let waited = timeout(LIMIT, counts.wait_for(|now| *now >= count)).await;
        assert!(
            waited.is_ok(),
            "{} of {count} posts in {LIMIT:?}",
            self.count()
        );
        self.texts()
    }
}

impl Sink for Recording {
    async fn accept(&mut self, events: &[Event<'_>], cursor: Option<Cursor>) -> Result<(), Closed> {
        let mut room = self.room.subscribe();
        room.wait_for(|room| *room).await.map_err(|_| Closed)?;
        let posts = events.iter().filter_map(Event::post);
        let owned: Vec<_> = posts.map(|post| post.into_owned().into_owned()).collect();
        let count = owned.len();
        let events = events.iter().map(|event| event.clone().into_owned());
        self.events.lock().unwrap().extend(events);
        if let Some(status) = self.status.get() {
            status.posts(count as u64);
        }
        self.given.lock().unwrap().push(Given::Posts(owned, cursor));
        self.count.send_modify(|sum| *sum += count);
        Ok(())
    }

    async fn advance(&mut self, at: i64) -> Result<(), Closed> {
        self.given.lock().unwrap().push(Given::Advance(at));
        Ok(())
    }

    fn epoch_of(&self, at: i64) -> u64 {
        at as u64 / 2000
    }
}

/// A source that runs, with all that can be seen of it.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) sink: Recording,
    pub(super) status: Status,
    pub(super) stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    pub(super) fn start(opened: Opened, sink: Recording, cursor: Option<Cursor>) -> Self {
        Self::spawn(sink, cursor, |context| opened.run(context))
    }

    /// Runs what reads.
    pub(super) fn spawn<R>(
        sink: Recording,
        cursor: Option<Cursor>,
        run: impl FnOnce(Context<Recording>) -> R,
    ) -> Self
    where
        R: Future<Output = ()> + Send + 'static,
    {
        let status = Registry::default().add("test");
        // An error is that it counts in the status of the run before.
        let _ = sink.status.set(status.clone());
        let stop = CancellationToken::new();
        let context = Context {
            sink: sink.clone(),
            status: status.clone(),
            cursor,
            stop: stop.clone(),
        };
        let task = tokio::spawn(run(context));
        Self {
            sink,
            status,
            stop,
            task,
        }
    }

    pub(super) async fn of(spec: &str, cursor: Option<Cursor>) -> Self {
        let opened = open(spec.parse().unwrap(), &Options::default())
            .await
            .unwrap();
        Self::start(opened, Recording::new(), cursor)
    }

    /// Waits until what is shown of the source satisfies `is`.
    pub(super) async fn shows(&self, is: impl Fn(&model::Source) -> bool) {
        let waited = timeout(LIMIT, async {
            while !is(&self.status.show()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(waited.await.is_ok(), "still {:?}", self.status.show());
    }

    /// Waits for a source that ends by itself.
    pub(super) async fn ends(self) -> (Recording, Status) {
        timeout(LIMIT, self.task).await.unwrap().unwrap();
        (self.sink, self.status)
    }

    /// Stops it, which must take less than a second.
    pub(super) async fn stop(self) -> Recording {
        self.stop.cancel();
        timeout(Duration::from_secs(1), self.task)
            .await
            .expect("it stops in time")
            .unwrap();
        self.sink
    }
}
