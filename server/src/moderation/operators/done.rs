//! What operators have done, and what holds by it.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::Arc,
};

use engine::{count::ShownAs, grammar::Grammar, key::Key};

use crate::{
    log::printable,
    moderation::Rules,
    store::{Action, Deed, JudgedTag, Judgement, LAST_ACTIONS, Merging, Said, Target, Verdict},
};

#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) blocked: BTreeMap<Key, JudgedTag>,
    /// In force while tags are reviewed.
    pub(super) approved: Arc<HashSet<Key>>,
    pub(super) is_reviewed: bool,
    pub(super) merged: BTreeMap<Key, Merged>,
    /// The newest first.
    pub(super) actions: VecDeque<Action>,
    /// When the newest of all that is known was said.
    pub(super) newest: u64,
    /// What was said here since it was last asked for; `None`: nobody asks.
    pub(super) news: Option<Said>,
}

/// A tag that is shown as another one.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) tag: String,
    pub(super) target: Key,
    /// As it was typed for this tag.
    pub(super) spelling: String,
    /// Since when.
    pub(super) at: u64,
}

impl Done {
    /// Takes what is news as what holds.
    pub(super) fn take(&mut self, news: Said) {
        let judged = news.judgements.values().map(|judgement| judgement.at);
        let merged = news.merges.values().map(|merging| merging.at);
        let done = news.actions.iter().map(|action| action.at);
        let reviewed = news.review.iter().map(|review| review.at);
        let newest = judged.chain(merged).chain(done).chain(reviewed).max();
        self.newest = self.newest.max(newest.unwrap_or(0));
        for (key, judgement) in news.judgements {
            self.judge(Key::verbatim(&key), judgement);
        }
        for (key, merging) in news.merges {
            self.merge(Key::verbatim(&key), merging);
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

    fn judge(&mut self, key: Key, judgement: Judgement) {
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

    fn merge(&mut self, key: Key, merging: Merging) {
        let Merging { at, target, tag } = merging;
        self.merged.remove(&key);
        if let Some(Target {
            key: target,
            tag: spelling,
        }) = target
        {
            let target = Key::verbatim(&target);
            let merged = Merged {
                tag,
                target,
                spelling,
                at,
            };
            self.merged.insert(key, merged);
        }
    }

    /// Whether a tag would lead back to itself, or for ever on, if it were shown as `target`.
    pub(super) fn leads_back(&self, key: &Key, target: &Key) -> bool {
        let (mut passed, mut at) = (HashSet::from([key]), target);
        while passed.insert(at) {
            match self.merged.get(at) {
                Some(merged) => at = &merged.target,
                None => return false,
            }
        }
        true
    }

    /// Makes the rules say what was done.
    pub(super) fn tell(&self, rules: &mut Rules, grammar: Grammar) {
        rules.of_operators = Arc::new(self.blocked.keys().cloned().collect());
        rules.approved = self.is_reviewed.then(|| self.approved.clone());
        let mut merged: Vec<(&Key, &Merged)> = self.merged.iter().collect();
        // Stable: those of the same moment stay in the order of their keys, which is the same everywhere.
        merged.sort_by_key(|(_, merged)| merged.at);
        let shown_as = |(tag, merged): (&Key, &Merged)| ShownAs {
            tag: tag.clone(),
            target: merged.target.clone(),
            spelling: grammar.spelling(&merged.spelling).into(),
        };
        rules.merged = merged.into_iter().map(shown_as).collect();
    }
}

/// A line for each action.
pub(super) fn tell_log(said: &Said, place: &str) {
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
            Deed::Merge { tag, target, .. } => tracing::info!(
                "an operator has merged {} into {}{place}",
                printable(tag),
                printable(&target.tag)
            ),
            Deed::Separate { tag, .. } => {
                tracing::info!("an operator has separated {}{place}", printable(tag));
            }
        }
    }
}
