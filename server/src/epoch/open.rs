//! What a writer counts while an epoch is open.
//!
//! **Invariant:** all that grows with what is read is bounded, or part of [`Open::held`].

use engine::{grammar::Grammar, tally::Tally};
use model::Lang;

use super::{
    author::{Hashes, PostId},
    mentioned::Mentioned,
    noted::Noted,
    samples::Samples,
};
use crate::source::{Cursor, Event, Post};

/// Languages told apart in one epoch of one writer; what comes past that is counted without one.
const MOST_LANGUAGES: usize = 256;

/// What one writer has counted since the last close.
#[derive(Debug)]
pub(crate) struct Open {
    grammar: Grammar,
    /// One a language, in the order they came in.
    slices: Vec<OpenSlice>,
    /// Where the last post went, for the next has mostly the same language.
    last: usize,
    samples: Samples,
    noted: Noted,
    /// Bytes that lists of authors hold.
    authors: usize,
    /// Bytes of all that were asked for by [`Open::grown`].
    held: usize,
    /// Behind the last post that is counted in.
    cursor: Option<Cursor>,
}

/// The posts in one language.
#[derive(Debug)]
pub(super) struct OpenSlice {
    pub(super) lang: Option<Lang>,
    pub(super) posts: u64,
    pub(super) tally: Tally<Mentioned>,
}

/// What is left of an [`Open`] when its epoch is closed.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) slices: Vec<OpenSlice>,
    pub(super) samples: Samples,
}

impl Open {
    pub(super) fn new(grammar: Grammar) -> Self {
        Self {
            grammar,
            slices: Vec::new(),
            last: 0,
            samples: Samples::default(),
            noted: Noted::default(),
            authors: 0,
            held: 0,
            cursor: None,
        }
    }

    #[inline]
    pub(super) fn event(&mut self, event: &Event<'_>, hashes: &Hashes) {
        match event {
            Event::Text(text) => self.text(text),
            Event::Post(post) => self.post(post, hashes),
            Event::Delete { id } => self.noted.delete(hashes.post(id)),
            Event::TakeDown { author } => self.noted.take_down(hashes.author(author)),
        }
    }

    fn text(&mut self, text: &[u8]) {
        let at = self.slice(None);
        let slice = &mut self.slices[at];
        let samples = &mut self.samples;
        let priority = samples.draw();
        let sampled = samples.admits(priority);
        slice.posts += 1;
        slice.tally.text(text, |tag, mentioned: &mut Mentioned| {
            mentioned.count += u64::from(tag.occurrences);
            if sampled {
                samples.tag(tag);
            }
        });
        if sampled {
            samples.post(priority, slice.lang, None);
        }
    }

    fn post(&mut self, post: &Post<'_>, hashes: &Hashes) {
        let lang = post.lang.as_deref().and_then(Lang::of_tag);
        let author = post.author.as_deref().map(|name| hashes.author(name));
        let at = self.slice(lang);
        let slice = &mut self.slices[at];
        let (samples, noted, authors) = (&mut self.samples, &mut self.noted, &mut self.authors);
        let id = post.id.as_deref().map(|id| hashes.post(id));
        let priority = id.map_or_else(|| samples.draw(), PostId::priority);
        let sampled = samples.admits(priority);
        slice.posts += 1;
        slice.tally.post(
            &post.text,
            post.tags.as_deref(),
            |tag, mentioned: &mut Mentioned| {
                mentioned.count += u64::from(tag.occurrences);
                if let Some(author) = author {
                    *authors += mentioned.by(author);
                }
                if id.is_some() {
                    noted.mention(tag.spelling, tag.occurrences);
                }
                if sampled {
                    samples.tag(tag);
                }
            },
        );
        if sampled {
            samples.post(priority, slice.lang, post.link.as_deref());
        }
        if let Some(id) = id {
            noted.post(id, author, slice.lang);
        }
    }

    /// Of what another process has read, in place of all else.
    pub(super) fn of_another(grammar: Grammar, noted: Noted) -> Self {
        Self {
            noted,
            ..Self::new(grammar)
        }
    }

