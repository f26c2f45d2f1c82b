//! What must hold of the posts that are remembered, whatever bytes are stored of them.

use super::*;
use crate::fuzzing::input::{Check, Input};

pub(crate) const CHECKS: [(&str, Check); 1] = [("remembered", check)];

const LIMITS: Limits = Limits {
    posts: 16,
    bytes: 16 * (POST_BYTES + 32),
    epochs: 100,
};

fn check(bytes: &[u8]) {
    let mut input = Input(bytes);
    let mut remembered = Remembered::new(Grammar::Twitter, LIMITS);
    let mut epoch = Epoch(0);
    while !input.is_empty() {
        epoch.0 += u64::from(input.byte());
        // What cannot be read ends the start.
        if remembered.restore(epoch, input.part()).is_err() {
            return;
        }
        remembered.holds();
    }
    epoch.0 += 1;
    let (posts, deleted) = (remembered.len(), remembered.deletions());
    let applied = remembered.apply(epoch, [(Kind::Bluesky, &deleted)]);
    let applied = applied.expect("what is remembered can be written");
    remembered.holds();
    assert_eq!(applied.posts, posts as u64, "each is retracted once");
    assert_eq!(
        (applied.unknown, remembered.len(), remembered.bytes),
        (0, 0, 0)
    );
    let retracted = applied.retracted.iter();
    let retracted: u64 = retracted.map(|(_, retracted)| retracted.posts).sum();
    assert_eq!(retracted, applied.posts);
    assert!(
        applied
            .retracted
            .iter()
            .all(|(_, retracted)| retracted.epoch < epoch)
    );
}

impl Remembered {
    fn holds(&self) {
        let mentions: usize = self.posts.values().map(|post| post.mentions.len()).sum();
        assert_eq!(self.bytes, mentions);
        let authors = self.posts.iter();
        let authors = authors.filter_map(|(id, post)| Some((post.author?, *id)));
        assert_eq!(self.by_author, authors.collect());
        assert!(self.order.len() <= LIMITS.posts);
        assert!(self.bytes + self.order.len() * POST_BYTES <= LIMITS.bytes);
        for (id, post) in &self.posts {
            assert!(
                self.order.contains(&(post.epoch, *id)),
                "each leaves some time"
            );
        }
    }

    fn deletions(&self) -> Noted {
        let mut noted = Noted::default();
        self.posts.keys().for_each(|id| noted.delete(*id));
        noted
    }
}
