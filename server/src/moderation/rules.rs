//! Which tags are not shown, which are shown as one, and from which epoch on.
//!
//! What must stay true: all workers of a process show an epoch by the same rules, whenever each of them
//! comes to it; rules are in force from the next epoch on that none of them has come to yet. Processes of
//! a cluster learn of rules on their own: they may show an epoch by different ones for as long as one
//! knows what another does not. [`Rulebook::change`] is the one place where rules come into force.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use engine::{
    count::{Hides, Sets, ShownAs},
    key::Key,
};
use model::Epoch;

/// Rules that are kept for workers who are behind: by the epochs that are under way, which are fewer.
const MOST_KEPT: usize = 16;

type Tags = Arc<HashSet<Key>>;

/// What is shown and what is not. It never changes: others take its place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(super) of_file: Tags,
    pub(super) of_operators: Tags,
    /// While tags are reviewed, those that are approved.
    pub(super) approved: Option<Tags>,
    /// The newest last.
    pub(super) merged: Arc<[ShownAs]>,
    /// What comes of these, without what is blocked.
    sets: Arc<Sets>,
}

impl Hides for Rules {
    fn hides(&self, key: &Key) -> bool {
        self.is_blocked(key) || self.waits(key)
    }

    fn sets(&self) -> &Sets {
        &self.sets
    }
}

impl Rules {
    /// Whether everything is shown, and as itself.
    pub(crate) fn hide_nothing(&self) -> bool {
        let blocks_none = self.of_file.is_empty() && self.of_operators.is_empty();
        blocks_none && self.approved.is_none() && self.merged.is_empty()
    }

    /// Whether tags are shown only once they are approved.
    pub(crate) fn are_reviewed(&self) -> bool {
        self.approved.is_some()
    }

    /// Whether it is hidden for no other reason than that nobody has approved it yet.
    pub(crate) fn is_pending(&self, key: &Key) -> bool {
        self.waits(key) && !self.is_blocked(key)
    }

    pub(super) fn is_blocked(&self, key: &Key) -> bool {
        self.of_file.contains(key) || self.of_operators.contains(key)
    }

    fn waits(&self, key: &Key) -> bool {
        let approved = self.approved.as_ref();
        approved.is_some_and(|approved| !approved.contains(key))
    }
}

/// All but what is pending.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotPending<'a>(pub(crate) &'a Rules);

impl Hides for NotPending<'_> {
    fn hides(&self, key: &Key) -> bool {
        !self.0.is_pending(key)
    }

    fn sets(&self) -> &Sets {
        self.0.sets()
    }
}

/// The rules that are in force. A clone is another handle to the same.
#[derive(Clone, Debug)]
pub(crate) struct Rulebook {
    kept: Arc<Mutex<Kept>>,
    awaited: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Kept {
    /// From which epoch on the oldest are in force; at first from the beginning.
    oldest: (Epoch, Arc<Rules>),
    /// The same of those after it, in their order.
    later: Vec<(Epoch, Arc<Rules>)>,
    /// The latest epoch that rules were asked for.
    asked: Epoch,
}

impl Default for Rulebook {
    /// Nothing is hidden.
    fn default() -> Self {
        let kept = Kept {
            oldest: (Epoch(0), Arc::default()),
            later: Vec::new(),
            asked: Epoch(0),
        };
        Self {
            kept: Arc::new(Mutex::new(kept)),
            awaited: Arc::default(),
        }
    }
}

impl Rulebook {
    pub(crate) fn newest(&self) -> Arc<Rules> {
        self.kept().newest().clone()
    }

    /// What an epoch is shown by.
    pub(crate) fn in_force(&self, epoch: Epoch) -> Arc<Rules> {
        let mut kept = self.kept();
        kept.asked = epoch.max(kept.asked);
        let mut newest_first = kept.later.iter().rev();
        let found = newest_first.find(|(from, _)| *from <= epoch);
        let (_, rules) = found.unwrap_or(&kept.oldest);
        rules.clone()
    }

    /// An epoch that is to come even where time stands still: so far the first one that is shown by the newest
    /// rules. Whoever else waits for one puts it here.
    pub(crate) fn awaited(&self) -> Arc<AtomicU64> {
        self.awaited.clone()
    }

