//! What operators do while the program runs: tags that they block and unblock, tags that they show as one, and,
//! while they review tags, those that they approve.
//!
//! * [`deeds`] what they can do, and why it is [`refused`]; [`done`] what holds by what they did
//!
//! In a cluster an action is done on one process and told to the others ([`Operators::hear`]), which know it as
//! if it had been done there.
//!
//! **Invariant:** an action is durable before it is in force and before it is answered, and later than any that
//! was known then; of what was said of a tag the newest is in force, wherever it was said.

mod deeds;
mod done;
mod refused;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::address::tag_name;
use engine::{count::Hides as _, grammar::Grammar, key::Key};

use self::done::{Done, Merged, tell_log};
pub(crate) use self::refused::Refused;
use super::{Rulebook, Rules};
use crate::{
    epoch,
    store::{Action, Deed, JudgedTag, Log, Said, StoreError},
};

/// Tags that operators may block.
pub(crate) const BY_OPERATORS: usize = 10_000;

/// Tags that may be approved.
pub(crate) const APPROVED: usize = 100_000;

/// Tags that may be shown as others.
pub(crate) const MERGED: usize = 500;

/// Bytes of a tag as it is typed.
const LONGEST: usize = 1024;

/// A clone is another handle to the same.
#[derive(Clone, Debug)]
pub(crate) struct Operators(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    log: Arc<Log>,
    grammar: Grammar,
    rules: Rulebook,
    done: Mutex<Done>,
}

/// A tag that is shown as another one.
#[derive(Clone, Debug)]
pub(crate) struct MergedTag {
    pub(crate) tag: String,
    /// As it was typed for this tag.
    pub(crate) target: String,
    /// Since when.
    pub(crate) at: u64,
    pub(crate) shown: Shown,
}

/// What boards make of a tag that is shown as another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// They show it as this one.
    As(String),
    /// They show it as itself, for it leads back to itself.
    AsItself,
    /// It, or what it is shown as, is hidden.
    Hidden,
}

impl Operators {
    /// What they have done is in force when this returns.
    pub(crate) fn load(
        log: Arc<Log>,
        grammar: Grammar,
        rules: Rulebook,
    ) -> Result<Self, StoreError> {
        let mut done = Done::default();
        done.take(log.said()?);
        rules.change(|rules| done.tell(rules, grammar));
        Ok(Self(Arc::new(Inner {
            log,
            grammar,
            rules,
            done: Mutex::new(done),
        })))
    }

    /// From now on what is done is kept for [`Operators::news`].
    pub(crate) fn keep_news(&self) {
        self.done().news = Some(Said::default());
    }

    /// What was said here since this was called last; not what is being written down. It waits for nothing.
    pub(crate) fn news(&self) -> Option<Said> {
        let mut done = self.0.done.try_lock().ok()?;
        let news = done.news.as_mut()?;
        (*news != Said::default()).then(|| std::mem::take(news))
    }

    /// All that is kept of what was said, here and elsewhere.
    pub(crate) fn said(&self) -> Result<Said, StoreError> {
        let _done = self.done();
        self.0.log.said()
    }

    /// Takes over what was said on another process. It waits for the disk.
    pub(crate) fn hear(&self, mut said: Said) -> Result<(), StoreError> {
        let mut done = self.done();
        said.actions.retain(|action| !done.actions.contains(action));
        let news = self.0.log.say(said)?;
        if news != Said::default() {
            tell_log(&news, " at another process");
            self.bring_into_force(&mut done, news);
        }
        Ok(())
    }

    /// How many tags are approved, and whether tags are reviewed.
    pub(crate) fn approved(&self) -> (usize, bool) {
        let done = self.done();
        (done.approved.len(), done.is_reviewed)
    }

    /// Whether a tag waits to be approved, as of the last action; what is shown as another does not.
    pub(crate) fn is_pending(&self) -> impl Fn(&Key) -> bool + use<> {
        let rules = self.0.rules.newest();
        move |key| rules.is_pending(key) && rules.sets().shown_as(key) == key
    }

