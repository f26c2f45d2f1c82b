//! Some of the posts that mention a tag: what else they mention, and where they can be read.
//!
//! A uniform sample of every window ([`skyband`]). Of a window with at most `k` such posts it is all of
//! them.

use std::{cmp::Reverse, collections::BTreeMap};

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

/// How many tags of the same posts are told.
const TOGETHER: usize = 20;

/// How many links are told.
const LINKS: usize = 10;

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

    /// Tags of the same posts since `from`, with estimated numbers of posts, most first.
    pub(super) fn together(&self, from: Epoch, k: usize, hidden: &impl Hides) -> Vec<(Named, u64)> {
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
        let mut together: BTreeMap<&Key, (&Named, u64)> = BTreeMap::new();
        let others = sample.iter().flat_map(|post| &post.others);
        for named in others.filter(|named| !hidden.hides(&named.key)) {
            together.entry(&named.key).or_insert((named, 0)).1 += 1;
        }
        // A single one of many says nothing.
        let least = if posts > number { 2 } else { 1 };
        let mut together: Vec<_> = together
            .into_values()
            .filter(|(_, hits)| *hits >= least)
            .map(|(named, hits)| (named.clone(), hits * posts / number.max(1)))
            .collect();
        together.sort_by_key(|(_, count)| Reverse(*count));
        together.truncate(TOGETHER);
        together
    }

    /// Where posts since `from` can be read, newest first.
    pub(super) fn links(&self, from: Epoch) -> Vec<(Box<str>, Kind, Epoch)> {
        let link = |post: &Post| Some((post.link.clone()?, post.source, post.at));
        let within = self.posts.iter().filter(|post| post.at >= from);
        let mut links: Vec<_> = within.filter_map(link).collect();
        links.sort_by_key(|(_, _, at)| Reverse(*at));
        links.truncate(LINKS);
        links
    }
}
