//! What operators have done, and what holds of tags by it.
//!
//! What was done on several processes comes together in any order and any number of times: of what was said of
//! a tag the newest holds, and of two of the same moment the stricter. So all that know the same say the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::Hasher as _,
};

use redb::{ReadableTable, ReadableTableMetadata, Table, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash64;

use super::{
    Log, StoreError, file,
    format::{decode, encode},
};

/// Number → an [`Action`] of operators, the last ones. None of these tables is there before the first.
pub(super) const ACTIONS: TableDefinition<u64, &[u8]> = TableDefinition::new("actions");
/// Key → the [`JudgedTag`], of all that operators block.
pub(super) const BLOCKED: TableDefinition<&str, &[u8]> = TableDefinition::new("blocked");
/// The same of all that they have approved.
pub(super) const APPROVED: TableDefinition<&str, &[u8]> = TableDefinition::new("approved");
/// The same of those that they have unblocked, the last ones: who was away may still block them.
pub(super) const UNBLOCKED: TableDefinition<&str, &[u8]> = TableDefinition::new("unblocked");
/// Since when tags are reviewed, in milliseconds since the Unix epoch; empty while they are not.
pub(super) const REVIEW: TableDefinition<u64, ()> = TableDefinition::new("review");

/// When the last review ended, in milliseconds since the Unix epoch.
const REVIEW_ENDED: &str = "review ended";

/// So many are kept, the newest.
pub(crate) const LAST_ACTIONS: u64 = 1000;

/// So many of the tags that are unblocked are known to be, the newest; now and then a tenth of them leaves.
const MOST_UNBLOCKED: usize = 10_000;

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
}

/// A tag that operators have judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JudgedTag {
    pub(crate) tag: String,
    /// Since when.
    pub(crate) at: u64,
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
    pub(crate) review: Option<Review>,
}

impl Said {
    /// Takes over what holds in `other`.
    pub(crate) fn join(&mut self, other: Self) {
        self.actions.extend(other.actions);
        for (key, judgement) in other.judgements {
            let place = self.judgements.entry(key);
            let held = place.or_insert_with(|| judgement.clone());
            if judgement > *held {
                *held = judgement;
            }
        }
        self.review = self.review.max(other.review);
    }

    /// The same where the same is in force.
    pub(crate) fn digest(&self) -> Result<u64, StoreError> {
        let in_force = |judgement: &&Judgement| judgement.verdict != Verdict::Unblocked;
        let judged = self.judgements.iter();
        let judged: Vec<_> = judged.filter(|(_, said)| in_force(said)).collect();
        let mut hasher = XxHash64::with_seed(0);
        hasher.write(&encode(&(judged, self.review))?);
        Ok(hasher.finish())
    }
}

/// The forms that either was ever stored in.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StoredAction<T> {
    First(T),
}

impl<T> StoredAction<T> {
    pub(super) fn value(self) -> T {
        match self {
            Self::First(value) => value,
        }
    }
}

impl Log {
    /// Makes durable what is news in what was said, in one commit, and gives it back. Its actions are new.
    pub(crate) fn say(&self, said: Said) -> Result<Said, StoreError> {
        let write = file::begin_write(self.database())?;
        let news = self.write_said(&write, said)?;
        write.commit()?;
        Ok(news)
    }

    /// Writes down what was said elsewhere, whatever of it is known here.
    pub(super) fn write_heard(
        &self,
        write: &WriteTransaction,
        mut said: Said,
    ) -> Result<(), StoreError> {
        let mut known = BTreeSet::new();
        self.actions(|_, action| {
            known.insert(action);
        })?;
        said.actions.retain(|action| !known.contains(action));
        self.write_said(write, said)?;
        Ok(())
    }

