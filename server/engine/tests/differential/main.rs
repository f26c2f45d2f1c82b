//! The grammars find what the networks' own code finds, in thousands of made-up texts.
//!
//! That code is what the networks publish for JavaScript, or what their published rule says to the
//! matcher of JavaScript: `networks.mjs`. Another run is had with another `TAGTIDE_TEST_SEED`.

mod known;
mod network;
mod texts;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::env;

use engine::grammar::Grammar;
use proptest::test_runner::{
    Config, RngAlgorithm, TestCaseError, TestCaseResult, TestError, TestRng, TestRunner,
};

use known::Known;
use network::Network;

const TEXTS: u32 = 5000;
const SEED: u64 = 1;

#[test]
fn twitter_tags_are_those_of_twitter_text() {
    Comparison::of(Grammar::Twitter, known::TWITTER).run();
}

#[test]
fn mastodon_tags_are_those_of_its_published_rule() {
    Comparison::of(Grammar::Mastodon, &[]).run();
}

#[test]
fn bluesky_tags_are_those_of_its_published_package() {
    Comparison::of(Grammar::Bluesky, &[]).run();
}

struct Comparison {
    grammar: Grammar,
    known: &'static [Known],
    network: RefCell<Network>,
    /// Texts in which there is a tag.
    tagged: Cell<u32>,
    /// Texts with a known difference, by why there is one.
    different: RefCell<BTreeMap<&'static str, u32>>,
}

impl Comparison {
    fn of(grammar: Grammar, known: &'static [Known]) -> Self {
        Self {
            grammar,
            known,
            network: RefCell::new(Network::start(grammar)),
            tagged: Cell::new(0),
            different: RefCell::default(),
        }
    }

    fn run(self) {
        let seed = env::var("TAGTIDE_TEST_SEED").map_or(SEED, |seed| seed.parse().expect("digits"));
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let config = Config {
            cases: TEXTS,
            failure_persistence: None,
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(config, random);
        match runner.run(&texts::texts(), |text| self.compare(&text)) {
            Ok(()) => {}
            Err(TestError::Fail(why, text)) => {
                panic!("{why}\nin {text:?}\nwith TAGTIDE_TEST_SEED={seed}")
            }
            Err(TestError::Abort(why)) => panic!("{why}"),
        }
        self.tell();
        assert!(self.tagged.get() > TEXTS / 4, "too few texts have tags");
        let different: u32 = self.different.borrow().values().sum();
        assert!(different < TEXTS / 10, "too many texts are excused");
    }

    #[expect(clippy::print_stderr, reason = "shown when it fails, or is asked for")]
    fn tell(&self) {
        eprintln!(
            "{}: {TEXTS} texts, {} with tags; known differences: {:?}",
            self.grammar,
            self.tagged.get(),
            self.different.borrow()
        );
    }

    fn compare(&self, text: &str) -> TestCaseResult {
        let ours = self.ours(text);
        let theirs = self.theirs(text)?;
        if !theirs.is_empty() {
            self.tagged.set(self.tagged.get() + 1);
        }
        if ours != theirs {
            let Some(why) = self.why(text)? else {
                return Err(TestCaseError::fail(format!(
                    "{} finds {ours:?}, and the network {theirs:?}",
                    self.grammar
                )));
            };
            *self.different.borrow_mut().entry(why).or_default() += 1;
        }
        Ok(())
    }

    /// Which known difference makes this one, if nothing else does.
    fn why(&self, text: &str) -> Result<Option<&'static str>, TestCaseError> {
        let mut without_all = text.to_owned();
        for known in self.known {
            without_all = (known.settled)(&without_all);
            if self.is_settled(text, &(known.settled)(text))? {
                return Ok(Some(known.why));
            }
        }
        let settled = self.is_settled(text, &without_all)?;
        Ok(settled.then_some("several of these"))
    }

    fn is_settled(&self, text: &str, without: &str) -> Result<bool, TestCaseError> {
        Ok(without != text && self.ours(without) == self.theirs(without)?)
    }

    fn ours(&self, text: &str) -> Vec<String> {
        let mut tags = Vec::new();
        self.grammar.scan(text.as_bytes(), |tag| {
            tags.push(String::from_utf8(tag.into_owned()).expect("part of a text"));
        });
        tags
    }

    fn theirs(&self, text: &str) -> Result<Vec<String>, TestCaseError> {
        let mut network = self.network.borrow_mut();
        network.tags(text).map_err(TestCaseError::fail)
    }
}
