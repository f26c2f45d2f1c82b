use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

type Counts = Vec<(String, String, u32)>;

fn entries(tally: Tally<u32>) -> Counts {
    tally
        .into_entries()
        .map(|(key, spelling, count)| (key.to_string(), spelling.into(), count))
        .collect()
}

fn counts(grammar: Grammar, texts: &[&str]) -> Counts {
    let mut tally = Tally::new(grammar);
    for text in texts {
        tally.post(text, None, |tag, count| *count += tag.occurrences);
    }
    entries(tally)
}

fn expected(counts: &[(&str, &str, u32)]) -> Counts {
    counts
        .iter()
        .map(|(key, spelling, count)| (key.to_string(), spelling.to_string(), *count))
        .collect()
}

#[test]
fn posts_add_up_by_spelling_and_a_post_counts_a_key_once() {
    let texts = ["#Rust #rust #Go", "none", "#rust"];
    assert_eq!(
        counts(Grammar::Twitter, &texts),
        expected(&[("rust", "Rust", 1), ("go", "Go", 1), ("rust", "rust", 1)])
    );
    assert_eq!(
        counts(Grammar::Words, &["#a #a #b,", "#a"]),
        expected(&[("#a", "#a", 3), ("#b,", "#b,", 1)])
    );
}

#[test]
fn tags_that_the_source_names_are_taken_instead_of_the_text() {
    let named = ["Two Words", "#x", "", "X", "y", "x"].map(Cow::from);
    let found = |grammar, named: &[_]| {
        let mut tally = Tally::<u32>::new(grammar);
        tally.post("#a", Some(named), |tag, count| *count += tag.occurrences);
        entries(tally)
    };
    assert_eq!(
        found(Grammar::Twitter, &named),
        expected(&[("two words", "Two Words", 1), ("x", "x", 1), ("y", "y", 1)])
    );
    let words = ["#Two Words", "#x", "#X", "#y"];
    assert_eq!(
        found(Grammar::Words, &named),
        words.map(|word| (word.to_owned(), word.to_owned(), 1))
    );
    assert_eq!(found(Grammar::Twitter, &[]), []);
}

#[test]
fn a_post_sees_its_tags_in_their_order_and_its_own_spellings() {
    let mut tally = Tally::<u32>::new(Grammar::Twitter);
    tally.post("#b #a", None, |_, _| {});
    let mut seen = vec![];
    tally.post("#A #a #B #c #b", None, |tag, _| {
        seen.push(format!("{}={}", tag.spelling, tag.key));
    });
    assert_eq!(seen, ["A=a", "B=b", "c=c"]);
    let numbers: Vec<_> = tally.entries().map(|entry| entry.number).collect();
    assert_eq!(numbers, [0, 1, 1, 0, 2]);
    assert_eq!((tally.len(), tally.keys()), (5, 3));
}

#[test]
fn a_word_has_a_bound() {
    for (word, length) in [
        ("#".repeat(MAX_WORD), MAX_WORD),
        ("#".repeat(5000), MAX_WORD),
        (format!("#{}", "é".repeat(5000)), MAX_WORD - 1),
        (format!("#{}", "🦋".repeat(5000)), MAX_WORD - 3),
    ] {
        let found = counts(Grammar::Words, &[&word, &word]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].1.len(), found[0].2), (length, 2));
        assert!(word.starts_with(&found[0].1));
    }
}

#[test]
fn what_is_held_grows_with_what_is_kept() {
    let mut tally = Tally::<u64>::new(Grammar::Twitter);
    assert_eq!((tally.held(), tally.is_empty()), (0, true));
    let mut before = 0;
    for n in 0..5000 {
        tally.post(&format!("#A{n}"), None, |_, _| {});
        assert!(tally.held() >= before);
        before = tally.held();
    }
    let text: usize = (0..5000).map(|n| format!("A{n}").len()).sum();
    assert!(before > 2 * text + 5000 * (24 + 16));
    let many: String = (0..5000).map(|n| format!("#A{n} ")).collect();
    tally.post(&many, None, |_, _| {});
    assert_eq!(tally.held(), before);
}