    /// Up to `most` of the tags that they block, those blocked last first, and how many there are.
    pub(crate) fn blocked(&self, most: usize) -> (Vec<JudgedTag>, usize) {
        let done = self.done();
        let mut all: Vec<&JudgedTag> = done.blocked.values().collect();
        // Stable: equal ones stay in the order of their keys.
        all.sort_by_key(|tag| std::cmp::Reverse(tag.at));
        (all.iter().take(most).copied().cloned().collect(), all.len())
    }

    /// Up to `most` of the tags that are shown as others, those merged last first, and how many there are.
    pub(crate) fn merged(&self, most: usize) -> (Vec<MergedTag>, usize) {
        let (done, rules) = (self.done(), self.0.rules.newest());
        let mut all: Vec<(&Key, &Merged)> = done.merged.iter().collect();
        all.sort_by_key(|(_, merged)| std::cmp::Reverse(merged.at));
        let listed = |(key, merged): &(&Key, &Merged)| MergedTag {
            tag: merged.tag.clone(),
            target: merged.spelling.clone(),
            at: merged.at,
            shown: self.shown(&rules, key),
        };
        (all.iter().take(most).map(listed).collect(), all.len())
    }

    /// Up to `most` of the tags that the file names, as boards show them, and how many there are.
    pub(crate) fn of_file(&self, most: usize) -> (Vec<String>, usize) {
        let all = &self.0.rules.newest().of_file;
        let mut keys: Vec<&Key> = all.iter().collect();
        keys.sort_unstable();
        let shown = |key: &&Key| self.0.grammar.shown(key.as_str());
        (keys.iter().take(most).map(shown).collect(), all.len())
    }

    /// Up to `most` of what was done last, the newest first.
    pub(crate) fn actions(&self, most: usize) -> Vec<Action> {
        self.done().actions.iter().take(most).cloned().collect()
    }

    /// A tag's key and how it is shown.
    fn tag(&self, name: &str) -> Result<(Key, String), Refused> {
        let (name, grammar) = (tag_name(name.trim()), self.0.grammar);
        if name.len() > LONGEST {
            return Err(Refused::NoTag);
        }
        let key = grammar.key_of(&name).ok_or(Refused::NoTag)?;
        let spelling = match grammar.tells_spellings_apart() {
            true => &*name,
            false => name.trim_start_matches(['#', '＃', '﹟']),
        };
        Ok((key, grammar.shown(spelling)))
    }

    /// `said` gives what is said by it at a moment.
    fn act(
        &self,
        done: &mut Done,
        deed: Deed,
        said: impl FnOnce(u64) -> Said,
    ) -> Result<(), Refused> {
        let at = epoch::now().max(done.newest + 1);
        let said = Said {
            actions: vec![Action { at, deed }],
            ..said(at)
        };
        let written = self.0.log.say(said);
        let said = written.inspect_err(|error| {
            tracing::error!("an action of an operator cannot be written down: {error}");
        })?;
        tell_log(&said, "");
        if let Some(news) = &mut done.news {
            news.join(said.clone());
        }
        self.bring_into_force(done, said);
        Ok(())
    }

    fn bring_into_force(&self, done: &mut Done, news: Said) {
        done.take(news);
        let change = |rules: &mut Rules| done.tell(rules, self.0.grammar);
        self.0.rules.change(change);
    }

    /// Of a tag that was merged.
    fn shown(&self, rules: &Rules, key: &Key) -> Shown {
        if rules.is_blocked(key) {
            return Shown::Hidden;
        }
        match rules.sets().of(key) {
            None => Shown::AsItself,
            Some(set) if rules.hides(&set.target) => Shown::Hidden,
            Some(set) => Shown::As(self.0.grammar.shown(&set.spelling)),
        }
    }

    fn done(&self) -> MutexGuard<'_, Done> {
        self.0.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
