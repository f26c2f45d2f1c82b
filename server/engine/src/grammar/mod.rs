//! What counts as a tag in a post.
//!
//! A [`Grammar`] finds tags in texts; a [`Tally`](crate::tally::Tally) adds them up, together with those
//! that a source names itself. One file a grammar.
//!
//! **Invariants:** every text is accepted, also malformed; the work is linear in its length; the tags are a
//! function of grammar and text alone.

mod bluesky;
mod mastodon;
mod signs;
#[cfg(test)]
mod tests;
mod twitter;
mod urls;
mod words;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::key::{Key, key_of};

/// The rules by which tags are found in text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Grammar {
    /// The rule of twitter-text, Twitter's published library, which is what people on most networks
    /// expect. Spellings that differ in case or compatibility form are one tag.
    #[default]
    Twitter,
    /// Mastodon's rule: after white space only, with letters, digits, `_` and a few other separators.
    Mastodon,
    /// Bluesky's rule: after white space only, and all up to the next white space, emoji as well.
    Bluesky,
    /// The rule of the Spark tutorial that tagtide can stand in for: every word that contains `#`.
    Words,
}

impl Grammar {
    /// All that this version knows.
    pub const ALL: [Self; 4] = [Self::Twitter, Self::Mastodon, Self::Bluesky, Self::Words];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Twitter => "twitter",
            Self::Mastodon => "mastodon",
            Self::Bluesky => "bluesky",
            Self::Words => "words",
        }
    }

    /// Gives the tags of a text, in order and as often as they occur: words as they stand, others
    /// without their hash signs. Where the text is malformed, a tag may be as well.
    #[inline]
    pub fn scan<'a>(self, text: &'a [u8], mut each: impl FnMut(Cow<'a, [u8]>)) {
        match self {
            Self::Twitter => twitter::scan(text, each),
            Self::Mastodon => mastodon::scan(text, |tag| each(Cow::Borrowed(tag.as_bytes()))),
            Self::Bluesky => bluesky::scan(text, each),
            Self::Words => words::words(text, |word| each(Cow::Borrowed(word))),
        }
    }

    /// Whether each spelling is a tag of its own, and counts as often as it occurs in a post. Else those
    /// that differ in case or compatibility form are one tag, which counts once a post.
    #[inline]
    pub fn tells_spellings_apart(self) -> bool {
        self == Self::Words
    }

    /// The key of a tag that is called `name`, if there can be one.
    pub fn key_of(self, name: &str) -> Option<Key> {
        if self.tells_spellings_apart() {
            Some(Key::verbatim(name))
        } else {
            key_of(name)
        }
    }

    /// A spelling as it is shown: with `#` before it ([`Grammar::Words`]: as it is).
    pub fn shown(self, spelling: &str) -> String {
        match self {
            Self::Words => spelling.to_owned(),
            Self::Twitter | Self::Mastodon | Self::Bluesky => format!("#{spelling}"),
        }
    }

    /// The spelling of what is shown so.
    pub fn spelling(self, shown: &str) -> &str {
        match self {
            Self::Words => shown,
            Self::Twitter | Self::Mastodon | Self::Bluesky => {
                shown.strip_prefix('#').unwrap_or(shown)
            }
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
        write!(
            f,
            "no grammar is called {:?}; this version knows ",
            self.name
        )?;
        for (i, grammar) in Grammar::ALL.into_iter().enumerate() {
            write!(f, "{}{grammar}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownGrammar {}