/// What a tally is, as plainly as it can be said.
fn plain(grammar: Grammar, text: &str) -> Vec<(String, String, u32)> {
    let mut found: Vec<(String, String, u32)> = vec![];
    match grammar {
        Grammar::Words => {
            let words = text.split([' ', '\n', '\r']);
            for word in words.filter(|word| word.contains('#')) {
                let word = &word[..word.floor_char_boundary(MAX_WORD)];
                match found.iter_mut().find(|(known, ..)| known == word) {
                    Some(known) => known.2 += 1,
                    None => found.push((word.to_owned(), word.to_owned(), 1)),
                }
            }
        }
        Grammar::Twitter | Grammar::Mastodon | Grammar::Bluesky => {
            grammar.scan(text.as_bytes(), |tag| {
                let tag = str::from_utf8(&tag).expect("of a text that is well-formed");
                if let Some(key) = key::key_of(tag)
                    && found.iter().all(|(known, ..)| known != key.as_str())
                {
                    found.push((key.to_string(), key::bare(tag).to_owned(), 1));
                }
            })
        }
    }
    found
}

fn texts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let piece = prop_oneof![
        4 => "#[abAB]{1,2}".prop_map(String::into_bytes),
        2 => prop::sample::select(vec!["#", "＃", " ", " ", " ", "é", "日", "，", "🦋", ".", "\n", "#É", "#e\u{301}"])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
        1 => (1015..1035_usize).prop_map(|length| [b"#".repeat(length), "🦋".into()].concat()),
    ];
    let text = prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat());
    prop::collection::vec(text, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_tally_is_its_definition(texts in texts(), split in any::<prop::sample::Index>()) {
        for grammar in Grammar::ALL {
            let mut sums = BTreeMap::<_, u32>::new();
            let split = split.index(texts.len() + 1);
            let mut tallies = [Tally::new(grammar), Tally::new(grammar)];
            for (at, text) in texts.iter().enumerate() {
                let expected = plain(grammar, &String::from_utf8_lossy(text));
                let mut found = vec![];
                tallies[usize::from(at >= split)].text(text, |tag, count: &mut u32| {
                    *count += tag.occurrences;
                    found.push((tag.key.to_string(), tag.spelling.to_owned(), tag.occurrences));
                });
                prop_assert_eq!(&found, &expected);
                for (key, spelling, count) in expected {
                    *sums.entry((key, spelling)).or_default() += count;
                }
            }
            let [mut whole, rest] = tallies;
            whole.merge(rest, |count, more| *count += more);
            prop_assert_eq!(whole.len(), sums.len());
            let keys: Vec<_> = whole.entries().map(|entry| (entry.number, entry.key.clone())).collect();
            for (number, key) in &keys {
                prop_assert!(keys.iter().all(|(n, k)| (n == number) == (k == key)));
            }
            for (key, spelling, count) in whole.into_entries() {
                prop_assert_eq!(sums.get(&(key.to_string(), spelling.into())), Some(&count));
            }

            let (mut now, mut later) = (vec![], vec![]);
            let mut tally = Tally::<()>::new(grammar);
            let mut note = |tag: Tag<'_>| now.push((tag.key.clone(), tag.spelling.to_owned(), tag.occurrences));
            (0..3).for_each(|_| texts.iter().for_each(|text| tally.text(text, |tag, ()| note(tag))));
            let mut tally = Tally::<()>::new(grammar);
            let mut ahead = Ahead::default();
            let mut note = |tag: Tag<'_>| later.push((tag.key.clone(), tag.spelling.to_owned(), tag.occurrences));
            (0..3).for_each(|_| texts.iter().for_each(|text| tally.text_ahead(text, &mut ahead, |tag, ()| note(tag))));
            tally.finish(&mut ahead, |tag, ()| note(tag));
            prop_assert_eq!(now, later);
        }
    }
}
