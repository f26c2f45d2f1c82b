//! When a tag is worth an alert: once for each time that it reaches a threshold.
//!
//! A rule fires for a tag when the tag is at its threshold or above, and is spent for that tag then. It is
//! armed again when the tag has been below half of the threshold for as long as the rule's window is, without
//! a break; one over the window `all`, which has no length, fires once for good. So one rise is one alert,
//! whatever it does around the threshold. A rise is that of all tags that are shown as one: they are spent and
//! low together, so that it goes on as the same one when tags are merged or separated.
//!
//! **Invariants:** what fires is a function of the looks given, in their order; a look that is not newer
//! than the last one changes nothing. A tag of which a look does not tell, since too many others lead it, is
//! not taken to have fallen. At most [`MOST_SPENT`] tags are remembered.

use std::{cmp::Reverse, collections::BTreeMap};

use model::{Epoch, Window};
use serde::{Deserialize, Serialize};

use crate::{
    count::{Set, Sets},
    key::Key,
};

/// Tags that rules are spent for. Of those that rose the one that has been low for longest makes room, else the
/// one that fired first; tags that rules name are few.
pub const MOST_SPENT: usize = 4096;

/// The window of a rise.
pub const RISING: Window = Window::FiveMinutes;

#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// Any tag whose rise in [`RISING`] is so high, of those that a look tells of.
    Rise { score: f64 },
    /// This tag, when it has so many mentions.
    Count {
        key: Key,
        window: Window,
        count: u64,
    },
}

/// A tag in one epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub key: Key,
    pub window: Window,
    /// The spelling shown.
    pub tag: String,
    pub count: u64,
    /// How much `count` may be too high.
    pub error: u64,
    pub people: Option<u64>,
    pub score: Option<f64>,
}

/// What is known of an epoch.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub epoch: Epoch,
    /// Those that rise, best first.
    pub rising: &'a [Seen],
    /// There may be more of them than `rising` holds.
    pub more: bool,
    /// The tags that rules name, where they have mentions.
    pub watched: &'a [Seen],
    /// The tags that are shown as one.
    pub sets: &'a Sets,
}

/// One tag and one rule, by all that tells it from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    pub kind: PlaceKind,
    pub key: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PlaceKind {
    /// With the bits of the score.
    Rise(u64),
    Count(Window, u64),
}

/// A rule that has fired for a tag and is not armed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    pub since: Epoch,
    /// Since when the tag is below half of the threshold.
    pub low_since: Option<Epoch>,
}

/// A rule has fired.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired {
    pub rule: Rule,
    pub place: Place,
    pub seen: Seen,
}

/// What a look has come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub fired: Vec<Fired>,
    /// What is to be kept; `None`: armed again.
    pub changed: BTreeMap<Place, Option<Spent>>,
}

/// What has fired and is not armed again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    as_of: Epoch,
    spent: BTreeMap<Place, Spent>,
}

impl Rule {
    pub fn window(&self) -> Window {
        match self {
            Self::Rise { .. } => RISING,
            Self::Count { window, .. } => *window,
        }
    }

    pub fn threshold(&self) -> f64 {
        match self {
            Self::Rise { score } => *score,
            Self::Count { count, .. } => *count as f64,
        }
    }

    fn kind(&self) -> PlaceKind {
        match self {
            Self::Rise { score } => PlaceKind::Rise(score.to_bits()),
            Self::Count { window, count, .. } => PlaceKind::Count(*window, *count),
        }
    }

    /// Whether what is remembered there is of this rule.
    fn owns(&self, place: &Place) -> bool {
        self.kind() == place.kind
            && match self {
                Self::Rise { .. } => true,
                Self::Count { key, .. } => key.as_str() == place.key,
            }
    }

    fn seen<'a>(&self, look: &Look<'a>, key: &str) -> Option<&'a Seen> {
        let all = match self {
            Self::Rise { .. } => look.rising,
            Self::Count { .. } => look.watched,
        };
        let window = self.window();
        all.iter()
            .find(|seen| seen.key.as_str() == key && seen.window == window)
    }

    fn value(&self, seen: &Seen) -> f64 {
        match self {
            Self::Rise { .. } => seen.score.unwrap_or(0.0),
            // It has so many for certain.
            Self::Count { .. } => seen.count.saturating_sub(seen.error) as f64,
        }
    }

    /// The tags that rise as one with a tag.
    fn set<'a>(&self, look: &Look<'a>, key: &Key) -> Option<&'a Set> {
        match self {
            Self::Rise { .. } => look.sets.of(key),
            Self::Count { .. } => None,
        }
    }

    /// Whether the tag, or what rises as one with it, is known to be below half of the threshold.
    fn is_low(&self, look: &Look<'_>, key: &str) -> bool {
        let low = |seen: &Seen| self.value(seen) < self.threshold() / 2.0;
        let set = self.set(look, &Key::verbatim(key));
        let shown = set.map_or(key, |set| set.target.as_str());
        match (self, self.seen(look, shown)) {
            (_, Some(seen)) => low(seen),
            // It is behind the last of them, wherever that is.
            (Self::Rise { .. }, None) if look.more => look.rising.last().is_some_and(low),
            (_, None) => true,
        }
    }
}

