//! The tags that are not shown, and from which epoch on.
//!
//! What must stay true: all workers of a process show an epoch by the same list, whenever each of them
//! comes to it; a list is in force from the next epoch on that none of them has come to yet. Processes of
//! a cluster learn of a list on their own: they may show an epoch by different ones for as long as one
//! knows what another does not. [`Blocked::replace`] is the one place where a list comes into force.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use engine::key::Key;
use model::Epoch;

/// Lists that are kept for workers who are behind: by the epochs that are under way, which are fewer.
const MOST_LISTS: usize = 16;

type List = Arc<HashSet<Key>>;

/// The lists that are in force. A clone is another handle to the same.
#[derive(Clone, Debug)]
pub(crate) struct Blocked(Arc<Mutex<Lists>>);

/// Who blocks a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    File,
    Operators,
}

#[derive(Debug)]
struct Lists {
    /// From which epoch on each is in force; the oldest first, and never none.
    lists: Vec<(Epoch, List)>,
    /// The latest epoch that a list was asked for.
    asked: Epoch,
    /// What the newest one is made of.
    of_file: List,
    of_operators: List,
}

impl Default for Blocked {
    /// Nothing is blocked.
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Lists {
            lists: vec![(Epoch(0), List::default())],
            asked: Epoch(0),
            of_file: List::default(),
            of_operators: List::default(),
        })))
    }
}

impl Blocked {
    pub(crate) fn newest(&self) -> List {
        self.with(|all| all.lists.last().map(|(_, list)| list.clone()))
    }

    /// What the file names.
    pub(crate) fn of_file(&self) -> List {
        self.with(|all| Some(all.of_file.clone()))
    }

    /// What an epoch is shown by.
    pub(crate) fn in_force(&self, epoch: Epoch) -> List {
        self.with(|all| {
            all.asked = epoch.max(all.asked);
            let mut newest_first = all.lists.iter().rev();
            let found = newest_first.find(|(from, _)| *from <= epoch);
            found.or(all.lists.first()).map(|(_, list)| list.clone())
        })
    }

    /// A tag is not shown when it is on anybody's list.
    pub(super) fn replace(&self, whose: Whose, list: HashSet<Key>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match whose {
            Whose::File => all.of_file = Arc::new(list),
            Whose::Operators => all.of_operators = Arc::new(list),
        }
        let list = match (all.of_file.is_empty(), all.of_operators.is_empty()) {
            (_, true) => all.of_file.clone(),
            (true, false) => all.of_operators.clone(),
            (false, false) => Arc::new(&*all.of_file | &*all.of_operators),
        };
        let from = Epoch(all.asked.0 + 1);
        all.lists.retain(|(other, _)| *other < from);
        if all.lists.len() == MOST_LISTS {
            all.lists.remove(0);
        }
        all.lists.push((from, list));
    }

    fn with(&self, find: impl FnOnce(&mut Lists) -> Option<List>) -> List {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        find(&mut all).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use engine::key::key_of;

    use super::*;

    fn keys(names: &[&str]) -> HashSet<Key> {
        names.iter().filter_map(|name| key_of(name)).collect()
    }

    #[test]
    fn a_list_is_in_force_from_the_next_epoch_on_for_whoever_comes_to_it() {
        let blocked = Blocked::default();
        assert!(blocked.in_force(Epoch(7)).is_empty());
        blocked.replace(Whose::File, keys(&["a"]));
        // One is behind, another has it before him already.
        assert!(blocked.in_force(Epoch(6)).is_empty());
        assert!(blocked.in_force(Epoch(7)).is_empty());
        assert_eq!(*blocked.newest(), keys(&["a"]));
        assert_eq!(*blocked.in_force(Epoch(8)), keys(&["a"]));
        blocked.replace(Whose::File, keys(&["b"]));
        blocked.replace(Whose::File, keys(&["c"]));
        assert_eq!(*blocked.in_force(Epoch(9)), keys(&["c"]));
        assert_eq!(*blocked.in_force(Epoch(8)), keys(&["a"]));
        for epoch in 10..100 {
            blocked.replace(Whose::File, keys(&["d"]));
            blocked.in_force(Epoch(epoch));
        }
        let lists = blocked.0.lock().unwrap().lists.len();
        assert_eq!(lists, MOST_LISTS);
    }

    #[test]
    fn a_tag_is_blocked_while_anybody_blocks_it() {
        let blocked = Blocked::default();
        blocked.replace(Whose::Operators, keys(&["a", "b"]));
        assert_eq!(*blocked.newest(), keys(&["a", "b"]));
        blocked.replace(Whose::File, keys(&["b", "c"]));
        assert_eq!(*blocked.newest(), keys(&["a", "b", "c"]));
        blocked.replace(Whose::Operators, keys(&[]));
        assert_eq!(*blocked.newest(), keys(&["b", "c"]));
        assert_eq!(*blocked.of_file(), keys(&["b", "c"]));
        blocked.replace(Whose::File, keys(&[]));
        assert!(blocked.in_force(Epoch(1)).is_empty());
    }
}
