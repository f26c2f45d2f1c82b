//! A count by spelling: what the tags of many posts add up to, for any kind of sum.
//!
//! **Invariant:** what a post adds is a function of grammar, text and named tags alone, and the entries
//! are in the order in which they first occurred.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::grammar::Grammar;
use crate::key::Key;

/// A tag of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag<'a> {
    /// As its author wrote it first in this post, without the hash sign ([`Grammar::Words`]: the whole
    /// word).
    pub spelling: &'a str,
    pub key: &'a Key,
    /// How often it counts: 1, except [`Grammar::Words`], where each occurrence does.
    pub occurrences: u32,
}

/// A `T` for each spelling of each tag that was seen.
#[derive(Debug)]
pub struct Tally<T> {
    grammar: Grammar,
    index: HashMap<Box<str>, usize>,
    entries: Vec<Entry<T>>,
    held: usize,
}

#[derive(Debug)]
struct Entry<T> {
    spelling: Box<str>,
    key: Key,
    value: T,
}

impl<T: Default> Tally<T> {
    pub fn new(grammar: Grammar) -> Self {
        Self {
            grammar,
            index: HashMap::new(),
            entries: Vec::new(),
            held: 0,
        }
    }

    /// Visits the entries of a post's tags, in the order they first occur in, each key once.
    ///
    /// `named` are the tags that the source itself names; with them the text is not looked at.
    pub fn post(
        &mut self,
        text: &str,
        named: Option<&[Cow<'_, str>]>,
        mut each: impl FnMut(Tag<'_>, &mut T),
    ) {
        let mut mentions = Vec::new();
        self.grammar.mentions(text, named, &mut mentions);
        for mention in mentions {
            let at = match self.index.get(&*mention.spelling) {
                Some(at) => *at,
                None => self.insert(&mention.spelling, mention.key),
            };
            let entry = &mut self.entries[at];
            let tag = Tag {
                spelling: &entry.spelling,
                key: &entry.key,
                occurrences: mention.count,
            };
            each(tag, &mut entry.value);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes held, roughly; what the values hold elsewhere is not among them.
    pub fn held(&self) -> usize {
        self.held
    }

    /// All entries: key, spelling, value.
    pub fn into_entries(self) -> impl Iterator<Item = (Key, Box<str>, T)> {
        self.entries
            .into_iter()
            .map(|entry| (entry.key, entry.spelling, entry.value))
    }

    fn insert(&mut self, spelling: &str, key: Key) -> usize {
        let at = self.entries.len();
        self.held += 64 + size_of::<Entry<T>>() + 2 * spelling.len() + key.as_str().len();
        self.index.insert(spelling.into(), at);
        self.entries.push(Entry {
            spelling: spelling.into(),
            key,
            value: T::default(),
        });
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_add_up_by_spelling_and_a_post_counts_a_key_once() {
        let mut tally = Tally::<u32>::new(Grammar::Twitter);
        for text in ["#Rust #rust #Go", "none", "#rust"] {
            tally.post(text, None, |tag, count| *count += tag.occurrences);
        }
        assert_eq!(tally.len(), 3);
        assert!(tally.held() > 0);
        let entries: Vec<_> = tally.into_entries().collect();
        let expected = [("rust", "Rust", 1), ("go", "Go", 1), ("rust", "rust", 1)];
        assert_eq!(
            entries,
            expected.map(|(key, spelling, n)| (Key::verbatim(key), spelling.into(), n))
        );
    }
}
