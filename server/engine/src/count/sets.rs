//! Which tags are shown as one: spellings of the same thing.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::LazyLock,
};

use crate::key::Key;

/// That a tag is shown as another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownAs {
    pub tag: Key,
    pub target: Key,
    /// How the target is spelled wherever it is shown.
    pub spelling: Box<str>,
}

/// Tags that are shown as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The one that all are shown as.
    pub target: Key,
    pub spelling: Box<str>,
    /// All whose mentions are its, in their order: mostly the target is one of them.
    pub members: Vec<Key>,
}

/// Sets that have no tag in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    sets: Vec<Set>,
    /// Where the set of a tag is, by its members and its target.
    places: HashMap<Key, usize>,
}

/// Each tag is shown as itself.
pub(super) static NO_SETS: LazyLock<Sets> = LazyLock::new(Sets::default);

impl Sets {
    /// Of what was said, the latest last: of a tag, and of a target's spelling, that holds. Who is shown as
    /// a tag that is itself shown as another is shown as that one; tags that lead back to themselves are
    /// shown as what they are. Tags that are left out have no part in what their target has.
    pub fn new(
        said: impl IntoIterator<Item = ShownAs>,
        is_left_out: impl Fn(&Key) -> bool,
    ) -> Self {
        let (mut shown_as, mut spellings) = (BTreeMap::new(), HashMap::new());
        for ShownAs {
            tag,
            target,
            spelling,
        } in said
        {
            spellings.insert(target.clone(), spelling);
            shown_as.insert(tag, target);
        }
        let end = |tag: &Key| {
            let (mut passed, mut at) = (HashSet::from([tag.clone()]), tag);
            while let Some(next) = shown_as.get(at) {
                if !passed.insert(next.clone()) {
                    return None;
                }
                at = next;
            }
            Some(at.clone())
        };
        let mut members: BTreeMap<Key, Vec<Key>> = BTreeMap::new();
        for tag in shown_as.keys() {
            if let Some(target) = end(tag) {
                members.entry(target).or_default().push(tag.clone());
            }
        }
        let mut all = Self::default();
        for (target, mut members) in members {
            members.push(target.clone());
            members.retain(|member| member == &target || !is_left_out(member));
            members.sort_unstable();
            let place = all.sets.len();
            let places = members.iter().map(|member| (member.clone(), place));
            all.places.extend(places);
            all.sets.push(Set {
                spelling: spellings[&target].clone(),
                target,
                members,
            });
        }
        all
    }

    /// The set that a tag is in.
    pub fn of(&self, tag: &Key) -> Option<&Set> {
        self.places.get(tag).map(|place| &self.sets[*place])
    }

    /// What a tag is shown as: itself, if it is in no set.
    pub fn shown_as<'a>(&'a self, tag: &'a Key) -> &'a Key {
        self.of(tag).map_or(tag, |set| &set.target)
    }

    /// By their targets.
    pub fn iter(&self) -> impl Iterator<Item = &Set> {
        self.sets.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::key_of;

    fn key(name: &str) -> Key {
        key_of(name).unwrap()
    }

    fn sets(said: &[(&str, &str)], left_out: &[&str]) -> Vec<(String, String, Vec<String>)> {
        let said = said.iter().map(|(tag, target)| ShownAs {
            tag: key(tag),
            target: key(target),
            spelling: (*target).into(),
        });
        let sets = Sets::new(said, |tag| left_out.contains(&tag.as_str()));
        for set in sets.iter() {
            assert!(set.members.iter().all(|tag| sets.of(tag) == Some(set)));
            assert_eq!(sets.shown_as(&set.members[0]), &set.target);
        }
        assert_eq!(sets.of(&key("z")), None);
        let name = |key: &Key| key.as_str().to_owned();
        let set = |set: &Set| {
            let members = set.members.iter().map(name).collect();
            (name(&set.target), set.spelling.to_string(), members)
        };
        sets.iter().map(set).collect()
    }

    fn set(target: &str, spelling: &str, members: &[&str]) -> (String, String, Vec<String>) {
        let members = members.iter().map(|&member| member.to_owned()).collect();
        (target.to_owned(), spelling.to_owned(), members)
    }

    #[test]
    fn a_tag_is_shown_as_what_its_target_is_shown_as() {
        assert_eq!(
            sets(&[("a", "B"), ("b", "C"), ("d", "C"), ("e", "F")], &[]),
            [
                set("c", "C", &["a", "b", "c", "d"]),
                set("f", "F", &["e", "f"])
            ]
        );
    }

    #[test]
    fn what_was_said_last_holds() {
        assert_eq!(
            sets(&[("a", "c"), ("b", "C"), ("a", "D")], &[]),
            [set("c", "C", &["b", "c"]), set("d", "D", &["a", "d"])]
        );
    }

    #[test]
    fn tags_that_lead_back_to_themselves_are_what_they_are() {
        let circle = [("a", "b"), ("b", "c"), ("c", "b"), ("d", "e"), ("f", "f")];
        assert_eq!(sets(&circle, &[]), [set("e", "e", &["d", "e"])]);
    }

    #[test]
    fn who_is_left_out_still_leads_others_to_the_target() {
        let said = [("a", "b"), ("b", "c")];
        assert_eq!(sets(&said, &["b"]), [set("c", "c", &["a", "c"])]);
        assert_eq!(
            sets(&said, &["c"]),
            [set("c", "c", &["a", "b", "c"])],
            "a target is of its set, whatever becomes of that"
        );
    }
}
