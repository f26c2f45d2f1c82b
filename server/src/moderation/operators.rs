//! What operators do: tags that they block and unblock while the program runs.
//!
//! **Invariant:** an action is durable before it is in force and before it is answered; actions come into
//! force in the order in which they are durable.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use app::address::tag_name;
use engine::{grammar::Grammar, key::Key};

use super::{Blocked, Whose};
use crate::{
    epoch,
    log::printable,
    store::{Action, BlockedTag, Deed, LAST_ACTIONS, Log, StoreError},
};

/// Tags that operators may block.
pub(crate) const BY_OPERATORS: usize = 10_000;

/// Bytes of a tag as it is typed.
const LONGEST: usize = 1024;

/// A clone is another handle to the same.
#[derive(Clone, Debug)]
pub(crate) struct Operators(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    log: Arc<Log>,
    grammar: Grammar,
    blocked: Blocked,
    done: Mutex<Done>,
}

#[derive(Debug)]
struct Done {
    blocked: BTreeMap<Key, BlockedTag>,
    /// The newest first.
    actions: VecDeque<Action>,
    /// The number of the next one.
    next: u64,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("That is no hashtag.")]
    NoTag,
    #[error("That hashtag is blocked already.")]
    IsBlocked,
    #[error("That hashtag was not blocked here.")]
    IsNotBlocked,
    #[error("As many hashtags are blocked as may: unblock others first.")]
    TooMany,
    #[error("It cannot be written down, so nothing was done; the log says why.")]
    Store(#[from] StoreError),
}

impl Operators {
    /// What they block is in force when this returns.
    pub(crate) fn load(
        log: Arc<Log>,
        grammar: Grammar,
        blocked: Blocked,
    ) -> Result<Self, StoreError> {
        let mut done = Done {
            blocked: BTreeMap::new(),
            actions: VecDeque::new(),
            next: 0,
        };
        log.blocked(|key, tag| {
            done.blocked.insert(Key::verbatim(key), tag);
        })?;
        log.actions(|number, action| {
            done.next = number + 1;
            done.actions.push_front(action);
        })?;
        if !done.blocked.is_empty() {
            blocked.replace(Whose::Operators, done.keys());
        }
        Ok(Self(Arc::new(Inner {
            log,
            grammar,
            blocked,
            done: Mutex::new(done),
        })))
    }

    /// Blocks a tag of that name. It waits for the disk.
    pub(crate) fn block(&self, name: &str) -> Result<(), Refused> {
        let (key, tag) = self.tag(name)?;
        let mut done = self.done();
        if done.blocked.contains_key(&key) {
            return Err(Refused::IsBlocked);
        }
        if done.blocked.len() >= BY_OPERATORS {
            return Err(Refused::TooMany);
        }
        let key = key.as_str().to_owned();
        self.act(&mut done, Deed::Block { key, tag })
    }

    /// Lets a tag of that name be shown again, unless the file names it. It waits for the disk.
    pub(crate) fn unblock(&self, name: &str) -> Result<(), Refused> {
        let (key, tag) = self.tag(name)?;
        let mut done = self.done();
        if !done.blocked.contains_key(&key) {
            return Err(Refused::IsNotBlocked);
        }
        let key = key.as_str().to_owned();
        self.act(&mut done, Deed::Unblock { key, tag })
    }

    /// Up to `most` of the tags that they block, those blocked last first, and how many there are.
    pub(crate) fn blocked(&self, most: usize) -> (Vec<BlockedTag>, usize) {
        let done = self.done();
        let mut all: Vec<&BlockedTag> = done.blocked.values().collect();
        // Stable: equal ones stay in the order of their keys.
        all.sort_by_key(|tag| std::cmp::Reverse(tag.at));
        (all.iter().take(most).copied().cloned().collect(), all.len())
    }

    /// Up to `most` of the tags that the file names, as boards show them, and how many there are.
    pub(crate) fn of_file(&self, most: usize) -> (Vec<String>, usize) {
        let all = self.0.blocked.of_file();
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
            false => name.trim_start_matches(['#', '＃']),
        };
        Ok((key, grammar.shown(spelling)))
    }

    fn act(&self, done: &mut Done, deed: Deed) -> Result<(), Refused> {
        let action = Action {
            at: epoch::now(),
            deed,
        };
        self.0.log.act(done.next, &action).inspect_err(|error| {
            tracing::error!("an action of an operator cannot be written down: {error}");
        })?;
        match &action.deed {
            Deed::Block { key, tag } => {
                tracing::info!("an operator has blocked {}", printable(tag));
                let tag = BlockedTag {
                    tag: tag.clone(),
                    at: action.at,
                };
                done.blocked.insert(Key::verbatim(key), tag);
            }
            Deed::Unblock { key, tag } => {
                tracing::info!("an operator has unblocked {}", printable(tag));
                done.blocked.remove(&Key::verbatim(key));
            }
        }
        done.next += 1;
        done.actions.push_front(action);
        done.actions.truncate(LAST_ACTIONS as usize);
        self.0.blocked.replace(Whose::Operators, done.keys());
        Ok(())
    }

    fn done(&self) -> MutexGuard<'_, Done> {
        self.0.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Done {
    fn keys(&self) -> HashSet<Key> {
        self.blocked.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use engine::key::key_of;

    use super::*;

    fn keys(names: &[&str]) -> HashSet<Key> {
        names.iter().filter_map(|name| key_of(name)).collect()
    }

    fn load(log: &Arc<Log>) -> (Operators, Blocked) {
        let blocked = Blocked::default();
        let operators = Operators::load(log.clone(), Grammar::Twitter, blocked.clone()).unwrap();
        (operators, blocked)
    }

    #[test]
    fn what_is_done_is_in_force_and_known_to_who_comes_after() {
        let log = Arc::new(Log::in_memory());
        let (operators, blocked) = load(&log);
        operators.block(" #Rust ").unwrap();
        operators.block("日本").unwrap();
        operators.block("wasm").unwrap();
        operators.unblock("WASM").unwrap();
        assert!(matches!(operators.block("rust"), Err(Refused::IsBlocked)));
        assert!(matches!(operators.unblock("a"), Err(Refused::IsNotBlocked)));
        for name in ["", "#", &*"a".repeat(LONGEST)] {
            assert!(
                matches!(operators.block(name), Err(Refused::NoTag)),
                "{name}"
            );
        }
        let (again, in_force) = load(&log);
        assert_eq!(*in_force.newest(), keys(&["rust", "日本"]));
        assert_eq!(*blocked.newest(), *in_force.newest());
        assert_eq!(again.actions(9), operators.actions(9));
        assert_eq!(again.actions(9).len(), 4);
        let (first, all) = again.blocked(1);
        assert_eq!((first.len(), all), (1, 2));
    }

    #[test]
    fn only_the_last_actions_are_kept_and_all_of_what_is_blocked() {
        let log = Arc::new(Log::in_memory());
        let (operators, _) = load(&log);
        operators.block("first").unwrap();
        for _ in 0..LAST_ACTIONS / 2 {
            operators.block("a").unwrap();
            operators.unblock("a").unwrap();
        }
        let (again, blocked) = load(&log);
        assert_eq!(*blocked.newest(), keys(&["first"]));
        assert_eq!(again.actions(usize::MAX).len(), LAST_ACTIONS as usize);
        assert_eq!(again.actions(usize::MAX), operators.actions(usize::MAX));
    }
}
