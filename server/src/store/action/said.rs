//! What operators say by what they do, and what of all that was said holds.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    hash::Hasher as _,
};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash64;

use crate::store::{StoreError, format::encode};

/// They have an order that is the same everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Action {
    /// Milliseconds since the Unix epoch, and later than any that was known where it was done.
    pub(crate) at: u64,
    pub(crate) deed: Deed,
}

/// Its bytes begin with its place here: new ones come last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Deed {
    Block {
        key: String,
        /// As boards would show it.
        tag: String,
    },
    Unblock {
        key: String,
        tag: String,
    },
    Approve {
        key: String,
        tag: String,
    },
    /// From then on a tag is shown only once it is approved.
    Review {
        /// As many were approved by it, for they were shown.
        approved: u64,
    },
    EndReview,
    /// From then on a tag is shown as another one.
    Merge {
        key: String,
        tag: String,
        target: Target,
    },
    /// From then on it is shown as itself.
    Separate {
        key: String,
        tag: String,
    },
}

/// A tag that operators have judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JudgedTag {
    pub(crate) tag: String,
    /// Since when.
    pub(crate) at: u64,
}

impl JudgedTag {
    pub(super) fn is(self, verdict: Verdict) -> Judgement {
        let Self { tag, at } = self;
        Judgement { at, verdict, tag }
    }
}

/// The stricter is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Verdict {
    Unblocked,
    Approved,
    Blocked,
}

/// What was said of a tag. That which holds is the greater: the newer, or the stricter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Judgement {
    pub(crate) at: u64,
    pub(crate) verdict: Verdict,
    pub(crate) tag: String,
}

/// The tag that another one is shown as.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) key: String,
    /// As boards show it.
    pub(crate) tag: String,
}

/// What was said of what a tag is shown as. That which holds is the greater: the newer, or that which merges.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Merging {
    pub(crate) at: u64,
    /// `None`: it is shown as itself again.
    pub(crate) target: Option<Target>,
    pub(crate) tag: String,
}

/// When it was said last whether tags are reviewed. That which holds is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Review {
    pub(crate) at: u64,
    pub(crate) begins: bool,
}

/// What operators have said: by one action, or by all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// The newest last.
    pub(crate) actions: Vec<Action>,
    /// By key.
    pub(crate) judgements: BTreeMap<String, Judgement>,
    /// By key.
    pub(crate) merges: BTreeMap<String, Merging>,
    pub(crate) review: Option<Review>,
}

impl Said {
    /// Takes over what holds in `other`.
    pub(crate) fn join(&mut self, other: Self) {
        self.actions.extend(other.actions);
        keep_greater(&mut self.judgements, other.judgements);
        keep_greater(&mut self.merges, other.merges);
        self.review = self.review.max(other.review);
    }

    /// The same where the same was done and is in force.
    pub(crate) fn digest(&self) -> Result<u64, StoreError> {
        let mut done: Vec<&Action> = self.actions.iter().collect();
        done.sort_unstable();
        let judged = self.judgements.iter();
        let judged: Vec<_> = judged
            .filter(|(_, said)| said.verdict != Verdict::Unblocked)
            .collect();
        let merged = self.merges.iter();
        let merged: Vec<_> = merged.filter(|(_, said)| said.target.is_some()).collect();
        let mut hasher = XxHash64::with_seed(0);
        hasher.write(&encode(&(done, judged, merged, self.review))?);
        Ok(hasher.finish())
    }
}

fn keep_greater<T: Ord>(held: &mut BTreeMap<String, T>, others: BTreeMap<String, T>) {
    for (key, other) in others {
        match held.entry(key) {
            Entry::Vacant(place) => {
                place.insert(other);
            }
            Entry::Occupied(mut place) if other > *place.get() => {
                place.insert(other);
            }
            Entry::Occupied(_) => {}
        }
    }
}
