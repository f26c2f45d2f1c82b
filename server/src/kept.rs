//! Answers that take their time, kept for others who ask the same in the same epoch.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use model::Epoch;
use tokio::time::timeout;

/// How many answers of a kind are kept.
const MOST_KEPT: usize = 64;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The newest answers to the questions asked last. Of those who ask the same at the same time one asks,
/// and the others wait for his answer.
#[derive(Debug)]
pub(crate) struct Kept<Q, A>(Mutex<Vec<(Q, Answer<A>)>>);

/// With the epoch that it is of; locked while it is asked for.
type Answer<A> = Arc<tokio::sync::Mutex<Option<(Epoch, A)>>>;

impl<Q, A> Default for Kept<Q, A> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Q: Clone + PartialEq, A: Clone> Kept<Q, A> {
    /// The answer to `question`, of `newest` or a later epoch; `None` when `ask` gives none in time.
    pub(crate) async fn get(
        &self,
        question: Q,
        newest: Epoch,
        ask: impl AsyncFnOnce() -> Option<(Epoch, A)>,
    ) -> Option<A> {
        let place = self.place(question);
        let answer = async {
            let mut kept = place.lock().await;
            if let Some((epoch, answer)) = &*kept
                && *epoch >= newest
            {
                return Some(answer.clone());
            }
            let (epoch, answer) = ask().await?;
            *kept = Some((epoch, answer.clone()));
            Some(answer)
        };
        timeout(PATIENCE, answer).await.ok().flatten()
    }

    /// Where the answer is or will be. The question that was not asked for longest makes room.
    fn place(&self, question: Q) -> Answer<A> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().position(|(other, _)| *other == question);
        let place = known.map_or_else(|| (question, Answer::default()), |known| kept.remove(known));
        if kept.len() == MOST_KEPT {
            kept.remove(0);
        }
        let answer = place.1.clone();
        kept.push(place);
        answer
    }
}
