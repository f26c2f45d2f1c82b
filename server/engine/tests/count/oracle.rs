//! The recount: every post is kept, and looked at again for every answer.

use std::collections::{BTreeMap, BTreeSet};

use model::{Filter, Kind, Lang, Ranking, Slice, Window};

/// A post, with what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) epoch: u64,
    pub(crate) slice: Slice,
    /// Tag and form of each.
    pub(crate) tags: Vec<(u8, u8)>,
    pub(crate) author: Option<u32>,
    /// The epoch in which it was deleted.
    pub(crate) deleted: Option<u64>,
}

pub(crate) fn slice(number: u8) -> Slice {
    let (source, lang) = match number % 5 {
        0 => (Kind::Tcp, "en"),
        1 => (Kind::Tcp, "de"),
        2 => (Kind::File, "en"),
        3 => (Kind::File, ""),
        _ => (Kind::Bluesky, "ja"),
    };
    Slice {
        source,
        lang: Lang::of_tag(lang),
    }
}

pub(crate) fn filters() -> [Filter; 5] {
    let filter = |source, lang| Filter {
        source,
        lang: Lang::of_tag(lang),
    };
    [
        filter(None, ""),
        filter(Some(Kind::Tcp), ""),
        filter(None, "en"),
        filter(Some(Kind::File), "en"),
        filter(Some(Kind::Nostr), ""),
    ]
}

/// What is known when one epoch has closed.
pub(crate) struct Oracle<'a> {
    pub(crate) posts: &'a [Post],
    pub(crate) now: u64,
    pub(crate) batch_ms: u64,
    pub(crate) filter: Filter,
    /// What tags are shown as, where that is another one.
    pub(crate) shown_as: &'a BTreeMap<u8, u8>,
}

/// One tag in one window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) tag: u8,
    pub(crate) count: u64,
    pub(crate) people: Option<u64>,
    pub(crate) score: Option<f64>,
}

const SECOND: u64 = 1000;

