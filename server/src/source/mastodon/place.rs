//! Where in the public timeline of a server the source stands, and which statuses it has had.
//!
//! The id of a status is when it was written: milliseconds of the Unix epoch, and 16 bits that tell those of
//! one millisecond from each other. One from another server is as old when it comes as its way was long, so
//! that the newest id alone would leave out what was on its way: the timeline is read again from
//! [`REWIND`] before it, without what was had since.
//!
//! As text, which is what is stored: `1 FLOOR IDS`. 1 is the version of this text; the timeline is read
//! again from the id FLOOR on, which is not itself asked for. IDS are the statuses behind it that were given,
//! each as what has to be added to FLOOR, in hexadecimal digits, with commas between them; the last one is the
//! newest.
//!
//! **Invariants:** a status behind the floor is given once, whether it comes from the stream or from the
//! timeline. The place is never ahead of what was given.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fmt,
    str::FromStr,
    time::Duration,
};

use super::statuses::{Said, What};

/// Nearly all that comes from other servers is younger when it comes.
const REWIND: Duration = Duration::from_secs(60);

/// More are not stored; where more come in that time, less is read again.
const MOST_STORED: usize = 1000;

/// In this run: what the timeline has brought may come from the stream minutes later.
const MOST_REMEMBERED: usize = 1 << 14;

/// No status is older than Mastodon; where an id is, it is no time.
const EARLIEST_MS: u64 = 1_451_606_400_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    floor: u64,
    /// None is before the floor, and there is one at least.
    given: BTreeSet<u64>,
}

impl Place {
    /// Nothing before the first status is this source's.
    fn first(id: u64) -> Self {
        Self {
            floor: id,
            given: BTreeSet::from([id]),
        }
    }

    /// The timeline is read again behind it.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    pub(super) fn newest(&self) -> u64 {
        self.given.last().copied().unwrap_or(self.floor)
    }

    fn add(&mut self, id: u64) {
        if id < self.floor {
            return;
        }
        self.given.insert(id);
        let rewind = u64::try_from(REWIND.as_millis()).unwrap_or(u64::MAX);
        if let Some(at) = written(self.newest()) {
            self.floor = self.floor.max(at.saturating_sub(rewind) << 16);
        }
        while let Some(&first) = self.given.first()
            && (first < self.floor || self.given.len() > MOST_STORED)
        {
            self.floor = self.floor.max(first);
            self.given.pop_first();
        }
    }
}

/// When the status was written by its id, in milliseconds of the Unix epoch; other software may count its
/// own way.
pub(super) fn written(id: u64) -> Option<u64> {
    Some(id >> 16).filter(|at| *at >= EARLIEST_MS)
}

impl fmt::Display for Place {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "1 {} ", self.floor)?;
        for (i, id) in self.given.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(to, "{comma}{:x}", id - self.floor)?;
        }
        Ok(())
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (floor, ids) = text.strip_prefix("1 ")?.split_once(' ')?;
            let floor: u64 = floor.parse().ok()?;
            let id = |digits| floor.checked_add(u64::from_str_radix(digits, 16).ok()?);
            let given = ids.split(',').map(id).collect::<Option<_>>()?;
            Some(Self { floor, given })
        };
        read().ok_or_else(|| {
            format!("the stored place {text:?} is none in a Mastodon timeline; use another --data")
        })
    }
}

/// The statuses that were had.
#[derive(Debug)]
pub(super) struct Seen {
    place: Option<Place>,
    /// With whether they may have tags.
    known: HashMap<u64, bool>,
    /// In the order in which they leave `known`.
    order: VecDeque<u64>,
}

impl Seen {
    pub(super) fn new(place: Option<Place>) -> Self {
        let mut seen = Self {
            place: None,
            known: HashMap::new(),
            order: VecDeque::new(),
        };
        for id in place.iter().flat_map(|place| &place.given) {
            seen.remember(*id, true);
        }
        seen.place = place;
        seen
    }

    /// Behind what was given.
    pub(super) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Whether it is to be given; from now on it was.
    ///
    /// An edit of a post that has never had tags would change nothing, and be one more post.
    pub(super) fn takes(&mut self, said: &Said) -> bool {
        let Some(id) = said.id else {
            return true;
        };
        let tags = said.may_have_tags();
        let known = self.known.get(&id).copied();
        let is_given = match said.what {
            What::New => known.is_none(),
            What::Edited => known.is_none_or(|had| had || tags),
            What::Deleted => true,
        };
        if is_given {
            self.remember(id, tags);
        }
        // What is deleted is behind no place: it may never have been given.
        if is_given && said.what != What::Deleted {
            match &mut self.place {
                Some(place) => place.add(id),
                None => self.place = Some(Place::first(id)),
            }
        }
        is_given
    }

