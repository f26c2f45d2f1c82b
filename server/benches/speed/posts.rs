//! The posts that are counted: about 130 bytes of text each, with tags by Zipf's law.
//!
//! **Invariant:** post number n is a function of the seed and n.

use std::fmt::Write;

pub(crate) const SEED: u64 = 42;

/// Of so many tags, five million posts use about 260,000 spellings.
const TAGS: usize = 220_000;

/// How many people write.
const PEOPLE: u64 = 500_000;

const WORDS: [&str; 48] = [
    "the", "of", "and", "to", "in", "is", "you", "that", "was", "for", "on", "are", "with", "they",
    "this", "have", "from", "today", "morning", "people", "really", "nothing", "because", "again",
    "watching", "someone", "great", "release", "football", "weather", "coffee", "music", "city",
    "night", "about", "would", "their", "which", "other", "little", "good", "world", "still",
    "never", "news", "time", "game", "love",
];

/// Of other scripts: a fifth of the posts is written with these.
const OTHERS: [&str; 12] = [
    "こんにちは",
    "世界",
    "今日は",
    "привет",
    "новости",
    "сегодня",
    "olá",
    "você",
    "não",
    "مرحبا",
    "اليوم",
    "🦋",
];

const SYLLABLES: [&str; 32] = [
    "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qi", "ro", "su", "ta",
    "ve", "wi", "xo", "yu", "za", "bri", "cho", "dra", "fle", "gri", "klo", "pla", "sto", "tri",
    "sha", "wen",
];

const OTHER_SYLLABLES: [&str; 16] = [
    "日", "本", "語", "東", "京", "жи", "во", "ра", "ção", "é", "ñu", "ا", "ل", "م", "カ", "ラ",
];

/// The random numbers of one post: SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// A post, written anew for each number.
#[derive(Debug, Default)]
pub(crate) struct Post {
    pub(crate) number: u64,
    pub(crate) text: String,
    /// Where in `text` the tags are, in bytes, with their hash signs; without a sentence's punctuation.
    pub(crate) tags: Vec<std::ops::Range<usize>>,
    pub(crate) author: u64,
    pub(crate) lang: &'static str,
}

#[derive(Debug)]
pub(crate) struct Writer {
    tags: Vec<String>,
    /// Sums of the tags' weights.
    zipf: Vec<u64>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        let mut sum = 0;
        let weight = |rank: u64| {
            sum += (1 << 50) / (rank + 1);
            sum
        };
        Self {
            tags: (0..TAGS as u64).map(tag).collect(),
            zipf: (0..TAGS as u64).map(weight).collect(),
        }
    }

    /// Without a line end in its text.
    pub(crate) fn write(&self, number: u64, post: &mut Post) {
        let mut random = Random(SEED.rotate_left(32) ^ number);
        let mut random = Random(random.next());
        post.number = number;
        post.text.clear();
        post.tags.clear();
        post.author = random.below(PEOPLE).min(random.below(PEOPLE));
        let other = random.below(5) == 0;
        post.lang = if other {
            random.one_of(&["ja", "ru", "pt", "ar"])
        } else {
            "en"
        };
        let length = 70 + random.below(110) as usize;
        let mut tags = random.one_of(&[0, 0, 1, 1, 1, 1, 1, 1, 2, 3]);
        while post.text.len() < length || tags > 0 {
            if !post.text.is_empty() {
                post.text.push(' ');
            }
            let left = length.saturating_sub(post.text.len()) / 6;
            if tags > 0 && random.below(left as u64 + 1) < tags {
                tags -= 1;
                self.tag(&mut random, post);
            } else if other && random.below(2) == 0 {
                post.text.push_str(random.one_of(&OTHERS));
            } else if random.below(120) == 0 {
                let _ = write!(post.text, "https://example.com/{:x}/#top", random.next());
            } else {
                post.text.push_str(random.one_of(&WORDS));
            }
        }
    }

    fn tag(&self, random: &mut Random, post: &mut Post) {
        let point = random.below(self.zipf[TAGS - 1]);
        let tag = &self.tags[self.zipf.partition_point(|sum| *sum <= point)];
        let start = post.text.len();
        post.text.push('#');
        post.text.push_str(tag);
        // Some people begin every tag with a capital letter.
        if random.below(32) == 0 {
            post.text[start + 1..].make_ascii_uppercase();
        }
        post.tags.push(start..post.text.len());
        if random.below(32) == 0 {
            post.text.push(random.one_of(&['.', ',', '!']));
        }
    }
}

/// The tag of a rank: its digits as syllables, so that no two are the same.
pub(crate) fn tag(rank: u64) -> String {
    let mut random = Random(rank);
    let mut text = String::new();
    let other = random.below(10) == 0;
    let mut rest = rank + SYLLABLES.len() as u64;
    while rest > 0 {
        text.push_str(SYLLABLES[(rest % 32) as usize]);
        rest /= 32;
    }
    if other {
        text.push_str(random.one_of(&OTHER_SYLLABLES));
        text.push_str(random.one_of(&OTHER_SYLLABLES));
    }
    text
}
