//! What a writer counts while an epoch is open, and how all of it becomes the content of a log entry.

use std::collections::{BTreeMap, HashMap};

use engine::{
    count::{Counted, Delta, Deltas, SliceDelta},
    grammar::Mention,
    key::{GROUPS, Key, group_of},
};
use model::{Kind, Lang, Slice};

use crate::source::Cursor;

/// What an entry takes beside its text: two pointers with lengths, a count, and the table's slot.
const ENTRY_BYTES: usize = 96;

/// Languages told apart in one epoch of one writer; what comes past that is counted without one.
const MOST_LANGUAGES: usize = 256;

/// What one writer has counted since the last close.
#[derive(Debug, Default)]
pub(crate) struct Open {
    slices: HashMap<Option<Lang>, OpenSlice>,
    /// Bytes held, roughly: what its memory is bounded by.
    held: usize,
    /// Behind the last post that is counted in.
    cursor: Option<Cursor>,
}

#[derive(Debug, Default)]
struct OpenSlice {
    posts: u64,
    counts: HashMap<Box<str>, (Key, u64)>,
}

impl Open {
    pub(crate) fn post(&mut self, lang: Option<Lang>, mentions: &[Mention<'_>]) {
        let known = self.slices.contains_key(&lang) || self.slices.len() < MOST_LANGUAGES;
        let slice = self.slices.entry(lang.filter(|_| known)).or_default();
        slice.posts += 1;
        for mention in mentions {
            match slice.counts.get_mut(&*mention.spelling) {
                Some((_, count)) => *count += u64::from(mention.count),
                None => {
                    let entry = (mention.key.clone(), u64::from(mention.count));
                    slice.counts.insert((*mention.spelling).into(), entry);
                    self.held += ENTRY_BYTES + mention.spelling.len() + mention.key.as_str().len();
                }
            }
        }
    }

    pub(crate) fn set_cursor(&mut self, cursor: Cursor) {
        self.cursor = Some(cursor);
    }

    pub(crate) fn held(&self) -> usize {
        self.held
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slices.is_empty() && self.cursor.is_none()
    }

    pub(crate) fn take_cursor(&mut self) -> Option<Cursor> {
        self.cursor.take()
    }
}

/// The opens of all writers as one, each with the kind of its source; the order of equal input
/// never shows in the result.
pub(super) fn combine(opens: Vec<(Kind, Open)>) -> Deltas {
    let mut whole: BTreeMap<Slice, OpenSlice> = BTreeMap::new();
    for (source, open) in opens {
        for (lang, part) in open.slices {
            let into = whole.entry(Slice { source, lang }).or_default();
            into.posts += part.posts;
            if into.counts.is_empty() {
                into.counts = part.counts;
                continue;
            }
            for (spelling, (key, count)) in part.counts {
                into.counts.entry(spelling).or_insert((key, 0)).1 += count;
            }
        }
    }
    let mut deltas: Vec<Delta> = (0..GROUPS).map(|_| Delta::default()).collect();
    for (slice, part) in whole {
        let mut groups: Vec<Vec<Counted>> = (0..GROUPS).map(|_| Vec::new()).collect();
        for (spelling, (key, count)) in part.counts {
            groups[usize::from(group_of(&key))].push(Counted {
                key,
                spelling,
                count,
                authors: Vec::new(),
            });
        }
        for (group, mut counts) in (0..GROUPS).zip(groups) {
            let posts = if group == 0 { part.posts } else { 0 };
            if posts == 0 && counts.is_empty() {
                continue;
            }
            counts.sort_unstable();
            deltas[usize::from(group)].slices.push(SliceDelta {
                slice,
                posts,
                counts,
            });
        }
    }
    (0..GROUPS)
        .zip(deltas)
        .filter(|(_, delta)| *delta != Delta::default())
        .collect()
}
