//! Tags of many posts, looked up together.
//!
//! Of a look-up in a large table nearly all time is spent waiting for memory: where the place is, the
//! slot, the text. Each step is done for many tags before the next, so that they wait together.

use std::borrow::Cow;

use super::{Tag, Tally};

/// So many tags are looked up together, or as many as the last post of them has.
const TOGETHER: usize = 64;

/// Tags that were read and are not looked up yet.
#[derive(Debug, Default)]
pub struct Ahead<'a>(Vec<Sought<'a>>);

#[derive(Debug)]
struct Sought<'a> {
    tag: Cow<'a, [u8]>,
    /// Its post has no more.
    last: bool,
    hash: u32,
    /// Where it is, unless another with the same hash is there.
    slot: Option<u32>,
    /// Where the text is that is there.
    start: usize,
    length: u32,
}

impl<T: Default> Tally<T> {
    /// As [`Tally::text`], now or later: at the latest with [`Tally::finish`].
    pub fn text_ahead<'a>(
        &mut self,
        text: &'a [u8],
        ahead: &mut Ahead<'a>,
        each: impl FnMut(Tag<'_>, &mut T),
    ) {
        let before = ahead.0.len();
        self.grammar.scan(text, |tag| {
            ahead.0.push(Sought {
                tag,
                last: false,
                hash: 0,
                slot: None,
                start: 0,
                length: 0,
            });
        });
        if let Some(last) = ahead.0[before..].last_mut() {
            last.last = true;
        }
        if ahead.0.len() >= TOGETHER {
            self.finish(ahead, each);
        }
    }

    /// Looks up what was put off.
    pub fn finish(&mut self, ahead: &mut Ahead<'_>, mut each: impl FnMut(Tag<'_>, &mut T)) {
        for sought in &mut ahead.0 {
            sought.hash = self.by_spelling.hash(self.sought(&sought.tag));
        }
        for sought in &mut ahead.0 {
            sought.slot = self.by_spelling.find(sought.hash, |_| true);
        }
        for sought in &mut ahead.0 {
            if let Some(slot) = sought.slot {
                let slot = &self.slots[slot as usize];
                (sought.start, sought.length) = (slot.start, slot.length);
            }
        }
        for sought in ahead.0.drain(..) {
            let text = &self.text.as_bytes()[sought.start..sought.start + sought.length as usize];
            match sought.slot {
                Some(slot) if text == self.sought(&sought.tag) => {
                    self.found(slot, self.tells_spellings_apart());
                }
                _ => self.find(&sought.tag),
            }
            if sought.last {
                self.visit(&mut each);
            }
        }
    }
}
