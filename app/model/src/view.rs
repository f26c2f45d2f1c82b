use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Over which time mentions are counted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Window {
    #[default]
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "all")]
    All,
}

impl Window {
    pub const ALL: [Self; 2] = [Self::FiveMinutes, Self::All];

    /// The name in addresses and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::All => "all",
        }
    }

    /// Its length in milliseconds; `None` for the time since the count began.
    pub fn millis(self) -> Option<u64> {
        match self {
            Self::FiveMinutes => Some(5 * 60 * 1000),
            Self::All => None,
        }
    }
}

/// By what tags are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ranking {
    #[default]
    #[serde(rename = "count")]
    Count,
}

impl Ranking {
    pub const ALL: [Self; 1] = [Self::Count];

    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
        }
    }
}

/// Whose counts a board shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// What this server counted.
    #[default]
    #[serde(rename = "counted")]
    Counted,
    /// What another program posted to `/updateData`; its window is always [`Window::All`].
    #[serde(rename = "external")]
    External,
}

/// What a board is asked to show. It lives in the page's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct View {
    pub window: Window,
    pub by: Ranking,
    pub origin: Origin,
}

/// A name in an address that stands for nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName;

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown name")
    }
}

impl std::error::Error for UnknownName {}

impl FromStr for Window {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|window| window.name() == name)
            .ok_or(UnknownName)
    }
}

impl FromStr for Ranking {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|ranking| ranking.name() == name)
            .ok_or(UnknownName)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Ranking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
