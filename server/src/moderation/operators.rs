//! What operators do while the program runs: tags that they block and unblock, and, while they review tags,
//! those that they approve.
//!
//! In a cluster an action is done on one process and told to the others ([`Operators::hear`]), which know it as
//! if it had been done there.
//!
//! **Invariant:** an action is durable before it is in force and before it is answered, and later than any that
//! was known then; of what was said of a tag the newest is in force, wherever it was said.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use app::address::tag_name;
use engine::{grammar::Grammar, key::Key};

use super::{Rulebook, Rules};
use crate::{
    epoch,
    log::printable,
    store::{
        Action, Deed, JudgedTag, Judgement, LAST_ACTIONS, Log, Review, Said, StoreError, Verdict,
    },
};

/// Tags that operators may block.
pub(crate) const BY_OPERATORS: usize = 10_000;

/// Tags that may be approved.
pub(crate) const APPROVED: usize = 100_000;

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

#[derive(Debug)]
struct Done {
    blocked: BTreeMap<Key, JudgedTag>,
    /// In force while tags are reviewed.
    approved: Arc<HashSet<Key>>,
    is_reviewed: bool,
    /// The newest first.
    actions: VecDeque<Action>,
    /// When the newest of all that is known was said.
    newest: u64,
    /// What was said here since it was last asked for; `None`: nobody asks.
    news: Option<Said>,
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
    #[error("That hashtag is approved already.")]
    IsApproved,
    #[error("As many hashtags are approved as may: block some of them first.")]
    TooManyApproved,
    #[error("The boards show nothing yet: try again in a moment.")]
    NothingShown,
    #[error("That is so already.")]
    IsSo,
    #[error("It cannot be written down, so nothing was done; the log says why.")]
    Store(#[from] StoreError),
}

impl Operators {
    /// What they have done is in force when this returns.
    pub(crate) fn load(
        log: Arc<Log>,
        grammar: Grammar,
        rules: Rulebook,
    ) -> Result<Self, StoreError> {
        let mut done = Done {
            blocked: BTreeMap::new(),
            approved: Arc::default(),
            is_reviewed: false,
            actions: VecDeque::new(),
            newest: 0,
            news: None,
        };
        done.take(log.said()?);
        rules.change(|rules| done.tell(rules));
        Ok(Self(Arc::new(Inner {
            log,
            grammar,
            rules,
            done: Mutex::new(done),
        })))
    }

    /// Blocks a tag of that name; it is no longer approved. It waits for the disk.
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
        let judged = [(key.clone(), tag.clone())];
        self.act(
            &mut done,
            Deed::Block { key, tag },
            Verdict::Blocked,
            judged,
        )
    }

    /// Lets a tag of that name be shown again, unless the file names it. It waits for the disk.
    pub(crate) fn unblock(&self, name: &str) -> Result<(), Refused> {
        let (key, tag) = self.tag(name)?;
        let mut done = self.done();
        if !done.blocked.contains_key(&key) {
            return Err(Refused::IsNotBlocked);
        }
        let key = key.as_str().to_owned();
        let judged = [(key.clone(), tag.clone())];
        let deed = Deed::Unblock { key, tag };
        self.act(&mut done, deed, Verdict::Unblocked, judged)
    }

    /// Lets a tag of that name be shown while tags are reviewed. It waits for the disk.
    pub(crate) fn approve(&self, name: &str) -> Result<(), Refused> {
        let (key, tag) = self.tag(name)?;
        let mut done = self.done();
        if done.blocked.contains_key(&key) {
            return Err(Refused::IsBlocked);
        }
        if done.approved.contains(&key) {
            return Err(Refused::IsApproved);
        }
        if done.approved.len() >= APPROVED {
            return Err(Refused::TooManyApproved);
        }
        let key = key.as_str().to_owned();
        let judged = [(key.clone(), tag.clone())];
        let deed = Deed::Approve { key, tag };
        self.act(&mut done, deed, Verdict::Approved, judged)
    }

    /// From now on tags are shown only once they are approved, as those of the names given are by this. It
    /// waits for the disk.
    pub(crate) fn review(&self, shown: &[String]) -> Result<(), Refused> {
        let mut done = self.done();
        if done.is_reviewed {
            return Err(Refused::IsSo);
        }
        let named = shown.iter().filter_map(|name| self.tag(name).ok());
        let is_new = |(key, _): &(Key, String)| {
            !done.approved.contains(key) && !done.blocked.contains_key(key)
        };
        let approved: BTreeMap<Key, String> = named.filter(is_new).collect();
        if done.approved.len() + approved.len() > APPROVED {
            return Err(Refused::TooManyApproved);
        }
        let deed = Deed::Review {
            approved: approved.len() as u64,
        };
        let approved = approved.into_iter();
        let approved = approved.map(|(key, tag)| (key.as_str().to_owned(), tag));
        self.act(&mut done, deed, Verdict::Approved, approved)
    }

