//! What an epoch counts, while it is open and once it is closed.

use std::collections::HashMap;

use engine::{grammar::Mention, key::Key};
use serde::{Deserialize, Serialize};

use crate::source::Cursor;

/// Languages told apart in one epoch of one writer; what comes past that is counted without one.
const MOST_LANGUAGES: usize = 256;

/// What a closed epoch counted: the content of a log entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EpochCounts {
    pub(crate) slices: Vec<Slice>,
}

/// The posts of one source in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slice {
    /// The kind of source, such as `tcp`.
    pub(crate) source: Box<str>,
    /// Primary language subtag (BCP 47), empty where unknown.
    pub(crate) lang: Box<str>,
    pub(crate) posts: u64,
    pub(crate) counts: Vec<SliceCount>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SliceCount {
    pub(crate) key: Key,
    pub(crate) spelling: Box<str>,
    pub(crate) count: u64,
}

/// What one writer has counted since the last close.
#[derive(Debug, Default)]
pub(crate) struct Open {
    slices: HashMap<Box<str>, OpenSlice>,
    /// Spellings held, over all slices: what its memory is bounded by.
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
        let lang = if self.slices.len() >= MOST_LANGUAGES {
            ""
        } else {
            primary(lang)
        };
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
                    self.held += 1;
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

impl EpochCounts {
    /// The opens of all writers as one, each with the kind of its source; the order of equal input
    /// never shows in the result.
    pub(crate) fn combine(opens: Vec<(&'static str, Open)>) -> Self {
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
        Self { slices }
    }
}

/// The language of a tag such as `pt-BR`, without its region; empty for what is no language.
fn primary(lang: &str) -> &str {
    let primary = lang.split(['-', '_']).next().unwrap_or_default();
    let is_language = (2..=8).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_lowercase())
        && primary != "und";
    if is_language { primary } else { "" }
}
