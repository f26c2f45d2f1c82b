//! The posts of the demo.
//!
//! **Invariant:** post number n is a function of the seed, n and its nominal time n ÷ rate: no clock, no
//! floating-point number, nothing kept from one post to the next but what could be computed again.

use super::{
    bursts::{self, Burst},
    vocabulary::{LANGUAGES, Language, SYLLABLES},
};
use crate::{random::Random, source::Post};

/// How many tags a language has: those of its vocabulary first, then made-up words.
const TAGS: usize = 2000;

/// A tag that bursts is none of the first, which are always there, and none of the made-up ones.
const BURSTING: usize = 4;

/// How many people write.
const PEOPLE: u64 = 40_000;

/// For how long the same bursts are taken to be at the same height (milliseconds).
const STEP: u64 = 250;

/// Writes all posts of one seed.
#[derive(Debug)]
pub(super) struct Writer {
    seed: u64,
    rate: u64,
    /// Sums of the tags' weights by Zipf's law: the tag of rank r is used in proportion to 1 ÷ (r + 2).
    zipf: Vec<u64>,
    /// Sums of the languages' weights.
    languages: Vec<u64>,
    /// The bursts of the last step that was looked at.
    step: Option<u64>,
    bursts: Vec<Burst>,
}

impl Writer {
    pub(super) fn new(seed: u64, rate: u64) -> Self {
        let weight = |rank: usize| (1 << 40) / (rank as u64 + 3);
        Self {
            seed,
            rate,
            zipf: sums((0..TAGS).map(weight)),
            languages: sums(LANGUAGES.iter().map(|language| language.weight)),
            step: None,
            bursts: vec![],
        }
    }

    pub(super) fn post(&mut self, number: u64) -> Post<'static> {
        let millis = (u128::from(number) * 1000 / u128::from(self.rate)) as u64;
        let step = millis / STEP;
        if self.step != Some(step) {
            self.bursts = bursts::at(self.seed, step * STEP);
            self.step = Some(step);
        }
        let mut random = Random::new(self.seed.rotate_left(32) ^ number);
        // Seeds and numbers that are close to each other must not give posts that are.
        let mut random = Random::new(random.next());

        let mut language = &LANGUAGES[pick(&self.languages, &mut random)];
        let mut tags = [None; 4];
        let burst = self.burst(&mut random);
        if let Some(choice) = burst {
            let (index, tag) = bursting(choice);
            tags[0] = Some((index, tag));
            language = &LANGUAGES[index];
        }
        let index = LANGUAGES
            .iter()
            .position(|other| other.code == language.code)
            .unwrap_or(0);
        // Most posts have one or two tags, some have none.
        let more = [0, 1, 1, 1, 1, 2, 2, 2, 3][random.below(9) as usize];
        for tag in tags.iter_mut().skip(1).take(more) {
            // Some tags are used in all languages.
            let from = if random.below(12) == 0 { 0 } else { index };
            *tag = Some((from, pick(&self.zipf, &mut random)));
        }
        // Of two numbers the smaller one: few people write much.
        let person = random.below(PEOPLE).min(random.below(PEOPLE));
        Post {
            text: text(language, tags.into_iter().flatten(), &mut random).into(),
            lang: Some(language.code.into()),
            author: Some(format!("demo{person}").into()),
            ..Post::default()
        }
    }

    fn burst(&self, random: &mut Random) -> Option<u64> {
        let mut point = random.below(1000);
        for burst in &self.bursts {
            match point.checked_sub(burst.share) {
                Some(rest) => point = rest,
                None => return Some(burst.choice),
            }
        }
        None
    }
}

fn sums(weights: impl Iterator<Item = u64>) -> Vec<u64> {
    let sum = weights.scan(0, |sum, weight| {
        *sum += weight;
        Some(*sum)
    });
    sum.collect()
}

fn pick(sums: &[u64], random: &mut Random) -> usize {
    let point = random.below(sums.last().copied().unwrap_or(1));
    sums.partition_point(|sum| *sum <= point)
}

/// The language and the rank of a tag that bursts.
fn bursting(choice: u64) -> (usize, usize) {
    let mut random = Random::new(choice);
    let language = random.below(LANGUAGES.len() as u64);
    let known = LANGUAGES[language as usize].tags.len();
    (
        language as usize,
        random.between(BURSTING as u64, known as u64) as usize,
    )
}