    /// Lets all tags be shown again that are not blocked. It waits for the disk.
    pub(crate) fn end_review(&self) -> Result<(), Refused> {
        let mut done = self.done();
        if !done.is_reviewed {
            return Err(Refused::IsSo);
        }
        self.act(&mut done, Deed::EndReview, Verdict::Unblocked, [])
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
            done.take(news);
            self.0.rules.change(|rules| done.tell(rules));
        }
        Ok(())
    }

    /// How many tags are approved, and whether tags are reviewed.
    pub(crate) fn approved(&self) -> (usize, bool) {
        let done = self.done();
        (done.approved.len(), done.is_reviewed)
    }

    /// Whether a tag waits to be approved, as of the last action.
    pub(crate) fn is_pending(&self) -> impl Fn(&Key) -> bool + use<> {
        let rules = self.0.rules.newest();
        move |key| rules.is_pending(key)
    }

    /// Up to `most` of the tags that they block, those blocked last first, and how many there are.
    pub(crate) fn blocked(&self, most: usize) -> (Vec<JudgedTag>, usize) {
        let done = self.done();
        let mut all: Vec<&JudgedTag> = done.blocked.values().collect();
        // Stable: equal ones stay in the order of their keys.
        all.sort_by_key(|tag| std::cmp::Reverse(tag.at));
        (all.iter().take(most).copied().cloned().collect(), all.len())
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
            false => name.trim_start_matches(['#', '＃']),
        };
        Ok((key, grammar.shown(spelling)))
    }

    /// `judged` are keys of tags, with how they are shown.
    fn act(
        &self,
        done: &mut Done,
        deed: Deed,
        verdict: Verdict,
        judged: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), Refused> {
        let at = epoch::now().max(done.newest + 1);
        let judgement = |(key, tag)| (key, Judgement { at, verdict, tag });
        let begins = match deed {
            Deed::Review { .. } => Some(true),
            Deed::EndReview => Some(false),
            Deed::Block { .. } | Deed::Unblock { .. } | Deed::Approve { .. } => None,
        };
        let said = Said {
            actions: vec![Action { at, deed }],
            judgements: judged.into_iter().map(judgement).collect(),
            review: begins.map(|begins| Review { at, begins }),
        };
        let written = self.0.log.say(said);
        let said = written.inspect_err(|error| {
            tracing::error!("an action of an operator cannot be written down: {error}");
        })?;
        tell_log(&said, "");
        if let Some(news) = &mut done.news {
            news.join(said.clone());
        }
        done.take(said);
        self.0.rules.change(|rules| done.tell(rules));
        Ok(())
    }

    fn done(&self) -> MutexGuard<'_, Done> {
        self.0.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Done {
    /// Takes what is news as what holds.
    fn take(&mut self, news: Said) {
        let judged = news.judgements.values().map(|judgement| judgement.at);
        let done = news.actions.iter().map(|action| action.at);
        let reviewed = news.review.iter().map(|review| review.at);
        let newest = judged.chain(done).chain(reviewed).max();
        self.newest = self.newest.max(newest.unwrap_or(0));
        for (key, judgement) in news.judgements {
            let key = Key::verbatim(&key);
            let Judgement { at, verdict, tag } = judgement;
            self.blocked.remove(&key);
            let is_approved = verdict == Verdict::Approved;
            if self.approved.contains(&key) != is_approved {
                let approved = Arc::make_mut(&mut self.approved);
                if is_approved {
                    approved.insert(key.clone());
                } else {
                    approved.remove(&key);
                }
            }
            if verdict == Verdict::Blocked {
                self.blocked.insert(key, JudgedTag { tag, at });
            }
        }
        if let Some(review) = news.review {
            self.is_reviewed = review.begins;
        }
        for action in news.actions {
            self.actions.push_front(action);
        }
        // What comes from elsewhere may be older.
        let actions = self.actions.make_contiguous();
        actions.sort_unstable_by(|one, other| other.cmp(one));
        self.actions.truncate(LAST_ACTIONS as usize);
    }

    /// Makes the rules say what was done.
    fn tell(&self, rules: &mut Rules) {
        rules.of_operators = Arc::new(self.blocked.keys().cloned().collect());
        rules.approved = self.is_reviewed.then(|| self.approved.clone());
    }
}

