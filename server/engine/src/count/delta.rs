//! What an epoch brings.

use std::collections::BTreeMap;

use model::{Epoch, Slice};
use serde::{Deserialize, Serialize};

use crate::key::Key;

/// What one epoch adds, by key group, each group once.
pub type Deltas = Vec<(u8, Delta)>;

/// What one epoch adds to one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// By slice, each slice once.
    pub slices: Vec<SliceDelta>,
    /// A uniform sample of the epoch's posts that have several tags or can be linked to.
    pub samples: Vec<Sample>,
    /// What posts of this epoch or of earlier ones no longer mention.
    pub retracted: Vec<Retracted>,
}

/// What the posts of one slice add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceDelta {
    pub slice: Slice,
    /// Posts, tagged or not. They belong to no key; whoever makes deltas gives them to the first group.
    pub posts: u64,
    /// Each spelling of a key once.
    pub counts: Vec<Counted>,
}

/// A spelling of a tag and how often an epoch mentions it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Counted {
    pub key: Key,
    pub spelling: Box<str>,
    pub count: u64,
    /// Whose posts mention it, as far as that is known, and in how many posts of theirs.
    pub authors: Vec<(Author, u32)>,
}

/// An author, as a keyed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Author(pub u32);

/// A post that mentions `key`, drawn at random.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sample {
    pub key: Key,
    /// Uniformly distributed, the same for all keys of the post: the lowest make a uniform sample.
    pub priority: u32,
    pub slice: Slice,
    /// Of the epoch's posts all that have a lower priority were drawn; [`u32::MAX`]: all posts.
    pub below: u32,
    /// Some of its other tags.
    pub others: Vec<Named>,
    /// Where it can be read.
    pub link: Option<Box<str>>,
}

/// A tag by its key and as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Named {
    pub key: Key,
    pub spelling: Box<str>,
}

/// Posts of one slice that were counted in one epoch and are deleted since.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Retracted {
    pub epoch: Epoch,
    pub slice: Slice,
    /// How many posts; in the first group only.
    pub posts: u64,
    pub mentions: Vec<RetractedMention>,
}

/// A mention that was counted and is no longer one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RetractedMention {
    pub key: Key,
    pub spelling: Box<str>,
    pub count: u32,
    pub author: Option<Author>,
    /// The [`Sample::priority`] that its post had or would have had.
    pub priority: u32,
}

impl Delta {
    /// What both bring, as one. Which of them is which does not matter.
    pub fn join(&mut self, other: Self) {
        let mut slices: BTreeMap<Slice, (u64, Vec<Counted>)> = BTreeMap::new();
        for part in self.slices.drain(..).chain(other.slices) {
            let (posts, counts) = slices.entry(part.slice).or_default();
            *posts += part.posts;
            counts.extend(part.counts);
        }
        let joined = |(slice, (posts, counts))| SliceDelta {
            slice,
            posts,
            counts: join_counts(counts),
        };
        self.slices = slices.into_iter().map(joined).collect();
        self.samples.extend(other.samples);
        // Below the lower of two bounds both have drawn all.
        let below = self.samples.iter().map(|sample| sample.below).min();
        let below = below.unwrap_or(u32::MAX);
        self.samples.retain(|sample| sample.priority <= below);
        for sample in &mut self.samples {
            sample.below = below;
        }
        self.samples.sort_unstable();
        self.retracted.extend(other.retracted);
        self.retracted.sort_unstable();
    }
}

fn join_counts(mut counts: Vec<Counted>) -> Vec<Counted> {
    counts.sort_unstable();
    counts.dedup_by(|next, first| {
        let same = next.key == first.key && next.spelling == first.spelling;
        if same {
            first.count += next.count;
            let mut authors = BTreeMap::new();
            for (author, posts) in first.authors.drain(..).chain(next.authors.drain(..)) {
                let sum: &mut u32 = authors.entry(author).or_default();
                *sum = sum.saturating_add(posts);
            }
            first.authors = authors.into_iter().collect();
        }
        same
    });
    counts
}

#[cfg(test)]
mod tests {
    use model::Kind;

    use super::*;

    fn slice(source: Kind) -> Slice {
        Slice { source, lang: None }
    }

    fn counted(tag: &str, count: u64, authors: &[(u32, u32)]) -> Counted {
        let authors = authors.iter();
        Counted {
            key: Key::verbatim(tag),
            spelling: tag.into(),
            count,
            authors: authors.map(|(author, n)| (Author(*author), *n)).collect(),
        }
    }

    fn sample(tag: &str, priority: u32, below: u32) -> Sample {
        Sample {
            key: Key::verbatim(tag),
            priority,
            slice: slice(Kind::Tcp),
            below,
            others: Vec::new(),
            link: None,
        }
    }

    fn delta(slices: &[(Kind, u64, Vec<Counted>)], samples: Vec<Sample>) -> Delta {
        let slices = slices.iter().map(|(kind, posts, counts)| SliceDelta {
            slice: slice(*kind),
            posts: *posts,
            counts: counts.clone(),
        });
        Delta {
            slices: slices.collect(),
            samples,
            retracted: Vec::new(),
        }
    }

    #[test]
    fn two_parts_make_a_whole_in_any_order() {
        let one = delta(
            &[(
                Kind::Tcp,
                3,
                vec![counted("a", 2, &[(7, 2)]), counted("c", 1, &[])],
            )],
            vec![sample("a", 5, 90), sample("c", 80, 90)],
        );
        let other = delta(
            &[
                (Kind::X, 1, vec![counted("a", 1, &[])]),
                (Kind::Tcp, 4, vec![counted("a", 5, &[(3, 1), (7, 4)])]),
            ],
            vec![sample("a", 20, 50)],
        );
        let mut joined = one.clone();
        joined.join(other.clone());
        let mut again = other;
        again.join(one);
        assert_eq!(joined, again);
        let whole = delta(
            &[
                (
                    Kind::Tcp,
                    7,
                    vec![counted("a", 7, &[(3, 1), (7, 6)]), counted("c", 1, &[])],
                ),
                (Kind::X, 1, vec![counted("a", 1, &[])]),
            ],
            vec![sample("a", 5, 50), sample("a", 20, 50)],
        );
        joined.slices.sort_by_key(|part| part.posts == 1);
        assert_eq!(joined, whole);
    }
}
