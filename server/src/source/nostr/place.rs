//! Where the source stands in what each of its relays has, and which posts it was given last.
//!
//! As text, which is what is stored: `1 SINCE@URL,SINCE@URL AT=IDS,AT=IDS`. The first part is the version.
//! The second says of each relay the time from which on it is asked again. The third has the posts that were
//! given and that a relay will give again: those that are not older than the earliest of these times, the
//! newest [`MOST`] of them. Each is 16 hexadecimal digits, the first of its id; those written in the same
//! second stand behind it without anything between them. All times are in seconds of the Unix epoch.

use std::{collections::BTreeSet, fmt, iter, str::FromStr};

use super::super::http::shortened;

const VERSION: &str = "1";

/// All of Nostr writes a few posts in a second, and of two minutes at least all are to be known again. What
/// is beyond comes again after a crash; of that, posts with tags are known by their ids, as ever.
pub(super) const MOST: usize = 4096;

const DIGITS: usize = 16;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// By address.
    since: Vec<(String, u64)>,
    /// When they were written, and the beginnings of their ids.
    posts: BTreeSet<(u64, u64)>,
}

impl Place {
    /// At `since` with all of the relays, save those of which the place was stored.
    pub(super) fn of<'u>(
        urls: impl Iterator<Item = &'u str>,
        since: u64,
        stored: Option<&Self>,
    ) -> Self {
        let mut place = Self {
            since: urls.map(|url| (url.to_owned(), since)).collect(),
            posts: stored.map_or_else(BTreeSet::new, |stored| stored.posts.clone()),
        };
        for (url, since) in stored.iter().flat_map(|stored| &stored.since) {
            if let Some((_, own)) = place.since.iter_mut().find(|(own, _)| own == url) {
                *own = *since;
            }
        }
        place
    }

    /// Of the relays in the order in which they were given.
    pub(super) fn since(&self) -> impl Iterator<Item = u64> {
        self.since.iter().map(|(_, since)| *since)
    }

    /// The beginnings of the ids of posts that may come again.
    pub(super) fn posts(&self) -> impl Iterator<Item = u64> {
        self.posts.iter().map(|(_, id)| *id)
    }

    pub(super) fn given(&mut self, at: u64, id: u64) {
        self.posts.insert((at, id));
        if self.posts.len() > MOST {
            self.posts.pop_first();
        }
    }

    /// Moves one of the relays; false where it is there already.
    pub(super) fn moves(&mut self, relay: usize, to: u64) -> bool {
        let Some((_, since)) = self.since.get_mut(relay).filter(|(_, since)| *since != to) else {
            return false;
        };
        *since = to;
        let earliest = self.since().min().unwrap_or(0);
        while self.posts.first().is_some_and(|(at, _)| *at < earliest) {
            self.posts.pop_first();
        }
        true
    }
}

impl fmt::Display for Place {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{VERSION} ")?;
        for ((url, since), comma) in self.since.iter().zip(commas()) {
            write!(to, "{comma}{since}@{url}")?;
        }
        write!(to, " ")?;
        let seconds: Vec<_> = self.posts.iter().collect();
        let seconds = seconds.chunk_by(|one, next| one.0 == next.0);
        for (second, comma) in seconds.zip(commas()) {
            write!(to, "{comma}{}=", second[0].0)?;
            for (_, id) in second {
                write!(to, "{id:016x}")?;
            }
        }
        Ok(())
    }
}

fn commas() -> impl Iterator<Item = &'static str> {
    iter::once("").chain(iter::repeat(","))
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (version, rest) = text.split_once(' ')?;
            let (relays, posts) = rest.split_once(' ')?;
            let mut place = Self::default();
            for relay in listed(relays) {
                let (since, url) = relay.split_once('@')?;
                place.since.push((url.to_owned(), since.parse().ok()?));
            }
            for second in listed(posts) {
                let (at, ids) = second.split_once('=')?;
                let at = at.parse().ok()?;
                for id in ids.as_bytes().chunks(DIGITS) {
                    let id = str::from_utf8(id).ok().filter(|id| id.len() == DIGITS)?;
                    place.given(at, u64::from_str_radix(id, 16).ok()?);
                }
            }
            (version == VERSION).then_some(place)
        };
        read().ok_or_else(|| {
            let text = shortened(text);
            format!("the stored place {text:?} is none with relays of Nostr; use another --data")
        })
    }
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(|one| !one.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: &str = "wss://a.example/";
    const B: &str = "ws://127.0.0.1:7/x?y=z@w";

    fn place() -> Place {
        let mut place = Place::of([A, B].into_iter(), 100, None);
        place.given(100, 1);
        place.given(105, u64::MAX);
        place.given(105, 2);
        place
    }

    #[test]
    fn it_is_written_as_its_description_says() {
        let mut place = place();
        assert!(place.moves(1, 101));
        let text = "1 100@wss://a.example/,101@ws://127.0.0.1:7/x?y=z@w \
                    100=0000000000000001,105=0000000000000002ffffffffffffffff";
        assert_eq!(place.to_string(), text);
        assert_eq!(text.parse(), Ok(place));
        assert_eq!("1  ".parse(), Ok(Place::default()));
    }

    #[test]
    fn a_post_is_kept_as_long_as_a_relay_may_give_it_again() {
        let mut place = place();
        assert!(!place.moves(0, 100), "it is there already");
        assert!(place.moves(0, 200));
        assert_eq!(place.posts().count(), 3, "the other is still there");
        assert!(place.moves(1, 105));
        assert_eq!(place.posts().collect::<Vec<_>>(), [2, u64::MAX]);
        assert!(place.moves(1, 106));
        assert_eq!(place.posts().count(), 0);
    }

    #[test]
    fn the_newest_posts_are_kept() {
        let mut place = place();
        for n in 0..2 * MOST as u64 {
            place.given(1000 - n % 500, n);
        }
        assert_eq!(place.posts.len(), MOST);
        assert!(place.posts.first().unwrap().0 > 500);
    }

    #[test]
    fn other_relays_go_on_from_where_they_are() {
        let stored = place();
        let mut place = Place::of([A, "wss://c.example/"].into_iter(), 300, Some(&stored));
        assert_eq!(place.since().collect::<Vec<_>>(), [100, 300]);
        assert_eq!(place.posts().count(), 3);
        assert!(!place.moves(7, 1), "there is none");
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in [
            "",
            "1",
            "1 5@a",
            "2 5@a 5=0000000000000001",
            "1 a@b ",
            "1 5 ",
            "1 5@a 5=1",
            "1 5@a 0000000000000001",
            "1 5@a x=0000000000000001",
            "1 5@a 5=00000000000000010",
            "1 5@a 5=000000000000é01",
        ] {
            let why = text.parse::<Place>().unwrap_err();
            assert!(why.contains("use another --data"), "{why}");
        }
        let long = "x".repeat(100_000).parse::<Place>().unwrap_err();
        assert!(long.len() < 400, "{}", long.len());
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(
            since in prop::collection::btree_map("wss?://[a-z.:0-9/@=]{1,20}", any::<u64>(), 0..4),
            posts in prop::collection::btree_set((any::<u64>(), any::<u64>()), 0..9),
        ) {
            let place = Place { since: since.into_iter().collect(), posts };
            prop_assert_eq!(place.to_string().parse(), Ok(place));
        }

        #[test]
        fn no_text_is_too_strange(text in "[0-9a-f@=, ]{0,60}") {
            let _ = text.parse::<Place>();
        }
    }
}
