//! All groups, driven as the dataflow drives them.

use std::collections::{BTreeMap, HashSet};

use engine::{
    count::{
        Author, Counted, Delta, Deltas, Detail, Group, Hides, Named, Partial, Retracted,
        RetractedMention, Sample, Sampled, SampledTags, Saved, Segment, Set, Sets, Shape, Share,
        ShownAs, SliceDelta, Trend, Trends,
    },
    key::{GROUPS, Key, group_of},
};
use model::{Epoch, Filter, Slice, Window};

use crate::oracle::Post;

/// Two digits: keys are ordered as numbers are.
pub(crate) fn key(tag: u8) -> Key {
    Key::verbatim(&format!("tag{tag:03}"))
}

pub(crate) fn spelling(tag: u8, form: u8) -> Box<str> {
    format!("Tag{tag:03}{}", "'".repeat(usize::from(form))).into()
}

/// What is sealed for an epoch.
pub(crate) fn deltas(posts: &[Post], epoch: u64) -> Deltas {
    let mut deltas: BTreeMap<u8, Delta> = BTreeMap::new();
    let mut slices: BTreeMap<(u8, Slice), SliceDelta> = BTreeMap::new();
    let mut retracted = Taken::new();
    for (number, post) in (0_u32..).zip(posts) {
        let priority = number.wrapping_mul(0x9E37_79B9);
        if post.epoch == epoch {
            let first = slices.entry((0, post.slice));
            first.or_insert_with(|| empty(post.slice)).posts += 1;
            for (tag, form) in &post.tags {
                let key = key(*tag);
                let group = group_of(&key);
                let into = slices
                    .entry((group, post.slice))
                    .or_insert_with(|| empty(post.slice));
                count(into, key.clone(), spelling(*tag, *form), post.author);
                if post.tags.len() > 1 {
                    let others = post.tags.iter().filter(|(other, _)| other != tag);
                    let others = others.map(|(other, form)| Named {
                        key: self::key(*other),
                        spelling: spelling(*other, *form),
                    });
                    deltas.entry(group).or_default().samples.push(Sample {
                        key,
                        priority,
                        below: u32::MAX,
                        slice: post.slice,
                        others: others.collect(),
                        link: Some(format!("https://x.example/{number}").into()),
                    });
                }
            }
        }
        if post.deleted == Some(epoch) {
            retract(&mut retracted, post, priority);
        }
    }
    for ((group, _), part) in slices {
        deltas.entry(group).or_default().slices.push(part);
    }
    for ((group, ..), part) in retracted {
        deltas.entry(group).or_default().retracted.push(part);
    }
    deltas.into_iter().collect()
}

fn empty(slice: Slice) -> SliceDelta {
    SliceDelta {
        slice,
        posts: 0,
        counts: Vec::new(),
    }
}

fn count(into: &mut SliceDelta, key: Key, spelling: Box<str>, author: Option<u32>) {
    let known = into
        .counts
        .iter()
        .position(|counted| counted.key == key && counted.spelling == spelling);
    let at = known.unwrap_or_else(|| {
        into.counts.push(Counted {
            key,
            spelling,
            count: 0,
            authors: Vec::new(),
        });
        into.counts.len() - 1
    });
    let counted = &mut into.counts[at];
    counted.count += 1;
    let Some(author) = author.map(Author) else {
        return;
    };
    match counted
        .authors
        .iter_mut()
        .find(|(known, _)| *known == author)
    {
        Some((_, posts)) => *posts += 1,
        None => counted.authors.push((author, 1)),
    }
}

/// What is retracted of a slice of an epoch, by group.
type Taken = BTreeMap<(u8, u64, Slice), Retracted>;

fn retract(taken: &mut Taken, post: &Post, priority: u32) {
    of(taken, 0, post).posts += 1;
    for (tag, form) in &post.tags {
        let key = key(*tag);
        of(taken, group_of(&key), post)
            .mentions
            .push(RetractedMention {
                key,
                spelling: spelling(*tag, *form),
                count: 1,
                author: post.author.map(Author),
                priority,
            });
    }
}

fn of<'a>(taken: &'a mut Taken, group: u8, post: &Post) -> &'a mut Retracted {
    let none = || Retracted {
        epoch: Epoch(post.epoch),
        slice: post.slice,
        posts: 0,
        mentions: Vec::new(),
    };
    let place = (group, post.epoch, post.slice);
    taken.entry(place).or_insert_with(none)
}

/// What is shown, and as what.
#[derive(Default)]
pub(crate) struct Rules {
    hidden: HashSet<Key>,
    sets: Sets,
}

impl Hides for Rules {
    fn hides(&self, key: &Key) -> bool {
        self.hidden.contains(key)
    }

    fn sets(&self) -> &Sets {
        &self.sets
    }
}

impl Rules {
    pub(crate) fn new(hidden: &[u8], shown_as: &[(u8, u8)]) -> Self {
        let hidden: HashSet<Key> = hidden.iter().map(|tag| key(*tag)).collect();
        let said = shown_as.iter().map(|(tag, target)| ShownAs {
            tag: key(*tag),
            target: key(*target),
            spelling: spelling(*target, 9),
        });
        let sets = Sets::new(said, |tag| hidden.contains(tag));
        Self { hidden, sets }
    }

    /// By itself, or as another.
    pub(crate) fn is_shown(&self, tag: u8) -> bool {
        let key = key(tag);
        !self.hides(self.sets.shown_as(&key)) && !self.hides(&key)
    }