    /// Puts others in the place of the newest.
    pub(super) fn change(&self, change: impl FnOnce(&mut Rules)) {
        let mut kept = self.kept();
        let mut rules = Rules::clone(kept.newest());
        change(&mut rules);
        let sets = Sets::new(rules.merged.iter().cloned(), |tag| rules.is_blocked(tag));
        rules.sets = Arc::new(sets);
        let from = Epoch(kept.asked.0 + 1);
        kept.later.retain(|(other, _)| *other < from);
        if kept.later.len() + 1 == MOST_KEPT {
            kept.oldest = kept.later.remove(0);
        }
        kept.later.push((from, Arc::new(rules)));
        // Before anything is shown, nothing is shown by others.
        if kept.asked > Epoch(0) {
            self.awaited.fetch_max(from.0, Relaxed);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn newest(&self) -> &Arc<Rules> {
        let (_, rules) = self.later.last().unwrap_or(&self.oldest);
        rules
    }
}

#[cfg(test)]
mod tests {
    use engine::key::key_of;

    use super::*;

    fn keys(names: &[&str]) -> Tags {
        Arc::new(names.iter().filter_map(|name| key_of(name)).collect())
    }

    /// Which of some tags are hidden.
    fn hidden(rules: &Rules) -> Vec<&'static str> {
        let all = ["a", "b", "c", "d"].into_iter();
        all.filter(|name| rules.hides(&key_of(name).unwrap()))
            .collect()
    }

    #[test]
    fn rules_are_in_force_from_the_next_epoch_on_for_whoever_comes_to_it() {
        let book = Rulebook::default();
        let block = |names: &[&str]| book.change(|rules| rules.of_file = keys(names));
        assert!(book.in_force(Epoch(7)).hide_nothing());
        block(&["a"]);
        // One is behind, another has it before him already.
        assert!(book.in_force(Epoch(6)).hide_nothing());
        assert!(book.in_force(Epoch(7)).hide_nothing());
        assert_eq!(hidden(&book.newest()), ["a"]);
        assert_eq!(hidden(&book.in_force(Epoch(8))), ["a"]);
        block(&["b"]);
        block(&["c"]);
        assert_eq!(hidden(&book.in_force(Epoch(9))), ["c"]);
        assert_eq!(hidden(&book.in_force(Epoch(8))), ["a"]);
        for epoch in 10..100 {
            block(&["d"]);
            book.in_force(Epoch(epoch));
        }
        assert_eq!(book.kept().later.len() + 1, MOST_KEPT);
    }

    #[test]
    fn a_tag_is_hidden_while_anybody_blocks_it_or_it_waits() {
        let book = Rulebook::default();
        book.change(|rules| rules.of_operators = keys(&["a", "b"]));
        assert_eq!(hidden(&book.newest()), ["a", "b"]);
        book.change(|rules| rules.of_file = keys(&["b", "c"]));
        assert_eq!(hidden(&book.newest()), ["a", "b", "c"]);
        book.change(|rules| rules.of_operators = keys(&[]));
        assert_eq!(hidden(&book.newest()), ["b", "c"]);
        book.change(|rules| rules.approved = Some(keys(&["a", "b"])));
        assert_eq!(hidden(&book.newest()), ["b", "c", "d"]);
        let pending = |name| book.newest().is_pending(&key_of(name).unwrap());
        assert_eq!(
            ["a", "b", "c", "d"].map(pending),
            [false, false, false, true]
        );
        book.change(|rules| rules.approved = None);
        book.change(|rules| rules.of_file = keys(&[]));
        assert!(book.in_force(Epoch(1)).hide_nothing());
    }

    #[test]
    fn what_is_blocked_has_no_part_in_what_it_is_shown_as_whoever_blocks_it() {
        let book = Rulebook::default();
        let key = |name| key_of(name).unwrap();
        let shown_as = |(tag, target)| ShownAs {
            tag: key(tag),
            target: key(target),
            spelling: "C".into(),
        };
        let merged = [("a", "c"), ("b", "c")].map(shown_as);
        let members = |rules: &Rules| {
            let set = rules.sets().of(&key("c"));
            set.map_or(0, |set| set.members.len())
        };
        book.change(|rules| rules.merged = Arc::new(merged));
        assert!(!book.newest().hide_nothing());
        assert_eq!(members(&book.in_force(Epoch(1))), 3);
        book.change(|rules| rules.of_file = keys(&["a"]));
        assert_eq!(members(&book.newest()), 2);
        assert_eq!(members(&book.in_force(Epoch(1))), 3, "as it was then");
        book.change(|rules| rules.of_operators = keys(&["b"]));
        assert_eq!(members(&book.in_force(Epoch(2))), 1);
        book.change(|rules| rules.of_file = keys(&[]));
        assert_eq!(members(&book.newest()), 2);
        book.change(|rules| rules.merged = Arc::default());
        assert_eq!(members(&book.newest()), 0);
    }
}
