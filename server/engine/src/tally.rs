//! A count by spelling: what the tags of many posts add up to, for any kind of sum.
//!
//! A tag that is known costs a look-up of its bytes and nothing else: a key is made, and memory taken,
//! only for a spelling that is new.
//!
//! **Invariant:** what a post adds is a function of grammar, text and named tags alone, and the entries
//! are in the order in which they first came. The seed of the hash table, new for each tally so that
//! nobody can choose tags that meet in it, shows in no result.

mod ahead;
mod index;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::mem;

use crate::grammar::Grammar;
use crate::key::{self, Key};
pub use ahead::Ahead;
use index::Index;

/// A word of [`Grammar::Words`] is cut to so many bytes, or a little less where the cut would be inside of
/// a character: what a stranger writes takes no more memory than that.
pub const MAX_WORD: usize = 1024;

/// Up to so many tags in a post, comparing with each is faster than a table. Hardly a post has more; one
/// that has thousands must not cost their square.
const FEW: usize = 16;

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

/// An entry of a [`Tally`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a, T> {
    /// The number of the key, in the order in which they first came.
    pub number: usize,
    pub key: &'a Key,
    pub spelling: &'a str,
    pub value: &'a T,
}

/// A `T` for each spelling of each tag that was seen.
#[derive(Debug)]
pub struct Tally<T> {
    grammar: Grammar,
    slots: Vec<Slot<T>>,
    /// The spellings, one after the other.
    text: String,
    by_spelling: Index,
    keys: Vec<Key>,
    /// Bytes of the keys.
    key_bytes: usize,
    /// Not for [`Grammar::Words`], where each spelling has a key of its own.
    by_key: Index,
    post: Found,
}

#[derive(Debug)]
struct Slot<T> {
    start: usize,
    length: u32,
    key: u32,
    value: T,
}

/// The tags of the post that is read.
#[derive(Debug, Default)]
struct Found {
    tags: Vec<Occurrences>,
    /// Where each key is, once there are more than [`FEW`].
    by_key: HashMap<u32, usize, foldhash::fast::RandomState>,
}

#[derive(Debug)]
struct Occurrences {
    slot: u32,
    key: u32,
    count: u32,
}

impl<T: Default> Tally<T> {
    pub fn new(grammar: Grammar) -> Self {
        Self {
            grammar,
            slots: Vec::new(),
            text: String::new(),
            by_spelling: Index::default(),
            keys: Vec::new(),
            key_bytes: 0,
            by_key: Index::default(),
            post: Found::default(),
        }
    }

