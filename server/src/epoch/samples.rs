//! A uniform sample of an epoch's posts, of which tags are seen together and which links there are.
//!
//! Each post has a random number; those with the lowest ones are the sample. So the lowest of several
//! samples are a sample of all of them, and a post that is not among them costs a comparison.

use std::collections::BinaryHeap;

use engine::{count::Named, tally::Tag};
use model::Lang;

use crate::random::Random;

/// Posts in the sample of an epoch, and of each writer in it.
pub(super) const SAMPLES: usize = 512;

/// Tags of a post that are looked at.
const TAGS: usize = 10;

/// What a sampled tag takes beside its spelling.
const TAG_BYTES: usize = 64;

/// Of one writer and epoch.
#[derive(Debug)]
pub(super) struct Samples {
    random: Random,
    lowest: BinaryHeap<Sampled>,
    /// Tags of the post that is being read.
    tags: Vec<Named>,
    /// Bytes that the sampled posts hold.
    bytes: usize,
    /// The most that it was.
    held: usize,
}

/// A sampled post.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sampled {
    pub(super) priority: u32,
    pub(super) lang: Option<Lang>,
    /// One at least; two where there is no link.
    pub(super) tags: Vec<Named>,
    pub(super) link: Option<Box<str>>,
}

impl Default for Samples {
    fn default() -> Self {
        Self {
            random: Random::seeded_by_chance(),
            lowest: BinaryHeap::new(),
            tags: Vec::new(),
            bytes: 0,
            held: 0,
        }
    }
}

impl Samples {
    /// A number for a post that has none of its own.
    pub(super) fn draw(&mut self) -> u32 {
        (self.random.next() >> 32) as u32
    }

    /// Whether a post with this number may get in.
    pub(super) fn admits(&self, priority: u32) -> bool {
        let full = self.lowest.len() >= SAMPLES;
        !full
            || self
                .lowest
                .peek()
                .is_none_or(|highest| priority < highest.priority)
    }

    /// A tag of a post that may get in.
    pub(super) fn tag(&mut self, tag: Tag<'_>) {
        if self.tags.len() < TAGS {
            self.tags.push(Named {
                key: tag.key.clone(),
                spelling: tag.spelling.into(),
            });
        }
    }

    /// The post with these tags, where there is something to be learnt from it.
    pub(super) fn post(&mut self, priority: u32, lang: Option<Lang>, link: Option<&str>) {
        let tags = std::mem::take(&mut self.tags);
        if tags.len() < 2 && (tags.is_empty() || link.is_none()) {
            return;
        }
        let sampled = Sampled {
            priority,
            lang,
            tags,
            link: link.map(Into::into),
        };
        self.bytes += sampled.bytes();
        self.lowest.push(sampled);
        if self.lowest.len() > SAMPLES
            && let Some(highest) = self.lowest.pop()
        {
            self.bytes -= highest.bytes();
        }
        self.held = self.held.max(self.bytes);
    }

    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn into_posts(self) -> impl Iterator<Item = Sampled> {
        self.lowest.into_iter()
    }
}

impl Sampled {
    fn bytes(&self) -> usize {
        let tags = self.tags.iter();
        let tags: usize = tags.map(|tag| TAG_BYTES + tag.spelling.len()).sum();
        size_of::<Self>() + tags + self.link.as_ref().map_or(0, |link| link.len())
    }
}

#[cfg(test)]
mod tests {
    use engine::key::Key;

    use super::*;

    fn read(samples: &mut Samples, tags: &[&str], link: Option<&str>) {
        let priority = samples.draw();
        if !samples.admits(priority) {
            return;
        }
        for spelling in tags {
            samples.tag(Tag {
                spelling,
                key: &Key::verbatim(spelling),
                occurrences: 1,
            });
        }
        samples.post(priority, None, link);
    }

    #[test]
    fn what_has_one_tag_and_no_link_or_no_tag_is_left_out() {
        let mut samples = Samples::default();
        read(&mut samples, &["a"], None);
        read(&mut samples, &[], Some("https://a.example"));
        assert_eq!(samples.held(), 0);
        read(&mut samples, &["a"], Some("https://a.example"));
        read(&mut samples, &["a", "b"], None);
        let many: Vec<_> = (0..30).map(|n| format!("t{n}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        read(&mut samples, &many, None);
        let mut tags: Vec<_> = samples.into_posts().map(|post| post.tags.len()).collect();
        tags.sort_unstable();
        assert_eq!(tags, [1, 2, TAGS]);
    }

    #[test]
    fn it_is_bounded_and_every_post_has_the_same_chance() {
        let mut early = 0;
        for _ in 0..40 {
            let mut samples = Samples::default();
            for n in 0..4 * SAMPLES {
                let half = if n < 2 * SAMPLES { "early" } else { "late" };
                read(&mut samples, &[half, "b"], None);
            }
            assert!(samples.held() < 2 * SAMPLES * 2 * (TAG_BYTES + 64));
            let posts: Vec<_> = samples.into_posts().collect();
            assert_eq!(posts.len(), SAMPLES);
            let is_early = |post: &&Sampled| &*post.tags[0].spelling == "early";
            early += posts.iter().filter(is_early).count();
        }
        let half = 40 * SAMPLES / 2;
        assert!(early.abs_diff(half) < half / 10, "{early} of {}", 2 * half);
    }
}
