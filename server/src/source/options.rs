//! What the command line says of sources beside their specs.

use reqwest::Url;

use super::Dollars;

#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) x: XOptions,
}

/// Of the source `x`.
#[derive(Clone, Debug, Default)]
pub(crate) struct XOptions {
    /// Which posts to send.
    pub(crate) rules: Vec<String>,
    /// Before it is spent the source ends.
    pub(crate) budget: Option<Dollars>,
    /// Where the API is, where that is not its usual place.
    pub(crate) url: Option<Url>,
}
