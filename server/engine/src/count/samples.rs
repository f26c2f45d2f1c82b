//! Some of the posts that mention a tag: what else they mention, and where they can be read.
//!
//! A uniform sample of every window ([`skyband`]). Of a window with at most `k` such posts it is all of
//! them.

use std::collections::BTreeMap;

use model::{Epoch, Kind};
use serde::{Deserialize, Serialize};

use super::{Hides, Named, Sample, skyband};
use crate::key::Key;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Samples {
    /// By priority, equal ones by epoch.
    posts: Vec<Post>,
    /// The latest of those that were dropped; 0 while none was.
    dropped: Epoch,
    /// With so many it is time to drop what is not needed.
    limit: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Post {
    priority: u32,
    below: u32,
    at: Epoch,
    source: Kind,
    others: Vec<Named>,
    link: Option<Box<str>>,
}

impl Samples {
    pub(super) fn add(&mut self, sample: Sample, at: Epoch, k: usize) {
        let post = Post {
            priority: sample.priority,
            below: sample.below,
            at,
            source: sample.slice.source,
            others: sample.others,
            link: sample.link,
        };
        let order = |post: &Post| (post.priority, post.at);
        let index = self
            .posts
            .partition_point(|other| order(other) <= order(&post));
        self.posts.insert(index, post);
        self.limit = self.limit.max(2 * k as u32);
        if self.posts.len() >= self.limit as usize {
            self.shrink(k);
        }
    }

    /// A post of the epoch `at` is no more.
    pub(super) fn retract(&mut self, priority: u32, at: Epoch) {
        self.posts
            .retain(|post| (post.priority, post.at) != (priority, at));
    }

    pub(super) fn shrink(&mut self, k: usize) {
        let dropped = skyband::keep(&mut self.posts, k, |post| post.at);
        self.dropped = dropped.max(self.dropped);
        self.limit = (2 * k as u32).max(self.posts.len() as u32 * 3 / 2);
        self.posts.shrink_to(self.limit as usize);
    }

    pub(super) fn len(&self) -> usize {
        self.posts.len()
    }

    /// What else is mentioned by posts since `from` that mention the tag `own`, with estimated numbers of
    /// posts. Tags that are shown as one are one.
    pub(super) fn together(
        &self,
        own: &Key,
        from: Epoch,
        k: usize,
        hidden: &impl Hides,
    ) -> Vec<(Named, u64)> {
        let within = || self.posts.iter().filter(|post| post.at >= from);
        // Above it not all epochs have all of their posts.
        let below = within().map(|post| post.below).min().unwrap_or(u32::MAX);
        let mut within = within().filter(|post| post.priority <= below);
        let sample: Vec<&Post> = within.by_ref().take(k).collect();
        let all = within.next().is_none() && (self.dropped == Epoch(0) || self.dropped < from);
        let number = sample.len() as u64;
        let posts = match sample.last() {
            Some(last) if !all => skyband::estimate(number, last.priority),
            _ => (number << 32) / (u64::from(below) + 1),
        };
        let own = hidden.sets().shown_as(own);
        let mut together: BTreeMap<&Key, (&str, u64)> = BTreeMap::new();
        for post in &sample {
            let shown = post
                .others
                .iter()
                .map(|named| match hidden.sets().of(&named.key) {
                    Some(set) => (&set.target, &*set.spelling),
                    None => (&named.key, &*named.spelling),
                });
            let others: BTreeMap<&Key, &str> = shown.collect();
            let is_shown = |key: &Key| key != own && !hidden.hides(key);
            for (key, spelling) in others.into_iter().filter(|(key, _)| is_shown(key)) {
                together.entry(key).or_insert((spelling, 0)).1 += 1;
            }
        }
        // A single one of many says nothing.
        let least = if posts > number { 2 } else { 1 };
        let named = |(key, (spelling, hits)): (&Key, (&str, u64))| {
            let named = Named {
                key: key.clone(),
                spelling: spelling.into(),
            };
            (named, hits * posts / number.max(1))
        };
        let often = together.into_iter().filter(|(_, (_, hits))| *hits >= least);
        often.map(named).collect()
    }

    /// Where posts since `from` can be read.
    pub(super) fn links(&self, from: Epoch) -> Vec<(Box<str>, Kind, Epoch)> {
        let link = |post: &Post| Some((post.link.clone()?, post.source, post.at));
        let within = self.posts.iter().filter(|post| post.at >= from);
        within.filter_map(link).collect()
    }
}
