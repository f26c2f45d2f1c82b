//! The opens of all writers as one: the content of a log entry.
//!
//! **Invariant:** the order of equal input never shows in the result.

use std::collections::BTreeMap;

use engine::{
    count::{Counted, Delta, Deltas, Retracted, Sample, SliceDelta},
    key::{GROUPS, Key, group_of},
};
use model::{Kind, Slice};

use super::{
    mentioned::Mentioned,
    open::Open,
    samples::{SAMPLES, Sampled},
};

/// `opens` each with the kind of its source, `retracted` by key group.
pub(super) fn combine(opens: Vec<(Kind, Open)>, retracted: Vec<(u8, Retracted)>) -> Deltas {
    let mut slices: BTreeMap<Slice, (u64, Vec<Entry>)> = BTreeMap::new();
    let mut sampled = Vec::new();
    for (source, open) in opens {
        let open = open.into_counted();
        for part in open.slices {
            let lang = part.lang;
            let (posts, entries) = slices.entry(Slice { source, lang }).or_default();
            *posts += part.posts;
            entries.extend(part.tally.into_entries().map(Entry::new));
        }
        sampled.extend(open.samples.into_posts().map(|post| (post, source)));
    }
    let mut deltas: Vec<Delta> = (0..GROUPS).map(|_| Delta::default()).collect();
    for (slice, (posts, entries)) in slices {
        add_slice(slice, posts, entries, &mut deltas);
    }
    sampled.sort_unstable();
    sampled.truncate(SAMPLES);
    let last = sampled.get(SAMPLES - 1);
    let below = last.map_or(u32::MAX, |(last, _)| last.priority);
    for (post, source) in sampled {
        add_sample(post, source, below, &mut deltas);
    }
    for (group, retracted) in retracted {
        deltas[usize::from(group)].retracted.push(retracted);
    }
    (0..GROUPS)
        .zip(deltas)
        .filter(|(_, delta)| *delta != Delta::default())
        .collect()
}

/// A spelling with what it is ordered by: group, key, spelling.
struct Entry {
    group: u8,
    /// The first bytes of the key, which mostly decide.
    first: u64,
    key: Key,
    spelling: Box<str>,
    mentioned: Mentioned,
}

impl Entry {
    fn new((key, spelling, mentioned): (Key, Box<str>, Mentioned)) -> Self {
        let mut first = [0; 8];
        let bytes = key.as_str().as_bytes();
        let length = bytes.len().min(8);
        first[..length].copy_from_slice(&bytes[..length]);
        Self {
            group: group_of(&key),
            first: u64::from_be_bytes(first),
            key,
            spelling,
            mentioned,
        }
    }

    fn is_of(&self, other: &Self) -> bool {
        self.first == other.first && self.key == other.key && self.spelling == other.spelling
    }
}

fn add_slice(slice: Slice, posts: u64, mut entries: Vec<Entry>, deltas: &mut [Delta]) {
    entries.sort_unstable_by(|a, b| {
        (a.group, a.first)
            .cmp(&(b.group, b.first))
            .then_with(|| a.key.cmp(&b.key))
            .then_with(|| a.spelling.cmp(&b.spelling))
    });
    entries.dedup_by(|next, first| {
        let same = next.is_of(first);
        if same {
            first.mentioned.add(std::mem::take(&mut next.mentioned));
        }
        same
    });
    let mut entries = entries.into_iter().peekable();
    for group in 0..GROUPS {
        let posts = if group == 0 { posts } else { 0 };
        let mut counts = Vec::new();
        while let Some(entry) = entries.next_if(|entry| entry.group == group) {
            counts.push(Counted {
                key: entry.key,
                spelling: entry.spelling,
                count: entry.mentioned.count,
                authors: entry.mentioned.into_authors(),
            });
        }
        if posts > 0 || !counts.is_empty() {
            deltas[usize::from(group)].slices.push(SliceDelta {
                slice,
                posts,
                counts,
            });
        }
    }
}

/// One for each tag of the post.
fn add_sample(post: Sampled, source: Kind, below: u32, deltas: &mut [Delta]) {
    let lang = post.lang;
    for (at, tag) in post.tags.iter().enumerate() {
        let mut others = post.tags.clone();
        others.remove(at);
        deltas[usize::from(group_of(&tag.key))]
            .samples
            .push(Sample {
                key: tag.key.clone(),
                priority: post.priority,
                below,
                slice: Slice { source, lang },
                others,
                link: post.link.clone(),
            });
    }
}

