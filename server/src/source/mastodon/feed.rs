//! Which public posts of a server are read, and how they are asked for.

use std::fmt;

/// All that it knows of, or a part of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Feed {
    #[default]
    All,
    Local,
    Remote,
}

/// By where they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// By its own people.
    Local,
    /// By those of other servers.
    Remote,
}

impl Feed {
    /// As people write it.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        match name {
            "all" => Some(Self::All),
            "local" => Some(Self::Local),
            "remote" => Some(Self::Remote),
            _ => None,
        }
    }

    /// What is asked for where it is not all.
    pub(super) fn part(self) -> Option<Part> {
        match self {
            Self::All => None,
            Self::Local => Some(Part::Local),
            Self::Remote => Some(Part::Remote),
        }
    }

    pub(super) fn parts(self) -> impl Iterator<Item = Part> {
        let parts = [Part::Local, Part::Remote].into_iter();
        parts.filter(move |part| self.part().is_none_or(|only| only == *part))
    }
}

impl Part {
    /// In paths, parameters and descriptions.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Local => "posts of its own people",
            Self::Remote => "posts of other servers",
        })
    }
}
