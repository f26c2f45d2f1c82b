//! Where in the stream of a Jetstream the source stands, and which events it has had.
//!
//! As text, which is what is stored: `TIME HOST IDENTITIES`, the time in microseconds of the Unix epoch as
//! the host gives it, and the identities of the events of that very time that were given, each 16 hexadecimal
//! digits, with commas between them. A Jetstream goes on *with* the time that is asked for, so these come
//! again and are dropped.
//!
//! **Invariants:** an event is new once, also where it comes again from another host within
//! [`REMEMBERED`]; what comes twice moves the place nowhere.

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    str::FromStr,
    time::Duration,
};

/// Another host's clock may be ahead by so much: from so much earlier it is asked.
const REWIND: Duration = Duration::from_secs(10);

/// Of the stream's own time; a multiple of [`REWIND`].
const REMEMBERED: Duration = Duration::from_secs(60);

/// Some minutes of the whole network at its busiest.
const MOST_REMEMBERED: usize = 1 << 17;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) time_us: u64,
    pub(super) host: String,
    identities: Vec<u64>,
}

impl Place {
    /// From when on to ask this host.
    pub(super) fn time_at(&self, host: &str) -> u64 {
        if host == self.host {
            self.time_us
        } else {
            self.time_us.saturating_sub(micros(REWIND))
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl fmt::Display for Place {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} {} ", self.time_us, self.host)?;
        for (i, identity) in self.identities.iter().enumerate() {
            write!(to, "{}{identity:016x}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let mut parts = text.splitn(3, ' ');
            let time_us = parts.next()?.parse().ok()?;
            let host = parts.next()?.to_owned();
            let identities = parts.next()?.split(',').filter(|digits| !digits.is_empty());
            let identities = identities.map(|digits| u64::from_str_radix(digits, 16).ok());
            Some(Self {
                time_us,
                host,
                identities: identities.collect::<Option<_>>()?,
            })
        };
        read().ok_or_else(|| {
            format!("the stored place {text:?} is none in a Jetstream; use another --data")
        })
    }
}

/// The events that were had.
#[derive(Debug)]
pub(super) struct Seen {
    place: Option<Place>,
    known: HashSet<u64>,
    /// With their times, as they came.
    recent: VecDeque<(u64, u64)>,
}

impl Seen {
    pub(super) fn new(place: Option<Place>) -> Self {
        let mut seen = Self {
            known: HashSet::new(),
            recent: VecDeque::new(),
            place,
        };
        if let Some(place) = seen.place.clone() {
            for identity in place.identities {
                seen.remember(place.time_us, identity);
            }
        }
        seen
    }

    /// Behind the last event that was new.
    pub(super) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Whether it was not had before; from now on it was.
    pub(super) fn is_new(&mut self, host: &str, time_us: u64, identity: u64) -> bool {
        if self.known.contains(&identity) {
            return false;
        }
        self.remember(time_us, identity);
        match &mut self.place {
            Some(place) if place.host == host && time_us == place.time_us => {
                place.identities.push(identity);
            }
            // Its clock was set back: what has come is not to come again.
            Some(place) if place.host == host && time_us < place.time_us => {}
            place => {
                *place = Some(Place {
                    time_us,
                    host: host.to_owned(),
                    identities: vec![identity],
                });
            }
        }
        true
    }

    fn remember(&mut self, time_us: u64, identity: u64) {
        self.known.insert(identity);
        self.recent.push_back((time_us, identity));
        let oldest = time_us.saturating_sub(micros(REMEMBERED));
        while let Some(&(time, identity)) = self.recent.front() {
            if time >= oldest && self.recent.len() <= MOST_REMEMBERED {
                break;
            }
            self.recent.pop_front();
            self.known.remove(&identity);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn what_was_given_at_the_place_comes_again_and_is_not_new() {
        let mut seen = Seen::new(None);
        assert!(seen.is_new("a", 5, 1));
        assert!(seen.is_new("a", 7, 2));
        assert!(seen.is_new("a", 7, 3));
        let stored = seen.place().unwrap().to_string();
        assert_eq!(stored, "7 a 0000000000000002,0000000000000003");
        let place: Place = stored.parse().unwrap();
        assert_eq!(place.time_at("a"), 7);
        let mut seen = Seen::new(Some(place));
        assert!(!seen.is_new("a", 7, 3));
        assert!(!seen.is_new("a", 7, 2));
        assert!(
            seen.is_new("a", 7, 4),
            "had the same time, and was not given"
        );
        assert!(seen.is_new("a", 8, 5));
    }

    #[test]
    fn another_host_is_asked_from_earlier_and_brings_only_what_is_new() {
        let mut seen = Seen::new(None);
        let begun = 1_000 * SECOND;
        for n in 0..20 {
            assert!(seen.is_new("a", begun + n * SECOND, n));
        }
        let place = seen.place().unwrap().clone();
        let from = place.time_at("b");
        assert_eq!(from, begun + 9 * SECOND);
        // Its clock is a second behind.
        for n in 11..20 {
            assert!(!seen.is_new("b", begun + (n - 1) * SECOND, n));
        }
        assert_eq!(
            seen.place(),
            Some(&place),
            "nothing new: still the first host's"
        );
        assert!(seen.is_new("b", begun + 19 * SECOND, 20));
        assert_eq!(seen.place().unwrap().host, "b");
    }

    #[test]
    fn a_clock_that_is_set_back_moves_the_place_nowhere() {
        let mut seen = Seen::new(None);
        assert!(seen.is_new("a", 9, 1));
        assert!(seen.is_new("a", 3, 2));
        assert_eq!(seen.place().unwrap().time_us, 9);
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let mut seen = Seen::new(None);
        for n in 0..400_000_u64 {
            seen.is_new("a", n, n);
        }
        assert_eq!(
            (seen.known.len(), seen.recent.len()),
            (MOST_REMEMBERED, MOST_REMEMBERED)
        );
        seen.is_new("a", 1_000 * SECOND, u64::MAX);
        assert_eq!(seen.known.len(), 1);
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in ["", "7", "x a ", "7 a", "7 a x", "7 a 1,,y"] {
            assert!(text.parse::<Place>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(
            time_us: u64,
            host in "[a-z.:0-9]{1,20}",
            identities in prop::collection::vec(any::<u64>(), 0..4),
        ) {
            let place = Place { time_us, host, identities };
            prop_assert_eq!(place.to_string().parse(), Ok(place));
        }
    }
}