    /// What tags are shown as, where that is another one.
    pub(crate) fn shown_as(&self) -> BTreeMap<u8, u8> {
        let members = |set: &Set| {
            let target = number(&set.target);
            set.members
                .iter()
                .map(move |tag| (number(tag), target))
                .collect::<Vec<_>>()
        };
        self.shown_sets().flat_map(members).collect()
    }
}

pub(crate) fn number(key: &Key) -> u8 {
    key.as_str()["tag".len()..].parse().expect("a number")
}

/// All groups of all workers, each with what it has stored.
pub(crate) struct Engine {
    shape: Shape,
    pub(crate) groups: Vec<Group>,
    stored: Vec<Stored>,
}

/// Rows as bytes.
#[derive(Clone, Default)]
struct Stored {
    group: Option<Vec<u8>>,
    segments: BTreeMap<u32, Vec<u8>>,
    panes: BTreeMap<u64, Vec<u8>>,
    days: BTreeMap<u64, Vec<u8>>,
}

impl Engine {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            groups: (0..GROUPS)
                .map(|number| Group::new(number, shape))
                .collect(),
            stored: vec![Stored::default(); usize::from(GROUPS)],
        }
    }

    pub(crate) fn apply(&mut self, epoch: u64, deltas: &Deltas, reversed: bool) {
        let mut deltas: BTreeMap<u8, Delta> = deltas.iter().cloned().collect();
        for (number, group) in (0..GROUPS).zip(&mut self.groups) {
            let mut delta = deltas.remove(&number).unwrap_or_default();
            if reversed {
                delta.slices.reverse();
                for part in &mut delta.slices {
                    part.counts.reverse();
                }
            }
            group.apply(Epoch(epoch), delta);
        }
    }

    /// Merged over so many workers.
    pub(crate) fn partial(
        &self,
        workers: usize,
        filter: Filter,
        rules: &Rules,
        k: usize,
    ) -> Partial {
        let worker = |worker| {
            let mine = self.groups.iter().skip(worker).step_by(workers);
            Partial::of(mine, filter, rules, k)
        };
        Partial::merge((0..workers).map(worker), k)
    }

    /// What is trending, merged over so many workers.
    pub(crate) fn trends(&self, workers: usize, rules: &Rules, k: usize) -> Vec<Trend> {
        let worker = |worker| {
            let mine = self.groups.iter().skip(worker).step_by(workers);
            Trends::of(mine, rules, k)
        };
        Trends::merge((0..workers).map(worker), k)
    }

    /// The most mentioned, merged over so many workers.
    pub(crate) fn sampled(&self, workers: usize, rules: &Rules, k: usize) -> Vec<Sampled> {
        let worker = |worker| {
            let mine = self.groups.iter().skip(worker).step_by(workers);
            SampledTags::of(mine, rules, k)
        };
        SampledTags::merge((0..workers).map(worker), k)
    }

    /// One tag, merged over so many workers.
    pub(crate) fn detail(
        &self,
        workers: usize,
        key: &Key,
        window: Window,
        rules: &Rules,
    ) -> Option<Detail> {
        let worker = |worker| {
            let mine = self.groups.iter().skip(worker).step_by(workers);
            Share::of(mine, key, window, rules)
        };
        Detail::of((0..workers).flat_map(worker).collect())
    }

    pub(crate) fn save(&mut self, only_even: bool) {
        for (index, (group, rows)) in self.groups.iter_mut().zip(&mut self.stored).enumerate() {
            if only_even && index % 2 == 1 {
                continue;
            }
            let changes = group.changes();
            rows.group = Some(bytes(changes.group));
            for (number, segment) in &changes.segments {
                rows.segments.insert(*number, bytes(segment));
            }
            for from in changes.void_panes {
                rows.panes.remove(&from.0);
            }
            for pane in &changes.panes {
                rows.panes.insert(pane.from.0, bytes(pane));
            }
            for number in changes.void_days {
                rows.days.remove(number);
            }
            for day in &changes.days {
                rows.days.insert(day.number, bytes(day));
            }
            group.saved();
        }
    }

    /// As when other stores take the groups over: what is stored so far is none of theirs.
    pub(crate) fn move_elsewhere(&mut self) {
        for (group, rows) in self.groups.iter_mut().zip(&mut self.stored) {
            group.forget_rows();
            *rows = Stored::default();
        }
        self.save(false);
    }

    /// As after a crash: from the stored rows, and all sealed epochs again.
    pub(crate) fn restart(&mut self, epochs: &[(u64, Deltas)]) {
        let numbered = (0..GROUPS).zip(&mut self.groups);
        for ((number, group), rows) in numbered.zip(&self.stored) {
            *group = Group::new(number, self.shape);
            let Some(head) = &rows.group else {
                continue;
            };
            group.restore(Saved::Group(postcard::from_bytes(head).expect("a head")));
            for (number, segment) in &rows.segments {
                let segment: Segment = postcard::from_bytes(segment).expect("a segment");
                group.restore(Saved::Segment(*number, segment));
            }
            for pane in rows.panes.values() {
                group.restore(Saved::Pane(postcard::from_bytes(pane).expect("a pane")));
            }
            for day in rows.days.values() {
                group.restore(Saved::Day(postcard::from_bytes(day).expect("a day")));
            }
        }
        for (epoch, deltas) in epochs {
            self.apply(*epoch, deltas, false);
        }
    }
}

fn bytes(value: &impl serde::Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).expect("bytes")
}
