//! What happened to posts that can be told from each other, in the order in which a writer read it: what
//! a later deletion, edit or take-down needs to know.

use engine::count::Author;
use model::{Epoch, Lang};

use super::author::PostId;
use crate::store::TakenBack;

/// What a remembered post takes beside its mentions, in all that it stands in.
pub(super) const POST_BYTES: usize = 176;

/// Of one writer and epoch.
#[derive(Debug, Default)]
pub(super) struct Noted {
    happened: Vec<Happened>,
    /// The [`Mentions`] of all posts, one after the other.
    mentions: Vec<u8>,
    /// Where those of the post that is being read begin.
    begun: usize,
    /// It was read by another process, and is of posts up to this epoch.
    of_another: Option<Epoch>,
}

#[derive(Debug)]
enum Happened {
    Post {
        id: PostId,
        author: Option<Author>,
        lang: Option<Lang>,
        /// How many bytes its mentions take.
        length: usize,
    },
    Delete(PostId),
    TakeDown(Author),
}

/// An entry of [`Noted`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Event<'a> {
    Post {
        id: PostId,
        author: Option<Author>,
        lang: Option<Lang>,
        mentions: Mentions<'a>,
    },
    Delete(PostId),
    TakeDown(Author),
}

impl Noted {
    /// What another process has read of posts up to `epoch`.
    pub(super) fn of_another(epoch: Epoch, taken_back: TakenBack) -> Self {
        let TakenBack { posts, authors } = taken_back;
        let posts = posts.into_iter().map(|id| Happened::Delete(PostId(id)));
        let authors = authors.into_iter().map(Happened::TakeDown);
        Self {
            happened: posts.chain(authors).collect(),
            of_another: Some(epoch),
            ..Self::default()
        }
    }

    /// `Some`: it was read by another process, and is of posts up to this epoch.
    pub(super) fn is_of_another(&self) -> Option<Epoch> {
        self.of_another
    }

    /// A tag of the post that is being read.
    pub(super) fn mention(&mut self, spelling: &str, count: u32) {
        // A line is never so long.
        let length = u32::try_from(spelling.len()).unwrap_or(0);
        self.mentions.extend(count.to_le_bytes());
        self.mentions.extend(length.to_le_bytes());
        self.mentions
            .extend(&spelling.as_bytes()[..length as usize]);
    }

    /// The post that was read, with the tags that were noted since the one before.
    pub(super) fn post(&mut self, id: PostId, author: Option<Author>, lang: Option<Lang>) {
        let length = self.mentions.len() - self.begun;
        self.begun = self.mentions.len();
        self.happened.push(Happened::Post {
            id,
            author,
            lang,
            length,
        });
    }

    pub(super) fn delete(&mut self, id: PostId) {
        self.happened.push(Happened::Delete(id));
    }

    pub(super) fn take_down(&mut self, author: Author) {
        self.happened.push(Happened::TakeDown(author));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.happened.is_empty()
    }

    /// With what the posts will take when they are remembered.
    pub(super) fn held(&self) -> usize {
        let each = size_of::<Happened>() + POST_BYTES;
        self.happened.capacity() * each + 2 * self.mentions.capacity()
    }

    pub(super) fn events(&self) -> impl Iterator<Item = Event<'_>> {
        let mut rest = &self.mentions[..];
        self.happened.iter().map(move |happened| match *happened {
            Happened::Post {
                id,
                author,
                lang,
                length,
            } => {
                let (own, others) = rest.split_at(length);
                rest = others;
                Event::Post {
                    id,
                    author,
                    lang,
                    mentions: Mentions(own),
                }
            }
            Happened::Delete(id) => Event::Delete(id),
            Happened::TakeDown(author) => Event::TakeDown(author),
        })
    }
}

/// The tags of a post as bytes: count and length of the spelling, each four bytes, little-endian, and
/// the spelling.
///
/// **Invariant:** the bytes are part of what is stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mentions<'a>(pub(super) &'a [u8]);

impl<'a> Mentions<'a> {
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Iterator for Mentions<'a> {
    type Item = (&'a str, u32);

    fn next(&mut self) -> Option<Self::Item> {
        let (count, rest) = self.0.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = u32::from_le_bytes(*length) as usize;
        let (spelling, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((str::from_utf8(spelling).ok()?, u32::from_le_bytes(*count)))
    }
}
