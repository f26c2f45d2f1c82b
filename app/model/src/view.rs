use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Filter;

/// Over which time mentions are counted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
pub enum Window {
    #[serde(rename = "1m")]
    OneMinute,
    #[default]
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "15m")]
    FifteenMinutes,
    #[serde(rename = "1h")]
    OneHour,
    #[serde(rename = "24h")]
    OneDay,
    #[serde(rename = "all")]
    All,
}

impl Window {
    /// From the shortest to the longest.
    pub const ALL: [Self; 6] = [
        Self::OneMinute,
        Self::FiveMinutes,
        Self::FifteenMinutes,
        Self::OneHour,
        Self::OneDay,
        Self::All,
    ];

    /// The name in addresses and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneMinute => "1m",
            Self::FiveMinutes => "5m",
            Self::FifteenMinutes => "15m",
            Self::OneHour => "1h",
            Self::OneDay => "24h",
            Self::All => "all",
        }
    }

    /// Its length in milliseconds; `None` for the time since the count began.
    pub fn millis(self) -> Option<u64> {
        const MINUTE: u64 = 60_000;
        match self {
            Self::OneMinute => Some(MINUTE),
            Self::FiveMinutes => Some(5 * MINUTE),
            Self::FifteenMinutes => Some(15 * MINUTE),
            Self::OneHour => Some(60 * MINUTE),
            Self::OneDay => Some(24 * 60 * MINUTE),
            Self::All => None,
        }
    }
}

/// By what tags are ordered.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "describe", derive(utoipa::ToSchema))]
pub enum Ranking {
    /// Mentions.
    #[default]
    #[serde(rename = "count")]
    Count,
    /// Distinct authors.
    #[serde(rename = "people")]
    People,
    /// How far a tag is above its own past.
    #[serde(rename = "rising")]
    Rising,
}

impl Ranking {
    pub const ALL: [Self; 3] = [Self::Count, Self::People, Self::Rising];

    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::People => "people",
            Self::Rising => "rising",
        }
    }
}

/// Whose counts a board shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// What this server counted, of the posts that the filter lets through.
    #[serde(rename = "counted")]
    Counted(Filter),
    /// What another program posted to `/updateData`; its window is always [`Window::All`].
    #[serde(rename = "external")]
    External,
}

impl Default for Origin {
    fn default() -> Self {
        Self::Counted(Filter::default())
    }
}

/// What a board is asked to show. It lives in the page's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct View {
    pub window: Window,
    pub by: Ranking,
    pub origin: Origin,
    /// How many rows, from 1 to [`View::MOST_ROWS`].
    pub rows: u8,
}

impl View {
    pub const MOST_ROWS: u8 = 100;
}

impl Default for View {
    fn default() -> Self {
        Self {
            window: Window::default(),
            by: Ranking::default(),
            origin: Origin::default(),
            rows: 10,
        }
    }
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
