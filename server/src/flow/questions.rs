//! Questions from the rest of the program on their way into the dataflow, and the answers back.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use engine::{grammar::Grammar, key::Key};
use model::{Epoch, Filter, TagDetail, Window};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::{Signal, record::Ask};
use crate::{
    epoch::KeyState,
    moderation::{Rulebook, Rules},
    results::{Queue, Results, Trends},
    store::DeliveryKey,
};

/// How many questions may wait for their turn; whoever comes then waits with his.
const MOST_WAITING: usize = 256;

/// An answer, of the epoch that was newest when the question had its turn.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Tops(Arc<Results>),
    Tag(Epoch, Option<Box<TagDetail>>),
    Trends(Arc<Trends>),
    Pending(Arc<Queue>),
    Key(KeyState),
}

/// A question and whoever waits for its answer.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) ask: Ask,
    pub(super) reply: oneshot::Sender<Answer>,
}

/// Those whose questions are under way, by the number of the question.
pub(super) type Open = Rc<RefCell<HashMap<u64, oneshot::Sender<Answer>>>>;

/// Asks a running count. An answer may take as long as an epoch that is being counted, and does not
/// come when the count ends.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    waiting: mpsc::Sender<Waiting>,
    signal: Signal,
    grammar: Grammar,
    rules: Rulebook,
    /// Whose turn it is to ask for a part of the posts: that looks at all tags, so one at a time does it, and
    /// a question of another kind waits for one of them at most.
    parts: Arc<Semaphore>,
}

impl Asker {
    pub(super) fn new(
        signal: Signal,
        grammar: Grammar,
        rules: Rulebook,
    ) -> (Self, mpsc::Receiver<Waiting>) {
        let (waiting, questions) = mpsc::channel(MOST_WAITING);
        let asker = Self {
            waiting,
            signal,
            grammar,
            rules,
            parts: Arc::new(Semaphore::new(1)),
        };
        (asker, questions)
    }

    /// The key of a tag that is called `name`, if there can be one.
    pub(crate) fn key(&self, name: &str) -> Option<Key> {
        self.grammar.key_of(name)
    }

    /// Questions that wait for their turn, and how many may.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let most = self.waiting.max_capacity();
        (most - self.waiting.capacity(), most)
    }

    /// By which some tags are not shown.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        self.rules.newest()
    }

    /// By which an epoch is shown that has been counted.
    pub(crate) fn rules_of(&self, epoch: Epoch) -> Arc<Rules> {
        self.rules.in_force(epoch)
    }

    pub(crate) async fn tops(&self, filter: Filter) -> Option<Arc<Results>> {
        let _turn = self.parts.acquire().await.ok()?;
        match self.ask(Ask::Tops(filter)).await? {
            Answer::Tops(results) => Some(results),
            _ => None,
        }
    }

    /// The inner `None`: there is no such tag.
    pub(crate) async fn tag(
        &self,
        key: Key,
        window: Window,
    ) -> Option<(Epoch, Option<Box<TagDetail>>)> {
        match self.ask(Ask::Tag(key, window)).await? {
            Answer::Tag(epoch, detail) => Some((epoch, detail)),
            _ => None,
        }
    }

    pub(crate) async fn trends(&self) -> Option<Arc<Trends>> {
        match self.ask(Ask::Trends).await? {
            Answer::Trends(trends) => Some(trends),
            _ => None,
        }
    }

    pub(crate) async fn pending(&self) -> Option<Arc<Queue>> {
        match self.ask(Ask::Pending).await? {
            Answer::Pending(queue) => Some(queue),
            _ => None,
        }
    }

    /// What all processes know of the key of a delivery: where none does, it is this one's until it is
    /// [closed](crate::epoch::Receipts::closed).
    pub(crate) async fn claim(&self, key: DeliveryKey) -> Option<KeyState> {
        match self.ask(Ask::Key(key)).await? {
            Answer::Key(state) => Some(state),
            _ => None,
        }
    }

    async fn ask(&self, ask: Ask) -> Option<Answer> {
        let (reply, answer) = oneshot::channel();
        self.waiting.send(Waiting { ask, reply }).await.ok()?;
        self.signal.wake();
        answer.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_asks_for_a_tag_waits_for_one_part_of_the_posts_at_most() {
        let none = (Signal::default(), Rulebook::default());
        let (asker, mut questions) = Asker::new(none.0, Grammar::Twitter, none.1);
        for _ in 0..100 {
            let asker = asker.clone();
            tokio::spawn(async move { asker.tops(Filter::default()).await });
        }
        let first = questions.recv().await.unwrap();
        let key = asker.key("#a").unwrap();
        tokio::spawn(async move { asker.tag(key, Window::All).await });
        let second = questions.recv().await.unwrap();
        assert!(matches!(first.ask, Ask::Tops(_)));
        assert!(matches!(second.ask, Ask::Tag(..)));
        assert!(questions.try_recv().is_err());
        // Answered or given up.
        drop(first);
        let third = questions.recv().await.unwrap();
        assert!(matches!(third.ask, Ask::Tops(_)));
    }
}
