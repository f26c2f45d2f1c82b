//! What was given already, whichever relay it came from.
//!
//! **Invariants:** a post is new once, as long as it is among the last [`MOST`] things that were new; one
//! whose deletion came first never is. What one author does is never taken for what another does.

use std::collections::{HashSet, VecDeque};

use super::super::Event;

/// Some hours of all of Nostr.
const MOST: usize = 1 << 16;

/// Ids and authors are hashes and keys: their beginnings are enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Known {
    Post(u64),
    /// Of whose post, and which.
    Deletion(u64, u64),
    TakeDown(u64),
}

#[derive(Debug, Default)]
pub(super) struct Seen {
    known: HashSet<Known>,
    /// As they came.
    order: VecDeque<Known>,
}

impl Seen {
    /// Posts that were given, by the beginnings of their ids.
    pub(super) fn of(posts: impl Iterator<Item = u64>) -> Self {
        let mut seen = Self::default();
        for id in posts {
            seen.first(Known::Post(id));
        }
        seen
    }

    /// Whether it was not had before; from now on it was.
    pub(super) fn is_new(&mut self, event: &Event<'_>) -> bool {
        let what = match event {
            Event::Post(post) => {
                let Some((author, id)) = post.id.as_deref().and_then(beginnings) else {
                    return true;
                };
                if self.known.contains(&Known::Deletion(author, id)) {
                    return false;
                }
                Some(Known::Post(id))
            }
            Event::Delete { id } => beginnings(id).map(|(author, id)| Known::Deletion(author, id)),
            Event::TakeDown { author } => beginning(author).map(Known::TakeDown),
            Event::Text(_) => None,
        };
        what.is_none_or(|what| self.first(what))
    }

    fn first(&mut self, what: Known) -> bool {
        if !self.known.insert(what) {
            return false;
        }
        self.order.push_back(what);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// Of the author and the event of an id.
fn beginnings(id: &str) -> Option<(u64, u64)> {
    let (author, event) = id.split_once('/')?;
    Some((beginning(author)?, beginning(event)?))
}

/// The first 64 bits of what is written in hexadecimal.
pub(super) fn beginning(hex: &str) -> Option<u64> {
    u64::from_str_radix(hex.get(..16)?, 16).ok()
}

/// When a post was written, in seconds, and the beginning of its id.
pub(super) fn noted(event: &Event<'_>) -> Option<(u64, u64)> {
    let Event::Post(post) = event else {
        return None;
    };
    let (_, id) = beginnings(post.id.as_deref()?)?;
    Some((u64::try_from(post.at?).ok()? / 1000, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Post;

    fn id(author: u64, event: u64) -> String {
        let hex = |number: u64| format!("{number:016x}").repeat(4);
        format!("{}/{}", hex(author), hex(event))
    }

    fn post(author: u64, event: u64) -> Event<'static> {
        Event::Post(Post {
            id: Some(id(author, event).into()),
            at: Some(7_999),
            ..Post::default()
        })
    }

    fn deletion(author: u64, event: u64) -> Event<'static> {
        Event::Delete {
            id: id(author, event).into(),
        }
    }

    #[test]
    fn everything_is_new_once() {
        let mut seen = Seen::of([3].into_iter());
        let gone = Event::TakeDown {
            author: format!("{:064x}", 5).into(),
        };
        for event in [post(1, 2), deletion(1, 4), gone] {
            assert!(seen.is_new(&event), "{event:?}");
            assert!(!seen.is_new(&event), "{event:?}");
        }
        assert!(!seen.is_new(&post(1, 3)), "given before the start");
        assert!(seen.is_new(&deletion(1, 2)));
        assert_eq!(noted(&post(1, 2)), Some((7, 2)));
        assert_eq!(noted(&deletion(1, 2)), None);
    }

    #[test]
    fn a_post_that_was_deleted_before_it_came_is_none() {
        let mut seen = Seen::default();
        assert!(seen.is_new(&deletion(1, 2)));
        assert!(!seen.is_new(&post(1, 2)));
    }

    #[test]
    fn nobody_deletes_the_posts_of_others() {
        let mut seen = Seen::default();
        assert!(seen.is_new(&deletion(9, 2)));
        assert!(seen.is_new(&post(1, 2)));
        assert!(seen.is_new(&deletion(1, 2)));
    }

    #[test]
    fn what_has_no_name_is_always_new() {
        let mut seen = Seen::default();
        for id in ["", "/", "abc/def", "ééééééééé/é"] {
            let event = Event::Delete { id: id.into() };
            assert!(seen.is_new(&event) && seen.is_new(&event), "{id}");
        }
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let mut seen = Seen::default();
        let most = MOST as u64;
        for n in 0..most + 5 {
            assert!(seen.is_new(&post(1, n)));
        }
        assert_eq!((seen.known.len(), seen.order.len()), (MOST, MOST));
        assert!(!seen.is_new(&post(1, 5)));
        assert!(seen.is_new(&post(1, 4)));
    }
}