impl Oracle<'_> {
    /// The first epochs of a window and of the one before it, by the table of panes.
    fn begins(&self, window: Window) -> (u64, u64) {
        let own = self.batch_ms;
        let (pane, pane_before) = match window {
            Window::OneMinute => (own, own),
            Window::FiveMinutes => (own, 10 * SECOND),
            Window::FifteenMinutes => (10 * SECOND, 60 * SECOND),
            Window::OneHour => (60 * SECOND, 600 * SECOND),
            Window::OneDay => (600 * SECOND, 3600 * SECOND),
            Window::All => return (0, 0),
        };
        let end = (self.now + 1) * self.batch_ms;
        let age = window.millis().expect("it slides");
        let begin = |age: u64, pane: u64| {
            let at = end.saturating_sub(age);
            (at - at % pane).div_ceil(self.batch_ms)
        };
        (begin(age, pane), begin(2 * age, pane_before))
    }

    fn seen(&self, from: u64, to: u64) -> impl Iterator<Item = &Post> {
        self.posts.iter().filter(move |post| {
            (from..to).contains(&post.epoch)
                && post.epoch <= self.now
                && self.filter.admits(post.slice)
        })
    }

    fn stands(&self, post: &Post) -> bool {
        post.deleted.is_none_or(|deleted| deleted > self.now)
    }

    fn standing(&self, from: u64, to: u64) -> impl Iterator<Item = &Post> {
        self.seen(from, to).filter(|post| self.stands(post))
    }

    fn shown(&self, tag: u8) -> u8 {
        *self.shown_as.get(&tag).unwrap_or(&tag)
    }

    /// Tags of a post that are shown as `tag`.
    fn own<'b>(&'b self, post: &'b Post, tag: u8) -> impl Iterator<Item = u8> + 'b {
        let tags = post.tags.iter().map(|(own, _)| *own);
        tags.filter(move |own| self.shown(*own) == tag)
    }

    pub(crate) fn count(&self, tag: u8, from: u64, to: u64) -> u64 {
        let mentions = |post: &Post| self.own(post, tag).count();
        self.standing(from, to).map(mentions).sum::<usize>() as u64
    }

    /// Authors whose latest mention is in these epochs and not wholly deleted.
    pub(crate) fn people(&self, tag: u8, from: u64, to: u64) -> Option<u64> {
        // Each slice is known by itself when a filter is set, and each tag always.
        let apart = |post: &Post| (!self.filter.is_all()).then_some(post.slice);
        let mut latest: BTreeMap<(u32, Option<Slice>, u8), u64> = BTreeMap::new();
        for post in self.seen(0, u64::MAX) {
            for own in self.own(post, tag) {
                if let Some(author) = post.author {
                    let at = latest.entry((author, apart(post), own)).or_default();
                    *at = post.epoch.max(*at);
                }
            }
        }
        let stands = |author: u32, slice: Option<Slice>, own: u8, at: u64| {
            let mut posts = self.standing(at, at + 1);
            posts.any(|post| {
                post.author == Some(author)
                    && apart(post) == slice
                    && post.tags.iter().any(|(tag, _)| *tag == own)
            })
        };
        // Of an author in several slices or of several tags the latest mention counts.
        let mut authors: BTreeMap<u32, u64> = BTreeMap::new();
        for ((author, slice, own), at) in latest {
            if stands(author, slice, own, at) {
                let last = authors.entry(author).or_default();
                *last = at.max(*last);
            }
        }
        let within = authors.into_values().filter(|at| (from..to).contains(at));
        Some(within.count() as u64).filter(|number| *number > 0)
    }

    /// The rise over the epochs from `from` on and before `to`.
    fn rise(&self, tag: u8, from: u64, to: u64, began: u64) -> Option<f64> {
        let from = from.max(began);
        if to <= from {
            return None;
        }
        let mut edges: Vec<u64> = Window::ALL
            .into_iter()
            .filter(|window| *window != Window::All)
            .flat_map(|window| {
                let (now, before) = self.begins(window);
                [now, before]
            })
            .chain([began])
            .map(|edge| edge.max(began))
            .filter(|edge| *edge <= from)
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let length = (to - from) as f64;
        let count = self.count(tag, from, to) as f64;
        let memory = 10.0 * length.max(1.0);
        let left = |edge: u64| (-((from - edge) as f64) / memory).exp();
        let bands: Vec<(f64, f64)> = edges
            .windows(2)
            .map(|band| {
                let rate =
                    self.count(tag, band[0], band[1]) as f64 * length / (band[1] - band[0]) as f64;
                (left(band[1]) - left(band[0]), rate)
            })
            .collect();
        let sum: f64 = bands.iter().map(|(weight, _)| weight).sum();
        let mean = bands
            .iter()
            .map(|(weight, rate)| weight * rate)
            .sum::<f64>()
            / sum.max(1e-300);
        let off = |(weight, rate): &(f64, f64)| weight * (rate - mean) * (rate - mean);
        let variance = bands.iter().map(off).sum::<f64>() / sum.max(1e-300);
        let deviation = variance.max(mean).sqrt().max(mean / 4.0);
        let score = (count - mean.max(5.0)) / (deviation + 5.0);
        (count >= 5.0 && score > 1e-9).then_some(score)
    }

    fn tags(&self) -> BTreeSet<u8> {
        let tags = self.posts.iter().flat_map(|post| &post.tags);
        tags.map(|(tag, _)| self.shown(*tag)).collect()
    }

    /// Posts, mentions, and all tags of a window.
    pub(crate) fn window(&self, window: Window, began: u64) -> (u64, u64, Vec<Line>) {
        let (from, _) = self.begins(window);
        let end = self.now + 1;
        let posts = self.standing(from, end).count() as u64;
        let line = |tag| {
            let people = self.people(tag, from, end);
            let rises = window != Window::All && people.is_none_or(|people| people >= 3);
            Line {
                tag,
                count: self.count(tag, from, end),
                people,
                score: rises.then(|| self.rise(tag, from, end, began)).flatten(),
            }
        };
        let lines: Vec<Line> = self.tags().into_iter().map(line).collect();
        let lines: Vec<_> = lines.into_iter().filter(|line| line.count > 0).collect();
        let mentions = lines.iter().map(|line| line.count).sum();
        (posts, mentions, lines)
    }

    /// The window before: its tags.
    pub(crate) fn before(&self, window: Window, began: u64) -> Vec<Line> {
        let (to, from) = self.begins(window);
        let line = |tag| Line {
            tag,
            count: self.count(tag, from, to),
            // Only the latest mention of an author is known.
            people: None,
            score: self
                .people(tag, from, self.now + 1)
                .is_none_or(|people| people >= 3)
                .then(|| self.rise(tag, from, to, began))
                .flatten(),
        };
        let lines = self.tags().into_iter().map(line);
        lines.filter(|line| line.count > 0).collect()
    }

    /// Of each of the last steps that no epoch can fall into any more: up to 30, of the last quarter of
    /// an hour at most.
    fn steps(&self, began: u64, of: impl Fn(u64) -> u64) -> Vec<u64> {
        let step = |epoch: u64| epoch * self.batch_ms / self.batch_ms.max(10 * SECOND);
        let (quarter, _) = self.begins(Window::FifteenMinutes);
        let mut steps: BTreeMap<u64, u64> = BTreeMap::new();
        for epoch in quarter.max(began)..=self.now {
            if step(epoch) < step(self.now + 1) {
                *steps.entry(step(epoch)).or_default() += of(epoch);
            }
        }
        let steps: Vec<u64> = steps.into_values().collect();
        steps[steps.len().saturating_sub(30)..].to_vec()
    }

    pub(crate) fn recent(&self, tag: u8, began: u64) -> Vec<u64> {
        self.steps(began, |epoch| self.count(tag, epoch, epoch + 1))
    }

    /// Epochs of the last ten seconds, their posts and mentions, and the posts of the last steps.
    pub(crate) fn pulse(&self, began: u64) -> (u64, u64, u64, Vec<u64>) {
        let ten_seconds = (10 * SECOND).div_ceil(self.batch_ms);
        let epochs = ten_seconds.min(self.now + 1 - began);
        let end = self.now + 1;
        let newest = || self.standing(end - epochs, end);
        let mentions = newest().map(|post| post.tags.len()).sum::<usize>() as u64;
        let posts = |from, to| self.standing(from, to).count() as u64;
        let recent = self.steps(began, |epoch| posts(epoch, epoch + 1));
        (epochs, posts(end - epochs, end), mentions, recent)
    }

    /// Mentions of all time, by slice.
    pub(crate) fn slices(&self) -> BTreeMap<Slice, u64> {
        let mut slices = BTreeMap::new();
        for post in self.standing(0, u64::MAX) {
            *slices.entry(post.slice).or_default() += post.tags.len() as u64;
        }
        slices.retain(|_, mentions| *mentions > 0);
        slices
    }

    /// Standing posts of a window that have both tags; one that has several which are shown as `tag` counts with
    /// each.
    pub(crate) fn together(&self, window: Window, tag: u8) -> BTreeMap<u8, u64> {
        let (from, _) = self.begins(window);
        let mut together = BTreeMap::new();
        for post in self.standing(from, self.now + 1) {
            let shown = post.tags.iter().map(|(other, _)| self.shown(*other));
            let others: BTreeSet<u8> = shown.filter(|other| *other != tag).collect();
            let times = self.own(post, tag).count() as u64;
            for other in others.into_iter().filter(|_| times > 0) {
                *together.entry(other).or_default() += times;
            }
        }
        together
    }
}

/// The first `k` by a ranking, as (tag, weight).
pub(crate) fn ranked(lines: &[Line], ranking: Ranking, k: usize) -> Vec<(u8, f64)> {
    let weight = |line: &Line| match ranking {
        Ranking::Count => Some(line.count as f64),
        Ranking::People => line.people.map(|people| people as f64),
        Ranking::Rising => line.score,
    };
    let mut ranked: Vec<_> = lines
        .iter()
        .filter_map(|line| Some((line.tag, weight(line)?)))
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ranked.truncate(k);
    ranked
}
