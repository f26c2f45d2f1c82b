//! The newest results, for whoever shows them: read without a lock that the counting side would wait for.

use std::{sync::Arc, time::Duration};

use engine::{count::Hides as _, key::Key};
use model::{Epoch, Filter, TagDetail, Window};
use tokio::{sync::watch, time::Instant};

use crate::{
    epoch::Sealed,
    flow::Asker,
    kept::Kept,
    moderation::Rules,
    results::{Queue, Results, Trends},
};

/// The reading side of the count.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    results: watch::Receiver<Option<Arc<Results>>>,
    sealed: watch::Receiver<Option<Sealed>>,
    /// For how long results may lag behind the seal and still be called current.
    grace: Duration,
    asking: Option<Arc<Asking>>,
}

/// What asks the count for what it does not tell all.
#[derive(Debug)]
struct Asking {
    asker: Asker,
    tops: Kept<Filter, Arc<Results>>,
    tags: Kept<(Key, Window), Option<Box<TagDetail>>>,
    trends: Kept<(), Arc<Trends>>,
    pending: Kept<(), Arc<Queue>>,
}

impl Live {
    /// It knows what the count tells all. With [`Live::asking`] it knows the rest.
    pub(crate) fn new(
        results: watch::Receiver<Option<Arc<Results>>>,
        sealed: watch::Receiver<Option<Sealed>>,
        grace: Duration,
    ) -> Self {
        Self {
            results,
            sealed,
            grace,
            asking: None,
        }
    }

    pub(crate) fn asking(self, asker: Asker) -> Self {
        let asking = Asking {
            asker,
            tops: Kept::default(),
            tags: Kept::default(),
            trends: Kept::default(),
            pending: Kept::default(),
        };
        Self {
            asking: Some(Arc::new(asking)),
            ..self
        }
    }

    /// `None` while the program is starting.
    pub(crate) fn newest(&self) -> Option<Arc<Results>> {
        self.results.borrow().clone()
    }

    /// Results of the posts that `filter` admits, of the newest epoch. Where that is not everything,
    /// the count is asked for them; `None` while the program is starting or ending.
    pub(crate) async fn of(&self, filter: Filter) -> Option<Arc<Results>> {
        let newest = self.newest()?;
        if filter.is_all() {
            return Some(newest);
        }
        let Asking { asker, tops, .. } = &**self.asking.as_ref()?;
        let ask = async || {
            let results = asker.tops(filter).await?;
            Some((results.epoch, results))
        };
        tops.get(filter, newest.epoch, ask).await
    }

    /// One tag in depth, of the newest epoch.
    pub(crate) async fn tag(&self, name: &str, window: Window) -> Result<TagDetail, NoTag> {
        let newest = self.newest().ok_or(NoTag::NotNow)?;
        let Asking { asker, tags, .. } = &**self.asking.as_ref().ok_or(NoTag::NotNow)?;
        let key = asker.key(name).ok_or(NoTag::NeverSeen)?;
        let rules = asker.rules();
        if rules.is_hidden(&key) {
            return Err(NoTag::Blocked);
        }
        // As what it is shown in those results: the answer is of their rules, and the same for all of a set.
        let shown = asker.rules_of(newest.epoch);
        let key = shown.sets().shown_as(&key).clone();
        let ask = async || asker.tag(key.clone(), window).await;
        let found = tags.get((key.clone(), window), newest.epoch, ask).await;
        let detail = found.ok_or(NoTag::NotNow)?.ok_or(NoTag::NeverSeen)?;
        if rules.is_hidden(&Key::verbatim(&detail.key)) {
            return Err(NoTag::Blocked);
        }
        Ok(*detail)
    }

    /// What is trending, of the newest epoch; `None` while the program is starting or ending.
    pub(crate) async fn trends(&self) -> Option<Arc<Trends>> {
        let newest = self.newest()?;
        let Asking { asker, trends, .. } = &**self.asking.as_ref()?;
        let ask = async || {
            let trends = asker.trends().await?;
            Some((trends.epoch, trends))
        };
        trends.get((), newest.epoch, ask).await
    }

    /// What waits to be approved, as of the newest epoch; `None` while the program is starting or ending.
    pub(crate) async fn pending(&self) -> Option<Arc<Queue>> {
        let newest = self.newest()?;
        let Asking { asker, pending, .. } = &**self.asking.as_ref()?;
        let ask = async || {
            let queue = asker.pending().await?;
            Some((queue.epoch, queue))
        };
        pending.get((), newest.epoch, ask).await
    }

    /// The tags that are not to be shown: asked for each tag of what was not counted by the newest rules,
    /// or not here.
    pub(crate) fn is_hidden(&self) -> impl Fn(&str) -> bool + use<> {
        let asking = self.asking.clone();
        let rules = asking.as_ref().map(|asking| asking.asker.rules());
        move |tag| match (&asking, &rules) {
            (Some(asking), Some(rules)) if !rules.hide_nothing() => {
                let key = asking.asker.key(tag);
                key.is_some_and(|key| rules.is_hidden(&key))
            }
            _ => false,
        }
    }

    /// The rules that [`Live::is_hidden`] goes by; not here where nothing is counted.
    pub(crate) fn rules(&self) -> Option<Arc<Rules>> {
        let asking = self.asking.as_ref();
        asking.map(|asking| asking.asker.rules())
    }

    /// By which the results of an epoch that is shown were made.
    pub(crate) fn rules_of(&self, epoch: Epoch) -> Arc<Rules> {
        let asking = self.asking.as_ref();
        asking.map_or_else(Arc::default, |asking| asking.asker.rules_of(epoch))
    }

    /// Whether what is shown is what is sealed, give or take the time that counting takes.
    pub(crate) fn is_current(&self) -> bool {
        self.newest().is_some() && !self.is_behind()
    }

    /// Whether something sealed has been waiting to be counted for too long.
    pub(crate) fn is_behind(&self) -> bool {
        let shown = self.newest().map(|results| results.epoch);
        self.sealed.borrow().is_some_and(|sealed| {
            let in_time = |since: Instant| since.elapsed() < self.grace;
            shown.is_none_or(|shown| shown < sealed.epoch)
                && !sealed.behind_since.is_some_and(in_time)
        })
    }

    /// The newest epoch that is sealed.
    pub(crate) fn sealed(&self) -> Option<Epoch> {
        self.sealed.borrow().map(|sealed| sealed.epoch)
    }

    /// For how long something sealed has been waiting to be counted, as far as that is known.
    pub(crate) fn lag(&self) -> Duration {
        let shown = self.newest().map(|results| results.epoch);
        let sealed = *self.sealed.borrow();
        let waiting = sealed.filter(|sealed| shown.is_none_or(|shown| shown < sealed.epoch));
        let since = waiting.and_then(|sealed| sealed.behind_since);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Questions to the count that wait for their turn, and how many may.
    pub(crate) fn questions(&self) -> (usize, usize) {
        let asking = self.asking.as_ref();
        asking.map_or((0, 0), |asking| asking.asker.waiting())
    }

    /// Waits for results newer than the last ones this handle waited for; `None` at the end of the
    /// program.
    pub(crate) async fn next(&mut self) -> Option<Arc<Results>> {
        loop {
            self.results.changed().await.ok()?;
            if let Some(results) = self.results.borrow_and_update().clone() {
                return Some(results);
            }
        }
    }
}

/// Why there is no detail of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoTag {
    /// It was never mentioned, or so long ago and so seldom that it is forgotten.
    NeverSeen,
    /// It is not to be shown.
    Blocked,
    /// The program is starting or ending.
    NotNow,
}
