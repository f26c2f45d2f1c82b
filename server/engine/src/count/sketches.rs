//! The samples of all tags of a group, and their slices, within their bounds.

use model::Epoch;

use super::{
    Author, Sample,
    people::People,
    samples::Samples,
    table::{Parts, Tag},
};

/// How many authors of a tag are told apart exactly, at most and at least.
const PEOPLE: (usize, usize) = (256, 16);

/// How many sampled posts decide what a tag is mentioned with, at most and at least.
const SAMPLES: (usize, usize) = (32, 4);

/// Authors kept for each tag that may be, on average.
const PEOPLE_A_TAG: usize = 8;

/// A sampled post is kept for one in so many tags that may be, on average.
const TAGS_A_SAMPLE: usize = 16;

/// Slices with counts of their own, for each tag that may be, on average.
const PARTS_A_TAG: usize = 8;

/// A group of few tags has room for so many posts, and for so many authors and slices, all the same.
const LEAST_SAMPLES: usize = 256;
const LEAST: usize = 4096;

/// How fine the samples are, and how much they hold. They get coarser when they are full, and finer again
/// when there is much room.
#[derive(Debug)]
pub(super) struct Sketches {
    most_tags: usize,
    people_k: usize,
    samples_k: usize,
    people: usize,
    samples: usize,
    parts: usize,
}

impl Sketches {
    pub(super) fn new(most_tags: usize) -> Self {
        Self {
            most_tags,
            people_k: PEOPLE.0,
            samples_k: SAMPLES.0,
            people: 0,
            samples: 0,
            parts: 0,
        }
    }

    pub(super) fn most_tags(&self) -> usize {
        self.most_tags
    }

    pub(super) fn people_k(&self) -> u32 {
        self.people_k as u32
    }

    pub(super) fn samples_k(&self) -> u32 {
        self.samples_k as u32
    }

    pub(super) fn resume(&mut self, people_k: u32, samples_k: u32) {
        self.people_k = (people_k as usize).clamp(PEOPLE.1, PEOPLE.0);
        self.samples_k = (samples_k as usize).clamp(SAMPLES.1, SAMPLES.0);
    }

    pub(super) fn add(
        &mut self,
        people: &mut Option<Box<People>>,
        authors: &[(Author, u32)],
        at: Epoch,
    ) {
        if authors.is_empty() {
            return;
        }
        let people = people.get_or_insert_default();
        self.people -= people.len();
        for (author, posts) in authors {
            people.add(*author, *posts, at, self.people_k);
        }
        self.people += people.len();
    }

    pub(super) fn retract(
        &mut self,
        people: &mut Option<Box<People>>,
        author: Option<Author>,
        at: Epoch,
    ) {
        if let (Some(known), Some(author)) = (people.as_mut(), author) {
            self.people -= known.len();
            known.retract(author, 1, at);
            self.people += known.len();
            if known.is_empty() {
                *people = None;
            }
        }
    }

    pub(super) fn sample(&mut self, tag: Option<&mut Tag>, sample: Sample, at: Epoch) {
        if let Some(tag) = tag {
            let samples = tag.samples.get_or_insert_default();
            self.samples -= samples.len();
            samples.add(sample, at, self.samples_k);
            self.samples += samples.len();
        }
    }

    pub(super) fn forget(&mut self, samples: &mut Samples, priority: u32, at: Epoch) {
        self.samples -= samples.len();
        samples.retract(priority, at);
        self.samples += samples.len();
    }

    /// A tag is no longer kept.
    pub(super) fn gone(&mut self, tag: &Tag) {
        self.people -= tag.kept_people();
        self.samples -= tag.kept_samples();
        self.parts -= tag.kept_parts();
    }

    /// A tag is kept again.
    pub(super) fn came(&mut self, tag: &Tag) {
        self.people += tag.kept_people();
        self.samples += tag.kept_samples();
        self.parts += tag.kept_parts();
    }

    fn most_people(&self) -> usize {
        (self.most_tags * PEOPLE_A_TAG).max(LEAST)
    }

    fn most_samples(&self) -> usize {
        (self.most_tags / TAGS_A_SAMPLE).max(LEAST_SAMPLES)
    }

    /// Whether there are more posts than can be kept, however coarse.
    pub(super) fn has_many_samples(&self) -> bool {
        self.samples > self.most_samples()
    }

    /// Whether there are more counts by slice than can be kept.
    pub(super) fn has_many_parts(&self) -> bool {
        self.parts > (self.most_tags * PARTS_A_TAG).max(LEAST)
    }

    /// Forgets the posts of a tag.
    pub(super) fn drop_samples(&mut self, tag: &mut Tag) {
        self.samples -= tag.kept_samples();
        tag.samples = None;
    }

    /// Makes what is full coarser, to be followed by [`Sketches::shrink`] of every tag; false where
    /// nothing is, or it cannot be any coarser.
    pub(super) fn coarsen(&mut self) -> bool {
        let mut could = false;
        if self.people > self.most_people() && self.people_k > PEOPLE.1 {
            self.people_k /= 2;
            could = true;
        }
        if self.has_many_samples() && self.samples_k > SAMPLES.1 {
            self.samples_k /= 2;
            could = true;
        }
        could
    }

    /// Makes finer what has much room; what was dropped does not come back.
    pub(super) fn refine(&mut self) {
        if self.people < self.most_people() / 4 {
            self.people_k = (2 * self.people_k).min(PEOPLE.0);
        }
        if self.samples < self.most_samples() / 4 {
            self.samples_k = (2 * self.samples_k).min(SAMPLES.0);
        }
    }

    /// Whether there was something to drop.
    pub(super) fn shrink(&mut self, tag: &mut Option<Tag>) -> bool {
        let Some(tag) = tag else {
            return false;
        };
        let before = (tag.kept_people(), tag.kept_samples());
        let k = self.people_k;
        let shrink = |people: &mut Option<Box<People>>| {
            people.iter_mut().for_each(|people| people.shrink(k));
        };
        shrink(&mut tag.people);
        if let Parts::Several(parts) = &mut tag.parts {
            parts.iter_mut().for_each(|part| shrink(&mut part.people));
        }
        if let Some(samples) = &mut tag.samples {
            samples.shrink(self.samples_k);
        }
        let after = (tag.kept_people(), tag.kept_samples());
        self.people -= before.0 - after.0;
        self.samples -= before.1 - after.1;
        before != after
    }
}
