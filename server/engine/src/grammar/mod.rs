//! What counts as a tag in a post.
//!
//! A [`Grammar`] reads the text of a post, or takes the tags that its source names, and gives the
//! post's [`Mention`]s. One file a grammar.
//!
//! **Invariants:** every text is accepted; the work is linear in its length (tags: `n log n` in their
//! number); the mentions are a function of grammar, text and named tags alone.

mod tally;
#[cfg(test)]
mod tests;
mod twitter;
mod urls;
mod words;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::key::Key;
use tally::Tally;

/// A tag of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention<'a> {
    pub key: Key,
    /// The tag as its author wrote it first in this post, without the hash sign ([`Grammar::Words`]: the
    /// whole word).
    pub spelling: Cow<'a, str>,
    /// How often it counts: 1, except [`Grammar::Words`], where each occurrence does.
    pub count: u32,
}

/// The rules by which tags are found in text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Grammar {
    /// The rule of twitter-text, Twitter's published library, which is what people on most networks
    /// expect. Spellings that differ in case or compatibility form are one tag.
    #[default]
    Twitter,
    /// The rule of the Spark tutorial that tagtide can stand in for: every word that contains `#`.
    Words,
}

impl Grammar {
    /// All that this version knows.
    pub const ALL: [Self; 2] = [Self::Twitter, Self::Words];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Twitter => "twitter",
            Self::Words => "words",
        }
    }

    /// Appends the tags of a post to `into`, in the order they first occur in, each once.
    ///
    /// `named` are the tags that the source itself names; with them the text is not looked at. What
    /// `into` held before is left alone.
    pub fn mentions<'a>(
        self,
        text: &'a str,
        named: Option<&'a [Cow<'a, str>]>,
        into: &mut Vec<Mention<'a>>,
    ) {
        let mut tally = Tally::new(into);
        match (self, named) {
            (Self::Words, Some(named)) => named.iter().for_each(|tag| tally.name(tag)),
            (Self::Words, None) => words::words(text).for_each(|word| tally.count(word)),
            (Self::Twitter, Some(named)) => named.iter().for_each(|tag| tally.note(tag)),
            (Self::Twitter, None) => twitter::tags(text).for_each(|tag| tally.note(tag)),
        }
    }

    /// A spelling as it is shown: with `#` before it ([`Grammar::Words`]: as it is).
    pub fn shown(self, spelling: &str) -> String {
        match self {
            Self::Twitter => format!("#{spelling}"),
            Self::Words => spelling.to_owned(),
        }
    }
}

impl fmt::Display for Grammar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Grammar {
    type Err = UnknownGrammar;

    fn from_str(name: &str) -> Result<Self, UnknownGrammar> {
        Self::ALL
            .into_iter()
            .find(|grammar| grammar.name() == name)
            .ok_or_else(|| UnknownGrammar {
                name: name.to_owned(),
            })
    }
}

/// A grammar was asked for that this version does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownGrammar {
    pub name: String,
}

impl fmt::Display for UnknownGrammar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            name @ ("mastodon" | "bluesky") => {
                write!(f, "grammar {name} is not in this version yet")?
            }
            name => write!(f, "no grammar is called {name:?}")?,
        }
        f.write_str("; this version knows ")?;
        for (i, grammar) in Grammar::ALL.into_iter().enumerate() {
            write!(f, "{}{grammar}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownGrammar {}