#[cfg(test)]
mod tests {
    use engine::grammar::Grammar;
    use model::{Epoch, Lang};

    use super::*;
    use crate::{
        epoch::author::AuthorKey,
        source::{Event, Post},
    };

    fn open(kind: Kind, posts: &[Post<'_>]) -> (Kind, Open) {
        let hashes = AuthorKey::new([0; 16]).hashes(kind);
        let mut open = Open::new(Grammar::Twitter);
        for post in posts {
            open.event(&Event::Post(post.clone()), &hashes);
        }
        (kind, open)
    }

    fn post<'a>(text: &'a str, author: &'a str, lang: &'a str) -> Post<'a> {
        Post {
            author: Some(author.into()),
            lang: Some(lang.into()),
            ..Post::of_text(text.into())
        }
    }

    #[test]
    fn writers_add_up_by_slice_group_and_spelling() {
        let opens = || {
            vec![
                open(
                    Kind::Tcp,
                    &[post("#a #Bb", "ann", "en"), post("#bb", "bob", "en")],
                ),
                open(
                    Kind::Tcp,
                    &[post("#bb #a", "ann", "en"), post("no tag", "ann", "de")],
                ),
                open(Kind::Listen, &[post("#a", "ann", "en")]),
            ]
        };
        let mut deltas = combine(opens(), vec![]);
        for (_, delta) in &mut deltas {
            delta.samples.clear();
        }
        let mut reversed = opens();
        reversed.reverse();
        let mut again = combine(reversed, vec![]);
        for (_, delta) in &mut again {
            delta.samples.clear();
        }
        assert_eq!(again, deltas, "the order of writers means nothing");

        let mut seen = Vec::new();
        let mut posts = 0;
        for (group, delta) in deltas {
            for part in delta.slices {
                assert!(part.posts == 0 || group == 0);
                posts += part.posts;
                for counted in part.counts {
                    assert_eq!(group_of(&counted.key), group);
                    let by: Vec<_> = counted.authors.iter().map(|(_, posts)| *posts).collect();
                    seen.push((part.slice.source, counted.spelling, counted.count, by));
                }
            }
        }
        seen.sort();
        let expected = [
            (Kind::Tcp, "Bb".into(), 1, vec![1]),
            (Kind::Tcp, "a".into(), 2, vec![2]),
            (Kind::Tcp, "bb".into(), 2, vec![1, 1]),
            (Kind::Listen, "a".into(), 1, vec![1]),
        ];
        assert_eq!((posts, &seen[..]), (5, &expected[..]));
    }

    #[test]
    fn a_sampled_post_is_there_for_each_of_its_tags() {
        let mut linked = post("#a #b #c", "ann", "en");
        linked.link = Some("https://a.example".into());
        let deltas = combine(vec![open(Kind::X, &[linked])], vec![]);
        let samples: Vec<_> = deltas
            .iter()
            .flat_map(|(group, delta)| delta.samples.iter().map(move |sample| (*group, sample)))
            .collect();
        assert_eq!(samples.len(), 3);
        for (group, sample) in samples {
            assert_eq!(group_of(&sample.key), group);
            assert_eq!(sample.others.len(), 2);
            assert!(sample.others.iter().all(|other| other.key != sample.key));
            assert_eq!(sample.link.as_deref(), Some("https://a.example"));
            assert_eq!(sample.slice.lang, Lang::of_tag("en"));
        }
    }

    #[test]
    fn the_sample_of_all_writers_is_no_larger_than_that_of_one() {
        let posts: Vec<_> = (0..SAMPLES).map(|_| post("#a #b", "ann", "en")).collect();
        let opens = (0..3).map(|_| open(Kind::Tcp, &posts)).collect();
        let deltas = combine(opens, vec![]);
        let samples: usize = deltas.iter().map(|(_, delta)| delta.samples.len()).sum();
        assert_eq!(samples, 2 * SAMPLES);
    }

    #[test]
    fn what_is_retracted_is_in_its_group_also_where_nothing_else_is() {
        let slice = Slice {
            source: Kind::X,
            lang: None,
        };
        let retracted = Retracted {
            epoch: Epoch(3),
            slice,
            posts: 1,
            mentions: vec![],
        };
        let deltas = combine(vec![], vec![(0, retracted.clone())]);
        assert_eq!(deltas.len(), 1);
        assert_eq!(deltas[0].1.retracted, [retracted]);
    }
}
