//! What one spelling of a tag adds up to in an epoch.

use engine::count::Author;

/// Authors told apart of one spelling in one epoch; of more, those with the lowest hashes are kept, which
/// is a uniform choice and the same for every writer.
pub(super) const MOST_AUTHORS: usize = 4096;

/// The count and who made it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mentioned {
    pub(super) count: u64,
    /// Each with a number of posts; the same one may be there several times until they are combined.
    authors: Vec<(Author, u32)>,
}

impl Mentioned {
    /// A post of this author mentions the tag. Gives the bytes by which what it holds has grown.
    pub(super) fn by(&mut self, author: Author) -> usize {
        if let Some((last, posts)) = self.authors.last_mut()
            && *last == author
        {
            *posts = posts.saturating_add(1);
            return 0;
        }
        let before = self.authors.capacity();
        if self.authors.len() == before && before >= 16 {
            combine(&mut self.authors);
            // Room for as many again, so that it is not sorted for each of them.
            self.authors.reserve(self.authors.len());
        }
        self.authors.push((author, 1));
        (self.authors.capacity() - before) * size_of::<(Author, u32)>()
    }

    pub(super) fn add(&mut self, mut other: Self) {
        self.count += other.count;
        if self.authors.len() < other.authors.len() {
            std::mem::swap(&mut self.authors, &mut other.authors);
        }
        self.authors.extend(other.authors);
        if self.authors.len() > 4 * MOST_AUTHORS {
            combine(&mut self.authors);
        }
    }

    /// Each author once, in order.
    pub(super) fn into_authors(mut self) -> Vec<(Author, u32)> {
        combine(&mut self.authors);
        self.authors
    }
}

fn combine(authors: &mut Vec<(Author, u32)>) {
    authors.sort_unstable();
    authors.dedup_by(|next, first| {
        let same = next.0 == first.0;
        if same {
            first.1 = first.1.saturating_add(next.1);
        }
        same
    });
    authors.truncate(MOST_AUTHORS);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn each_author_is_there_once_with_the_number_of_posts() {
        let mut mentioned = [Mentioned::default(), Mentioned::default()];
        let mut naive = BTreeMap::new();
        for n in 0_u32..10_000 {
            let author = Author(n.wrapping_mul(2_654_435_761) % 300);
            mentioned[n as usize % 2].by(author);
            *naive.entry(author).or_insert(0) += 1;
        }
        let [mut one, other] = mentioned;
        one.add(other);
        assert_eq!(one.into_authors(), Vec::from_iter(naive));
    }

    #[test]
    fn of_too_many_those_with_the_lowest_hashes_are_kept() {
        let mut mentioned = Mentioned::default();
        let mut held = 0;
        for n in (0..100_000).rev() {
            held += mentioned.by(Author(n));
        }
        assert!(held <= 4 * MOST_AUTHORS * size_of::<(Author, u32)>());
        let authors = mentioned.into_authors();
        let lowest: Vec<_> = (0..MOST_AUTHORS as u32).map(|n| (Author(n), 1)).collect();
        assert_eq!(authors, lowest);
    }
}