    fn write_said(&self, write: &WriteTransaction, said: Said) -> Result<Said, StoreError> {
        let mut news = Said {
            actions: said.actions,
            ..Said::default()
        };
        let reviewed = self.review()?;
        {
            let mut table = write.open_table(ACTIONS)?;
            for action in &news.actions {
                let mut number = action.at;
                while table.get(number)?.is_some() {
                    number += 1;
                }
                table.insert(number, encode(&StoredAction::First(action))?.as_slice())?;
            }
            while table.len()? > LAST_ACTIONS {
                table.pop_first()?;
            }
            let mut verdicts = [
                (Verdict::Unblocked, write.open_table(UNBLOCKED)?),
                (Verdict::Approved, write.open_table(APPROVED)?),
                (Verdict::Blocked, write.open_table(BLOCKED)?),
            ];
            for (key, judgement) in said.judgements {
                let mut is_news = true;
                for (verdict, table) in &verdicts {
                    let held = judged_in(table, &key)?;
                    let held = held.map(|tag| tag.is(*verdict));
                    is_news &= held.is_none_or(|held| held < judgement);
                }
                if !is_news {
                    continue;
                }
                for (verdict, table) in &mut verdicts {
                    table.remove(key.as_str())?;
                    if *verdict == judgement.verdict {
                        let tag = JudgedTag {
                            tag: judgement.tag.clone(),
                            at: judgement.at,
                        };
                        let value = encode(&StoredAction::First(tag))?;
                        table.insert(key.as_str(), value.as_slice())?;
                    }
                }
                news.judgements.insert(key, judgement);
            }
            let [(_, unblocked), ..] = &mut verdicts;
            forget_oldest(unblocked)?;
        }
        if let Some(review) = said.review.filter(|said| Some(*said) > reviewed) {
            let mut table = write.open_table(REVIEW)?;
            table.retain(|_, ()| false)?;
            if review.begins {
                table.insert(review.at, ())?;
            } else {
                file::record(write, REVIEW_ENDED, review.at)?;
            }
            news.review = Some(review);
        }
        Ok(news)
    }

    /// All that is kept of what was said.
    pub(crate) fn said(&self) -> Result<Said, StoreError> {
        let mut said = Said {
            review: self.review()?,
            ..Said::default()
        };
        self.actions(|_, action| said.actions.push(action))?;
        for (verdict, table) in [
            (Verdict::Unblocked, UNBLOCKED),
            (Verdict::Approved, APPROVED),
            (Verdict::Blocked, BLOCKED),
        ] {
            self.judged(table, |key, tag| {
                said.judgements.insert(key.to_owned(), tag.is(verdict));
            })?;
        }
        Ok(said)
    }

    /// Gives each action that is kept with its number, the oldest first.
    pub(crate) fn actions(&self, mut each: impl FnMut(u64, Action)) -> Result<(), StoreError> {
        let Some(table) = self.table(ACTIONS)? else {
            return Ok(());
        };
        for entry in table.iter()? {
            let (number, stored) = entry?;
            let action: StoredAction<Action> = decode(stored.value())?;
            each(number.value(), action.value());
        }
        Ok(())
    }

    /// Gives each tag that operators block with its key, in the order of the keys.
    pub(crate) fn blocked(&self, each: impl FnMut(&str, JudgedTag)) -> Result<(), StoreError> {
        self.judged(BLOCKED, each)
    }

    /// The same of those that they have approved.
    pub(crate) fn approved(&self, each: impl FnMut(&str, JudgedTag)) -> Result<(), StoreError> {
        self.judged(APPROVED, each)
    }

    /// Whether tags are shown only once they are approved.
    pub(crate) fn is_reviewed(&self) -> Result<bool, StoreError> {
        Ok(self.review()?.is_some_and(|review| review.begins))
    }

    fn review(&self) -> Result<Option<Review>, StoreError> {
        let begun = match self.table(REVIEW)? {
            Some(table) => table.last()?.map(|(at, _)| at.value()),
            None => None,
        };
        let ended = file::recorded(self.database(), REVIEW_ENDED)?;
        let review = |begins| move |at| Review { at, begins };
        Ok(begun.map(review(true)).max(ended.map(review(false))))
    }

