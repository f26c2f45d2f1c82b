//! What a writer counts while an epoch is open, and how all of it becomes the content of a log entry.

use std::collections::HashMap;

use engine::{grammar::Mention, key::Key};

use crate::{
    source::Cursor,
    store::{EpochCounts, Slice, SliceCount},
};

/// What an entry takes beside its text: two pointers with lengths, a count, and the table's slot.
const ENTRY_BYTES: usize = 96;

/// Languages told apart in one epoch of one writer; what comes past that is counted without one.
const MOST_LANGUAGES: usize = 256;

/// What one writer has counted since the last close.
#[derive(Debug, Default)]
pub(crate) struct Open {
    slices: HashMap<Box<str>, OpenSlice>,
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
    pub(crate) fn post(&mut self, lang: &str, mentions: &[Mention<'_>]) {
        let lang = primary(lang);
        let known = self.slices.contains_key(lang) || self.slices.len() < MOST_LANGUAGES;
        let lang = if known { lang } else { "" };
        let slice = match self.slices.get_mut(lang) {
            Some(slice) => slice,
            None => self.slices.entry(lang.into()).or_default(),
        };
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
pub(super) fn combine(opens: Vec<(&'static str, Open)>) -> EpochCounts {
    let mut whole: HashMap<(&'static str, Box<str>), OpenSlice> = HashMap::new();
    for (source, open) in opens {
        for (lang, slice) in open.slices {
            let into = whole.entry((source, lang)).or_default();
            into.posts += slice.posts;
            if into.counts.is_empty() {
                into.counts = slice.counts;
                continue;
            }
            for (spelling, (key, count)) in slice.counts {
                into.counts.entry(spelling).or_insert((key, 0)).1 += count;
            }
        }
    }
    let mut slices: Vec<Slice> = whole
        .into_iter()
        .map(|((source, lang), slice)| {
            let mut counts: Vec<SliceCount> = slice
                .counts
                .into_iter()
                .map(|(spelling, (key, count))| SliceCount {
                    key,
                    spelling,
                    count,
                })
                .collect();
            counts.sort_unstable_by(|a, b| (&a.key, &a.spelling).cmp(&(&b.key, &b.spelling)));
            Slice {
                source: source.into(),
                lang,
                posts: slice.posts,
                counts,
            }
        })
        .collect();
    slices.sort_unstable_by(|a, b| (&a.source, &a.lang).cmp(&(&b.source, &b.lang)));
    EpochCounts { slices }
}

/// The language of a tag such as `pt-BR`, without its region; empty for what is no language.
fn primary(lang: &str) -> &str {
    let primary = lang.split(['-', '_']).next().unwrap_or_default();
    let is_language = (2..=8).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_lowercase())
        && primary != "und";
    if is_language { primary } else { "" }
}