    /// Visits the entries of a post's tags, in the order they first occur in, each key once.
    ///
    /// `named` are the tags that the source itself names; with them the text is not looked at.
    pub fn post(
        &mut self,
        text: &str,
        named: Option<&[Cow<'_, str>]>,
        each: impl FnMut(Tag<'_>, &mut T),
    ) {
        match named {
            None => self.grammar.scan(text.as_bytes(), |tag| self.find(&tag)),
            Some(named) => named.iter().for_each(|tag| self.name(tag)),
        }
        self.visit(each);
    }

    /// As [`Tally::post`], of a text as it was received: malformed UTF-8 becomes U+FFFD.
    pub fn text(&mut self, text: &[u8], each: impl FnMut(Tag<'_>, &mut T)) {
        self.grammar.scan(text, |tag| self.find(&tag));
        self.visit(each);
    }

    /// Adds the entries of another tally of the same grammar.
    pub fn merge(&mut self, other: Self, mut add: impl FnMut(&mut T, T)) {
        debug_assert_eq!(self.grammar, other.grammar);
        for slot in other.slots {
            let spelling = &other.text[slot.start..slot.start + slot.length as usize];
            let hash = self.by_spelling.hash(spelling.as_bytes());
            let known = self.known(hash, spelling.as_bytes());
            let at = known.unwrap_or_else(|| {
                let key = other.keys[slot.key as usize].clone();
                self.insert(hash, spelling, key)
            });
            add(&mut self.slots[at as usize].value, slot.value);
        }
    }

    /// A tag in the text: a word as it stands, or a tag without its hash sign.
    fn find(&mut self, bytes: &[u8]) {
        let bytes = self.sought(bytes);
        let hash = self.by_spelling.hash(bytes);
        // What is known is well-formed, and what equals it as well.
        match self.known(hash, bytes) {
            Some(slot) => self.found(slot, self.tells_spellings_apart()),
            None => {
                let text = String::from_utf8_lossy(bytes);
                self.find_text(&text, self.tells_spellings_apart());
            }
        }
    }

    /// As much of a tag as decides what is found.
    fn sought<'a>(&self, tag: &'a [u8]) -> &'a [u8] {
        if self.tells_spellings_apart() {
            // A character may be cut, but none of those that stay.
            &tag[..tag.len().min(MAX_WORD + 4)]
        } else {
            tag
        }
    }

    fn find_text(&mut self, text: &str, counts_each: bool) {
        let spelling = if self.tells_spellings_apart() {
            &text[..text.floor_char_boundary(MAX_WORD)]
        } else {
            key::bare(text)
        };
        let hash = self.by_spelling.hash(spelling.as_bytes());
        let slot = match self.known(hash, spelling.as_bytes()) {
            Some(slot) => slot,
            None => {
                let key = if self.tells_spellings_apart() {
                    Some(Key::verbatim(spelling))
                } else {
                    key::key_of(spelling)
                };
                let Some(key) = key else { return };
                // Another spelling of it stands for this one.
                if self.number(&key).is_some_and(|key| self.post.has(key)) {
                    return;
                }
                self.insert(hash, spelling, key)
            }
        };
        self.found(slot, counts_each);
    }

    fn found(&mut self, slot: u32, counts_each: bool) {
        let key = self.slots[slot as usize].key;
        self.post.count(slot, key, counts_each.into());
    }

    fn tells_spellings_apart(&self) -> bool {
        self.grammar.tells_spellings_apart()
    }

    /// A tag that counts once however often it is named.
    fn name(&mut self, tag: &str) {
        if !self.tells_spellings_apart() {
            return self.find_text(tag, false);
        }
        // The word that its writer would have written.
        match key::bare(tag) {
            "" => {}
            bare => self.find_text(&format!("#{bare}"), false),
        }
    }

    fn visit(&mut self, mut each: impl FnMut(Tag<'_>, &mut T)) {
        for found in &self.post.tags {
            let slot = &mut self.slots[found.slot as usize];
            let tag = Tag {
                spelling: &self.text[slot.start..slot.start + slot.length as usize],
                key: &self.keys[slot.key as usize],
                occurrences: found.count,
            };
            each(tag, &mut slot.value);
        }
        self.post.clear();
    }

    #[inline]
    fn known(&self, hash: u32, spelling: &[u8]) -> Option<u32> {
        let text = self.text.as_bytes();
        self.by_spelling.find(hash, |slot| {
            let slot = &self.slots[slot as usize];
            text[slot.start..slot.start + slot.length as usize] == *spelling
        })
    }

    #[cold]
    fn insert(&mut self, hash: u32, spelling: &str, key: Key) -> u32 {
        let known = self.number(&key);
        let key = known.unwrap_or_else(|| self.insert_key(key));
        let slot = self.slots.len() as u32;
        self.slots.push(Slot {
            start: self.text.len(),
            length: spelling.len() as u32,
            key,
            value: T::default(),
        });
        self.text.push_str(spelling);
        self.by_spelling.insert(hash, slot);
        slot
    }

    /// The number of a key of which a spelling is known.
    fn number(&self, key: &Key) -> Option<u32> {
        let hash = self.by_key.hash(key.as_str().as_bytes());
        self.by_key
            .find(hash, |number| self.keys[number as usize] == *key)
    }

    fn insert_key(&mut self, key: Key) -> u32 {
        let number = self.keys.len() as u32;
        if !self.tells_spellings_apart() {
            let hash = self.by_key.hash(key.as_str().as_bytes());
            self.by_key.insert(hash, number);
        }
        self.key_bytes += KEY_BYTES + key.as_str().len();
        self.keys.push(key);
        number
    }
}

/// What a key takes beside its text: two counters, and what an allocation costs.
const KEY_BYTES: usize = 32;

impl<T> Tally<T> {
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many spellings there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// How many keys there are.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Bytes held, roughly; what the values hold elsewhere is not among them.
    pub fn held(&self) -> usize {
        self.slots.capacity() * size_of::<Slot<T>>()
            + self.text.capacity()
            + self.by_spelling.held()
            + self.keys.capacity() * size_of::<Key>()
            + self.key_bytes
            + self.by_key.held()
    }

    /// All entries, in the order in which they first came.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_, T>> {
        self.slots.iter().map(|slot| Entry {
            number: slot.key as usize,
            key: &self.keys[slot.key as usize],
            spelling: &self.text[slot.start..slot.start + slot.length as usize],
            value: &slot.value,
        })
    }

    /// Key, spelling and value of all entries, in the order in which they first came.
    pub fn into_entries(self) -> impl Iterator<Item = (Key, Box<str>, T)> {
        let Self {
            slots, text, keys, ..
        } = self;
        slots.into_iter().map(move |slot| {
            let spelling = &text[slot.start..slot.start + slot.length as usize];
            (keys[slot.key as usize].clone(), spelling.into(), slot.value)
        })
    }
}

impl Found {
    fn has(&self, key: u32) -> bool {
        self.position(key).is_some()
    }

    fn position(&self, key: u32) -> Option<usize> {
        if self.tags.len() <= FEW {
            self.tags.iter().position(|tag| tag.key == key)
        } else {
            self.by_key.get(&key).copied()
        }
    }

    /// One that is there already counts `again`. Of spellings of one key the first stands for all.
    fn count(&mut self, slot: u32, key: u32, again: u32) {
        match self.position(key) {
            Some(at) => self.tags[at].count = self.tags[at].count.saturating_add(again),
            None => {
                let count = 1;
                self.tags.push(Occurrences { slot, key, count });
                if self.tags.len() > FEW {
                    let missing = match self.by_key.len() {
                        0 => 0,
                        _ => self.tags.len() - 1,
                    };
                    let keys = self.tags.iter().map(|tag| tag.key).zip(0..).skip(missing);
                    self.by_key.extend(keys);
                }
            }
        }
    }

    fn clear(&mut self) {
        if self.tags.len() > FEW {
            // One post of many tags leaves no memory behind.
            mem::take(self);
        } else {
            self.tags.clear();
        }
    }
}