    fn judged(
        &self,
        table: TableDefinition<'_, &'static str, &'static [u8]>,
        mut each: impl FnMut(&str, JudgedTag),
    ) -> Result<(), StoreError> {
        let Some(table) = self.table(table)? else {
            return Ok(());
        };
        for entry in table.iter()? {
            let (key, stored) = entry?;
            let tag: StoredAction<JudgedTag> = decode(stored.value())?;
            each(key.value(), tag.value());
        }
        Ok(())
    }
}

impl JudgedTag {
    fn is(self, verdict: Verdict) -> Judgement {
        let Self { tag, at } = self;
        Judgement { at, verdict, tag }
    }
}

fn judged_in(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<Option<JudgedTag>, StoreError> {
    let stored = table.get(key)?;
    let tag = stored.map(|stored| decode::<StoredAction<JudgedTag>>(stored.value()));
    Ok(tag.transpose()?.map(StoredAction::value))
}

fn forget_oldest(unblocked: &mut Table<'_, &'static str, &'static [u8]>) -> Result<(), StoreError> {
    if unblocked.len()? <= MOST_UNBLOCKED as u64 {
        return Ok(());
    }
    let mut all = Vec::new();
    for entry in unblocked.iter()? {
        let (key, stored) = entry?;
        let tag: StoredAction<JudgedTag> = decode(stored.value())?;
        all.push((tag.value().at, key.value().to_owned()));
    }
    all.sort_unstable();
    let stay = MOST_UNBLOCKED - MOST_UNBLOCKED / 10;
    for (_, key) in &all[..all.len() - stay] {
        unblocked.remove(key.as_str())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(key: &str, at: u64, verdict: Verdict) -> Said {
        let tag = format!("#{key}");
        let judgement = Judgement { at, verdict, tag };
        Said {
            judgements: BTreeMap::from([(key.to_owned(), judgement)]),
            ..Said::default()
        }
    }

    fn reviewed(at: u64, begins: bool) -> Said {
        Said {
            review: Some(Review { at, begins }),
            ..Said::default()
        }
    }

    #[test]
    fn in_whatever_order_it_is_said_the_same_holds() {
        let all = [
            judged("a", 1, Verdict::Blocked),
            judged("a", 2, Verdict::Unblocked),
            judged("a", 3, Verdict::Approved),
            judged("b", 4, Verdict::Approved),
            judged("b", 4, Verdict::Blocked),
            judged("c", 6, Verdict::Unblocked),
            judged("c", 5, Verdict::Blocked),
            reviewed(7, true),
            reviewed(8, false),
        ];
        let mut holds = Said::default();
        all.iter().for_each(|said| holds.join(said.clone()));
        for rotated in 0..all.len() {
            let mut order = all.clone();
            order.rotate_left(rotated);
            let log = Log::in_memory();
            for said in order.iter().chain(&order) {
                log.say(said.clone()).unwrap();
            }
            assert_eq!(log.said().unwrap(), holds);
            assert!(!log.is_reviewed().unwrap());
            let unheard = Said::default();
            assert_eq!(log.say(holds.clone()).unwrap(), unheard, "nothing is news");
        }
        let digest = |said: &Said| said.digest().unwrap();
        let mut more = holds.clone();
        more.join(judged("d", 9, Verdict::Unblocked));
        assert_eq!(digest(&more), digest(&holds), "it holds by itself");
        more.join(judged("d", 9, Verdict::Approved));
        assert_ne!(digest(&more), digest(&holds));
    }

    #[test]
    fn of_what_is_unblocked_the_newest_are_kept() {
        let log = Log::in_memory();
        let mut said = Said::default();
        for at in 0..=MOST_UNBLOCKED as u64 {
            said.join(judged(&format!("tag{at}"), at, Verdict::Unblocked));
        }
        log.say(said).unwrap();
        let kept = log.said().unwrap().judgements;
        assert_eq!(kept.len(), MOST_UNBLOCKED - MOST_UNBLOCKED / 10);
        assert!(kept.contains_key(&format!("tag{MOST_UNBLOCKED}")) && !kept.contains_key("tag0"));
    }
}
