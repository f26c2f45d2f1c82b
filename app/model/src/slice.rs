//! Parts that posts fall into: by the kind of source that brought them, and by their language.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::UnknownName;

/// A kind of source; the part of a `--source` before its first colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Demo,
    Tcp,
    Listen,
    File,
    X,
    Bluesky,
    Mastodon,
    Nostr,
    /// Posts sent to `/api/v1/posts`.
    Http,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Demo,
        Self::Tcp,
        Self::Listen,
        Self::File,
        Self::X,
        Self::Bluesky,
        Self::Mastodon,
        Self::Nostr,
        Self::Http,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Tcp => "tcp",
            Self::Listen => "listen",
            Self::File => "file",
            Self::X => "x",
            Self::Bluesky => "bluesky",
            Self::Mastodon => "mastodon",
            Self::Nostr => "nostr",
            Self::Http => "http",
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or(UnknownName)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A language: the primary subtag of a BCP 47 tag, of two or three lower-case letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema), schema(value_type = String, pattern = "^[a-z]{2,3}$"))]
#[serde(into = "String", try_from = "String")]
pub struct Lang([u8; 3]);

impl Lang {
    /// The language of a tag such as `pt-BR`; `None` where none is named (also by `und`, `zxx`, `mul`).
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        let mut letters = [0; 3];
        if !(2..=3).contains(&primary.len()) {
            return None;
        }
        for (letter, byte) in letters.iter_mut().zip(primary.bytes()) {
            *letter = byte.to_ascii_lowercase();
            if !letter.is_ascii_lowercase() {
                return None;
            }
        }
        (!matches!(&letters, b"und" | b"zxx" | b"mul")).then_some(Self(letters))
    }

    pub fn as_str(&self) -> &str {
        let letters = if self.0[2] == 0 {
            &self.0[..2]
        } else {
            &self.0
        };
        str::from_utf8(letters).unwrap_or_default()
    }
}

impl FromStr for Lang {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::of_tag(name).ok_or(UnknownName)
    }
}

impl TryFrom<String> for Lang {
    type Error = UnknownName;

    fn try_from(name: String) -> Result<Self, UnknownName> {
        name.parse()
    }
}

impl From<Lang> for String {
    fn from(lang: Lang) -> Self {
        lang.as_str().to_owned()
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The posts of one kind of source in one language (`None`: not known).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slice {
    pub source: Kind,
    pub lang: Option<Lang>,
}

/// Which slices are looked at: all where nothing is named.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Filter {
    pub source: Option<Kind>,
    pub lang: Option<Lang>,
}

impl Filter {
    /// Lets everything through.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    pub fn admits(&self, slice: Slice) -> bool {
        self.source.is_none_or(|source| source == slice.source)
            && self.lang.is_none_or(|lang| slice.lang == Some(lang))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_a_tag() {
        for (tag, lang) in [
            ("en", Some("en")),
            ("pt-BR", Some("pt")),
            ("zh_Hant", Some("zh")),
            ("EN-us", Some("en")),
            ("fil", Some("fil")),
            ("und", None),
            ("x", None),
            ("", None),
            ("e1", None),
            ("english", None),
        ] {
            assert_eq!(
                Lang::of_tag(tag).map(String::from).as_deref(),
                lang,
                "{tag}"
            );
        }
        assert_eq!("EN".parse(), Lang::of_tag("en").ok_or(UnknownName));
    }

    #[test]
    fn a_filter_admits_what_it_names() {
        let slice = Slice {
            source: Kind::Tcp,
            lang: Lang::of_tag("en"),
        };
        let filter = |source, lang: &str| Filter {
            source,
            lang: Lang::of_tag(lang),
        };
        assert!(filter(None, "").admits(slice));
        assert!(filter(Some(Kind::Tcp), "en").admits(slice));
        assert!(!filter(Some(Kind::File), "en").admits(slice));
        assert!(!filter(None, "de").admits(slice));
        let unknown = Slice {
            lang: None,
            ..slice
        };
        assert!(!filter(None, "en").admits(unknown));
    }
}