/// A line for each action.
fn tell_log(said: &Said, place: &str) {
    for Action { deed, .. } in &said.actions {
        match deed {
            Deed::Block { tag, .. } => {
                tracing::info!("an operator has blocked {}{place}", printable(tag));
            }
            Deed::Unblock { tag, .. } => {
                tracing::info!("an operator has unblocked {}{place}", printable(tag));
            }
            Deed::Approve { tag, .. } => {
                tracing::info!("an operator has approved {}{place}", printable(tag));
            }
            Deed::Review { approved } => tracing::info!(
                "an operator reviews hashtags from now on{place}; {approved} shown are approved"
            ),
            Deed::EndReview => tracing::info!("an operator no longer reviews hashtags{place}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::{count::Hides as _, key::key_of};

    use super::*;

    fn keys(names: &[&str]) -> HashSet<Key> {
        names.iter().filter_map(|name| key_of(name)).collect()
    }

    fn load(log: &Arc<Log>) -> (Operators, Rulebook) {
        let rules = Rulebook::default();
        let operators = Operators::load(log.clone(), Grammar::Twitter, rules.clone()).unwrap();
        (operators, rules)
    }

    #[test]
    fn what_is_done_is_in_force_and_known_to_who_comes_after() {
        let log = Arc::new(Log::in_memory());
        let (operators, rules) = load(&log);
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
        let blocked = in_force.newest().of_operators.clone();
        assert_eq!(*blocked, keys(&["rust", "日本"]));
        assert_eq!(*blocked, *rules.newest().of_operators);
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
        let (again, rules) = load(&log);
        assert_eq!(*rules.newest().of_operators, keys(&["first"]));
        assert_eq!(again.actions(usize::MAX).len(), LAST_ACTIONS as usize);
        assert_eq!(again.actions(usize::MAX), operators.actions(usize::MAX));
    }

    #[test]
    fn while_tags_are_reviewed_those_approved_are_shown() {
        let log = Arc::new(Log::in_memory());
        let (operators, rules) = load(&log);
        let shown = |rules: &Rulebook| -> Vec<&str> {
            let all = ["a", "b", "c"].into_iter();
            all.filter(|name| !rules.newest().hides(&key_of(name).unwrap()))
                .collect()
        };
        operators.block("b").unwrap();
        assert!(matches!(operators.end_review(), Err(Refused::IsSo)));
        operators.review(&["#A".into(), "#b".into()]).unwrap();
        assert!(matches!(operators.review(&[]), Err(Refused::IsSo)));
        assert_eq!(shown(&rules), ["a"]);
        assert!(matches!(operators.approve("a"), Err(Refused::IsApproved)));
        assert!(matches!(operators.approve("b"), Err(Refused::IsBlocked)));
        operators.approve("#C").unwrap();
        assert_eq!(shown(&rules), ["a", "c"]);
        operators.block("a").unwrap();
        operators.unblock("a").unwrap();
        assert_eq!(shown(&rules), ["c"], "it waits again");
        let pending = operators.is_pending();
        assert!(pending(&key_of("a").unwrap()) && !pending(&key_of("c").unwrap()));
        let (again, in_force) = load(&log);
        assert_eq!(shown(&in_force), ["c"]);
        assert_eq!(again.approved(), (1, true));
        assert_eq!(again.actions(9), operators.actions(9));
        again.end_review().unwrap();
        assert_eq!(shown(&in_force), ["a", "c"]);
        let (third, in_force) = load(&log);
        assert_eq!(shown(&in_force), ["a", "c"]);
        assert_eq!(third.approved(), (1, false));
    }

    #[test]
    fn what_is_said_on_two_processes_is_in_force_on_both_in_whatever_order_they_hear() {
        let logs = [(); 2].map(|()| Arc::new(Log::in_memory()));
        let [(one, of_one), (other, of_other)] = [load(&logs[0]), load(&logs[1])];
        one.keep_news();
        other.keep_news();
        one.block("a").unwrap();
        one.block("b").unwrap();
        other.block("a").unwrap();
        other.unblock("a").unwrap();
        other.approve("c").unwrap();
        other.review(&["d".into()]).unwrap();
        let (told, answered) = (one.news().unwrap(), other.news().unwrap());
        assert_eq!(one.news(), None, "it is told once");
        one.hear(answered).unwrap();
        other.hear(told.clone()).unwrap();
        other.hear(told).unwrap();
        assert_eq!(other.news(), None, "what is heard is not told on");
        let digest = |operators: &Operators| operators.said().unwrap().digest().unwrap();
        assert_eq!(digest(&one), digest(&other));
        assert_eq!(one.actions(9), other.actions(9));
        assert_eq!(one.actions(9).len(), 6);
        for rules in [of_one.newest(), of_other.newest()] {
            let hides = |name: &str| rules.hides(&key_of(name).unwrap());
            assert_eq!(["b", "c", "d", "e"].map(hides), [true, false, false, true]);
        }
        // What is done after that is later, whatever the clock says.
        one.unblock("b").unwrap();
        other.hear(one.news().unwrap()).unwrap();
        assert!(of_other.newest().is_pending(&key_of("b").unwrap()));
        let (again, in_force) = load(&logs[1]);
        assert_eq!(digest(&again), digest(&one));
        assert_eq!(again.actions(9), one.actions(9));
        assert_eq!(
            *in_force.newest().of_operators,
            *of_one.newest().of_operators
        );
    }

    #[test]
    fn no_more_are_approved_than_may_be() {
        let log = Arc::new(Log::in_memory());
        let (operators, _) = load(&log);
        let names: Vec<String> = (0..=APPROVED)
            .map(|number| format!("tag{number}"))
            .collect();
        let refused = operators.review(&names);
        assert!(matches!(refused, Err(Refused::TooManyApproved)));
        assert_eq!(operators.approved(), (0, false));
        operators.review(&names[1..]).unwrap();
        let refused = operators.approve(&names[0]);
        assert!(matches!(refused, Err(Refused::TooManyApproved)));
        operators.block(&names[1]).unwrap();
        operators.approve(&names[0]).unwrap();
        assert_eq!(operators.approved(), (APPROVED, true));
    }
}