    fn remember(&mut self, id: u64, tags: bool) {
        if self.known.insert(id, tags).is_some() {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > MOST_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;
    use crate::source::{Event, Post};

    const BEGUN: u64 = 1_700_000_000_000;

    /// Written so many milliseconds after the beginning.
    fn at(ms: u64) -> u64 {
        (BEGUN + ms) << 16
    }

    fn said(id: u64, what: What, tags: &[&'static str]) -> Said {
        let tags = tags.iter().map(|&tag| Cow::Borrowed(tag)).collect();
        let event = match what {
            What::Deleted => Event::Delete { id: "x".into() },
            _ => Event::Post(Post {
                tags: Some(tags),
                ..Post::default()
            }),
        };
        let id = Some(id);
        Said { id, what, event }
    }

    fn new(id: u64) -> Said {
        said(id, What::New, &["a"])
    }

    fn restarted(seen: &Seen) -> Seen {
        let stored = seen.place().unwrap().to_string();
        Seen::new(Some(stored.parse().unwrap()))
    }

    #[test]
    fn the_first_status_is_the_floor() {
        let mut seen = Seen::new(None);
        assert!(seen.takes(&new(at(5))));
        let place = seen.place().unwrap();
        assert_eq!((place.floor(), place.newest()), (at(5), at(5)));
        assert_eq!(place.to_string(), format!("1 {} 0", at(5)));
    }

    #[test]
    fn a_status_is_given_once_also_after_a_restart() {
        let mut seen = Seen::new(None);
        for ms in [0, 400, 100, 70_000] {
            assert!(seen.takes(&new(at(ms))));
            assert!(!seen.takes(&new(at(ms))));
        }
        let mut seen = restarted(&seen);
        assert_eq!(seen.place().unwrap().floor(), at(10_000));
        assert_eq!(seen.place().unwrap().newest(), at(70_000));
        assert!(!seen.takes(&new(at(70_000))));
        assert!(seen.takes(&new(at(70_001))));
        assert!(seen.takes(&new(at(20_000))), "was on its way");
    }

    #[test]
    fn what_was_long_on_its_way_is_given_and_moves_the_place_nowhere() {
        let mut seen = Seen::new(None);
        seen.takes(&new(at(100_000)));
        let before = seen.place().cloned();
        assert!(seen.takes(&new(at(0))));
        assert_eq!(seen.place(), before.as_ref());
    }

    #[test]
    fn an_edit_is_given_where_it_can_change_something() {
        let mut seen = Seen::new(None);
        seen.takes(&said(1, What::New, &[]));
        seen.takes(&said(2, What::New, &["a"]));
        let edits = [(1, &[][..], false), (2, &[], true), (3, &[], true)];
        for (id, tags, is_given) in edits {
            assert_eq!(seen.takes(&said(id, What::Edited, tags)), is_given, "{id}");
        }
        assert!(seen.takes(&said(1, What::Edited, &["b"])));
        assert!(seen.takes(&said(1, What::Edited, &[])), "it had a tag");
        // Those of before a restart may have had.
        let mut seen = restarted(&seen);
        assert!(seen.takes(&said(1, What::Edited, &[])));
    }

    #[test]
    fn a_deletion_is_given_and_moves_the_place_nowhere() {
        let mut seen = Seen::new(None);
        assert!(seen.takes(&said(at(0), What::Deleted, &[])));
        assert_eq!(seen.place(), None);
        seen.takes(&new(at(1)));
        assert!(seen.takes(&said(at(9), What::Deleted, &[])));
        assert_eq!(seen.place().unwrap().newest(), at(1));
        assert!(!seen.takes(&new(at(9))), "it is gone already");
    }

    #[test]
    fn a_status_without_a_number_is_always_given() {
        let mut seen = Seen::new(None);
        let said = Said { id: None, ..new(1) };
        assert!(seen.takes(&said) && seen.takes(&said));
        assert_eq!(seen.place(), None);
    }

    #[test]
    fn ids_that_are_no_times_are_not_rewound() {
        let mut seen = Seen::new(None);
        for id in 1..=2_000 {
            seen.takes(&new(id));
        }
        let place = seen.place().unwrap();
        assert_eq!((place.floor(), place.newest()), (1_000, 2_000));
    }

    #[test]
    fn what_is_stored_and_remembered_has_a_bound() {
        let mut seen = Seen::new(None);
        let most = MOST_STORED as u64;
        for n in 0..40_000 {
            seen.takes(&new(at(n)));
        }
        let place = seen.place().unwrap();
        assert_eq!(place.floor(), at(39_999 - most));
        assert!(place.to_string().len() < 10 * MOST_STORED);
        assert_eq!(seen.known.len(), MOST_REMEMBERED);
        assert_eq!(seen.order.len(), MOST_REMEMBERED);
        // A minute later there is nothing to read again but from then on.
        seen.takes(&new(at(200_000)));
        let place = seen.place().unwrap();
        assert_eq!((place.floor(), place.given.len()), (at(140_000), 1));
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in [
            "",
            "7",
            "1 7",
            "1 7 ",
            "1 7 x",
            "1 7 0,,1",
            "1 x 0",
            "2 7 0",
            "1 7 0 0",
            "1 18446744073709551615 1",
            "1 7 -1",
        ] {
            let error = text.parse::<Place>().unwrap_err();
            assert!(error.contains("--data"), "{text:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read_and_every_status_is_given_once(
            times in prop::collection::vec(0..200_000_u64, 1..60),
            restart in any::<prop::sample::Index>(),
        ) {
            let mut seen = Seen::new(None);
            let restart = restart.index(times.len());
            let mut given = BTreeSet::new();
            for (n, ms) in times.iter().enumerate() {
                if n == restart && n > 0 {
                    seen = restarted(&seen);
                }
                let id = at(*ms);
                let floor = seen.place().map_or(0, Place::floor);
                if seen.takes(&new(id)) {
                    prop_assert!(given.insert(id) || id <= floor);
                } else {
                    prop_assert!(given.contains(&id));
                }
                let place = seen.place().unwrap();
                prop_assert!(place.floor() <= place.newest());
                prop_assert!(given.contains(&place.newest()));
                let read: Place = place.to_string().parse().unwrap();
                prop_assert_eq!(place, &read);
            }
        }
    }
}
