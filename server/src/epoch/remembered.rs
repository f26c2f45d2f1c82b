//! The newest posts that can be told from each other, so that what becomes of them can be taken out of
//! the counts.
//!
//! It is given the closed epochs in their order and says what each of them retracts. What an epoch
//! changes in it is stored with the epoch, in the same commit, so that a restart remembers the same.
//!
//! **Invariant:** a post is retracted at most once for each time that it was counted, and from the epoch
//! and the slice that it was counted in.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use engine::{
    count::{Author, Retracted, RetractedMention},
    grammar::Grammar,
    key::{self, Key},
};
use model::{Epoch, Kind, Slice};
use serde::{Deserialize, Serialize};

use super::{
    author::PostId,
    noted::{Event, Mentions, Noted, POST_BYTES},
};
use crate::store::{Log, StoreError, TakenBack};

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Posts with tags.
    pub(super) posts: usize,
    /// By its own estimate.
    pub(super) bytes: usize,
    pub(super) epochs: u64,
}

impl Limits {
    pub(super) fn new(batch: Duration) -> Self {
        const HOURS_48: Duration = Duration::from_secs(48 * 60 * 60);
        let epochs = HOURS_48.as_millis() / batch.as_millis().max(1);
        Self {
            posts: 1_000_000,
            bytes: 256 << 20,
            epochs: u64::try_from(epochs).unwrap_or(u64::MAX),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Remembered {
    grammar: Grammar,
    limits: Limits,
    posts: HashMap<PostId, Post>,
    /// In the order in which they leave. One that is gone, or has come again since, may still be there.
    order: VecDeque<(Epoch, PostId)>,
    by_author: BTreeSet<(Author, PostId)>,
    /// Of the mentions of all posts.
    bytes: usize,
}

#[derive(Debug)]
struct Post {
    epoch: Epoch,
    slice: Slice,
    author: Option<Author>,
    mentions: Box<[u8]>,
    /// It is in `order` with its epoch.
    ordered: bool,
}

/// What an epoch changes, as it is stored.
#[derive(Default, Serialize, Deserialize)]
struct Changes<'a> {
    /// Posts of earlier epochs that are no more.
    gone: Vec<PostId>,
    #[serde(borrow)]
    posts: Vec<(PostId, Slice, Option<Author>, &'a [u8])>,
}

/// What an epoch does to posts.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// By key group, in order.
    pub(super) retracted: Vec<(u8, Retracted)>,
    /// What is to be stored with the epoch; nothing where it changes nothing.
    pub(super) bytes: Vec<u8>,
    /// How many posts were taken out of the counts.
    pub(super) posts: u64,
    /// Deletions of posts that are not known.
    pub(super) unknown: u64,
    /// What of it may be for other processes.
    pub(super) taken_back: TakenBack,
}

/// What is being retracted.
#[derive(Default)]
struct Retraction {
    posts: BTreeMap<(Epoch, Slice), u64>,
    mentions: BTreeMap<(u8, Epoch, Slice), Vec<RetractedMention>>,
    /// Of earlier epochs.
    gone: Vec<PostId>,
}

/// What two processes remember of an epoch, as one.
pub(crate) fn joined(one: &[u8], other: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut both: Changes<'_> = postcard::from_bytes(one)?;
    let other: Changes<'_> = postcard::from_bytes(other)?;
    both.gone.extend(other.gone);
    both.posts.extend(other.posts);
    Ok(postcard::to_stdvec(&both)?)
}

impl Remembered {
    pub(super) fn new(grammar: Grammar, limits: Limits) -> Self {
        Self {
            grammar,
            limits,
            posts: HashMap::new(),
            order: VecDeque::new(),
            by_author: BTreeSet::new(),
            bytes: 0,
        }
    }

    /// As it was after the newest sealed epoch.
    pub(super) fn load(grammar: Grammar, limits: Limits, log: &Log) -> Result<Self, StoreError> {
        let mut remembered = Self::new(grammar, limits);
        log.remembered(|epoch, bytes| remembered.restore(epoch, &bytes))?;
        Ok(remembered)
    }

    /// How many posts.
    pub(crate) fn len(&self) -> usize {
        self.posts.len()
    }

    fn restore(&mut self, epoch: Epoch, bytes: &[u8]) -> Result<(), StoreError> {
        let changes: Changes<'_> = postcard::from_bytes(bytes)?;
        for id in changes.gone {
            self.remove(id);
        }
        for (id, slice, author, mentions) in changes.posts {
            self.insert(
                id,
                Post {
                    epoch,
                    slice,
                    author,
                    mentions: mentions.into(),
                    ordered: true,
                },
            );
            self.order.push_back((epoch, id));
        }
        self.forget(epoch);
        Ok(())
    }

    /// What the events of an epoch retract, each writer's in their order.
    pub(super) fn apply<'a>(
        &mut self,
        epoch: Epoch,
        writers: impl IntoIterator<Item = (Kind, &'a Noted)>,
    ) -> Result<Applied, StoreError> {
        let mut retraction = Retraction::default();
        let mut fresh = Vec::new();
        let mut unknown = 0;
        let mut taken_back = TakenBack::default();
        for (source, noted) in writers {
            let of_another = noted.is_of_another();
            let reaches = |post: &Post| of_another.is_none_or(|newest| post.epoch <= newest);
            for event in noted.events() {
                match event {
                    Event::Post {
                        id,
                        author,
                        lang,
                        mentions,
                    } => {
                        self.retract(id, epoch, &mut retraction);
                        if mentions.is_empty() {
                            continue;
                        }
                        self.insert(
                            id,
                            Post {
                                epoch,
                                slice: Slice { source, lang },
                                author,
                                mentions: mentions.0.into(),
                                ordered: false,
                            },
                        );
                        fresh.push(id);
                    }
                    Event::Delete(id) => {
                        let known = self.posts.get(&id).is_some_and(reaches);
                        if known {
                            self.retract(id, epoch, &mut retraction);
                        }
                        if of_another.is_none() {
                            unknown += u64::from(!known);
                            taken_back.posts.push(id.0);
                        }
                    }
                    Event::TakeDown(author) => {
                        let all = (author, PostId(0))..=(author, PostId(u64::MAX));
                        let theirs: Vec<_> = self.by_author.range(all).copied().collect();
                        for (_, id) in theirs {
                            if self.posts.get(&id).is_some_and(reaches) {
                                self.retract(id, epoch, &mut retraction);
                            }
                        }
                        if of_another.is_none() {
                            taken_back.authors.push(author);
                        }
                    }
                }
            }
        }
        let bytes = self.finish(epoch, fresh, std::mem::take(&mut retraction.gone))?;
        self.forget(epoch);
        Ok(Applied {
            posts: retraction.posts.values().sum(),
            retracted: retraction.by_group(),
            bytes,
            unknown,
            taken_back,
        })
    }

    /// Up to this epoch, nothing that was stored is needed any more.
    pub(super) fn forgotten(&self, newest: Epoch) -> Epoch {
        match self.order.front() {
            Some((oldest, _)) => Epoch(oldest.0.saturating_sub(1)),
            None => newest,
        }
    }

    /// The epoch is over: its posts take their places, and what it changed becomes bytes.
    fn finish(
        &mut self,
        epoch: Epoch,
        fresh: Vec<PostId>,
        gone: Vec<PostId>,
    ) -> Result<Vec<u8>, StoreError> {
        let mut stay = Vec::new();
        for id in fresh {
            if let Some(post) = self.posts.get_mut(&id)
                && post.epoch == epoch
                && !post.ordered
            {
                post.ordered = true;
                stay.push(id);
            }
        }
        if stay.is_empty() && gone.is_empty() {
            return Ok(Vec::new());
        }
        let posts = stay.iter().filter_map(|id| {
            let post = self.posts.get(id)?;
            Some((*id, post.slice, post.author, &*post.mentions))
        });
        let changes = Changes {
            gone,
            posts: posts.collect(),
        };
        let bytes = postcard::to_stdvec(&changes)?;
        self.order.extend(stay.into_iter().map(|id| (epoch, id)));
        Ok(bytes)
    }

    /// What is over a limit leaves, the oldest first.
    fn forget(&mut self, now: Epoch) {
        while let Some(&(epoch, id)) = self.order.front() {
            let held = self.bytes + self.order.len() * POST_BYTES;
            let in_time = epoch.0.saturating_add(self.limits.epochs) >= now.0;
            if in_time && self.order.len() <= self.limits.posts && held <= self.limits.bytes {
                return;
            }
            self.order.pop_front();
            if self.posts.get(&id).is_some_and(|post| post.epoch == epoch) {
                self.remove(id);
            }
        }
    }

    fn insert(&mut self, id: PostId, post: Post) {
        self.remove(id);
        self.bytes += post.mentions.len();
        self.by_author
            .extend(post.author.map(|author| (author, id)));
        self.posts.insert(id, post);
    }

    fn remove(&mut self, id: PostId) -> Option<Post> {
        let post = self.posts.remove(&id)?;
        self.bytes -= post.mentions.len();
        if let Some(author) = post.author {
            self.by_author.remove(&(author, id));
        }
        Some(post)
    }

    /// Takes a post out of the counts. False where it is not known.
    fn retract(&mut self, id: PostId, now: Epoch, to: &mut Retraction) -> bool {
        let Some(post) = self.remove(id) else {
            return false;
        };
        if post.epoch != now {
            to.gone.push(id);
        }
        *to.posts.entry((post.epoch, post.slice)).or_default() += 1;
        for (spelling, count) in Mentions(&post.mentions) {
            let key = self.key(spelling);
            to.mentions
                .entry((key::group_of(&key), post.epoch, post.slice))
                .or_default()
                .push(RetractedMention {
                    key,
                    spelling: spelling.into(),
                    count,
                    author: post.author,
                    priority: id.priority(),
                });
        }
        true
    }

    /// The key that a spelling was counted under.
    fn key(&self, spelling: &str) -> Key {
        let folded = if self.grammar.tells_spellings_apart() {
            None
        } else {
            key::key_of(spelling)
        };
        folded.unwrap_or_else(|| Key::verbatim(spelling))
    }
}

impl Retraction {
    fn by_group(mut self) -> Vec<(u8, Retracted)> {
        // The number of posts belongs to no key: it is given to the first group.
        for (epoch, slice) in self.posts.keys() {
            self.mentions.entry((0, *epoch, *slice)).or_default();
        }
        let retracted = |((group, epoch, slice), mut mentions): ((u8, _, _), Vec<_>)| {
            mentions.sort_unstable();
            let posts = match group {
                0 => self.posts.get(&(epoch, slice)).copied().unwrap_or(0),
                _ => 0,
            };
            let retracted = Retracted {
                epoch,
                slice,
                posts,
                mentions,
            };
            (group, retracted)
        };
        self.mentions.into_iter().map(retracted).collect()
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;
