//! What operators have done, and what holds of tags by it.
//!
//! What was done on several processes comes together in any order and any number of times: of what was said of
//! a tag the newest holds, and of two of the same moment the stricter. So all that know the same say the same.
//!
//! * [`said`] what is said, and which of it holds; here is how it is stored

mod said;

use std::collections::BTreeSet;

use redb::{ReadableTable, ReadableTableMetadata, Table, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub(crate) use self::said::{
    Action, Deed, JudgedTag, Judgement, Merging, Review, Said, Target, Verdict,
};
use super::{
    Log, StoreError, file,
    format::{decode, encode},
};

/// Number → an [`Action`] of operators, the last ones. None of these tables is there before the first.
pub(super) const ACTIONS: TableDefinition<u64, &[u8]> = TableDefinition::new("actions");
/// Key → the [`JudgedTag`], of all that operators block.
pub(super) const BLOCKED: ByKey = TableDefinition::new("blocked");
/// The same of all that they have approved.
pub(super) const APPROVED: ByKey = TableDefinition::new("approved");
/// The same of those that they have unblocked, the last ones: who was away may still block them.
pub(super) const UNBLOCKED: ByKey = TableDefinition::new("unblocked");
/// Key → the [`Merging`], of all that are shown as others, and of the last ones that no longer are.
pub(super) const MERGED: ByKey = TableDefinition::new("merged");
/// Since when tags are reviewed, in milliseconds since the Unix epoch; empty while they are not.
pub(super) const REVIEW: TableDefinition<u64, ()> = TableDefinition::new("review");

type ByKey = TableDefinition<'static, &'static str, &'static [u8]>;

/// When the last review ended, in milliseconds since the Unix epoch.
const REVIEW_ENDED: &str = "review ended";

/// So many are kept, the newest.
pub(crate) const LAST_ACTIONS: u64 = 1000;

/// Rows of a table in which what was undone is known to be: beyond that the oldest of it leaves, now and then a
/// tenth of these rows.
const MOST_UNDONE: usize = 10_000;

/// The forms that any was ever stored in.
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
        let reviewed = self.review()?;
        write_actions(write, &said.actions)?;
        let mut news = Said {
            actions: said.actions,
            ..Said::default()
        };
        {
            let mut verdicts = [
                (Verdict::Unblocked, write.open_table(UNBLOCKED)?),
                (Verdict::Approved, write.open_table(APPROVED)?),
                (Verdict::Blocked, write.open_table(BLOCKED)?),
            ];
            for (key, judgement) in said.judgements {
                if judge(&mut verdicts, &key, &judgement)? {
                    news.judgements.insert(key, judgement);
                }
            }
            let [(_, unblocked), ..] = &mut verdicts;
            forget_oldest(unblocked, |tag: &JudgedTag| Some(tag.at))?;
        }
        {
            let mut merged = write.open_table(MERGED)?;
            for (key, merging) in said.merges {
                let held: Option<Merging> = get(&merged, &key)?;
                if held.is_none_or(|held| held < merging) {
                    put(&mut merged, &key, &merging)?;
                    news.merges.insert(key, merging);
                }
            }
            let undone = |merging: &Merging| merging.target.is_none().then_some(merging.at);
            forget_oldest(&mut merged, undone)?;
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
            self.rows(table, |key, tag: JudgedTag| {
                said.judgements.insert(key.to_owned(), tag.is(verdict));
            })?;
        }
        self.merges(|key, merging| {
            said.merges.insert(key.to_owned(), merging);
        })?;
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
        self.rows(BLOCKED, each)
    }

    /// The same of those that they have approved.
    pub(crate) fn approved(&self, each: impl FnMut(&str, JudgedTag)) -> Result<(), StoreError> {
        self.rows(APPROVED, each)
    }

    /// What was said last of what a tag is shown as, with its key, in the order of the keys.
    pub(crate) fn merges(&self, each: impl FnMut(&str, Merging)) -> Result<(), StoreError> {
        self.rows(MERGED, each)
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

    fn rows<T: DeserializeOwned>(
        &self,
        table: ByKey,
        mut each: impl FnMut(&str, T),
    ) -> Result<(), StoreError> {
        let Some(table) = self.table(table)? else {
            return Ok(());
        };
        for entry in table.iter()? {
            let (key, stored) = entry?;
            let row: StoredAction<T> = decode(stored.value())?;
            each(key.value(), row.value());
        }
        Ok(())
    }
}

type Rows<'a> = Table<'a, &'static str, &'static [u8]>;

/// The last ones stay.
fn write_actions(write: &WriteTransaction, actions: &[Action]) -> Result<(), StoreError> {
    let mut table = write.open_table(ACTIONS)?;
    for action in actions {
        let mut number = action.at;
        while table.get(number)?.is_some() {
            number += 1;
        }
        table.insert(number, encode(&StoredAction::First(action))?.as_slice())?;
    }
    while table.len()? > LAST_ACTIONS {
        table.pop_first()?;
    }
    Ok(())
}

/// Whether it is news. A tag is in the table of the verdict that holds, and in no other.
fn judge(
    verdicts: &mut [(Verdict, Rows<'_>)],
    key: &str,
    judgement: &Judgement,
) -> Result<bool, StoreError> {
    for (verdict, table) in &*verdicts {
        let held: Option<JudgedTag> = get(table, key)?;
        if held.is_some_and(|held| held.is(*verdict) >= *judgement) {
            return Ok(false);
        }
    }
    for (verdict, table) in verdicts {
        table.remove(key)?;
        if *verdict == judgement.verdict {
            let tag = judgement.tag.clone();
            let at = judgement.at;
            put(table, key, &JudgedTag { tag, at })?;
        }
    }
    Ok(true)
}

fn get<T: DeserializeOwned>(table: &Rows<'_>, key: &str) -> Result<Option<T>, StoreError> {
    let stored = table.get(key)?;
    let row = stored.map(|stored| decode::<StoredAction<T>>(stored.value()));
    Ok(row.transpose()?.map(StoredAction::value))
}

fn put<T: Serialize>(table: &mut Rows<'_>, key: &str, row: &T) -> Result<(), StoreError> {
    table.insert(key, encode(&StoredAction::First(row))?.as_slice())?;
    Ok(())
}

/// `undone` tells when a row was, if it was.
fn forget_oldest<T: DeserializeOwned>(
    table: &mut Rows<'_>,
    undone: impl Fn(&T) -> Option<u64>,
) -> Result<(), StoreError> {
    let rows = table.len()?;
    if rows <= MOST_UNDONE as u64 {
        return Ok(());
    }
    let mut all = Vec::new();
    for entry in table.iter()? {
        let (key, stored) = entry?;
        let row: StoredAction<T> = decode(stored.value())?;
        all.extend(undone(&row.value()).map(|at| (at, key.value().to_owned())));
    }
    all.sort_unstable();
    let stay = MOST_UNDONE - MOST_UNDONE / 10;
    let leave = rows as usize - stay;
    for (_, key) in all.iter().take(leave) {
        table.remove(key.as_str())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