impl Memory {
    /// What was kept, as far as it is of one of the rules that there are now.
    pub fn new(
        as_of: Epoch,
        kept: impl IntoIterator<Item = (Place, Spent)>,
        rules: &[Rule],
    ) -> Self {
        let known = |(place, _): &(Place, Spent)| rules.iter().any(|rule| rule.owns(place));
        Self {
            as_of,
            spent: kept.into_iter().filter(known).collect(),
        }
    }

    /// The newest look that it was given.
    pub fn as_of(&self) -> Epoch {
        self.as_of
    }

    pub fn spent(&self) -> &BTreeMap<Place, Spent> {
        &self.spent
    }

    /// Takes the next look; epochs are `batch_ms` long.
    pub fn take(&mut self, rules: &[Rule], look: &Look<'_>, batch_ms: u64) -> Outcome {
        let mut outcome = Outcome::default();
        if look.epoch <= self.as_of {
            return outcome;
        }
        self.as_of = look.epoch;
        for rule in rules {
            self.arm(rule, look, batch_ms, &mut outcome);
            self.fire(rule, look, &mut outcome);
        }
        outcome
    }

    fn arm(&mut self, rule: &Rule, look: &Look<'_>, batch_ms: u64, outcome: &mut Outcome) {
        let length = rule.window().millis();
        let length = length.map(|millis| millis.div_ceil(batch_ms.max(1)));
        self.spent.retain(|place, spent| {
            if !rule.owns(place) {
                return true;
            }
            let low = rule.is_low(look, &place.key);
            let low_since = low.then(|| spent.low_since.unwrap_or(look.epoch));
            let is_over =
                |since: Epoch| length.is_some_and(|length| look.epoch.0 - since.0 >= length);
            if low_since.is_some_and(is_over) {
                outcome.changed.insert(place.clone(), None);
                return false;
            }
            if low_since != spent.low_since {
                spent.low_since = low_since;
                outcome.changed.insert(place.clone(), Some(*spent));
            }
            true
        });
    }

    fn fire(&mut self, rule: &Rule, look: &Look<'_>, outcome: &mut Outcome) {
        let candidates = match rule {
            Rule::Rise { .. } => look.rising,
            Rule::Count { key, .. } => rule
                .seen(look, key.as_str())
                .map_or(&[][..], std::slice::from_ref),
        };
        for seen in candidates {
            if rule.value(seen) < rule.threshold() {
                continue;
            }
            let place = |key: &Key| Place {
                kind: rule.kind(),
                key: key.as_str().to_owned(),
            };
            let set = rule.set(look, &seen.key);
            let keys = set.map_or(std::slice::from_ref(&seen.key), |set| &set.members);
            let (spent, armed): (Vec<Place>, Vec<Place>) = keys
                .iter()
                .map(place)
                .partition(|place| self.spent.contains_key(place));
            for place in armed {
                self.spend(place, look.epoch, outcome);
            }
            if spent.is_empty() {
                outcome.fired.push(Fired {
                    rule: rule.clone(),
                    place: place(&seen.key),
                    seen: seen.clone(),
                });
            }
        }
    }

    fn spend(&mut self, place: Place, since: Epoch, outcome: &mut Outcome) {
        self.make_room(outcome);
        let spent = Spent {
            since,
            low_since: None,
        };
        self.spent.insert(place.clone(), spent);
        outcome.changed.insert(place, Some(spent));
    }

    fn make_room(&mut self, outcome: &mut Outcome) {
        if self.spent.len() < MOST_SPENT {
            return;
        }
        let nearest = |(_, spent): &(&Place, &Spent)| {
            let low = spent.low_since.map(|since| Reverse(since.0));
            // Those that are low come last by `max`, the longest low at the very end.
            (low, Reverse(spent.since.0))
        };
        let rises = |(place, _): &(&Place, &Spent)| matches!(place.kind, PlaceKind::Rise(_));
        let leaves = self.spent.iter().filter(rises).max_by_key(nearest);
        if let Some(place) = leaves.map(|(place, _)| place.clone()) {
            self.spent.remove(&place);
            outcome.changed.insert(place, None);
        }
    }
}

#[cfg(test)]
mod tests;
