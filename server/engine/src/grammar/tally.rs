//! The mentions of one post, each key once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Mention;
use crate::key::{self, Key};

/// Up to so many tags, comparing with each is faster than an index. Hardly a post has more; one that
/// has thousands must not cost their square.
const FEW: usize = 16;

pub(super) struct Tally<'a, 'v> {
    mentions: &'v mut Vec<Mention<'a>>,
    /// Where this post's mentions begin.
    first: usize,
    /// Where each key is, once there are more than [`FEW`]. Ordered, since a hash map would need random
    /// numbers to be safe from chosen tags.
    index: BTreeMap<Key, usize>,
}

impl<'a, 'v> Tally<'a, 'v> {
    pub(super) fn new(mentions: &'v mut Vec<Mention<'a>>) -> Self {
        Self {
            first: mentions.len(),
            mentions,
            index: BTreeMap::new(),
        }
    }

    /// A tag that counts once, however often the post has it. What is not a tag is passed over.
    pub(super) fn note(&mut self, spelling: &'a str) {
        if let Some(key) = key::key_of(spelling)
            && self.find(key.as_str()).is_none()
        {
            self.push(key, Cow::Borrowed(key::bare(spelling)));
        }
    }

    /// A word that is its own key, and of which each occurrence counts.
    pub(super) fn count(&mut self, word: &'a str) {
        match self.find(word) {
            Some(at) => self.mentions[at].count = self.mentions[at].count.saturating_add(1),
            None => self.push(Key::verbatim(word), Cow::Borrowed(word)),
        }
    }

    /// A tag that counts once, as the word that its writer would have written.
    pub(super) fn name(&mut self, tag: &str) {
        let bare = key::bare(tag);
        let word = format!("#{bare}");
        if !bare.is_empty() && self.find(&word).is_none() {
            self.push(Key::verbatim(&word), Cow::Owned(word));
        }
    }

    fn find(&self, key: &str) -> Option<usize> {
        let own = &self.mentions[self.first..];
        if own.len() <= FEW {
            own.iter()
                .position(|mention| mention.key.as_str() == key)
                .map(|at| self.first + at)
        } else {
            self.index.get(key).copied()
        }
    }

    fn push(&mut self, key: Key, spelling: Cow<'a, str>) {
        self.mentions.push(Mention {
            key,
            spelling,
            count: 1,
        });
        let own = self.mentions.len() - self.first;
        if own > FEW {
            let missing = if own == FEW + 1 {
                self.first
            } else {
                self.mentions.len() - 1
            };
            for (at, mention) in self.mentions.iter().enumerate().skip(missing) {
                self.index.insert(mention.key.clone(), at);
            }
        }
    }
}