fn text(
    language: &Language,
    tags: impl Iterator<Item = (usize, usize)>,
    random: &mut Random,
) -> String {
    let mut text = String::with_capacity(160);
    text.push_str(random.of(language.phrases));
    if random.below(5) == 0 {
        text.push(' ');
        text.push_str(random.of(&["🎉", "🔥", "😂", "👀", "✨", "❤️", "🚀", "🙏", "👩🏽‍💻", "🌊"]));
    }
    for (language, rank) in tags {
        text.push_str(" #");
        push_tag(&mut text, language, rank, random);
    }
    text
}

fn push_tag(text: &mut String, language: usize, rank: usize, random: &mut Random) {
    let tags = LANGUAGES[language].tags;
    let Some(tag) = tags.get(rank) else {
        // The same word for the same rank, whatever the seed.
        let mut word = Random::new((language as u64) << 32 | rank as u64);
        for _ in 0..word.between(2, 5) {
            text.push_str(word.of(SYLLABLES[LANGUAGES[language].script as usize]));
        }
        return;
    };
    // Not everybody writes a tag in the same way.
    if tag.is_ascii() && random.below(6) == 0 {
        text.extend(tag.chars().map(|c| c.to_ascii_lowercase()));
    } else {
        text.push_str(tag);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use engine::{grammar::Grammar, tally::Tally};

    use super::*;

    fn posts(seed: u64, numbers: std::ops::Range<u64>) -> Vec<Post<'static>> {
        let mut writer = Writer::new(seed, 200);
        numbers.map(|number| writer.post(number)).collect()
    }

    /// Whoever began with a seed goes on with it in every later version.
    #[test]
    fn a_seed_means_the_same_posts_for_good() {
        let texts: Vec<_> = [0, 1, 77_777]
            .map(|n| posts(1, n..n + 1)[0].text.to_string())
            .into();
        let expected = [
            "ในที่สุดก็มาถึง #ลาตีพา #ขีมี",
            "que jogo foi esse",
            "ใครเห็นเหมือนกันบ้าง #ลอยกระทง #ปูจูดา #pitaneta #แมว",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn a_post_depends_on_its_number_and_not_on_the_posts_before() {
        let all = posts(3, 0..5_000);
        assert_eq!(posts(3, 2_000..5_000)[..], all[2_000..]);
        assert_ne!(posts(4, 0..100)[..], all[..100]);
    }

    #[test]
    fn few_tags_are_used_much_and_many_a_little() {
        let mut counts = HashMap::<String, usize>::new();
        let mut languages = HashSet::new();
        let mut people = HashSet::new();
        let posts = posts(1, 0..60_000);
        for post in &posts {
            languages.insert(post.lang.clone().unwrap());
            people.insert(post.author.clone().unwrap());
            for word in post
                .text
                .split(' ')
                .filter_map(|word| word.strip_prefix('#'))
            {
                *counts.entry(word.to_lowercase()).or_default() += 1;
            }
        }
        let mut sorted: Vec<_> = counts.values().copied().collect();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        assert!(
            (1_000..6_000).contains(&sorted[0]),
            "the first: {}",
            sorted[0]
        );
        assert!(sorted[9] > 300, "the tenth: {}", sorted[9]);
        assert!(sorted.len() > 5_000, "{} tags", sorted.len());
        assert_eq!(languages.len(), LANGUAGES.len());
        assert!(people.len() > 10_000);
    }

    #[test]
    fn every_tag_is_one_for_the_grammar() {
        let posts = posts(1, 0..20_000);
        for post in &posts {
            let hashes = post.text.matches('#').count();
            let distinct: HashSet<_> = post
                .text
                .split(' ')
                .filter(|word| word.starts_with('#'))
                .collect();
            let mut tally = Tally::<()>::new(Grammar::Twitter);
            tally.post(&post.text, None, |tag, ()| {
                let word = format!("#{}", tag.spelling);
                assert!(distinct.contains(&*word), "{}", post.text);
            });
            assert!(
                tally.len() <= hashes && tally.is_empty() == (hashes == 0),
                "{}",
                post.text
            );
        }
    }

    #[test]
    fn what_bursts_leads_for_a_while() {
        let leader = |from: u64| {
            let mut counts = HashMap::<String, usize>::new();
            for post in posts(1, from..from + 4_000) {
                for word in post.text.split(' ').filter(|word| word.starts_with('#')) {
                    *counts.entry(word.to_lowercase()).or_default() += 1;
                }
            }
            counts
                .into_iter()
                .max_by_key(|(_, count)| *count)
                .unwrap()
                .0
        };
        let leaders: HashSet<_> = (0..60).map(|minute| leader(minute * 12_000)).collect();
        assert!(leaders.len() > 10, "{leaders:?}");
    }
}
