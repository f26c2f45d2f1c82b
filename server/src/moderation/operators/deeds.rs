//! What operators can do. All of it waits for the disk.

use std::collections::BTreeMap;

use engine::{count::Hides as _, key::Key};

use super::{APPROVED, BY_OPERATORS, MERGED, Operators, Refused};
use crate::store::{Deed, Judgement, Merging, Review, Said, Target, Verdict};

impl Operators {
    /// Blocks a tag of that name; it is no longer approved.
    pub(crate) fn block(&self, name: &str) -> Result<(), Refused> {
        let (key, tag) = self.tag(name)?;
        let mut done = self.done();
        if done.blocked.contains_key(&key) {
            return Err(Refused::IsBlocked);
        }
        if done.blocked.len() >= BY_OPERATORS {
            return Err(Refused::TooMany);
        }
        let deed = Deed::Block {
            key: key.to_string(),
            tag: tag.clone(),
        };
        let judged = judge(Verdict::Blocked, [(key, tag)]);
        self.act(&mut done, deed, judged)
    }

    /// Lets a tag of that name be shown again, unless the file names it.
    pub(crate) fn unblock(&self, name: &str) -> Result<(), Refused> {
        let (key, tag) = self.tag(name)?;
        let mut done = self.done();
        if !done.blocked.contains_key(&key) {
            return Err(Refused::IsNotBlocked);
        }
        let deed = Deed::Unblock {
            key: key.to_string(),
            tag: tag.clone(),
        };
        let judged = judge(Verdict::Unblocked, [(key, tag)]);
        self.act(&mut done, deed, judged)
    }

    /// Lets a tag of that name be shown while tags are reviewed.
    pub(crate) fn approve(&self, name: &str) -> Result<(), Refused> {
        let (key, tag) = self.tag(name)?;
        let mut done = self.done();
        if done.blocked.contains_key(&key) {
            return Err(Refused::IsBlocked);
        }
        if done.approved.contains(&key) {
            return Err(Refused::IsApproved);
        }
        if done.approved.len() >= APPROVED {
            return Err(Refused::TooManyApproved);
        }
        let deed = Deed::Approve {
            key: key.to_string(),
            tag: tag.clone(),
        };
        let judged = judge(Verdict::Approved, [(key, tag)]);
        self.act(&mut done, deed, judged)
    }

    /// From now on tags are shown only once they are approved, as those of the names given are by this.
    pub(crate) fn review(&self, shown: &[String]) -> Result<(), Refused> {
        let mut done = self.done();
        if done.is_reviewed {
            return Err(Refused::IsSo);
        }
        // What was merged while they were shown is to be approved as what it is shown as from now on.
        let rules = self.0.rules.newest();
        let as_one = |key: &Key| {
            let set = rules.sets().of(key)?;
            Some((set.target.clone(), self.0.grammar.shown(&set.spelling)))
        };
        let named = shown.iter().filter_map(|name| self.tag(name).ok());
        let named = named.flat_map(|(key, tag)| [as_one(&key), Some((key, tag))]);
        let is_new = |(key, _): &(Key, String)| {
            !done.approved.contains(key) && !done.blocked.contains_key(key)
        };
        let approved: BTreeMap<Key, String> = named.flatten().filter(is_new).collect();
        if done.approved.len() + approved.len() > APPROVED {
            return Err(Refused::TooManyApproved);
        }
        let deed = Deed::Review {
            approved: approved.len() as u64,
        };
        let judged = judge(Verdict::Approved, approved);
        self.act(&mut done, deed, |at| Said {
            review: Some(Review { at, begins: true }),
            ..judged(at)
        })
    }

    /// Lets all tags be shown again that are not blocked.
    pub(crate) fn end_review(&self) -> Result<(), Refused> {
        let mut done = self.done();
        if !done.is_reviewed {
            return Err(Refused::IsSo);
        }
        self.act(&mut done, Deed::EndReview, |at| Said {
            review: Some(Review { at, begins: false }),
            ..Said::default()
        })
    }

    /// Shows a tag of that name as the other one, which boards spell as it is given.
    pub(crate) fn merge(&self, name: &str, target: &str) -> Result<(), Refused> {
        let ((key, tag), (target, spelling)) = (self.tag(name)?, self.tag(target)?);
        // It is to be on boards, where no tag has any in it.
        if spelling.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(Refused::NoTag);
        }
        if key == target {
            return Err(Refused::IsSame);
        }
        let mut done = self.done();
        if let Some(merged) = done.merged.get(&key) {
            let target = merged.spelling.clone();
            return Err(Refused::IsMerged { tag, target });
        }
        if done.leads_back(&key, &target) {
            return Err(Refused::LeadsBack { target: spelling });
        }
        if done.merged.len() >= MERGED {
            return Err(Refused::TooManyMerged);
        }
        let target = Target {
            key: target.to_string(),
            tag: spelling,
        };
        let deed = Deed::Merge {
            key: key.to_string(),
            tag: tag.clone(),
            target: target.clone(),
        };
        self.act(&mut done, deed, shown_as(key, tag, Some(target)))
    }

    /// Shows a tag of that name as itself again.
    pub(crate) fn separate(&self, name: &str) -> Result<(), Refused> {
        let (key, tag) = self.tag(name)?;
        let mut done = self.done();
        if !done.merged.contains_key(&key) {
            return Err(Refused::IsNotMerged);
        }
        let deed = Deed::Separate {
            key: key.to_string(),
            tag: tag.clone(),
        };
        self.act(&mut done, deed, shown_as(key, tag, None))
    }
}

/// What is said of tags, with how they are shown, by judging them so at a moment.
fn judge(
    verdict: Verdict,
    tags: impl IntoIterator<Item = (Key, String)>,
) -> impl FnOnce(u64) -> Said {
    move |at| {
        let judgement = |(key, tag): (Key, _)| (key.to_string(), Judgement { at, verdict, tag });
        Said {
            judgements: tags.into_iter().map(judgement).collect(),
            ..Said::default()
        }
    }
}

fn shown_as(key: Key, tag: String, target: Option<Target>) -> impl FnOnce(u64) -> Said {
    move |at| {
        let merging = Merging { at, target, tag };
        Said {
            merges: BTreeMap::from([(key.to_string(), merging)]),
            ..Said::default()
        }
    }
}