    /// Where the posts in this language are counted.
    #[inline]
    fn slice(&mut self, lang: Option<Lang>) -> usize {
        if self
            .slices
            .get(self.last)
            .is_none_or(|last| last.lang != lang)
        {
            let place = |lang| self.slices.iter().position(|slice| slice.lang == lang);
            let full = self.slices.len() >= MOST_LANGUAGES;
            let lang_or_none = if full && place(lang).is_none() {
                None
            } else {
                lang
            };
            self.last = place(lang_or_none).unwrap_or(self.slices.len());
            if self.last == self.slices.len() {
                self.slices.push(OpenSlice {
                    lang: lang_or_none,
                    posts: 0,
                    tally: Tally::new(self.grammar),
                });
            }
        }
        self.last
    }

    pub(super) fn set_cursor(&mut self, cursor: Cursor) {
        self.cursor = Some(cursor);
    }

    /// Bytes by which it has grown since this was asked the last time.
    pub(super) fn grown(&mut self) -> usize {
        let slices = self.slices.iter();
        let tallies: usize = slices
            .map(|slice| size_of::<OpenSlice>() + slice.tally.held())
            .sum();
        let now = tallies + self.authors + self.samples.held() + self.noted.held();
        let grown = now.saturating_sub(self.held);
        self.held += grown;
        grown
    }

    /// Bytes held, roughly, when it was last asked how much it has grown.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slices.is_empty() && self.noted.is_empty() && self.cursor.is_none()
    }

    pub(super) fn take_cursor(&mut self) -> Option<Cursor> {
        self.cursor.take()
    }

    /// What happened to posts that have an id.
    pub(super) fn noted(&self) -> &Noted {
        &self.noted
    }

    pub(super) fn into_counted(self) -> Counted {
        Counted {
            slices: self.slices,
            samples: self.samples,
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Kind;

    use super::*;
    use crate::epoch::author::AuthorKey;

    #[test]
    fn too_many_languages_are_counted_as_none() {
        let hashes = AuthorKey::new([0; 16]).hashes(Kind::Tcp);
        let mut open = Open::new(Grammar::Twitter);
        let letters = || b'a'..=b'z';
        for (a, b) in letters().flat_map(|a| letters().map(move |b| (a, b))) {
            let lang = String::from_utf8(vec![a, b]).unwrap();
            let post = Post {
                lang: Some(lang.into()),
                ..Post::of_text("#a".into())
            };
            open.event(&Event::Post(post), &hashes);
        }
        let slices = open.into_counted().slices;
        assert_eq!(slices.len(), MOST_LANGUAGES + 1);
        let without = slices.iter().find(|slice| slice.lang.is_none()).unwrap();
        assert_eq!(without.posts, 26 * 26 - MOST_LANGUAGES as u64);
        assert_eq!(slices.iter().map(|slice| slice.posts).sum::<u64>(), 676);
    }

    #[test]
    fn whatever_grows_is_held() {
        let hashes = AuthorKey::new([0; 16]).hashes(Kind::Tcp);
        let grown = |post: &dyn Fn(usize) -> Post<'static>| {
            let mut open = Open::new(Grammar::Twitter);
            for n in 0..2000 {
                open.event(&Event::Post(post(n)), &hashes);
            }
            let grown = open.grown();
            assert_eq!((open.held(), open.grown()), (grown, 0));
            grown
        };
        let plain = grown(&|_| Post::of_text("#a".into()));
        let tags = grown(&|n| Post::of_text(format!("#tag{n}").into()));
        let authors = grown(&|n| Post {
            author: Some(n.to_string().into()),
            ..Post::of_text("#a".into())
        });
        let ids = grown(&|n| Post {
            id: Some(n.to_string().into()),
            ..Post::of_text("#a".into())
        });
        assert!(tags >= plain + 2000 * 50, "{tags}");
        assert!(authors >= plain + 2000 * 8, "{authors}");
        assert!(ids >= plain + 2000 * (9 + 24), "{ids}");
    }
}
